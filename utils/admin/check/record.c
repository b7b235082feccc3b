/* SPDX-License-Identifier: ISC */
/* --record: what has come to shut an account out is an event, and so is its end. */
#include <stdio.h>
#include <string.h>
#include "admin/check/output.h"
#include "admin/messages.h"
#include "delivery/bell.h"
#include "programs.h"
#include "record/checked.h"
#include "record/life.h"

/* "PAM-01 bg1 sshd": by this it is known again. */
static void what_of(const json_t *f, char out[BG_CHECKED_WHAT])
{
    const char *account = check_says(f, "account"), *service = check_says(f, "pam_service");
    const char *more = *service != '\0' ? service : check_says(f, "file");

    if (*account == '\0' && *more == '\0')
        more = check_says(f, "text");
    (void)snprintf(out, BG_CHECKED_WHAT, "%s%s%s%s%s", check_says(f, "id"), *account == '\0' ? "" : " ",
                   account, *more == '\0' ? "" : " ", more);
}

/* An account that is being set up: it has no credential, and never had one. */
static bool is_new(const struct check_finding *f)
{
    static struct bg_life life;

    return f->rule == CHECK_OWN_NOTHING &&
           bg_life_load(NULL, NULL, check_says(f->says, "account"), &life) == BG_OK && life.enrolled_ms == 0;
}

/* Where a rule cannot be told any more, what it said of the account last is not mended. */
static bool is_unknown_now(const struct check *c, const char *what)
{
    char now[BG_CHECKED_WHAT];

    for (size_t i = 0; i < c->found.n; i++) {
        what_of(c->found.of[i].says, now);
        if (c->found.of[i].severity == CHECK_UNKNOWN && strcmp(now, what) == 0)
            return true;
    }
    return false;
}

/* "a; b; c and 5 more" */
static void list_all(const struct bg_checked *now, char *out, size_t cap)
{
    size_t n = 0;
    unsigned i;

    out[0] = '\0';
    for (i = 0; i < now->n && n + strlen(now->what[i]) + 20 < cap; i++)
        n += (size_t)snprintf(out + n, cap - n, "%s%s", i > 0 ? "; " : "", now->what[i]);
    if (i < now->n)
        (void)snprintf(out + n, cap - n, " and %u more", now->n - i);
}

/* first: the first finding that is new; NULL: nothing is left. */
static void put(const json_t *first, const struct bg_checked *now)
{
    struct bg_event e = BG_EVENT_INIT;
    struct bg_position at;
    char all[400], text[BG_MSG_MAX];

    list_all(now, all, sizeof all);
    (void)bg_msg_raw(text, sizeof text, first != NULL ? BG_M_CHECK_EV_FAILED : BG_M_CHECK_EV_PASSED,
                     BG_ARGS(all));
    e.type = first != NULL ? BG_EV_CHECK_FAILED : BG_EV_CHECK_PASSED;
    e.success = first == NULL;
    e.message = text;
    if (first != NULL) {
        e.detail = check_says(first, "id");
        e.account = *check_says(first, "account") != '\0' ? check_says(first, "account") : NULL;
    }
    report_event_whole(&e, &at);
    (void)!bg_bell_ring(PROGRAM_ALERT);
}

void check_record(struct check *c, json_t *root)
{
    static struct bg_checked before, now;
    const struct check_findings *all = check_found(c);
    const json_t *first = NULL;
    char what[BG_CHECKED_WHAT];

    now.n = 0;
    if (bg_checked_load(NULL, NULL, &before) != BG_OK)
        before.n = 0;
    for (size_t i = 0; i < all->n && all->of[i].severity == CHECK_BLOCK; i++) {
        if (is_new(&all->of[i]))
            continue;
        what_of(all->of[i].says, what);
        if (first == NULL && !bg_checked_has(&before, what))
            first = all->of[i].says;
        bg_checked_add(&now, what);
    }
    for (unsigned k = 0; k < before.n; k++)
        if (is_unknown_now(c, before.what[k]))
            bg_checked_add(&now, before.what[k]);
    (void)json_object_set_new(root, "on_record",
                              json_string(first != NULL                ? "failed"
                                          : now.n == 0 && before.n > 0 ? "passed"
                                                                       : ""));
    if (first != NULL || (now.n == 0 && before.n > 0))
        put(first, &now);
    if (now.n != before.n || first != NULL)
        (void)!bg_checked_save(NULL, NULL, &now); /* else it is told again */
}
