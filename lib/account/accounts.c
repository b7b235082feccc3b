/* SPDX-License-Identifier: ISC */
#include "account/accounts.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "account/fields.h"
#include "base/safefile.h"
#include "base/text.h"

#define PASSWD_FIELDS 7

struct entry {
    struct bg_span field[PASSWD_FIELDS];
    uint32_t uid, gid;
};

/* All that a file says about one name. */
struct record {
    struct entry first, second;
    unsigned lines, line; /* how many, and the number of the first */
    const char *wrong;    /* NULL when all of them are sound */
};

static bool name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* The length of one character that nobody sees: a blank, a control, a byte order mark. 0 for any other. */
static size_t unseen(struct bg_span line, size_t at)
{
    uint32_t cp;
    size_t used = bg_utf8_next(line.at + at, line.n - at, &cp);

    return used > 0 && (cp == ' ' || cp == 0xa0 || bg_text_hostile(cp)) ? used : 0;
}

static size_t skip_unseen(struct bg_span line, size_t at)
{
    size_t used;

    while (at < line.n && (used = unseen(line, at)) > 0)
        at += used;
    return at;
}

/*
 * Whose line this is, however damaged; empty for nobody's. What cannot be seen is skipped on both sides of
 * the name, and then the first field must end: "bob.old:x" or a note that begins with "bob" is not bob's.
 */
static struct bg_span line_name(struct bg_span line)
{
    size_t from = skip_unseen(line, 0), to = from, end;

    while (to < line.n && name_byte(line.at[to]))
        to++;
    end = skip_unseen(line, to);
    if (end < line.n && line.at[end] != ':')
        to = from;
    return (struct bg_span){line.at + from, to - from};
}

/* NULL when the line is sound, else what is wrong with it. */
static const char *parse_entry(struct bg_span line, struct entry *e)
{
    const char *wrong = bg_span_fields(line, e->field, PASSWD_FIELDS, &e->uid);

    if (wrong != NULL)
        return wrong;
    if (bg_span_is(e->field[0], "root"))
        return "root cannot be an emergency account";
    if (!bg_span_number(e->field[3], &e->gid))
        return "the group id is not a number in range";
    if (e->field[5].n == 0 || e->field[5].at[0] != '/')
        return "the home directory is not an absolute path";
    if (e->field[6].n == 0 || e->field[6].at[0] != '/')
        return "the shell is not an absolute path";
    return NULL;
}

/* A second line adds one number; all else must agree with the first. */
static const char *parse_second(struct bg_span line, const struct entry *first, struct entry *e)
{
    const char *wrong = parse_entry(line, e);

    if (wrong != NULL)
        return wrong;
    if (first->uid != 0)
        return "only an account with user id 0 may have a second line";
    if (e->uid == 0)
        return "the audit user id in the second line is 0";
    if (e->gid != first->gid || !bg_span_same(e->field[5], first->field[5]) ||
        !bg_span_same(e->field[6], first->field[6]))
        return "group id, home or shell of the second line differ from the first";
    return NULL;
}

static void add_line(struct record *r, struct bg_span line, unsigned at)
{
    const char *wrong;

    r->lines++;
    if (r->lines == 1) {
        r->line = at;
        wrong = parse_entry(line, &r->first);
    } else if (r->lines == 2 && r->wrong == NULL) {
        wrong = parse_second(line, &r->first, &r->second);
    } else {
        wrong = "more than two lines of one name";
    }
    if (r->wrong == NULL)
        r->wrong = wrong;
}

static void gather(char *text, size_t len, struct bg_span name, struct record *r)
{
    struct bg_span line;
    unsigned at_line = 0;

    memset(r, 0, sizeof *r);
    for (char *at = text; bg_span_line(&at, text + len, &line, &at_line);)
        if (bg_span_same(line_name(line), name))
            add_line(r, line, at_line);
}

/* Cut the text into strings, and point *out at them. */
static void answer(struct record *r, bool audit, struct bg_account *out)
{
    struct entry *e = audit ? &r->second : &r->first;

    for (size_t i = 0; i < PASSWD_FIELDS; i++)
        e->field[i].at[e->field[i].n] = '\0';
    *out = (struct bg_account){.name = e->field[0].at,
                               .gecos = e->field[4].at,
                               .home = e->field[5].at,
                               .shell = e->field[6].at,
                               .uid = e->uid,
                               .gid = e->gid,
                               .has_audit_uid = r->lines == 2,
                               .audit_uid = r->lines == 2 ? r->second.uid : 0};
}

/* a file that names root must not lock root out: the line counts as damaged, and root is not ours */
static bool may_be_ours(const char *name)
{
    return bg_name_valid(name) && strcmp(name, "root") != 0;
}

/* name: one that may be ours. */
static void gather_name(char *text, size_t len, const char *name, struct record *r)
{
    char key[40];

    memcpy(key, name, strlen(name) + 1);
    gather(text, len, (struct bg_span){key, strlen(key)}, r);
}

static enum bg_match find(char *text, size_t len, const char *name, struct bg_account *out,
                          const char **wrong)
{
    struct record r;

    if (!may_be_ours(name))
        return BG_NOT_OURS;
    gather_name(text, len, name, &r);
    if (r.lines == 0)
        return BG_NOT_OURS;
    *wrong = r.wrong;
    if (r.wrong != NULL)
        return BG_OURS_DAMAGED;
    answer(&r, false, out);
    return BG_OURS;
}

