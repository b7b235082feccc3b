/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/text.h"
#include "key/messages.h"
#include "key/texttyper.h"
#include "code.h"
#include "respond/respond.h"

#define LINE_LEN 512
#define ROUNDS   50  /* lines of one challenge */
#define NEAR_S   600 /* clocks and challenges that differ by less are not worth a word */

/* --- the challenge ---------------------------------------------------------------------------- */

/* As it comes in, in lines or words. */
struct reading {
    struct bg_challenge c;
    struct bg_texttyper typer;
    char text[2 * LINE_LEN]; /* until there are three names in it */
    bool named;
};

/* The three names, if they are there; what follows is moved to the front of text. */
static bool take_names(struct reading *g)
{
    char copy[sizeof g->text], *save = NULL, *name[3];

    (void)snprintf(copy, sizeof copy, "%s", g->text);
    for (size_t i = 0; i < 3; i++)
        if ((name[i] = strtok_r(i == 0 ? copy : NULL, " \t\r", &save)) == NULL)
            return false;
    if (!bg_challenge_names(&g->c, name[0], name[1], name[2])) {
        tell(BG_M_RESPOND_NAMES, BG_NOARGS);
        g->text[0] = '\0';
        return false;
    }
    (void)snprintf(g->text, sizeof g->text, "%s", save);
    g->named = bg_texttyper_challenge(&g->typer, &g->c) == BG_OK;
    return g->named;
}

/* True when the whole challenge is in. */
static bool take_line(struct reading *g, const char *line)
{
    struct bg_texttyper_reply reply;
    size_t at = strlen(g->text);

    if (!g->named) {
        (void)snprintf(g->text + at, sizeof g->text - at, "%s%s", at > 0 ? " " : "", line);
        if (!take_names(g) || g->text[0] == '\0')
            return false;
        line = g->text;
    }
    bg_texttyper_feed(&g->typer, line, strlen(line), &reply);
    if (reply.msg != NULL)
        tell(reply.msg, BG_ARGS(reply.arg[0], reply.arg[1], reply.arg[2], reply.arg[3]));
    if (reply.msg == BG_M_TEXT_NAMES) { /* one of them may be wrong: all of it again */
        g->named = false;
        g->text[0] = '\0';
    }
    if (!reply.done)
        return false;
    memcpy(g->c.row, g->typer.row[0], BG_ROW);
    return true;
}

static void next_prompt(const struct reading *g, char *out, size_t cap)
{
    if (g->named)
        bg_texttyper_prompt(&g->typer, out, cap);
    else
        (void)snprintf(out, cap, g->text[0] == '\0' ? "Challenge: " : "More of it: ");
}

static enum respond_exit read_challenge(char *const words[], int n, struct bg_challenge *out)
{
    static struct reading g;
    char line[LINE_LEN], prompt[64];
    bool done = false;

    for (int i = 0; i < n && !done; i++)
        done = take_line(&g, words[i]);
    for (int i = 0; i < ROUNDS && !done; i++) {
        next_prompt(&g, prompt, sizeof prompt);
        if (!ask_line(prompt, line, sizeof line))
            return RESPOND_REFUSED;
        done = take_line(&g, line);
    }
    *out = g.c;
    return done ? RESPOND_GOOD : RESPOND_REFUSED;
}

/* --- what it opens ---------------------------------------------------------------------------- */

static void how_far(int64_t seconds, char out[48])
{
    static const struct {
        int64_t s;
        const char *unit;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}};
    int64_t far = seconds < 0 ? -seconds : seconds;
    size_t i = 0;

    while (i < 2 && far < units[i].s)
        i++;
    (void)snprintf(out, 48, "%lld %s%s %s", (long long)(far / units[i].s), units[i].unit,
                   far / units[i].s == 1 ? "" : "s", seconds > 0 ? "ago" : "from now");
}

static void tell_time(const struct bg_challenge *c)
{
    int64_t now = bg_wall_ms() / 1000, then = bg_challenge_seconds(c);
    char when[BG_TIME_LEN], far[48];

    if (llabs(now - then) < NEAR_S)
        return;
    bg_time_of(then * 1000, when);
    how_far(now - then, far);
    tell(BG_M_RESPOND_TIME, BG_ARGS(when, far));
}

static enum respond_exit look_at(const struct bg_challenge *c, const char *host)
{
    if (!bg_challenge_same_host(c, host)) {
        tell(BG_M_RESPOND_OTHER_HOST, BG_ARGS(c->host, host));
        return RESPOND_REFUSED;
    }
    tell_time(c);
    tell(BG_M_RESPOND_OPENS, BG_ARGS(c->account, c->host, c->service));
    return RESPOND_GOOD;
}

/* --- the key ---------------------------------------------------------------------------------- */

struct signing {
    uint8_t hash[BG_FIDO_HASH];
    fido_assert_t *a;
};

static int sign(struct token *t, void *arg)
{
    struct signing *s = arg;
    int r;

    fido_assert_free(&s->a);
    if ((s->a = fido_assert_new()) == NULL)
        return FIDO_ERR_INTERNAL;
    if ((r = fido_assert_set_rp(s->a, BG_TEXT_RP)) != FIDO_OK ||
        (r = fido_assert_set_clientdata_hash(s->a, s->hash, sizeof s->hash)) != FIDO_OK ||
        (r = fido_assert_set_uv(s->a, t->pin[0] == '\0' ? FIDO_OPT_TRUE : FIDO_OPT_OMIT)) != FIDO_OK)
        return r;
    r = fido_dev_get_assert(t->dev, s->a, t->pin[0] != '\0' ? t->pin : NULL);
    return r == FIDO_OK && fido_assert_count(s->a) == 0 ? FIDO_ERR_NO_CREDENTIALS : r;
}

