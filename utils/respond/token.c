/* SPDX-License-Identifier: ISC */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/secret.h"
#include "respond/respond.h"

#define NODES     16
#define SELECT_MS 30000
#define TOUCH_MS  60000 /* a key by itself waits half a minute */
#define FEW_TRIES 2
#define PIN_MIN   4

/* --- which ------------------------------------------------------------------------------------ */

static enum respond_exit failed(int status)
{
    tell(BG_M_RESPOND_DEVICE, BG_ARGS(fido_strerr(status)));
    return RESPOND_CANNOT;
}

static fido_dev_t *open_path(const char *path, int *status)
{
    fido_dev_t *dev = fido_dev_new();

    *status = dev == NULL ? FIDO_ERR_INTERNAL : fido_dev_open(dev, path);
    if (*status != FIDO_OK)
        fido_dev_free(&dev);
    return dev;
}

static void drop(fido_dev_t *dev)
{
    if (dev == NULL)
        return;
    (void)fido_dev_close(dev);
    fido_dev_free(&dev);
}

/* The index of the one that is touched, n for none. */
static size_t first_touched(fido_dev_t *const dev[], size_t n)
{
    int64_t end = bg_deadline(SELECT_MS);
    int touched = 0;

    for (size_t i = 0; i < n; i++)
        (void)fido_dev_get_touch_begin(dev[i]);
    while (bg_left_ms(end) > 0)
        for (size_t i = 0; i < n; i++)
            if (fido_dev_get_touch_status(dev[i], &touched, 50) == FIDO_OK && touched != 0)
                return i;
    return n;
}

static fido_dev_t *choose(const fido_dev_info_t *list, size_t n, int *status)
{
    fido_dev_t *dev[NODES], *chosen = NULL;
    size_t opened = 0, which;

    for (size_t i = 0; i < n; i++)
        if ((dev[opened] = open_path(fido_dev_info_path(fido_dev_info_ptr(list, i)), status)) != NULL)
            opened++;
    which = opened == 1 ? 0 : opened;
    if (opened > 1) {
        tell(BG_M_RESPOND_SELECT, BG_NOARGS);
        which = first_touched(dev, opened);
        *status = FIDO_ERR_ACTION_TIMEOUT;
    }
    for (size_t i = 0; i < opened; i++)
        if (i == which)
            chosen = dev[i];
        else {
            (void)fido_dev_cancel(dev[i]);
            drop(dev[i]);
        }
    return chosen;
}

static enum respond_exit find(const struct respond_wish *w, fido_dev_t **out)
{
    fido_dev_info_t *list = NULL;
    size_t n = 0;
    int status = FIDO_OK;

    if (w->device != NULL) {
        *out = open_path(w->device, &status);
        return *out == NULL ? failed(status) : RESPOND_GOOD;
    }
    if ((list = fido_dev_info_new(NODES)) == NULL ||
        (status = fido_dev_info_manifest(list, NODES, &n)) != FIDO_OK)
        n = 0;
    *out = n > 0 ? choose(list, n, &status) : NULL;
    fido_dev_info_free(&list, NODES);
    if (*out != NULL)
        return RESPOND_GOOD;
    if (status != FIDO_OK)
        return failed(status);
    tell(BG_M_RESPOND_NO_KEY, BG_NOARGS);
    return RESPOND_CANNOT;
}

/* --- its PIN ---------------------------------------------------------------------------------- */

/* The last tries are spent only after "yes". */
static bool confirm_last(const struct respond_wish *w, int tries)
{
    char line[16];

    tell(BG_M_RESPOND_PIN_LAST, BG_ARGS(BG_DIGITS(tries)));
    if (w->yes || w->pin_stdin) /* a program that has the PIN cannot answer */
        return w->yes;
    return ask_line("Type yes to spend one of them: ", line, sizeof line) &&
           (strcmp(line, "yes") == 0 || strcmp(line, "YES") == 0);
}

static enum respond_exit ask_pin(const struct respond_wish *w, struct token *t)
{
    char prompt[64] = "PIN of the key: ", line[2 * sizeof t->pin];
    int tries = -1;
    size_t n;

    if (fido_dev_get_retry_count(t->dev, &tries) == FIDO_OK && tries >= 0)
        (void)snprintf(prompt, sizeof prompt, "PIN of the key, %d tr%s left, not shown: ", tries,
                       tries == 1 ? "y" : "ies");
    if (tries == 0) {
        tell(BG_M_RESPOND_PIN_BLOCKED, BG_NOARGS);
        return RESPOND_CANNOT;
    }
    if (tries > 0 && tries <= FEW_TRIES && !confirm_last(w, tries))
        return RESPOND_REFUSED;
    for (;;) {
        if (!ask_hidden(prompt, line, sizeof line) || line[0] == '\0')
            return RESPOND_REFUSED;
        n = strlen(line);
        if (n >= PIN_MIN && n < sizeof t->pin)
            break;
        tell(BG_M_RESPOND_PIN_FORM, BG_NOARGS);
        if (w->pin_stdin)
            return RESPOND_REFUSED;
    }
    memcpy(t->pin, line, n + 1);
    bg_wipe(line, sizeof line);
    return RESPOND_GOOD;
}

