/* SPDX-License-Identifier: ISC */
/*
 * Mail, by SMTP and libcurl. 250 after the message is an acknowledgement, 5xx a refusal, 4xx (greylisting
 * among it) may pass. TLS is asked for and verified, but for a server on this host that is said to have none.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "alert/alert.h"
#include "alert/curlset.h"
#include "alert/mailtext.h"
#include "alert/owed.h"
#include "alert/sink.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/text.h"

#define SLOTS     2     /* one is kept free for what matters */
#define SECOND    SLOTS /* the slot of second mails */
#define QUIT_S    1     /* for the answer to a QUIT, for which libcurl lets all else wait */
#define HURRY_MS  1000  /* before the deadline: libcurl gives up at it, and QUIT is what it does then */
#define LOGIN_MAX 512
#define SAID_MAX  160
#define ADDRESSES " ,"

struct transfer {
    CURL *easy; /* NULL: free */
    void *item;
    char *mail;
    size_t len, sent;
    int64_t deadline;
    struct curl_slist *to;
    unsigned to_whom;                        /* a bit for each of them */
    unsigned asked;                          /* recipients whose answer is there */
    bool asking;                             /* one's answer is next */
    struct owed *owed;                       /* a second mail; NULL: the first one */
    unsigned put_off;                        /* a bit for each who may get it later */
    char lacks[BG_SINK_ADDRESSES][SINK_WHY]; /* why that one is not to have it; "": it is */
    char said[SAID_MAX];                     /* the newest line of the server, hostile */
    char error[CURL_ERROR_SIZE];
};

struct own {
    CURLM *multi;
    struct curl_slist *resolve;
    struct transfer slot[SLOTS + 1];
    struct owing owing;
    unsigned told; /* a bit for each recipient of whom it was said that the server does not take it */
    struct sink_result early; /* one that could not be begun; item NULL: none */
};

static enum bg_err open_mail(struct sink *s)
{
    struct own *o = calloc(1, sizeof *o);

    if (o == NULL)
        return BG_E_NOMEM;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (o->multi = curl_multi_init()) == NULL) {
        free(o);
        return BG_E_NOMEM;
    }
    o->resolve = curlset_resolve(s->conf);
    s->own = o;
    return BG_OK;
}

static void drop(struct own *o, struct transfer *t)
{
    if (t->easy != NULL) {
        (void)curl_multi_remove_handle(o->multi, t->easy);
        curl_easy_cleanup(t->easy);
    }
    curl_slist_free_all(t->to);
    free(t->mail);
    memset(t, 0, sizeof *t);
}

/* --- what goes out ---------------------------------------------------------------------------- */

static size_t on_read(char *out, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    size_t room = size * n, left = t->len - t->sent, part = left < room ? left : room;

    memcpy(out, t->mail + t->sent, part);
    t->sent += part;
    return part;
}

/* From now on nothing but QUIT comes. */
static void hurry(struct transfer *t)
{
    (void)curl_easy_setopt(t->easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)QUIT_S);
}

static void hurry_when_late(struct transfer *t)
{
    if (bg_left_ms(t->deadline) <= HURRY_MS)
        hurry(t);
}

/* Each second, also while libcurl lets all else wait for the answer to DATA. */
static int on_tick(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    hurry_when_late(arg);
    return 0;
}

/* Which one is asked next. */
static unsigned recipient(const struct transfer *t)
{
    unsigned left = t->asked, i = 0;

    while (i < BG_SINK_ADDRESSES && ((t->to_whom & 1U << i) == 0 || left-- > 0))
        i++;
    return i;
}

/* What is sent: the answer to RCPT is about one of several. */
static int on_debug(CURL *e, curl_infotype type, char *data, size_t n, void *arg)
{
    struct transfer *t = arg;

    (void)e;
    if (type == CURLINFO_HEADER_OUT)
        t->asking = n > 8 && strncasecmp(data, "RCPT TO:", 8) == 0 && recipient(t) < BG_SINK_ADDRESSES;
    return 0;
}

static void note_recipient(struct transfer *t, const char *line, size_t len)
{
    if (!t->asking || len < 3 || (len > 3 && line[3] == '-'))
        return;
    t->asking = false;
    if (line[0] == '4' || line[0] == '5')
        (void)bg_text_ascii(t->lacks[recipient(t)], SINK_WHY, line, len < 100 ? len : 100);
    if (line[0] == '4')
        t->put_off |= 1U << recipient(t);
    t->asked++;
}

