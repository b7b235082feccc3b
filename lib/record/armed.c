/* SPDX-License-Identifier: ISC */
#include "record/armed.h"

#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "record/room.h"

#define MAGIC "BGARMED1"

/* As it is kept: written and read by this program on this boot. All zeros but the magic and the account:
 * disarmed. */
struct kept {
    char magic[8];
    char account[64], by[BG_ARMED_BY], boot[BG_BOOT_ID_LEN + 1];
    int64_t since, expires; /* of bg_now_ms() */
};

static enum bg_err room_of(const char *dir, const char *fallback_dir, const char *account,
                           struct bg_room *room, char name[80])
{
    (void)snprintf(name, 80, "armed-%.63s", account);
    return bg_room_of(dir, fallback_dir, room);
}

static enum bg_err save(const char *dir, const char *fallback_dir, struct kept *k, const char *account)
{
    struct bg_room room;
    char name[80];
    enum bg_err r;

    memcpy(k->magic, MAGIC, sizeof k->magic);
    (void)snprintf(k->account, sizeof k->account, "%s", account);
    if ((r = room_of(dir, fallback_dir, account, &room, name)) != BG_OK)
        return r;
    return bg_room_save(&room, name, k, sizeof *k, false);
}

enum bg_err bg_armed_set(const char *dir, const char *fallback_dir, const char *account, const char *by,
                         int64_t ms)
{
    struct kept k;

    if (ms < BG_ARMED_MIN_MS || ms > BG_ARMED_MAX_MS)
        return BG_E_RANGE;
    memset(&k, 0, sizeof k);
    bg_host_boot_id(k.boot);
    if (k.boot[0] == '\0')
        return BG_E_REFUSED;
    (void)snprintf(k.by, sizeof k.by, "%s", by);
    k.since = bg_now_ms();
    k.expires = bg_deadline(ms);
    return save(dir, fallback_dir, &k, account);
}

enum bg_err bg_armed_clear(const char *dir, const char *fallback_dir, const char *account)
{
    struct kept k;

    memset(&k, 0, sizeof k);
    return save(dir, fallback_dir, &k, account);
}

enum bg_err bg_armed_get(const char *dir, const char *fallback_dir, const char *account, struct bg_armed *out)
{
    char name[80], boot[BG_BOOT_ID_LEN + 1];
    int64_t now = bg_now_ms();
    struct bg_room room;
    struct kept k;

    if (room_of(dir, fallback_dir, account, &room, name) != BG_OK ||
        bg_room_load(&room, name, &k, sizeof k) != BG_OK || memcmp(k.magic, MAGIC, sizeof k.magic) != 0 ||
        strncmp(k.account, account, sizeof k.account) != 0 || k.boot[0] == '\0')
        return BG_E_NOENT;
    bg_host_boot_id(boot);
    if (strncmp(k.boot, boot, sizeof k.boot) != 0)
        return BG_E_MISMATCH;
    if (now < k.since || now >= k.expires || k.expires - k.since > BG_ARMED_MAX_MS)
        return BG_E_TIMEOUT;
    *out = (struct bg_armed){.since_ms = now - k.since, .left_ms = k.expires - now};
    k.by[sizeof k.by - 1] = '\0';
    memcpy(out->by, k.by, sizeof out->by);
    return BG_OK;
}
