/* SPDX-License-Identifier: ISC */
/*
 * Twilio: short messages, by its Messages resource. An event is one request for each number; who has the
 * message is remembered as long as this process runs, so that a number that fails costs the others no second
 * one. A number that is refused for good (who answered STOP) is said once and holds up nobody: the event is
 * taken when another has it. There is no key of idempotency: a reply that is lost may mean two messages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alert/alert.h"
#include "alert/provider.h"
#include "base/text.h"

#define SMS_TEXT     480     /* characters of the summary: at most three messages, eight beyond GSM 7 bit */
#define SMS_VALIDITY "14400" /* seconds: the longest that every account may ask for */
#define FORM_MAX     (3 * (4 * SMS_TEXT + 64) + 2048)
#define KNOWN        1024 /* events of which it is remembered who has them: those that some lack */

struct known {
    char id[64];  /* "": free */
    unsigned has; /* a bit for each number */
};

struct twilio {
    struct provider p; /* first: it is what the functions of provider.h see */
    char number[BG_SINK_NUMBERS][sizeof((struct bg_sink *)0)->to];
    unsigned n;
    struct known known[KNOWN];
    unsigned oldest;
    unsigned said; /* a bit for each number of which it was said that it is refused */
    void *item;    /* under way: */
    unsigned pending;
    struct known *event;
    struct sink_result worst;
    char why[BG_SINK_NUMBERS][SINK_WHY]; /* of those who have not got it */
};

static enum bg_err open_twilio(struct sink *s)
{
    struct twilio *w = calloc(1, sizeof *w);
    const char *at = s->conf->numbers;
    enum bg_err r;

    if (w == NULL)
        return BG_E_NOMEM;
    if ((r = http_open(s->conf, &w->p.http)) != BG_OK) {
        free(w);
        return r;
    }
    while (*(at += strspn(at, " \t")) != '\0' && w->n < BG_SINK_NUMBERS) {
        size_t len = strcspn(at, " \t");
        memcpy(w->number[w->n++], at, len);
        at += len;
    }
    s->own = w;
    return BG_OK;
}

/* That of the event, else a free one, else the oldest. */
static struct known *known_of(struct twilio *w, const char *id)
{
    struct known *k = w->known, *spare = NULL;

    for (; k < w->known + KNOWN; k++) {
        if (strcmp(k->id, id) == 0)
            return k;
        if (spare == NULL && k->id[0] == '\0')
            spare = k;
    }
    k = spare != NULL ? spare : &w->known[w->oldest++ % KNOWN];
    *k = (struct known){.has = 0};
    (void)snprintf(k->id, sizeof k->id, "%s", id);
    return k;
}

/* "name=value" in the form of application/x-www-form-urlencoded. */
static bool field(char *form, const char *name, const char *value)
{
    size_t n = strlen(form);

    n += (size_t)snprintf(form + n, FORM_MAX - n, "%s%s=", n == 0 ? "" : "&", name);
    return n < FORM_MAX && ask_escape(form + n, FORM_MAX - n, value);
}

static bool fill(char *form, const struct bg_sink *conf, const char *number, const struct alert_text *t)
{
    bool service = strncmp(conf->sender, "MG", 2) == 0;
    char text[4 * SMS_TEXT + 1 + sizeof t->id + 1];
    size_t n = alert_text_cut(text, 4 * SMS_TEXT + 1, t->summary, SMS_TEXT);

    (void)snprintf(text + n, sizeof text - n, "\n%s", t->id);
    form[0] = '\0';
    return field(form, "To", number) && field(form, service ? "MessagingServiceSid" : "From", conf->sender) &&
           field(form, "Body", text) && field(form, "ValidityPeriod", SMS_VALIDITY);
}

static enum bg_err send_one(const struct sink *s, void *item, unsigned i, const struct alert_text *t)
{
    struct twilio *w = s->own;
    const struct bg_sink *c = s->conf;
    char url[512];
    struct http_request q = {.url = url,
                             .type = "application/x-www-form-urlencoded",
                             .user = c->user[0] != '\0' ? c->user : c->account,
                             .password = s->secrets.token,
                             .body = malloc(FORM_MAX)};

