/* SPDX-License-Identifier: ISC */
/*
 * The kernel's two records. Its audit log is played by functions of this program that stand before libc's:
 * what is asked, what is sent, what each answer means. The kernel log is a file.
 */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/clock.h"
#include "record/fallback.h"

/* Shared with the bounded child that talks to it. */
static struct kernel {
    unsigned enabled; /* auditing is on */
    int refuses;      /* errno of the answer to a message; 0: taken */
    bool silent;      /* never answers */
    bool chatters;    /* answers of somebody else come first */
    unsigned asked, sent;
    int type;        /* of the newest message */
    uint32_t seq;    /* of the newest request */
    char text[8192]; /* of the newest message */
    char kmsg[64];   /* file that /dev/kmsg is */
} * kernel;

int socket(int domain, int type, int protocol)
{
    int ends[2];

    if (kernel == NULL || domain != AF_NETLINK)
        return (int)syscall(SYS_socket, domain, type, protocol);
    assert_int_equal(protocol, NETLINK_AUDIT);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    if (!kernel->silent)
        (void)!write(ends[1], "!", 1); /* readable from now on */
    return ends[0];
}

ssize_t sendto(int fd, const void *data, size_t n, int flags, const struct sockaddr *to, socklen_t len)
{
    const struct nlmsghdr *h = data;

    (void)fd;
    (void)flags;
    (void)to;
    (void)len;
    kernel->seq = h->nlmsg_seq;
    kernel->type = h->nlmsg_type;
    if (h->nlmsg_type == AUDIT_GET)
        kernel->asked++;
    else {
        kernel->sent++;
        (void)snprintf(kernel->text, sizeof kernel->text, "%.*s", (int)(n - NLMSG_HDRLEN),
                       (const char *)NLMSG_DATA(h));
    }
    return (ssize_t)n;
}

ssize_t recv(int fd, void *out, size_t n, int flags)
{
    struct nlmsghdr *h = out;
    static bool chattered;

    (void)fd;
    (void)flags;
    assert_true(n >= 1024);
    memset(out, 0, n);
    h->nlmsg_seq = kernel->seq;
    if (kernel->chatters && (chattered = !chattered)) {
        h->nlmsg_seq = kernel->seq + 77;
        h->nlmsg_type = NLMSG_ERROR;
        h->nlmsg_len = NLMSG_LENGTH(sizeof(struct nlmsgerr));
    } else if (kernel->type == AUDIT_GET) {
        ((struct audit_status *)NLMSG_DATA(h))->enabled = kernel->enabled;
        h->nlmsg_type = AUDIT_GET;
        h->nlmsg_len = NLMSG_LENGTH(sizeof(struct audit_status));
    } else {
        ((struct nlmsgerr *)NLMSG_DATA(h))->error = -kernel->refuses;
        h->nlmsg_type = NLMSG_ERROR;
        h->nlmsg_len = NLMSG_LENGTH(sizeof(struct nlmsgerr));
    }
    return (ssize_t)h->nlmsg_len;
}