/* Each line of the server comes here, codes and all. */
static size_t on_line(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    size_t len = size * n;

    while (len > 0 && (data[len - 1] == '\r' || data[len - 1] == '\n'))
        len--;
    note_recipient(t, data, len);
    if (t->sent == t->len)
        hurry(t);
    if (len < 3 || memcmp(data, "221", 3) != 0) /* the answer to QUIT */
        (void)snprintf(t->said, sizeof t->said, "%.*s", (int)(len < SAID_MAX ? len : SAID_MAX), data);
    return size * n;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    (void)data;
    (void)arg;
    return size * n;
}

/* smtp://HOST:PORT, of a server whose spelling was checked. */
static bool set_server(CURL *e, const struct bg_sink *conf)
{
    char host[BG_SERVER_HOST_MAX + 1], port[6], url[BG_SERVER_HOST_MAX + 32];
    bool implicit = conf->tls == BG_TLS_SMTPS, ok;
    long use = conf->tls == BG_TLS_NONE ? CURLUSESSL_NONE : CURLUSESSL_ALL;

    if (!bg_sink_server(conf, host, port))
        return false;
    (void)snprintf(url, sizeof url, strchr(host, ':') != NULL ? "%s://[%s]:%s" : "%s://%s:%s",
                   implicit ? "smtps" : "smtp", host, port);
    ok = curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_USE_SSL, use) == CURLE_OK;
    return ok && curlset_schemes(e, "smtp,smtps", (long)(CURLPROTO_SMTP | CURLPROTO_SMTPS));
}

/* Each delivery is a connection of its own: a server closes one that is idle, and an alarm must not find out.
 */
static bool set_way(CURL *e, const struct own *o, const struct bg_sink *conf)
{
    bool ok = curlset_limits(e, conf);

    ok = ok && curl_easy_setopt(e, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)conf->timeout) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK;
    return ok && curlset_way(e, conf, "", o->resolve, conf->tls == BG_TLS_NONE);
}

/* One recipient who is refused does not keep the alarm from the others. */
static bool set_mail(struct transfer *t, const struct bg_sink *conf)
{
    CURL *e = t->easy;
    char one[sizeof conf->to];
    bool ok = curl_easy_setopt(e, CURLOPT_MAIL_FROM, conf->from) == CURLE_OK;
    unsigned i = 0;

    for (const char *p = conf->to + strspn(conf->to, ADDRESSES); ok && *p != '\0';) {
        size_t n = strcspn(p, ADDRESSES);
        struct curl_slist *more;
        (void)snprintf(one, sizeof one, "%.*s", (int)n, p);
        if ((t->to_whom & 1U << i++) != 0 && (ok = (more = curl_slist_append(t->to, one)) != NULL))
            t->to = more;
        p += n;
        p += strspn(p, ADDRESSES);
    }
    ok = ok && curl_easy_setopt(e, CURLOPT_MAIL_RCPT, t->to) == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x080200
    ok = ok && curl_easy_setopt(e, CURLOPT_MAIL_RCPT_ALLOWFAILS, 1L) == CURLE_OK;
#elif LIBCURL_VERSION_NUM >= 0x074500
    ok = ok && curl_easy_setopt(e, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L) == CURLE_OK;
#endif
    ok = ok && curl_easy_setopt(e, CURLOPT_UPLOAD, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->len) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_READDATA, t) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_line) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_DEBUGFUNCTION, on_debug) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_DEBUGDATA, t) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_VERBOSE, 1L) == CURLE_OK; /* to on_debug */
    ok = ok && curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_tick) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_XFERINFODATA, t) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK;
    ok = ok && curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error) == CURLE_OK;
    return ok && curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK;
}

/* Name and password, two lines of a file that only its owner can write. */
static enum bg_err set_login(CURL *e, const struct bg_sink *conf)
{
    char text[LOGIN_MAX], *user = text, *password, *end;
    size_t len;
    enum bg_err r;