    if (q.body == NULL || !fill(q.body, c, w->number[i], t)) {
        free(q.body);
        return BG_E_NOMEM;
    }
    q.len = strlen(q.body);
    (void)snprintf(url, sizeof url, "%s/2010-04-01/Accounts/%s/Messages.json",
                   c->api_url[0] != '\0' ? c->api_url : "https://api.twilio.com", c->account);
    return http_submit(w->p.http, item, i, &q);
}

static enum bg_err submit(struct sink *s, void *item, const char *id, char *line, size_t len)
{
    static struct alert_text t; /* large */
    struct twilio *w = s->own;
    enum bg_err r = w->pending > 0 ? BG_E_BUSY : alert_text_of(line, len, &t), first = BG_OK;

    free(line);
    if (r != BG_OK)
        return r;
    w->item = item;
    w->event = known_of(w, id);
    w->worst = (struct sink_result){.item = item, .verdict = SINK_ACKED, .wait_ms = -1};
    for (unsigned i = 0; i < w->n; i++) {
        if ((w->event->has & 1U << i) != 0)
            continue;
        if ((r = send_one(s, item, i, &t)) == BG_OK)
            w->pending++;
        else
            first = r;
    }
    if (w->pending == 0)
        return first != BG_OK ? first : BG_E_RANGE;
    if (first != BG_OK) {
        w->worst.verdict = SINK_RETRY;
        (void)snprintf(w->worst.why, sizeof w->worst.why, "%s", bg_strerror(first));
    }
    return BG_OK;
}

/* What of two results is told: that something can still be had, before a refusal, before a success. */
static int weight(const struct sink_result *r)
{
    return r->verdict == SINK_RETRY ? 2 : r->verdict == SINK_REFUSED ? 1 : 0;
}

/* One who is refused for good, which was not said yet. */
static void say_refused(const struct sink *s, struct twilio *w, unsigned n, const char *why)
{
    if ((w->said & 1U << n) != 0)
        return;
    w->said |= 1U << n;
    alert_say(BG_M_SINK_PARTLY, BG_ARGS(s->conf->name, why));
}

/* A number is a person's: only its end is told. */
static void count(struct twilio *w, const struct http_answer *a)
{
    const char *number = w->number[a->n];
    size_t len = strlen(number);
    struct sink_result r;
    char why[SINK_WHY];

    http_judge(a, &r);
    if (r.verdict == SINK_ACKED)
        judge_status_is(a, 201, &r);
    w->pending--;
    if (r.verdict == SINK_ACKED) {
        w->event->has |= 1U << a->n;
        w->said &= ~(1U << a->n);
        return;
    }
    (void)snprintf(why, sizeof why, "number ...%s: %.100s", number + (len > 3 ? len - 3 : 0), r.why);
    memcpy(r.why, why, sizeof r.why);
    memcpy(w->why[a->n], why, sizeof why);
    if (weight(&r) >= weight(&w->worst))
        w->worst = r;
}

/* All have answered. Where somebody has it and the others never will, it is taken; what is over is forgotten.
 */
static void sum_up(const struct sink *s, struct twilio *w, struct sink_result *out)
{
    *out = w->worst;
    out->item = w->item;
    if (w->worst.verdict == SINK_REFUSED && w->event->has != 0) {
        *out = (struct sink_result){.item = w->item, .verdict = SINK_ACKED, .wait_ms = -1};
        for (unsigned i = 0; i < w->n; i++)
            if ((w->event->has & 1U << i) == 0)
                say_refused(s, w, i, w->why[i]);
    }
    if (out->verdict == SINK_ACKED || w->event->has == 0)
        w->event->id[0] = '\0';
}

static bool take(struct sink *s, struct sink_result *out)
{
    struct twilio *w = s->own;
    struct http_answer a;

    while (w->pending > 0 && http_take(w->p.http, &a)) {
        count(w, &a);
        if (w->pending > 0)
            continue;
        sum_up(s, w, out);
        return true;
    }
    return false;
}

const struct sink_type sink_twilio = {.slots = 1,
                                      .open = open_twilio,
                                      .submit = submit,
                                      .work = provider_work,
                                      .take = take,
                                      .close = provider_close};