static const char *name_of(const fido_assert_t *a, size_t i)
{
    const char *name = fido_assert_user_name(a, i);

    return name == NULL ? "" : name;
}

/* Which credential, where the key holds several: by its name. fido_assert_count() for none. */
static size_t which(const struct respond_wish *w, const fido_assert_t *a)
{
    size_t n = fido_assert_count(a), i = 0;
    char line[BG_KEY_LABEL + 1], shown[80];
    const char *name = w->name;

    if (n == 1)
        return 0;
    if (name == NULL) {
        (void)fputs("The key holds several credentials:", stderr);
        for (size_t k = 0; k < n; k++) {
            (void)bg_text_ascii(shown, sizeof shown, name_of(a, k), strlen(name_of(a, k)));
            (void)fprintf(stderr, " %s", shown);
        }
        (void)fputs("\n", stderr);
        if (!ask_line("Which one: ", line, sizeof line))
            return n;
        name = line;
    }
    while (i < n && strcmp(name_of(a, i), name) != 0)
        i++;
    return i;
}

static enum respond_exit respond(const struct respond_wish *w, const struct bg_challenge *c,
                                 struct bg_response *out)
{
    struct signing s = {.a = NULL};
    struct token t;
    enum respond_exit x;
    size_t i = 0;

    if (bg_challenge_hash(c, s.hash) != BG_OK)
        return RESPOND_CANNOT;
    if ((x = token_open(w, &t)) != RESPOND_GOOD)
        return x;
    if ((x = token_run(w, &t, sign, &s)) == RESPOND_GOOD && (i = which(w, s.a)) >= fido_assert_count(s.a)) {
        tell(BG_M_RESPOND_NONE_ENROLLED, BG_NOARGS);
        x = RESPOND_CANNOT;
    }
    if (x == RESPOND_GOOD && !token_response(s.a, i, out)) {
        tell(BG_M_RESPOND_WRONG_SIGNATURE, BG_ARGS("it has extensions or another form"));
        x = RESPOND_CANNOT;
    }
    fido_assert_free(&s.a);
    token_close(&t);
    return x;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void join(uint8_t rows[BG_RESPONSE_ROWS][BG_ROW], char out[BG_RESPONSE_ROWS * BG_ROW + 1])
{
    for (size_t i = 0; i < (size_t)BG_RESPONSE_ROWS * BG_ROW; i++)
        out[i] = bg_row_digit(rows[i / BG_ROW][i % BG_ROW]);
    out[BG_RESPONSE_ROWS * BG_ROW] = '\0';
}

/* Lines of their own to type, and one to paste: ssh drops what follows the first of several. */
static void print_lines(uint8_t rows[BG_RESPONSE_ROWS][BG_ROW])
{
    char text[BG_ROW_TEXT], all[BG_RESPONSE_ROWS * BG_ROW + 1];

    for (unsigned i = 0; i < BG_RESPONSE_ROWS; i++) {
        bg_row_print(rows[i], text);
        (void)printf("%u: %s\n", i + 1, text);
    }
    join(rows, all);
    (void)fflush(stdout);
    (void)fputs("The same in one line, to paste:\n", stderr);
    (void)printf("%s\n", all);
}

/* Every word of it is made of letters, digits, dots, hyphens and underscores. */
static void print_json(const struct bg_challenge *c, uint8_t rows[BG_RESPONSE_ROWS][BG_ROW])
{
    char text[BG_ROW_TEXT];

    (void)printf("{\"host\": \"%s\", \"account\": \"%s\", \"service\": \"%s\", \"answer\": [", c->host,
                 c->account, c->service);
    for (unsigned i = 0; i < BG_RESPONSE_ROWS; i++) {
        bg_row_print(rows[i], text);
        (void)printf("%s\"%s\"", i == 0 ? "" : ", ", text);
    }
    (void)printf("]}\n");
}

/* In capitals and digits alone a code is small enough for a terminal. */
static void print_code(uint8_t rows[BG_RESPONSE_ROWS][BG_ROW])
{
    char text[BG_RESPONSE_ROWS * BG_ROW + 1];

    join(rows, text);
    if (!code_show(stderr, text))
        (void)fputs("No QR code: this build has none, or this is no UTF-8 terminal.\n", stderr);
}

enum respond_exit answer(const struct respond_wish *w, const char *host, char *const words[], int n)
{
    uint8_t rows[BG_RESPONSE_ROWS][BG_ROW];
    struct bg_challenge c;
    struct bg_response a;
    enum respond_exit x;

    if ((x = read_challenge(words, n, &c)) != RESPOND_GOOD || (x = look_at(&c, host)) != RESPOND_GOOD ||
        (x = respond(w, &c, &a)) != RESPOND_GOOD)
        return x;
    if (bg_response_write(&c, &a, rows) != BG_OK)
        return RESPOND_CANNOT;
    if (w->json)
        print_json(&c, rows);
    else
        print_lines(rows);
    if (w->qr)
        print_code(rows);
    return fflush(stdout) == 0 ? RESPOND_GOOD : RESPOND_CANNOT;
}
