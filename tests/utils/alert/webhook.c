/* SPDX-License-Identifier: ISC */
/*
 * The web hook against a server in a child of this program: what is sent, byte for byte, and what each answer
 * means. TLS is test_alert.py's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "alert/alert.h"
#include "alert/sink.h"
#include "base/clock.h"

#define PATIENCE_MS 30000 /* of the test with a busy machine */

static struct seen {
    char answer[512];     /* what the server says; "": it closes without a word */
    size_t body_repeated; /* and this many bytes after it */
    char request[8192];   /* the newest one */
    unsigned n;
} * seen;

static struct bg_sink conf;
static struct sink s;
static pid_t server;
static unsigned short port;

/* Read one request in full: headers, and the body that they announce. */
static void take_request(int fd)
{
    size_t n = 0;

    for (;;) {
        const char *end = strstr(seen->request, "\r\n\r\n"),
                   *length = strcasestr(seen->request, "content-length:");
        ssize_t got;
        if (end != NULL && length != NULL &&
            n >= (size_t)(end + 4 - seen->request) + strtoul(length + 15, NULL, 10))
            return;
        if ((got = read(fd, seen->request + n, sizeof seen->request - 1 - n)) <= 0)
            return;
        n += (size_t)got;
        seen->request[n] = '\0';
    }
}

static _Noreturn void serve(int listener)
{
    static char blank[4096];

    (void)signal(SIGPIPE, SIG_IGN);
    memset(blank, ' ', sizeof blank);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        memset(seen->request, 0, sizeof seen->request);
        take_request(fd);
        seen->n++;
        (void)!write(fd, seen->answer, strlen(seen->answer));
        for (size_t left = seen->body_repeated; left > 0;) {
            ssize_t put = write(fd, blank, left < sizeof blank ? left : sizeof blank);
            if (put <= 0)
                break;
            left -= (size_t)put;
        }
        (void)close(fd);
    }
}

static int make(void **state)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof sa;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&sa, &len), 0);
    port = ntohs(sa.sin_port);
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(seen != MAP_FAILED);
    if ((server = fork()) == 0)
        serve(listener);
    (void)close(listener);
    memset(&conf, 0, sizeof conf);
    (void)snprintf(conf.name, sizeof conf.name, "hook");
    conf.timeout = PATIENCE_MS / 1000;
    memset(&s, 0, sizeof s);
    s.conf = &conf;
    (void)snprintf(s.secrets.url, sizeof s.secrets.url, "http://127.0.0.1:%u/in/s3cret-token?x=1", port);
    assert_int_equal(bg_sign_parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", &s.secrets.keys), BG_OK);
    assert_int_equal(sink_webhook.open(&s), BG_OK);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    sink_webhook.close(&s);
    (void)kill(server, SIGKILL);
    (void)waitpid(server, NULL, 0);
    (void)munmap(seen, sizeof *seen);
    return 0;
}

static const char line[] = "{\"specversion\":\"1.0\",\"id\":\"01JD7Z3W9Q6M3B1V5X0C8K3F2T\"}";

static struct sink_result send_one(void)
{
    int64_t end = bg_deadline(PATIENCE_MS);
    struct sink_result r;

    assert_int_equal(sink_webhook.submit(&s, &conf, "01JD7Z3W9Q6M3B1V5X0C8K3F2T", strdup(line), strlen(line)),
                     BG_OK);
    while (!sink_webhook.take(&s, &r)) {
        assert_true(bg_left_ms(end) > 0);
        sink_webhook.work(&s, -1, 50);
    }
    assert_ptr_equal(r.item, &conf);
    return r;
}

static struct sink_result answered(const char *status, const char *headers)
{
    (void)snprintf(seen->answer, sizeof seen->answer,
                   "HTTP/1.1 %s\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n", status, headers);
    return send_one();
}

static void the_request_is_signed(void **state)
{
    char signature[SIGN_TEXT], header[SIGN_TEXT + 40];
    const char *stamp;

    (void)state;
    assert_int_equal(answered("204 No Content", "").verdict, SINK_ACKED);
    assert_memory_equal(seen->request, "POST /in/s3cret-token?x=1 HTTP/1.1\r\n", 36);
    assert_non_null(strstr(seen->request, "\r\nContent-Type: application/cloudevents+json\r\n"));
    assert_non_null(strstr(seen->request, "\r\nwebhook-id: 01JD7Z3W9Q6M3B1V5X0C8K3F2T\r\n"));
    assert_string_equal(strstr(seen->request, "\r\n\r\n") + 4, line);
    assert_null(strcasestr(seen->request, "\r\nExpect:"));
    assert_non_null(stamp = strstr(seen->request, "\r\nwebhook-timestamp: "));
    assert_int_equal(sign_body(&s.secrets.keys, "01JD7Z3W9Q6M3B1V5X0C8K3F2T", strtoll(stamp + 21, NULL, 10),
                               line, strlen(line), signature),
                     BG_OK);
    (void)snprintf(header, sizeof header, "\r\nwebhook-signature: %s\r\n", signature);
    assert_non_null(strstr(seen->request, header));
}