enum respond_exit token_open(const struct respond_wish *w, struct token *t)
{
    enum respond_exit x;

    memset(t, 0, sizeof *t);
    if ((x = find(w, &t->dev)) != RESPOND_GOOD)
        return x;
    (void)fido_dev_set_timeout(t->dev, TOUCH_MS);
    t->own_uv = fido_dev_has_uv(t->dev);
    if (!fido_dev_is_fido2(t->dev) || (!t->own_uv && !fido_dev_has_pin(t->dev))) {
        tell(BG_M_RESPOND_NOT_FIDO2,
             BG_ARGS(fido_dev_is_fido2(t->dev) ? "it has no PIN" : "it is older than FIDO2"));
        x = RESPOND_CANNOT;
    } else if (!t->own_uv) {
        x = ask_pin(w, t);
    }
    if (x != RESPOND_GOOD)
        token_close(t);
    return x;
}

void token_close(struct token *t)
{
    drop(t->dev);
    bg_wipe(t, sizeof *t);
}

/* --- what it says ----------------------------------------------------------------------------- */

static enum respond_exit wrong_pin(const struct respond_wish *w, struct token *t, bool *again)
{
    int tries = -1;

    bg_wipe(t->pin, sizeof t->pin);
    (void)fido_dev_get_retry_count(t->dev, &tries);
    tell(BG_M_RESPOND_PIN_WRONG, BG_ARGS(tries < 0 ? "not told" : BG_DIGITS(tries)));
    if (w->pin_stdin)
        return RESPOND_REFUSED;
    *again = true;
    return ask_pin(w, t);
}

static enum respond_exit said(const struct respond_wish *w, struct token *t, int status, bool *again)
{
    static const struct {
        int status;
        const struct bg_message *m;
    } table[] = {
        {FIDO_ERR_NO_CREDENTIALS, BG_M_RESPOND_NONE_ENROLLED},
        {FIDO_ERR_INVALID_CREDENTIAL, BG_M_RESPOND_NONE_ENROLLED},
        {FIDO_ERR_PIN_AUTH_BLOCKED, BG_M_RESPOND_PIN_PAUSED},
        {FIDO_ERR_PIN_BLOCKED, BG_M_RESPOND_PIN_BLOCKED},
    };
    bool finger = t->own_uv && t->pin[0] == '\0' && fido_dev_has_pin(t->dev);

    *again = false;
    if (status == FIDO_ERR_PIN_INVALID)
        return wrong_pin(w, t, again);
    if (finger &&
        (status == FIDO_ERR_UV_BLOCKED || status == FIDO_ERR_UV_INVALID || status == FIDO_ERR_PIN_REQUIRED)) {
        *again = true;
        return ask_pin(w, t);
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].status == status) {
            tell(table[i].m, BG_NOARGS);
            return RESPOND_CANNOT;
        }
    return failed(status);
}

enum respond_exit token_run(const struct respond_wish *w, struct token *t, token_fn ceremony, void *arg)
{
    enum respond_exit x;
    bool again = true;
    int status;

    do {
        tell(BG_M_RESPOND_TOUCH, BG_NOARGS);
        if ((status = ceremony(t, arg)) == FIDO_OK)
            return RESPOND_GOOD;
        (void)fido_dev_cancel(t->dev); /* it may still blink */
        x = said(w, t, status, &again);
    } while (x == RESPOND_GOOD && again);
    return x;
}

/* libfido2 hands out authenticator data inside a CBOR byte string (RFC 8949, 3.1): 37 bytes have a head of
 * two. */
bool token_response(const fido_assert_t *a, size_t i, struct bg_response *out)
{
    const uint8_t *data = fido_assert_authdata_ptr(a, i), *sig = fido_assert_sig_ptr(a, i);
    size_t n = fido_assert_authdata_len(a, i), sig_len = fido_assert_sig_len(a, i);

    if (data == NULL || sig == NULL || n < 2 || data[0] != 0x58)
        return false;
    return bg_response_from_key(BG_FIDO_ES256, data + 2, n - 2, sig, sig_len, out) == BG_OK ||
           bg_response_from_key(BG_FIDO_EDDSA, data + 2, n - 2, sig, sig_len, out) == BG_OK;
}