    if (conf->login_file[0] == '\0')
        return BG_OK;
    if ((r = bg_file_read(conf->login_file, text, sizeof text, &len)) == BG_OK) {
        password = strchr(text, '\n');
        if (password != NULL)
            *password++ = '\0';
        if (password != NULL && (end = strchr(password, '\n')) != NULL)
            *end = '\0';
        r = password == NULL || *user == '\0' || *password == '\0' ? BG_E_SYNTAX : BG_OK;
        if (r == BG_OK && (curl_easy_setopt(e, CURLOPT_USERNAME, user) != CURLE_OK ||
                           curl_easy_setopt(e, CURLOPT_PASSWORD, password) != CURLE_OK))
            r = BG_E_NOMEM;
    }
    bg_wipe(text, sizeof text);
    return r;
}

static void finish_early(struct own *o, void *item, enum sink_verdict verdict, const char *what,
                         enum bg_err why)
{
    o->early = (struct sink_result){.item = item, .verdict = verdict, .wait_ms = -1};
    o->early.endpoint = verdict == SINK_RETRY;
    (void)snprintf(o->early.why, sizeof o->early.why, "%s%s", what, bg_strerror(why));
}

/* t has the mail and whom it is for; dropped unless this is BG_OK. BG_E_*, with *login: of the file with the
 * login. */
static enum bg_err begin(const struct sink *s, struct transfer *t, bool *login)
{
    struct own *o = s->own;
    enum bg_err r = BG_E_NOMEM;

    *login = false;
    t->deadline = bg_deadline((int64_t)s->conf->timeout * 1000);
    if ((t->easy = curl_easy_init()) != NULL && set_server(t->easy, s->conf) &&
        curlset_tls(t->easy, s->conf) && set_way(t->easy, o, s->conf) && set_mail(t, s->conf)) {
        if ((r = set_login(t->easy, s->conf)) != BG_OK)
            *login = true;
        else if (curl_multi_add_handle(o->multi, t->easy) != CURLM_OK)
            r = BG_E_NOMEM;
    }
    if (r != BG_OK)
        drop(o, t);
    return r;
}

static enum bg_err submit(struct sink *s, void *item, const char *id, char *line, size_t len)
{
    struct own *o = s->own;
    struct transfer *t = o->slot;
    bool login = false;
    enum bg_err r = BG_E_BUSY;

    (void)id;
    while (t < o->slot + SLOTS && t->easy != NULL)
        t++;
    if (t == o->slot + SLOTS || o->early.item != NULL)
        goto out;
    if ((r = mail_text(s->conf, line, len, &t->mail, &t->len)) == BG_E_SYNTAX) {
        finish_early(o, item, SINK_REFUSED, "", r);
        r = BG_OK;
        goto out;
    }
    if (r != BG_OK)
        goto out;
    t->item = item;
    t->to_whom = (1U << BG_SINK_ADDRESSES) - 1;
    if ((r = begin(s, t, &login)) != BG_OK && login) {
        finish_early(o, item, SINK_RETRY, "login-file: ", r);
        r = BG_OK;
    }
out:
    free(line);
    return r;
}

/* --- what becomes of it ------------------------------------------------------------------------ */

/* libcurl ends what is late by a QUIT. */
static void perform(struct own *o, int *running)
{
    for (unsigned i = 0; i <= SECOND; i++)
        if (o->slot[i].easy != NULL)
            hurry_when_late(&o->slot[i]);
    if (curl_multi_perform(o->multi, running) != CURLM_OK)
        *running = 0;
}

/* One second mail at a time, in a slot of its own: no first one waits for it. */
static void send_owed(const struct sink *s)
{
    struct own *o = s->own;
    struct transfer *t = &o->slot[SECOND];
    struct owed *w = t->easy == NULL ? owed_due(&o->owing) : NULL;
    bool login;

    if (w == NULL)
        return;
    t->owed = w;
    t->to_whom = w->to;
    t->len = w->len;
    if ((t->mail = malloc(w->len + 1)) == NULL) {
        memset(t, 0, sizeof *t);
        return;
    }
    memcpy(t->mail, w->mail, w->len);
    w->busy = true;
    if (begin(s, t, &login) != BG_OK)
        owed_tried(w, w->to);
}

