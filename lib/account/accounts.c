#include "account/accounts.h"

#include <string.h>
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

/*
 * Whose line this is, however damaged: blanks, control bytes and a byte order mark before the name are
 * skipped, and the name ends at the first byte that no name has.
 */
static struct bg_span line_name(struct bg_span line)
{
    size_t from = 0, to;

    while (from < line.n && ((unsigned char)line.at[from] <= ' ' || (unsigned char)line.at[from] >= 0x7f))
        from++;
    for (to = from; to < line.n && name_byte(line.at[to]);)
        to++;
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

enum bg_match bg_account_find(char *text, size_t len, const char *name, struct bg_account *out)
{
    char key[40];
    struct record r;

    /* a file that names root must not lock root out: the line counts as damaged, and root is not ours */
    if (!bg_name_valid(name) || strcmp(name, "root") == 0)
        return BG_NOT_OURS;
    memcpy(key, name, strlen(name) + 1);
    gather(text, len, (struct bg_span){key, strlen(key)}, &r);
    if (r.lines == 0)
        return BG_NOT_OURS;
    if (r.wrong != NULL)
        return BG_OURS_DAMAGED;
    answer(&r, false, out);
    return BG_OURS;
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

enum bg_match bg_account_by_name(const char *path, const char *name, char *buf, struct bg_account *out)
{
    size_t len;

    if (!bg_name_valid(name) || bg_file_read(path, buf, BG_ACCOUNTS_MAX, &len) != BG_OK)
        return BG_NOT_OURS;
    return bg_account_find(buf, len, name, out);
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
        gather(text, len, name, &r);
        if (r.line == at_line)
            show(&r, name, line, fn, arg);
    }
}
