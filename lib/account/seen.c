/* SPDX-License-Identifier: ISC */
#include "account/seen.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include "base/child.h"
#include "base/clock.h"
#include "base/nscd.h"
#include "base/text.h"

/* What the child hands back. */
struct answer {
    enum bg_err result;
    struct bg_seen seen;
};

/* "bg1 is uid 59001, not 0" */
static void wrong(struct answer *a, bool rights, const char *what, const char *is, const char * not )
{
    a->result = BG_E_MISMATCH;
    a->seen.rights = rights;
    (void)snprintf(a->seen.how, sizeof a->seen.how, "%.32s %.60s, not %.50s", what, is, not );
}

static void number(struct answer *a, const char *name, const char *what, uint32_t is, uint32_t not )
{
    char is_text[40], not_text[16];

    (void)snprintf(is_text, sizeof is_text, "%s %lu", what, (unsigned long)is);
    (void)snprintf(not_text, sizeof not_text, "%lu", (unsigned long)not );
    wrong(a, true, name, is_text, not_text);
}

static void word(struct answer *a, const char *name, const char *what, const char *is, const char * not )
{
    char clean[48], text[80];

    (void)bg_text_clean(clean, sizeof clean, is, strlen(is)); /* whoever answered may be hostile */
    (void)snprintf(text, sizeof text, "%s %s", what, clean);
    wrong(a, false, name, text, not );
}

static void by_name(const struct bg_account *acc, struct answer *a)
{
    const struct passwd *pw = getpwnam(acc->name);

    if (pw == NULL)
        wrong(a, true, acc->name, "is nobody", "an account");
    else if (pw->pw_uid != acc->uid)
        number(a, acc->name, "is uid", pw->pw_uid, acc->uid);
    else if (pw->pw_gid != acc->gid)
        number(a, acc->name, "is in group", pw->pw_gid, acc->gid);
    else if (strcmp(pw->pw_shell, acc->shell) != 0)
        word(a, acc->name, "has the shell", pw->pw_shell, acc->shell);
    else if (strcmp(pw->pw_dir, acc->home) != 0)
        word(a, acc->name, "has the home", pw->pw_dir, acc->home);
}

/* Number 0 is root's for everybody, whoever shares it; /etc/passwd may have another name for root first. */
static bool is_right(const struct bg_account *acc, const char *answered)
{
    static char text[BG_ACCOUNTS_MAX];
    struct bg_account other;

    if (acc->uid != 0)
        return strcmp(answered, acc->name) == 0;
    return strcmp(answered, acc->name) != 0 &&
           bg_account_by_name(BG_ACCOUNTS_PATH, answered, text, &other) == BG_NOT_OURS;
}

static void by_number(const struct bg_account *acc, struct answer *a)
{
    const struct passwd *pw = getpwuid(acc->uid);
    char uid[24];

    (void)snprintf(uid, sizeof uid, "uid %lu", (unsigned long)acc->uid);
    if (pw == NULL || !is_right(acc, pw->pw_name))
        word(a, uid, "is", pw == NULL ? "nobody" : pw->pw_name, acc->uid == 0 ? "root" : acc->name);
}

/* By name first: a cache that takes the answer for the number too is caught at it. */
static enum bg_err ask(void *arg, void *out)
{
    struct answer *a = out;

    by_name(arg, a);
    if (a->result == BG_OK)
        by_number(arg, a);
    return BG_OK;
}

enum bg_err bg_seen_check(const struct bg_account *a, int64_t ms, struct bg_seen *out)
{
    struct bg_account copy = *a;
    struct answer answer = {.result = BG_OK};
    enum bg_err r = bg_child_run(ask, &copy, ms, &answer, sizeof answer, NULL);

    if (r == BG_OK && (r = answer.result) != BG_OK)
        *out = answer.seen;
    return r;
}

bool bg_seen_forget(int64_t ms)
{
    int64_t deadline = bg_deadline(ms);
    bool users = bg_nscd_forget(BG_NSCD_SOCKET, "passwd", deadline) == BG_OK;

    return bg_nscd_forget(BG_NSCD_SOCKET, "group", deadline) == BG_OK && users;
}
