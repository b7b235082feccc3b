/* SPDX-License-Identifier: ISC */
/* What a session of our accounts does without, because it waits for a daemon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/conf/conffile.h"
#include "admin/conf/pamline.h"
#include "admin/messages.h"

#define ITEMS    64
#define CONTROL  "[success=%s ignore=ignore module_unknown=ignore default=die]"
#define MANAGER  "systemd-user" /* the service manager of an account cannot do without pam_systemd */
#define LOGINUID "pam_loginuid.so"

/* They ask a daemon, a directory or a network. */
static const char *const waits[] = {"pam_systemd.so",
                                    "pam_elogind.so",
                                    "pam_sss.so",
                                    "pam_ldap.so",
                                    "pam_winbind.so",
                                    "pam_krb5.so",
                                    "pam_mount.so",
                                    "pam_systemd_home.so",
                                    "pam_oddjob_mkhomedir.so",
                                    "pam_kanidm.so",
                                    "pam_himmelblau.so",
                                    "pam_gnome_keyring.so",
                                    "pam_kwallet5.so",
                                    "pam_ck_connector.so",
                                    "pam_radius_auth.so",
                                    "pam_tacplus.so",
                                    NULL};

/* Nobody in trouble misses them. */
static const char *const needless[] = {
    "pam_motd.so", "pam_mail.so", "pam_lastlog.so", "pam_lastlog2.so",  "pam_unix.so", "pam_permit.so",
    "pam_deny.so", "pam_warn.so", "pam_echo.so",    "pam_faildelay.so", NULL};

/* They succeed for everybody. After a jump PAM wants one such, before or behind. */
static const char *const succeeds[] = {LOGINUID,        "pam_limits.so", "pam_env.so",
                                       "pam_permit.so", "pam_umask.so",  NULL};

static bool among(const char *const *list, const struct line *l)
{
    while (*list != NULL && strcmp(*list, l->module) != 0)
        list++;
    return *list != NULL;
}

/* One line of the service file, with all that it includes. */
struct item {
    size_t start, end;
    unsigned modules, jump, number;
    unsigned leaves;                              /* modules that may leave with their packages */
    bool waits, needed, loginuid, succeeds, ends; /* ends: it may end the stack with a success */
};

static void weigh_text(struct item *i, const struct conf_job *job, const char *path, const char *text,
                       unsigned depth);

static void weigh(struct item *i, const struct conf_job *job, const char *path, const struct line *l,
                  unsigned depth)
{
    char file[PATH_MAX], *mine;
    const char *text;
    unsigned before = i->modules;

    if (l->kind == CALL) {
        bool slow = among(waits, l);
        i->modules++;
        i->waits |= slow;
        i->leaves += slow || !among(needless, l);
        i->needed |= !slow && !among(needless, l);
        i->loginuid |= calls(l, LOGINUID);
        i->ends |= strcmp(l->control, "sufficient") == 0 || strstr(l->control, "=done") != NULL;
        i->succeeds |= strcmp(l->control, "required") == 0 && among(succeeds, l);
        return;
    }
    text = included(job->edits, path, l->module, file, &mine);
    if (text != NULL && depth < DEPTH_MAX)
        weigh_text(i, job, file, text, depth + 1);
    free(mine);
    if (l->kind == SUBSTACK)
        i->modules = before + 1; /* for a jump it is one */
}

static void weigh_text(struct item *i, const struct conf_job *job, const char *path, const char *text,
                       unsigned depth)
{
    struct cursor c = {text, 1};
    struct line l;

    while (next_line(&c, &l))
        if (concerns(&l, SESSION))
            weigh(i, job, path, &l, depth);
}

static size_t weigh_service(const struct conf_job *job, struct item *items)
{
    struct cursor c = {job->text, 1};
    struct line l;
    size_t n = 0;

    while (n < ITEMS && next_line(&c, &l)) {
        if (!concerns(&l, SESSION))
            continue;
        items[n] = (struct item){.start = (size_t)(l.start - job->text),
                                 .end = (size_t)(c.at - job->text),
                                 .jump = jump(&l),
                                 .number = l.number};
        weigh(&items[n++], job, job->path, &l, 0);
    }
    return n;
}

