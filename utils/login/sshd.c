/* SPDX-License-Identifier: ISC */
/* What sshd does around this dialogue: how long it waits, and why it refuses an account by itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/child.h"
#include "base/safefile.h"
#include "config/sshdconf.h"
#include "login/login.h"

#define CONFIG      BG_SYSCONFDIR "/ssh/sshd_config"
#define GRACE_GOOD  300u /* seconds that are enough for everybody */
#define LOOK_MS     500  /* at sshd's files and the shell */
#define GENERATIONS 5

/* The process of an sshd of our own, 0: there is none. */
static int64_t own_sshd(void)
{
    char text[24];
    size_t len;
    long pid;

    if (bg_file_read(BG_SSHD_PIDFILE, text, sizeof text, &len) != BG_OK)
        return 0;
    pid = strtol(text, NULL, 10);
    return pid > 1 ? pid : 0;
}

/* Whose connection is it? The dialogue's process is a child's child of the sshd that listens. */
static const char *config_of(const struct login *L)
{
    int64_t own = own_sshd(), pid = L->hello.host_pid;

    for (int i = 0; i < GENERATIONS && own > 0 && pid > 1; i++, pid = bg_host_parent(pid))
        if (pid == own)
            return BG_SSHD_CONFIG;
    return CONFIG;
}

/* sshd's files may lie anywhere, by Include: they are read in a child, and no login waits for a dead mount.
 */
static enum bg_err read_grace(void *arg, void *out)
{
    unsigned *seconds = out;

    *seconds = bg_sshd_grace(arg);
    return BG_OK;
}

/* What a person will be asked for: "cards, name and reason". An ssh key was shown already. */
static void at_hand(const struct ways *ways, char *out, size_t cap)
{
    static const struct {
        unsigned kind;
        const char *noun;
    } rows[] = {{BG_KIND_KEY, "key, "}, {BG_KIND_SHARES, "cards, "}, {BG_KIND_PASSWORD, "password, "}};
    unsigned kinds = 0, offered = 0;
    size_t n = 0;

    for (size_t i = 0; i < ways->steps; i++)
        offered |= ways->offered[i];
    for (const struct way *w = ways_first(offered); w != NULL; w = ways_after(offered, w))
        if (w->show != login_ssh_key)
            kinds |= w->kind;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && n < cap; i++)
        if ((kinds & rows[i].kind) != 0)
            n += (size_t)snprintf(out + n, cap - n, "%s", rows[i].noun);
    if (n < cap)
        (void)snprintf(out + n, cap - n, "name and reason");
}

enum bg_err sshd_say_grace(struct login *L)
{
    char path[PATH_MAX];
    char hand[64];
    unsigned seconds = 0;

    (void)snprintf(path, sizeof path, "%s", config_of(L));
    if (!decide_is_sshd(&L->hello) ||
        bg_child_run(read_grace, path, LOOK_MS, &seconds, sizeof seconds, NULL) != BG_OK)
        return BG_OK;
    if (seconds == 0 || seconds >= GRACE_GOOD)
        return BG_OK;
    at_hand(&L->ways, hand, sizeof hand);
    return login_say(L, BG_STYLE_INFO, BG_M_SSHD_GRACE, BG_ARGS(BG_DIGITS(seconds), hand));
}

static bool can_be_run(const char *shell)
{
    struct stat st;

    return stat(shell, &st) == 0 && S_ISREG(st.st_mode) && access(shell, X_OK) == 0;
}

struct cause {
    bool no_shell, excluded;
    struct bg_sshd_rule rule; /* when excluded */
};

static enum bg_err look_for_cause(void *arg, void *out)
{
    static struct bg_sshd_user user;
    const struct login *L = arg;
    const struct bg_account *a = &L->account;
    struct cause *c = out;

    c->no_shell = !can_be_run(a->shell);
    if (c->no_shell)
        return BG_OK;
    bg_sshd_user(a, BG_SYSCONFDIR "/group", &user);
    c->excluded = bg_sshd_excludes(config_of(L), &user, a->uid == 0, &c->rule);
    return BG_OK;
}

enum bg_err sshd_refused(struct login *L)
{
    static struct cause c;
    char why[PATH_MAX + 160];

    if (bg_child_run(look_for_cause, L, LOOK_MS, &c, sizeof c, NULL) != BG_OK)
        c = (struct cause){.excluded = false};
    /* not the line's text: who reads this is nobody yet, and it may name other people */
    if (c.no_shell)
        (void)snprintf(why, sizeof why, "its shell %s is missing or cannot be run", L->account.shell);
    else if (!c.excluded)
        (void)snprintf(why, sizeof why, "by a rule that \"breakglass status\" names");
    else if (c.rule.number == 0)
        (void)snprintf(why, sizeof why, "by the default of %s, for no Match block names it", c.rule.key);
    else
        (void)snprintf(why, sizeof why, "by %s in %s, line %u", c.rule.key, c.rule.file, c.rule.number);
    return login_refuse(L, BG_M_SSHD_JUNK, BG_ARGS(L->account.name, why));
}
