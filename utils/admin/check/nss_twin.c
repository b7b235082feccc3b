/* SPDX-License-Identifier: ISC */
/*
 * NSS-07: has a directory a user of the same name or number? Asked of the daemon of this host that speaks for
 * it, and only while that answers at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/nss.h"
#include "admin/conf/nssline.h"
#include "admin/run.h"
#include "base/clock.h"

#define GETENT "/usr/bin/getent"
#define ASK_MS 500 /* one that hangs costs a run that once, however many accounts there are */

/* Daemons by the service that asks them; one without its socket is not there. */
static const struct {
    const char *service, *socket;
} daemons[] = {{"sss", "/var/lib/sss/pipes/nss"},
               {"ldap", "/run/nslcd/socket"},
               {"winbind", "/run/samba/winbindd/pipe"}};

/* "" : nobody, or no answer. *late: none in time. */
static void ask(const char *service, const char *what, int64_t deadline, char *out, size_t cap, bool *late)
{
    const char *const argv[] = {GETENT, "-s", service, "passwd", what, NULL};
    struct run_result res = {.out = NULL};
    int left = bg_left_ms(deadline);
    enum bg_err r = left <= 0 ? BG_E_TIMEOUT : run_program(argv, NULL, 0, 4096, left, &res);

    out[0] = '\0';
    *late = *late || r == BG_E_TIMEOUT;
    if (r == BG_OK && res.exit_status == 0)
        (void)snprintf(out, cap, "%.*s", (int)strcspn(res.out, ":\n"), res.out);
    free(res.out);
}

/* first: it is asked before us, so what it says is what a login gets. False: it does not answer. */
static bool one(struct check *c, const struct check_account *a, const char *service, bool first,
                int64_t deadline)
{
    const struct account_row *r = a->row;
    struct check_at at = {.account = r->name};
    uint32_t number = r->uid != 0 ? r->uid : r->has_audit_uid ? r->audit_uid : 0;
    char name[64], digits[16], why[96], how[128];
    bool late = false;

    (void)snprintf(digits, sizeof digits, "%u", number);
    ask(service, r->name, deadline, name, sizeof name, &late);
    (void)snprintf(how, sizeof how, "\"%.32s\" knows a user %s too, and is asked first", service, r->name);
    if (name[0] != '\0' && first)
        check_find(c, CHECK_ACC_LIBC, &at, BG_ARGS(how));
    else if (name[0] != '\0')
        check_find(c, CHECK_NSS_TWIN_NAME, &at, BG_ARGS(r->name, service));
    if (number != 0)
        ask(service, digits, deadline, name, sizeof name, &late);
    if (number != 0 && name[0] != '\0' && strcmp(name, r->name) != 0)
        check_find(c, CHECK_NSS_TWIN_NUMBER, &at, BG_ARGS(r->name, service, digits, name));
    (void)snprintf(why, sizeof why, "the service \"%.32s\" did not answer within half a second", service);
    if (late)
        check_unknown(c, CHECK_NSS_TWIN_NAME, &at, why);
    return !late;
}

void nss_look_twins(struct check *c, const struct check_account *a)
{
    bool gone;
    char *text = facts_file(NSS_CONF, &gone);
    struct nss_line l;
    unsigned broken;

    if (text != NULL && access(GETENT, X_OK) == 0 && nss_line_find(text, "passwd", &l, &broken))
        for (size_t i = 0; i < sizeof daemons / sizeof *daemons; i++)
            if (nss_line_at(&l, daemons[i].service) < l.n && access(daemons[i].socket, F_OK) == 0 &&
                !one(c, a, daemons[i].service,
                     nss_line_at(&l, daemons[i].service) < nss_line_at(&l, NSS_OURS),
                     bg_deadline((c->silent >> i & 1) != 0 ? 0 : ASK_MS)))
                c->silent |= 1U << i;
    free(text);
}