enum bg_match bg_account_find(char *text, size_t len, const char *name, struct bg_account *out)
{
    const char *wrong;

    return find(text, len, name, out, &wrong);
}

/* The first sound account with a line of this number, or the first of all when uid is NULL. */
static bool first_sound(char *text, size_t len, const uid_t *uid, struct record *r)
{
    struct bg_span line;
    struct entry e;
    unsigned at_line = 0;

    for (char *at = text; bg_span_line(&at, text + len, &line, &at_line);) {
        if (parse_entry(line, &e) != NULL || (uid != NULL && e.uid != *uid))
            continue;
        gather(text, len, e.field[0], r);
        if (r->wrong == NULL)
            return true;
    }
    return false;
}

enum bg_match bg_account_find_uid(char *text, size_t len, uid_t uid, struct bg_account *out)
{
    struct record r;

    if (uid == 0 || !first_sound(text, len, &uid, &r))
        return BG_NOT_OURS;
    answer(&r, r.first.uid != uid, out);
    return BG_OURS;
}

bool bg_accounts_any(char *text, size_t len)
{
    struct record r;

    return first_sound(text, len, NULL, &r);
}

/*
 * A descriptor that can only be asked what it stands for. Links are not followed: one may lead to a server
 * that is dead, and nobody's login waits for that. Only a link to a file beside it costs no more than itself.
 */
static int look_at(const char *path)
{
    char target[256], beside[512];
    const char *slash = strrchr(path, '/'), *name = target;
    int dir = slash == NULL ? 0 : (int)(slash + 1 - path);
    ssize_t n = readlink(path, target, sizeof target - 1);

    if (n >= 0) {
        target[n] = '\0';
        if (strncmp(target, path, (size_t)dir) == 0)
            name += dir;
        if (strchr(name, '/') != NULL || n == (ssize_t)sizeof target - 1 ||
            snprintf(beside, sizeof beside, "%.*s%s", dir, path, name) >= (int)sizeof beside)
            return -1;
        path = beside;
    }
    return open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

/*
 * The beginning of a file that is not to be trusted, into buf. It is opened by way of O_PATH, because opening
 * a device that somebody put there may do something by itself.
 */
static size_t read_untrusted(const char *path, char *buf, size_t cap)
{
    char link[40];
    struct stat st;
    ssize_t got = -1;
    int at = look_at(path), fd = -1;

    if (at >= 0 && fstat(at, &st) == 0 && S_ISREG(st.st_mode)) {
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", at);
        fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    }
    if (fd >= 0)
        got = read(fd, buf, cap - 1);
    bg_close(fd);
    bg_close(at);
    buf[got > 0 ? got : 0] = '\0';
    return got > 0 ? (size_t)got : 0;
}

/* Why a file that could not be read with r names nobody, if it has a line of this name. */
static const char *distrusted(const char *path, enum bg_err r, const char *name, char *buf)
{
    const char *why = r == BG_E_RANGE    ? "it is too long"
                      : r == BG_E_UNSAFE ? bg_unsafe_why(path, S_IFREG)
                                         : NULL;
    struct record found;

    if (why == NULL || !may_be_ours(name))
        return NULL;
    gather_name(buf, read_untrusted(path, buf, BG_ACCOUNTS_MAX), name, &found);
    return found.lines > 0 ? why : NULL;
}

enum bg_match bg_account_look(const char *path, const char *name, char *buf, struct bg_account *out,
                              const char **wrong)
{
    size_t len;
    enum bg_err r;

    *wrong = NULL;
    if (!bg_name_valid(name))
        return BG_NOT_OURS;
    if ((r = bg_file_read(path, buf, BG_ACCOUNTS_MAX, &len)) == BG_OK)
        return find(buf, len, name, out, wrong);
    *wrong = distrusted(path, r, name, buf);
    return BG_NOT_OURS;
}

enum bg_match bg_account_by_name(const char *path, const char *name, char *buf, struct bg_account *out)
{
    const char *wrong;

    return bg_account_look(path, name, buf, out, &wrong);
}

/* Show one name to fn. Its line is cut into strings for the call and restored after it. */
static void show(struct record *r, struct bg_span name, struct bg_span line, bg_account_fn fn, void *arg)
{
    char shown[40];
    struct bg_account a;
    size_t n = name.n < sizeof shown - 1 ? name.n : sizeof shown - 1;

    memcpy(shown, name.at, n);
    shown[n] = '\0';
    if (r->wrong != NULL) {
        fn(arg, r->line, shown, NULL, r->wrong);
        return;
    }
    char after = line.at[line.n];
    answer(r, false, &a);
    fn(arg, r->line, shown, &a, NULL);
    for (size_t i = 0; i + 1 < PASSWD_FIELDS; i++)
        r->first.field[i].at[r->first.field[i].n] = ':';
    line.at[line.n] = after;
}

void bg_accounts_walk(char *text, size_t len, bg_account_fn fn, void *arg)
{
    struct bg_span line;
    struct record r;
    unsigned at_line = 0;

    for (char *at = text; bg_span_line(&at, text + len, &line, &at_line);) {
        struct bg_span name = line_name(line);
        if (name.n > 0) {
            gather(text, len, name, &r);
        } else {
            memset(&r, 0, sizeof r);
            add_line(&r, line, at_line);
        }
        if (r.line == at_line)
            show(&r, name, line, fn, arg);
    }
}
