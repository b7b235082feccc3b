/* SPDX-License-Identifier: ISC */
#include "handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/secret.h"
#include "base/text.h"

#define DATA_NAME "breakglass.use"
#define SSHD_INFO "SSH_AUTH_INFO_0" /* sshd changes the number when the form changes */

bool bg_handle_user(pam_handle_t *pamh, char out[BG_NAME_MAX])
{
    const void *item = NULL;
    size_t n;

    if (pam_get_item(pamh, PAM_USER, &item) != PAM_SUCCESS || item == NULL)
        return false;
    n = strnlen(item, BG_NAME_MAX);
    if (n == 0 || n == BG_NAME_MAX)
        return false;
    memcpy(out, item, n);
    out[n] = '\0';
    return true;
}

bool bg_handle_user_is(pam_handle_t *pamh, const char *user)
{
    char now[BG_NAME_MAX];

    return bg_handle_user(pamh, now) && strcmp(now, user) == 0;
}

void bg_handle_item(pam_handle_t *pamh, int item, char out[BG_NAME_MAX])
{
    const void *value = NULL;

    out[0] = '\0';
    if (pam_get_item(pamh, item, &value) == PAM_SUCCESS && value != NULL)
        (void)snprintf(out, BG_NAME_MAX, "%s", (const char *)value);
}

bool bg_handle_is_sshd(const char *service)
{
    return strncmp(service, "sshd", 4) == 0;
}

void bg_handle_sshd(pam_handle_t *pamh, const char *service, char out[BG_SSHD_MAX])
{
    const char *info = bg_handle_is_sshd(service) ? pam_getenv(pamh, SSHD_INFO) : NULL;

    (void)snprintf(out, BG_SSHD_MAX, "%s", info == NULL ? "" : info);
}

/* libpam calls this at pam_end, in login and su in a forked child as well (PAM_DATA_SILENT): memory only. */
static void forget(pam_handle_t *pamh, void *data, int error_status)
{
    (void)pamh;
    (void)error_status;
    if (data == NULL)
        return;
    bg_wipe(data, sizeof(struct bg_kept));
    free(data);
}

static struct bg_kept *kept_by_anybody(pam_handle_t *pamh)
{
    const void *data = NULL;

    /* libpam hands out its pointer as const; the memory is ours */
    return pam_get_data(pamh, DATA_NAME, &data) == PAM_SUCCESS ? (struct bg_kept *)(uintptr_t)data : NULL;
}

struct bg_kept *bg_handle_kept(pam_handle_t *pamh, const char *user)
{
    struct bg_kept *k = kept_by_anybody(pamh);

    return k != NULL && strcmp(k->user, user) == 0 ? k : NULL;
}

static void reset(struct bg_kept *k, const char *user)
{
    bg_wipe(k, sizeof *k);
    k->granted = BG_NOT_GRANTED;
    (void)snprintf(k->user, sizeof k->user, "%s", user);
}

/* The entry on this handle, made when there is none; NULL when memory is gone. */
static struct bg_kept *room(pam_handle_t *pamh, const char *user)
{
    struct bg_kept *k = kept_by_anybody(pamh);

    if (k != NULL)
        return k;
    if ((k = calloc(1, sizeof *k)) == NULL)
        return NULL;
    reset(k, user);
    if (pam_set_data(pamh, DATA_NAME, k, forget) == PAM_SUCCESS)
        return k;
    free(k);
    return NULL;
}

bool bg_handle_granted_to_other(pam_handle_t *pamh, const char *user)
{
    const struct bg_kept *k = kept_by_anybody(pamh);

    return k != NULL && k->granted == BG_GRANTED && strcmp(k->user, user) != 0;
}

static void unname_use(pam_handle_t *pamh)
{
    if (pam_getenv(pamh, BG_USE_ENV) != NULL)
        (void)pam_putenv(pamh, BG_USE_ENV); /* without "=" it is removed */
}

void bg_handle_forget(pam_handle_t *pamh)
{
    struct bg_kept *k = kept_by_anybody(pamh);

    if (k == NULL)
        return;
    reset(k, "");
    unname_use(pamh);
}

enum bg_err bg_handle_begin(pam_handle_t *pamh, const char *user, struct bg_kept **out)
{
    struct bg_kept *k = room(pamh, user);

    unname_use(pamh);
    if (k == NULL)
        return BG_E_NOMEM;
    reset(k, user);
    *out = k;
    return BG_OK;
}

enum bg_err bg_handle_grant(pam_handle_t *pamh, struct bg_kept *k, const char *use)
{
    char line[sizeof BG_USE_ENV + 1 + BG_ULID_LEN];

    (void)snprintf(line, sizeof line, BG_USE_ENV "=%s", use);
    if (use[0] != '\0' && pam_putenv(pamh, line) != PAM_SUCCESS)
        return BG_E_NOMEM;
    (void)snprintf(k->use, sizeof k->use, "%s", use);
    k->granted = BG_GRANTED;
    return BG_OK;
}

void bg_handle_note_session(pam_handle_t *pamh, const char *user, const char *use)
{
    struct bg_kept *k = room(pamh, user);

    if (k == NULL)
        return;
    if (strcmp(k->user, user) != 0)
        reset(k, user);
    k->opened = true;
    if (use[0] != '\0')
        (void)snprintf(k->use, sizeof k->use, "%s", use);
}

bool bg_handle_end_session(pam_handle_t *pamh, const char *user)
{
    struct bg_kept *k = bg_handle_kept(pamh, user);
    bool opened = k != NULL && k->opened;

    if (opened)
        k->opened = false;
    return opened;
}

void bg_handle_use(pam_handle_t *pamh, const char *user, char out[BG_ULID_LEN + 1])
{
    const struct bg_kept *k = bg_handle_kept(pamh, user);
    const char *use = k != NULL && k->use[0] != '\0' ? k->use : pam_getenv(pamh, BG_USE_ENV);

    out[0] = '\0';
    if (use != NULL && bg_ulid_valid(use))
        memcpy(out, use, BG_ULID_LEN + 1);
}