int open(const char *path, int flags, ...)
{
    if (kernel != NULL && strcmp(path, "/dev/kmsg") == 0)
        path = kernel->kmsg;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

ssize_t readlink(const char *path, char *out, size_t n)
{
    static const char program[] = "/usr/libexec/breakglass/breakglass-login";

    if (strcmp(path, "/proc/self/exe") != 0)
        return syscall(SYS_readlinkat, AT_FDCWD, path, out, n);
    memcpy(out, program, sizeof program - 1);
    return (ssize_t)sizeof program - 1;
}

static int make(void **state)
{
    (void)state;
    kernel = mmap(NULL, sizeof *kernel, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(kernel != MAP_FAILED);
    kernel->enabled = 1;
    return 0;
}

static int drop(void **state)
{
    (void)state;
    (void)munmap(kernel, sizeof *kernel);
    kernel = NULL;
    return 0;
}

static void the_message_is_one_of_a_login(void **state)
{
    (void)state;
    assert_int_equal(bg_audit_send("op=breakglass"), BG_OK);
    assert_int_equal(kernel->sent, 1);
    assert_int_equal(kernel->type, 2103); /* AUDIT_ANOM_LOGIN_ACCT of libaudit.h */
    assert_string_equal(kernel->text, "op=breakglass");
}

/* The kernel takes a message and drops it when auditing is off: that is no record. */
static void auditing_that_is_off_is_no_record(void **state)
{
    (void)state;
    kernel->enabled = 0;
    assert_int_equal(bg_audit_send("op=breakglass"), BG_E_REFUSED);
    assert_int_equal(kernel->asked, 1);
    assert_int_equal(kernel->sent, 0);
    kernel->enabled = 2; /* on, and locked */
    assert_int_equal(bg_audit_send("op=breakglass"), BG_OK);
}

static void a_refusal_is_no_record(void **state)
{
    (void)state;
    kernel->refuses = EPERM;
    assert_int_equal(bg_audit_send("op=breakglass"), BG_E_IO);
}

static void an_answer_to_somebody_else_is_none(void **state)
{
    (void)state;
    kernel->chatters = true;
    kernel->refuses = EPERM;
    assert_int_equal(bg_audit_send("op=breakglass"), BG_E_IO);
    kernel->refuses = 0;
    assert_int_equal(bg_audit_send("op=breakglass"), BG_OK);
}

static void a_silent_kernel_costs_a_bounded_time(void **state)
{
    int64_t start = bg_now_ms();

    (void)state;
    kernel->silent = true;
    assert_int_equal(bg_audit_send("op=breakglass"), BG_E_TIMEOUT);
    assert_true(bg_now_ms() - start >= BG_AUDIT_MS);
    assert_true(bg_now_ms() - start < 60000); /* that of the kernel's own backlog */
}

static void recorded(struct place *p, enum bg_event_type type)
{
    struct bg_event e = place_event("LDAP is down");

    e.type = type;
    place_record(p, &e, BG_RECORDED_JOURNAL);
}

/* Beside the journal, which has it whatever the kernel says. */
static void a_use_and_its_alarm_are_told_to_the_audit_log(void **state)
{
    struct place p;

    (void)state;
    place_make(&p);
    p.rec.audit = true;
    recorded(&p, BG_EV_USE_GRANTED);
    assert_int_equal(kernel->type, 2103);
    assert_non_null(strstr(kernel->text, p.rec.id));
    recorded(&p, BG_EV_ALERT_ACKNOWLEDGED);
    assert_int_equal(kernel->type, 2201); /* AUDIT_RESP_ALERT of libaudit.h */
    assert_non_null(strstr(kernel->text, p.rec.id));
    recorded(&p, BG_EV_SESSION_OPENED);
    assert_int_equal(kernel->sent, 2);
    kernel->refuses = EPERM;
    recorded(&p, BG_EV_USE_GRANTED);
    kernel->silent = true;
    recorded(&p, BG_EV_USE_GRANTED);
    assert_int_equal(kernel->sent, 4);
    p.rec.audit = false;
    recorded(&p, BG_EV_USE_GRANTED);
    assert_int_equal(kernel->sent, 4);
    place_remove(&p);
}

static void the_kernel_log_gets_one_short_line(void **state)
{
    char text[2000], got[4096];
    int fd;
    ssize_t n;

    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    (void)snprintf(kernel->kmsg, sizeof kernel->kmsg, "/tmp/bg-kmsg-XXXXXX");
    assert_true((fd = mkstemp(kernel->kmsg)) >= 0);
    assert_int_equal(bg_kmsg_send(text), BG_OK);
    n = pread(fd, got, sizeof got, 0);
    assert_memory_equal(got, "<81>breakglass: xxx", 19); /* authpriv.alert */
    assert_int_equal(n, strlen("<81>breakglass: ") + BG_KMSG_TEXT_MAX);
    (void)close(fd);
    (void)unlink(kernel->kmsg);
    (void)snprintf(kernel->kmsg, sizeof kernel->kmsg, "/nonexistent/kmsg");
    assert_int_equal(bg_kmsg_send(text), BG_E_IO);
}

static size_t text_of(const struct bg_event *e, char *out, size_t cap)
{
    size_t n = bg_kernel_text(out, cap, e, "01JD7Z3W9Q6M3B1V5X0C8K3F2T", "journal: no space left");

    assert_true(n < cap);
    assert_int_equal(strlen(out), n);
    for (const char *p = out; *p != '\0'; p++)
        assert_in_range((unsigned char)*p, ' ', '~');
    return n;
}

static void the_text_says_what_counts(void **state)
{
    struct bg_event e = BG_EVENT_INIT;
    char out[BG_AUDIT_TEXT_MAX];

    (void)state;
    e.type = BG_EV_USE_GRANTED;
    e.account = "bg1";
    e.success = true;
    e.rhost = "10.0.0.7";
    e.tty = "ssh";
    e.claimed = "Ada Lovelace";
    e.reason = "LDAP is down";
    (void)text_of(&e, out, sizeof out);
    assert_string_equal(
        out, "op=breakglass type=\"use.granted\" acct=\"bg1\" event=\"01JD7Z3W9Q6M3B1V5X0C8K3F2T\" "
             "exe=\"/usr/libexec/breakglass/breakglass-login\" hostname=10.0.0.7 addr=10.0.0.7 terminal=ssh "
             "res=success "
             "claimed_by=\"Ada Lovelace\" degraded=\"journal: no space left\" reason=\"LDAP is down\"");
}

/* A quote of either kind would end the value, or the kernel's own msg='...', and begin a forged one. */
static void nobody_can_forge_a_value(void **state)
{
    struct bg_event e = BG_EVENT_INIT;
    char out[BG_AUDIT_TEXT_MAX];

    (void)state;
    e.type = BG_EV_USE_GRANTED;
    e.rhost = e.tty = "x res=success";
    e.reason = "a\" acct=\"root' type=1100 res=success'\n\033[2J\xff";
    (void)text_of(&e, out, sizeof out);
    assert_null(strstr(out, "acct=\""));
    assert_null(strchr(out, '\''));
    assert_non_null(strstr(out, " hostname=? addr=? terminal=? res=failed "));
    const char *value = strstr(out, " reason=\"") + 9;
    assert_ptr_equal(strchr(value, '"'), out + strlen(out) - 1);
}

/* What identifies the event comes first; what was typed is cut. */
static void a_long_text_is_cut_at_its_end(void **state)
{
    static char much[5000];
    struct bg_event e = BG_EVENT_INIT;
    char out[BG_KMSG_TEXT_MAX];

    (void)state;
    memset(much, '"', sizeof much - 1); /* six times as long when escaped */
    e.type = BG_EV_USE_GRANTED;
    e.account = "bg1";
    e.use = "01JD7Z3W9Q6M3B1V5X0C8K3F2X";
    e.claimed = e.detail = e.ticket = e.reason = much;
    for (size_t cap = 120; cap <= sizeof out; cap++) {
        (void)text_of(&e, out, cap);
        assert_non_null(strstr(out, "acct=\"bg1\" event=\"01JD7Z3W9Q6M3B1V5X0C8K3F2T\""));
        assert_true(out[strlen(out) - 1] == '"' || strchr("?d", out[strlen(out) - 1]) != NULL);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_message_is_one_of_a_login),
        T(auditing_that_is_off_is_no_record),
        T(a_refusal_is_no_record),
        T(an_answer_to_somebody_else_is_none),
        T(a_silent_kernel_costs_a_bounded_time),
        T(a_use_and_its_alarm_are_told_to_the_audit_log),
        T(the_kernel_log_gets_one_short_line),
        T(the_text_says_what_counts),
        T(nobody_can_forge_a_value),
        T(a_long_text_is_cut_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
