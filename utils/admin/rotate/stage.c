/* SPDX-License-Identifier: ISC */
#include "admin/rotate/rotate.h"

#include <stdio.h>
#include <string.h>
#include "admin/custody/custody.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/safefile.h"

#define V         rotate_view
#define LOCK_PATH BG_RUNDIR "/rotate.lock"
#define LOCK_MS   5000

static void by_and_place(struct bg_event *e, const struct bg_share_card *card)
{
    e->by = V.r.by[0] != '\0' ? V.r.by : NULL;
    if (card == NULL)
        return;
    e->envelope = card->envelope[0] != '\0' ? card->envelope : NULL;
    e->seal = card->seal[0] != '\0' ? card->seal : NULL;
}

bool rotate_record(enum bg_event_type type, bool success, const char *item, const char *reason,
                   const char *message)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = type;
    e.success = success;
    e.account = V.account;
    e.item = item;
    e.reason = reason;
    e.message = message;
    by_and_place(&e, NULL);
    return report_first_event(&e);
}

/* No lock is held while a person types. Where /run takes none, what was read is compared in any case. */
static enum bg_err lock(int *fd)
{
    enum bg_err r = bg_dir_make(BG_RUNDIR, 0755);

    *fd = -1;
    return r == BG_OK ? bg_lock(AT_FDCWD, LOCK_PATH, bg_deadline(LOCK_MS), fd) : r;
}

/* Is the rotation that which was read? *now: as it is. */
static bool same_rotation(struct bg_rotation *now)
{
    struct bg_ini_error bad;
    enum bg_err r = bg_rotation_load(BG_CREDENTIALS_DIR, V.account, now, &bad);

    return r == BG_OK && V.begun && strcmp(now->started, V.r.started) == 0 &&
           memcmp(now->credential.shares.salt, V.r.credential.shares.salt, BG_SALT_BYTES) == 0;
}

static enum admin_exit raced(void)
{
    ui_finding(BG_M_ROTATE_RACED, BG_ARGS(V.account));
    return ADMIN_FINDING;
}

static enum admin_exit keep(void)
{
    enum bg_err r = bg_rotation_save(BG_CREDENTIALS_DIR, V.account, &V.r);

    if (r != BG_OK)
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_CREDENTIALS_DIR, bg_strerror(r)));
    return r == BG_OK ? ADMIN_GOOD : ADMIN_CANNOT;
}

enum admin_exit rotate_stage(void)
{
    static struct bg_rotation other;
    struct bg_ini_error bad;
    enum admin_exit x;
    int fd;

    if (lock(&fd) == BG_E_BUSY)
        return raced();
    if (bg_rotation_load(BG_CREDENTIALS_DIR, V.account, &other, &bad) != BG_E_NOENT)
        x = raced();
    else
        x = keep();
    V.begun = V.begun || x == ADMIN_GOOD;
    bg_close(fd);
    return x;
}

/* On record before it is kept. */
static bool note_proof(const char *item, const struct bg_share_card *card)
{
    struct bg_event e = BG_EVENT_INIT;
    char message[160];

    (void)snprintf(message, sizeof message, "%s: was shown to work", item);
    e.type = BG_EV_ROTATE_STEP;
    e.success = true;
    e.account = V.account;
    e.item = item;
    e.message = message;
    by_and_place(&e, card);
    return report_first_event(&e);
}

/* Who keeps it from now on may be said when it is typed: by the rules, as when it was made. */
static bool may_keep(const struct bg_shareset *set, const struct bg_share_card *was,
                     const struct bg_share_card *card)
{
    struct bg_credential planned = V.now;

    planned.has_shares = true;
    planned.shares = *set;
    return (strcmp(was->custodian, card->custodian) == 0 && strcmp(was->envelope, card->envelope) == 0) ||
           custody_allows(V.account, &planned);
}

/* The newest file counts: another custodian may have typed a card meanwhile. */
static enum admin_exit prove(const char *item, const struct bg_share_card *card)
{
    static struct bg_rotation now;
    struct bg_share_card was;
    char at[BG_TIME_LEN];

    if (!same_rotation(&now))
        return raced();
    (void)bg_time_rfc3339(at);
    for (size_t i = 0; card != NULL && i < now.credential.shares.cards; i++)
        if (strcmp(now.credential.shares.card[i].place, card->place) == 0) {
            was = now.credential.shares.card[i];
            now.credential.shares.card[i] = *card;
            memcpy(now.credential.shares.card[i].inspected, at, sizeof at);
            if (!may_keep(&now.credential.shares, &was, card))
                return ADMIN_FINDING;
        }
    if (card == NULL)
        bg_rotation_prove(&now, item, at);
    if (!note_proof(item, card))
        return ADMIN_CANNOT;
    V.r = now;
    return keep();
}

enum admin_exit rotate_prove(const char *item, const struct bg_share_card *card)
{
    enum admin_exit x;
    int fd;

    if (lock(&fd) == BG_E_BUSY)
        return raced();
    x = prove(item, card);
    bg_close(fd);
    rotate_count();
    return x;
}

enum admin_exit rotate_alone(enum admin_exit (*fn)(void))
{
    static struct bg_rotation now;
    enum admin_exit x;
    int fd;

    if (lock(&fd) == BG_E_BUSY)
        return raced();
    if (same_rotation(&now)) {
        (void)snprintf(now.by, sizeof now.by, "%s", V.r.by); /* whoever acts now */
        V.r = now;
        rotate_count();
        x = fn();
    } else {
        x = raced();
    }
    bg_close(fd);
    return x;
}
