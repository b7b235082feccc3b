/* SPDX-License-Identifier: ISC */
#include "pamsim/times.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "pamsim/judge.h"

#define FIELD  1000 /* bytes of the file that pam_time looks at for one field */
#define FIELDS 4

/* ---- fields */

enum ended {
    BY_NEWLINE,
    BY_SEMICOLON,
    BY_END
};

struct reader {
    const char *at, *end;
    unsigned line;
    bool odd; /* something that pam_time cuts */
    char field[FIELD + 1];
};

static void trim(char *s, size_t n)
{
    while (n > 0 && s[n - 1] == ' ')
        s[--n] = '\0';
}

/* What ends in the file's end and not in a newline is lost, but for a comment. */
static enum ended end_of_file(struct reader *r, size_t n, bool comment)
{
    r->field[comment ? n : 0] = '\0';
    trim(r->field, strlen(r->field));
    return BY_END;
}

/* The next field: blanks are one, comments and continued lines' ends are none. */
static enum ended next_field(struct reader *r)
{
    const char *from = r->at;
    bool comment = false, blank = true;
    size_t n = 0;

    for (; r->at < r->end; r->at++) {
        char c = *r->at;
        if ((!comment && r->at - from >= FIELD) || c == '\0')
            r->odd = true;
        if (r->odd)
            break;
        if (comment && c != '\n')
            continue;
        if (c == '\n' || c == ';') {
            r->at++;
            r->field[n] = '\0';
            trim(r->field, n);
            r->line += c == '\n';
            return c == '\n' ? BY_NEWLINE : BY_SEMICOLON;
        }
        if (c == '#') {
            comment = true;
        } else if (c == '\t' || c == ' ') {
            if (!blank)
                r->field[n++] = ' ';
            blank = true;
        } else if (c == '\\' && r->at + 1 < r->end && r->at[1] == '\n') {
            r->at++;
            r->line++;
        } else {
            r->field[n++] = c;
            blank = c == '!';
        }
    }
    return end_of_file(r, n, comment);
}

/* ---- "a & !b | c*" */

typedef bool agrees(const void *with, const char *word, size_t n);

static bool of_word(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("*_-./:", c) != NULL);
}

static const char *next_token(const char *at, size_t *n)
{
    *n = 0;
    while (*at != '\0' && !of_word(*at) && strchr("&|!", *at) == NULL)
        at++;
    if (*at != '\0' && !of_word(*at))
        *n = 1;
    while (of_word(at[*n]) && of_word(*at))
        ++*n;
    return at;
}

/* From left to right, without precedence; what cannot be read is false. */
static bool holds(const char *field, const void *with, agrees *agree)
{
    bool left = false, negated = false, both = false, value_next = true;
    const char *token = field;
    size_t n;

    for (token = next_token(token, &n); n > 0; token = next_token(token + n, &n)) {
        if (!value_next) {
            if (*token != '&' && *token != '|')
                return false;
            both = *token == '&';
            value_next = true;
            negated = false;
        } else if (*token == '!') {
            negated = !negated;
        } else if (of_word(*token)) {
            bool right = agree(with, token, n) != negated;
            left = both ? left && right : left || right;
            value_next = false;
        } else {
            return false;
        }
    }
    return left;
}

/* One '*' stands for anything. */
static bool same(const void *value, const char *word, size_t n)
{
    const char *a = value;
    size_t len = strlen(a), i = 0;

    while (i < n && word[i] == a[i])
        i++;
    if (i == n)
        return a[i] == '\0';
    if (word[i] != '*')
        return false;
    n -= i + 1;
    return n == 0 || (n <= len && strncmp(word + i + 1, a + len - n, n) == 0);
}

/* ---- times */

static const struct {
    char name[3];
    unsigned bits;
} days[] = {{"su", 1},  {"mo", 2},  {"tu", 4},    {"we", 8},    {"th", 16},
            {"fr", 32}, {"sa", 64}, {"wk", 0076}, {"wd", 0101}, {"al", 0177}};