/* Could a line of others from `after` on keep PAM from coming to `place`? */
static bool may_end(const struct item *items, size_t after, size_t place)
{
    bool ends = false;

    for (size_t i = after; i < place; i++)
        ends |= items[i].ends;
    return ends;
}

/* The first line before `place` that jumps over it, or NULL. */
static const struct item *jumper(const struct item *items, size_t place)
{
    for (size_t i = 0; i < place; i++)
        if (items[i].jump > 0 && i + items[i].jump + 1 > place)
            return &items[i];
    return NULL;
}

/* What is passed over: from `from` up to, not with, `to`; equal when nothing waits. */
struct span {
    size_t from, to;
};

/* Does a jump over that still end inside the stack when modules have left that it counts? If not, PAM refuses
 * the session. */
static bool has_margin(const struct item *items, size_t n, struct span s)
{
    unsigned leave = 0, behind = 0;
    bool needed = false;

    for (size_t i = s.from; i < s.to; i++)
        leave += items[i].leaves;
    for (size_t i = s.to; i < n; i++) {
        behind += items[i].modules;
        needed |= items[i].needed;
    }
    return !needed || behind >= leave;
}

static struct span find_waits(const struct item *items, size_t after, size_t n)
{
    struct span s = {after, after}, more;

    for (size_t i = after; i < n; i++)
        if (items[i].waits) {
            s.from = s.from == s.to ? i : s.from;
            s.to = i + 1;
        }
    /* what is missed by nobody may hang too: pam_motd runs scripts, pam_mail asks for names */
    more = s;
    while (more.from < more.to && more.to < n && !items[more.to].needed && items[more.to].jump == 0)
        more.to++;
    return has_margin(items, n, more) ? more : s;
}

static void say_line(struct skip *out, const char *success)
{
    (void)snprintf(out->line, sizeof out->line, "session  " CONTROL " " MODULE "\n", success);
}

/* Done with the stack where nothing behind is needed, else a jump. False: it would end without a success. */
static bool pass_over(const struct item *items, size_t n, struct span s, struct skip *out)
{
    bool needed = false, success = false;
    unsigned modules = 0;
    char number[16];

    for (size_t i = 0; i < n; i++) {
        bool inside = i >= s.from && i < s.to;
        modules += inside ? items[i].modules : 0;
        needed |= i >= s.to && items[i].needed;
        success |= !inside && items[i].succeeds;
    }
    (void)snprintf(number, sizeof number, "%u", modules);
    say_line(out, needed ? number : "done");
    return !needed || success;
}

enum bg_err session_line(const struct conf_job *job, size_t top, struct skip *out, struct conf_problem *why)
{
    static struct item items[ITEMS];
    size_t n = weigh_service(job, items), after = 0;
    const struct item *over;
    struct span s;

    for (size_t i = 0; i < n; i++)
        after = items[i].loginuid ? i + 1 : after;
    s = find_waits(items, after, n);
    if (strcmp(strrchr(job->path, '/') + 1, MANAGER) != 0 && s.from < s.to && jumper(items, s.from) == NULL &&
        !may_end(items, after, s.from) && pass_over(items, n, s, out)) {
        out->offset = items[s.from].start;
        return BG_OK;
    }
    if (after > 0 && (over = jumper(items, after)) != NULL)
        return conf_refuse(why, BG_M_CMD_PAM_JUMP, job->path, over->number, type_name[SESSION]);
    out->offset = after > 0 ? items[after - 1].end : top;
    say_line(out, "ok  ");
    return BG_OK;
}

bool is_session_control(const char *control)
{
    char number[8], same[256];

    if (sscanf(control, "[success=%7[a-z0-9]", number) != 1)
        return false;
    (void)snprintf(same, sizeof same, CONTROL, number);
    return strcmp(control, same) == 0 &&
           (strcmp(number, "ok") == 0 || strcmp(number, "done") == 0 || atoi(number) > 0);
}