static void work(struct sink *s, int fd, int ms)
{
    struct own *o = s->own;
    struct curl_waitfd wake = {.fd = fd, .events = CURL_WAIT_POLLIN};
    int running = 0, before;

    if (o->early.item != NULL)
        return;
    send_owed(s);
    perform(o, &before);
    for (unsigned i = 0; i <= SECOND; i++)
        running += o->slot[i].easy != NULL;
    if (before == running) /* nothing has come to its end yet */
        (void)curl_multi_wait(o->multi, &wake, fd >= 0 ? 1 : 0, ms, NULL);
    perform(o, &running);
}

/* A server that says no is one thing, one that does not get as far another. 421: it is about to go away. */
static void judge(const struct transfer *t, CURLcode code, struct sink_result *r)
{
    long status = 0;
    const char *what = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
    char text[2 * SINK_WHY];

    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    *r = (struct sink_result){.item = t->item, .wait_ms = -1, .verdict = SINK_RETRY};
    if (code == CURLE_OK) {
        r->verdict = SINK_ACKED;
        return;
    }
    if (status >= 500 && status <= 599)
        r->verdict = SINK_REFUSED;
    r->endpoint = status < 400 || status == 421;
    if (status >= 400 && t->said[0] != '\0')
        what = t->said;
    (void)snprintf(text, sizeof text, "SMTP: %.200s", what);
    (void)bg_text_ascii(r->why, sizeof r->why, text, strlen(text));
}

/* It is taken for the others: who does not get it is said, once until the server takes it for them too. */
static void say_lacking(const struct sink *s, const struct transfer *t)
{
    struct own *o = s->own;
    char why[2 * SINK_WHY];

    for (unsigned i = 0; i < BG_SINK_ADDRESSES; i++) {
        unsigned bit = 1U << i;
        if ((t->to_whom & bit) == 0)
            continue;
        if (t->lacks[i][0] != '\0' && (o->told & bit) == 0) {
            (void)snprintf(why, sizeof why, "recipient %u: %s", i + 1, t->lacks[i]);
            alert_say(BG_M_SINK_PARTLY, BG_ARGS(s->conf->name, why));
        }
        o->told = t->lacks[i][0] != '\0' ? o->told | bit : o->told & ~bit;
    }
}

/* Who was put off of those who did not get it with the others. */
static void owe(struct own *o, struct transfer *t)
{
    if (t->put_off == 0)
        return;
    owed_add(&o->owing, t->mail, t->len, t->put_off);
    t->mail = NULL;
}

/* A second mail: whoever is not put off again has it, or never gets it. */
static void end_second(struct transfer *t, const struct sink_result *r)
{
    bool got_through = r->verdict == SINK_ACKED || t->put_off != 0 || r->verdict == SINK_REFUSED;

    owed_tried(t->owed, got_through ? t->put_off : t->to_whom);
}

static bool take(struct sink *s, struct sink_result *out)
{
    struct own *o = s->own;
    char *mine = NULL;
    int64_t ends;
    CURLMsg *m;
    int left;

    if (o->early.item != NULL) {
        *out = o->early;
        o->early.item = NULL;
        return true;
    }
    while ((m = curl_multi_info_read(o->multi, &left)) != NULL) {
        struct transfer *t;
        if (m->msg != CURLMSG_DONE || curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &mine) != CURLE_OK)
            continue;
        t = (struct transfer *)(void *)mine;
        judge(t, m->data.result, out);
        if (m->data.result == CURLE_OK && (ends = curlset_cert_ends(t->easy)) != 0)
            s->cert_ends = ends;
        if (out->verdict == SINK_ACKED || t->owed != NULL)
            say_lacking(s, t);
        if (t->owed != NULL)
            end_second(t, out);
        else if (out->verdict == SINK_ACKED)
            owe(o, t);
        if (t->owed != NULL) {
            drop(o, t);
            continue;
        }
        drop(o, t);
        return true;
    }
    return false;
}

static void close_mail(struct sink *s)
{
    struct own *o = s->own;

    for (unsigned i = 0; i <= SECOND; i++)
        drop(o, &o->slot[i]);
    owed_clear(&o->owing);
    (void)curl_multi_cleanup(o->multi);
    curl_slist_free_all(o->resolve);
    curl_global_cleanup();
    free(o);
    s->own = NULL;
}

const struct sink_type sink_mail = {
    .slots = SLOTS, .open = open_mail, .submit = submit, .work = work, .take = take, .close = close_mail};
