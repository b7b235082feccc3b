/* SPDX-License-Identifier: ISC */
#include "admin/check/ssh.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "account/accounts.h"
#include "admin/conf/conffile.h"
#include "admin/conf/sshd.h"

#define SERVERS     2
#define SIGNATURES  24
#define SIGN_LEN    64
#define HOST_CONFIG BG_SYSCONFDIR "/ssh/sshd_config"

/* Filled by look_host(). */
static struct ssh_server servers[SERVERS] = {{.name = "sshd"}, {.name = "breakglass-sshd", .own = true}};
static struct ssh_origins origins[SERVERS];

static bool is_here(const struct ssh_server *s)
{
    return access(SSHD_PROGRAM, X_OK) == 0 && (!s->own || access(BG_SSHD_CONFIG, F_OK) == 0);
}

static void look_host(struct check *c)
{
    servers[0].config = access(SSHD_RUN_CONFIG, F_OK) == 0 ? SSHD_RUN_CONFIG : HOST_CONFIG;
    servers[1].config = BG_SSHD_CONFIG;
    for (size_t i = 0; i < SERVERS; i++) {
        struct ssh_server *s = &servers[i];
        if (!is_here(s))
            continue;
        ssh_open(c, s);
        if (s->dump == NULL)
            continue;
        ssh_origins(s, &origins[i]);
        ssh_listens(c, s);
        ssh_host(c, s);
        ssh_keys(c, s);
    }
    if (is_here(&servers[0])) {
        ssh_wrap(c, &origins[0]);
        ssh_bans(c);
        ssh_filter(c, servers, SERVERS);
    }
}

/* --- an account */

/* What sshd said for each set of Match lines that hold. */
struct said {
    char signature[SIGNATURES][SIGN_LEN];
    char *dump[SIGNATURES];
    size_t n;
};

/* NULL: it does not say. */
static const char *dump_for(const struct ssh_server *s, const struct bg_sshd_user *u,
                            const struct bg_sshd_from *from, struct said *said)
{
    char signature[SIGN_LEN];
    bool good = false;
    size_t i;

    ssh_signature(s, u, from, signature, sizeof signature);
    for (i = 0; i < said->n; i++)
        if (strcmp(said->signature[i], signature) == 0)
            return said->dump[i];
    if (said->n == SIGNATURES || ssh_ask(s, u->name, from, &said->dump[i], &good) != BG_OK)
        return NULL;
    memcpy(said->signature[i], signature, sizeof signature);
    said->n++;
    if (!good) {
        free(said->dump[i]);
        said->dump[i] = NULL;
    }
    return said->dump[i];
}

static void tell(struct check *c, const struct ssh_server *s, const char *account, const struct ssh_fault *f,
                 unsigned outside)
{
    const struct check_at at = {.account = account,
                                .service = s->name,
                                .file = f->where.line > 0 ? f->where.file : s->config,
                                .line = f->where.line};

    check_find(c, f->outside == outside ? f->all : f->some, &at, BG_ARGS(s->name, account, f->said, f->from));
}

/* Where our drop-in is not read that is the cause, and told once. */
static void tell_all(struct check *c, const struct ssh_server *s, const char *account,
                     const struct ssh_faults *faults, unsigned outside)
{
    enum ssh_dropin state = s->own ? SSH_DROPIN_READ : ssh_dropin(s);
    bool told = false;

    for (size_t i = 0; i < faults->n; i++) {
        bool cause = state != SSH_DROPIN_READ && ssh_is_ours(faults->of[i].all);
        if (!cause)
            tell(c, s, account, &faults->of[i], outside);
        else if (!told)
            ssh_unread(c, s, state, account);
        told = told || cause;
    }
}

static void look_server(struct check *c, const struct ssh_server *s, const struct ssh_origins *o,
                        const struct check_account *a, const struct bg_sshd_user *u)
{
    static struct ssh_faults faults;
    struct said said = {.n = 0};
    unsigned outside = 0;
    bool silent = false;

    faults.n = 0;
    for (size_t i = 0; i < o->n; i++) {
        struct ssh_look l = {s, a, u, &o->of[i], dump_for(s, u, &o->of[i].from, &said), &faults};
        outside += !o->of[i].inside;
        if (l.dump != NULL) {
            ssh_user(&l);
            ssh_loses(&l);
        }
        silent = silent || l.dump == NULL;
    }
    if (silent)
        check_unknown(c, CHECK_SSH_LISTS,
                      &(struct check_at){.account = a->row->name, .service = s->name, .file = s->config},
                      "\"sshd -T -C\" does not answer for all connections");
    tell_all(c, s, a->row->name, &faults, outside);
    for (size_t i = 0; i < said.n; i++)
        free(said.dump[i]);
}

/* Does the other sshd give the account the time that it needs? */
static bool long_enough(const struct ssh_server *s, const struct bg_credential *cr)
{
    unsigned has = s->dump == NULL ? 1 : ssh_number(s->dump, "logingracetime", 0);

    return s->dump != NULL && cr != NULL && (has == 0 || has >= ssh_seconds_needed(cr));
}

static void look_account(struct check *c, const struct check_account *a)
{
    const struct bg_account account = {.name = a->row->name, .uid = a->row->uid, .gid = a->row->gid};
    static struct bg_sshd_user user;

    bg_sshd_user(&account, BG_SYSCONFDIR "/group", &user);
    for (size_t i = 0; i < SERVERS; i++) {
        if (servers[i].dump == NULL)
            continue;
        look_server(c, &servers[i], &origins[i], a, &user);
        ssh_grace(c, &servers[i], a, i == 0 && long_enough(&servers[1], a->credential));
    }
}

const struct check_group check_ssh = {.host = look_host, .account = look_account};