/* Named twice is not named. 0: none, or one that is no day. */
static unsigned days_of(const char **at, size_t *n)
{
    unsigned marked = 0;

    for (; *n > 0 && isalpha((unsigned char)**at); *at += 2, --*n) {
        size_t i = 0;
        while (i < sizeof days / sizeof *days && strncasecmp(*at, days[i].name, 2) != 0)
            i++;
        if (i == sizeof days / sizeof *days)
            return 0;
        marked ^= days[i].bits;
    }
    return marked;
}

static int number(const char **at, size_t *digits)
{
    int n = 0;

    for (*digits = 0; *digits < 4 && isdigit((unsigned char)**at); ++*digits, ++*at)
        n = n * 10 + (**at - '0');
    return n;
}

static bool within(const void *now, const char *word, size_t n)
{
    const struct bg_pam_minute *t = now;
    const char *at = word;
    unsigned marked = days_of(&at, &n), today = 1U << t->day;
    size_t digits;
    int start, end;

    if (marked == 0)
        return false;
    start = number(&at, &digits);
    if (*at++ != '-')
        return true; /* no times: the rule holds always */
    end = number(&at, &digits);
    if (digits != 4)
        return true;
    if (start < end)
        return (today & marked) != 0 && t->minute >= start && t->minute < end;
    if ((today & marked) != 0 && t->minute >= start)
        return true;
    marked = marked << 1 | (marked >> 6 & 1);
    return (today & marked) != 0 && t->minute <= end;
}

/* ---- rules */

/* After the service's field: does the rule refuse? */
static enum bg_pam_sure rule(struct reader *r, const struct bg_pam_times *who, struct bg_pam_minute now)
{
    bool fits = holds(r->field, who->service, same), netgroup;

    if (next_field(r) != BY_SEMICOLON)
        return BG_PAM_NO;
    fits = holds(r->field, who->tty, same) && fits;
    if (next_field(r) != BY_SEMICOLON)
        return BG_PAM_NO;
    netgroup = r->field[0] == '@';
    fits = (netgroup || holds(r->field, who->user, same)) && fits;
    if (r->at == r->end)
        r->odd = true; /* at which pam_time crashes */
    if (next_field(r) == BY_SEMICOLON)
        return BG_PAM_NO;
    return !fits || holds(r->field, &now, within) ? BG_PAM_NO : netgroup ? BG_PAM_UNSURE : BG_PAM_YES;
}

enum bg_pam_sure bg_pam_times_at(const struct bg_pam_times *who, const char *text, size_t len,
                                 struct bg_pam_minute at, unsigned *line)
{
    struct reader r = {.at = text, .end = text + len, .line = 1};
    enum bg_pam_sure refused = BG_PAM_NO, one;

    while (r.at < r.end && refused != BG_PAM_YES && !r.odd) {
        unsigned begins = r.line;
        if (next_field(&r) != BY_SEMICOLON || r.field[0] == '\0')
            continue;
        one = rule(&r, who, at);
        if (one != BG_PAM_NO && line != NULL)
            *line = begins;
        refused = one == BG_PAM_NO ? refused : one;
    }
    return r.odd ? BG_PAM_UNSURE : bg_judge_not(refused);
}

/* ---- when */

struct bg_pam_minute bg_pam_minute_of(long long now)
{
    time_t t = (time_t)now;
    struct tm local = {0};

    (void)localtime_r(&t, &local);
    return (struct bg_pam_minute){local.tm_wday, local.tm_hour * 100 + local.tm_min};
}

/* Rules are written in minutes; a quarter of an hour, and the minute after it, is what people write. */
bool bg_pam_times_closed(const struct bg_pam_times *who, const char *text, size_t len, long long now,
                         long long *when)
{
    const long long step = 15LL * 60, week = 7LL * 24 * 3600;

    for (long long t = now; t < now + week; t = (t / step + 1) * step + 60)
        if (bg_pam_times_at(who, text, len, bg_pam_minute_of(t), NULL) == BG_PAM_NO) {
            *when = t;
            return true;
        }
    return false;
}