/* 2xx is success. 4xx is a refusal, unless it is about this moment. The alarm is kept whatever it is: it may
 * be a mistake on the way, a proxy's, or of a clock. 502, 503 and 504 say that there is nobody to ask. */
static void what_each_status_means(void **state)
{
    static const struct {
        const char *status;
        enum sink_verdict verdict;
    } want[] = {
        {"200 OK", SINK_ACKED},      {"202 Accepted", SINK_ACKED}, {"299 Odd", SINK_ACKED},
        {"300 Choices", SINK_RETRY}, {"302 Found", SINK_RETRY},    {"400 Bad", SINK_REFUSED},
        {"401 Who", SINK_REFUSED},   {"403 No", SINK_REFUSED},     {"404 Where", SINK_REFUSED},
        {"407 Proxy", SINK_REFUSED}, {"408 Slow", SINK_RETRY},     {"409 Conflict", SINK_REFUSED},
        {"410 Gone", SINK_REFUSED},  {"411 Length", SINK_REFUSED}, {"413 Big", SINK_REFUSED},
        {"414 Long", SINK_REFUSED},  {"415 Type", SINK_REFUSED},   {"422 Hm", SINK_REFUSED},
        {"429 Many", SINK_RETRY},    {"500 Broken", SINK_RETRY},   {"502 Bad", SINK_RETRY},
        {"503 Away", SINK_RETRY},    {"504 Timeout", SINK_RETRY},  {"599 Odd", SINK_RETRY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        struct sink_result r = answered(want[i].status, "");
        bool away = strchr("234", want[i].status[2]) != NULL && strncmp(want[i].status, "50", 2) == 0;
        if (r.verdict != want[i].verdict || r.endpoint != away)
            fail_msg("%s: verdict %d, endpoint %d", want[i].status, r.verdict, r.endpoint);
        assert_non_null(
            strstr(r.why, (char[]){want[i].status[0], want[i].status[1], want[i].status[2], '\0'}));
    }
}

/* The time that the newest request was signed with, from ours, in seconds; and the signature is of that time.
 */
static long signed_at(void)
{
    char signature[SIGN_TEXT];
    const char *stamp = strstr(seen->request, "\r\nwebhook-timestamp: ");
    int64_t at;

    assert_non_null(stamp);
    at = strtoll(stamp + 21, NULL, 10);
    assert_int_equal(
        sign_body(&s.secrets.keys, "01JD7Z3W9Q6M3B1V5X0C8K3F2T", at, line, strlen(line), signature), BG_OK);
    assert_non_null(strstr(seen->request, signature));
    return (long)(at - (int64_t)time(NULL));
}

static struct sink_result dated(const char *status, long ahead)
{
    time_t at = time(NULL) + ahead;
    char header[80];
    struct tm tm;

    assert_non_null(gmtime_r(&at, &tm));
    assert_true(strftime(header, sizeof header, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm) > 0);
    return answered(status, header);
}

#define NEAR(n, want) assert_in_range((n) - (want) + 100, 0, 200) /* seconds; the machine may be busy */

/* Our clock is wrong: the receiver's time signs, from the first answer on, and a refusal is tried again at
 * once. */
static void the_receivers_clock_is_learnt(void **state)
{
    struct sink_result r = dated("400 Bad", 7200);

    (void)state;
    NEAR(signed_at(), 0);
    assert_true(r.again);
    r = dated("200 OK", 7200);
    NEAR(signed_at(), 7200);
    r = dated("200 OK", -86400);
    NEAR(signed_at(), 7200);
    (void)dated("200 OK", -86400);
    NEAR(signed_at(), -86400);
    (void)dated("200 OK", 0);
    (void)dated("200 OK", 0); /* it was set right */
    NEAR(signed_at(), 0);
}

/* The answer comes from a proxy with a wrong clock: our own time is tried by turns. */
static void a_wrong_clock_of_another_does_not_win(void **state)
{
    struct sink_result r = dated("401 No", 7200);

    (void)state;
    assert_true(r.again);
    r = dated("401 No", 7200);
    NEAR(signed_at(), 7200);
    assert_false(r.again);
    r = dated("200 OK", 7200);
    NEAR(signed_at(), 0);
    r = dated("200 OK", 7200); /* what worked goes on */
    NEAR(signed_at(), 0);
    r = answered("400 Bad", "Date: soon\r\n");
    NEAR(signed_at(), 0);
    r = dated("400 Bad", 0); /* corrected again by turns, and both are refused */
    assert_false(r.again);
}

static void a_redirection_is_not_followed(void **state)
{
    char location[64];
    struct sink_result r;

    (void)state;
    (void)snprintf(location, sizeof location, "Location: http://127.0.0.1:%u/elsewhere\r\n", port);
    r = answered("307 Temporary Redirect", location);
    assert_int_equal(r.verdict, SINK_RETRY);
    assert_int_equal(seen->n, 1);
    assert_non_null(strstr(r.why, "not followed"));
}

static void patience_is_for_those_who_ask_for_it(void **state)
{
    (void)state;
    assert_int_equal(answered("429 Many", "Retry-After: 7\r\n").wait_ms, 7000);
    assert_int_equal(answered("503 Away", "retry-after: 7\r\n").wait_ms, 7000);
    assert_int_equal(answered("503 Away", "Retry-After: 99999999\r\n").wait_ms, BACKOFF_MAX_MS);
    assert_int_equal(answered("503 Away", "").wait_ms, -1);
    assert_int_equal(answered("500 Broken", "Retry-After: 7\r\n").wait_ms, -1);
}

/* A status line is an answer, however long what follows; the rest is not read. */
static void a_huge_reply_is_an_answer(void **state)
{
    struct sink_result r;

    (void)state;
    (void)snprintf(seen->answer, sizeof seen->answer,
                   "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
    seen->body_repeated = 1 << 30;
    r = send_one();
    assert_int_equal(r.verdict, SINK_ACKED);
    (void)snprintf(seen->answer, sizeof seen->answer,
                   "HTTP/1.1 503 Away\r\nContent-Length: 1073741824\r\n\r\n");
    assert_int_equal(send_one().verdict, SINK_RETRY);
}

/* No answer is no acknowledgement, and says so of the endpoint; the path of the URL is a secret. */
static void no_answer_is_a_fault_of_the_endpoint(void **state)
{
    struct sink_result r;

    (void)state;
    r = send_one();
    assert_int_equal(r.verdict, SINK_RETRY);
    assert_true(r.endpoint && r.why[0] != '\0');
    assert_null(strstr(r.why, "s3cret"));
    (void)snprintf(seen->answer, sizeof seen->answer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    assert_int_equal(send_one().verdict, SINK_RETRY); /* cut in the middle: not received for certain */
    (void)kill(server, SIGKILL);
    (void)waitpid(server, NULL, 0);
    r = send_one();
    assert_int_equal(r.verdict, SINK_RETRY);
    assert_true(r.endpoint);
    assert_null(strstr(r.why, "s3cret"));
}

static void no_more_at_once_than_its_slots(void **state)
{
    int64_t end = bg_deadline(PATIENCE_MS);
    struct sink_result r;
    unsigned n = 0;

    (void)state;
    (void)snprintf(seen->answer, sizeof seen->answer,
                   "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    for (unsigned i = 0; i < sink_webhook.slots; i++)
        assert_int_equal(sink_webhook.submit(&s, &conf, "id", strdup(line), strlen(line)), BG_OK);
    assert_int_equal(sink_webhook.submit(&s, &conf, "id", strdup(line), strlen(line)), BG_E_BUSY);
    while (n < sink_webhook.slots) {
        assert_true(bg_left_ms(end) > 0);
        sink_webhook.work(&s, -1, 50);
        while (sink_webhook.take(&s, &r))
            n += r.verdict == SINK_ACKED;
    }
    assert_int_equal(seen->n, sink_webhook.slots);
}

/* drop() closes the sink with one request that was begun and one that was only handed over: the sanitizer
 * looks. */
static void what_is_under_way_is_given_up_at_the_end(void **state)
{
    (void)state;
    assert_int_equal(sink_webhook.submit(&s, &conf, "id", strdup(line), strlen(line)), BG_OK);
    sink_webhook.work(&s, -1, 0);
    assert_int_equal(sink_webhook.submit(&s, &conf, "id", strdup(line), strlen(line)), BG_OK);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_request_is_signed),          T(what_each_status_means),
        T(the_receivers_clock_is_learnt),  T(a_wrong_clock_of_another_does_not_win),
        T(a_redirection_is_not_followed),  T(patience_is_for_those_who_ask_for_it),
        T(a_huge_reply_is_an_answer),      T(no_answer_is_a_fault_of_the_endpoint),
        T(no_more_at_once_than_its_slots), T(what_is_under_way_is_given_up_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
