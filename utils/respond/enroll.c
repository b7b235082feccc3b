/* SPDX-License-Identifier: ISC */
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <stdio.h>
#include <string.h>
#include "base/secret.h"
#include "key/verify.h"
#include "respond/respond.h"

#define USER                                                                                                 \
    32 /* bytes of a user handle: another one for each credential, which would else replace the last */

struct enrolment {
    const struct respond_wish *w;
    uint8_t hash[BG_FIDO_HASH]; /* to be signed */
    fido_cred_t *made;
    fido_assert_t *proof;
    struct bg_textkey key;
};

static int prepare(fido_cred_t *c, const struct enrolment *e, const struct token *t)
{
    uint8_t user[USER];
    int r;

    if (bg_random(user, sizeof user) != BG_OK)
        return FIDO_ERR_INTERNAL;
    if ((r = fido_cred_set_type(c, e->w->type == BG_FIDO_EDDSA ? COSE_EDDSA : COSE_ES256)) != FIDO_OK ||
        (r = fido_cred_set_rp(c, BG_TEXT_RP, "breakglass text challenge")) != FIDO_OK ||
        (r = fido_cred_set_user(c, user, sizeof user, e->key.name, e->key.name, NULL)) != FIDO_OK ||
        (r = fido_cred_set_clientdata_hash(c, e->hash, sizeof e->hash)) != FIDO_OK ||
        (r = fido_cred_set_rk(c, FIDO_OPT_TRUE)) != FIDO_OK ||
        (r = fido_cred_set_uv(c, t->pin[0] == '\0' ? FIDO_OPT_TRUE : FIDO_OPT_OMIT)) != FIDO_OK)
        return r;
    /* so that a thief without the PIN does not even learn that there is one */
    return fido_dev_supports_cred_prot(t->dev) ? fido_cred_set_prot(c, FIDO_CRED_PROT_UV_REQUIRED) : FIDO_OK;
}

static int make(struct token *t, void *arg)
{
    struct enrolment *e = arg;
    int r;

    fido_cred_free(&e->made);
    if ((e->made = fido_cred_new()) == NULL || bg_random(e->hash, sizeof e->hash) != BG_OK)
        return FIDO_ERR_INTERNAL;
    if ((r = prepare(e->made, e, t)) != FIDO_OK)
        return r;
    return fido_dev_make_cred(t->dev, e->made, t->pin[0] != '\0' ? t->pin : NULL);
}

static int prove(struct token *t, void *arg)
{
    struct enrolment *e = arg;
    int r;

    fido_assert_free(&e->proof);
    if ((e->proof = fido_assert_new()) == NULL)
        return FIDO_ERR_INTERNAL;
    if ((r = fido_assert_set_rp(e->proof, BG_TEXT_RP)) != FIDO_OK ||
        (r = fido_assert_set_clientdata_hash(e->proof, e->hash, sizeof e->hash)) != FIDO_OK ||
        (r = fido_assert_allow_cred(e->proof, e->key.id.bytes, e->key.id.len)) != FIDO_OK ||
        (r = fido_assert_set_uv(e->proof, t->pin[0] == '\0' ? FIDO_OPT_TRUE : FIDO_OPT_OMIT)) != FIDO_OK)
        return r;
    r = fido_dev_get_assert(t->dev, e->proof, t->pin[0] != '\0' ? t->pin : NULL);
    return r == FIDO_OK && fido_assert_count(e->proof) == 0 ? FIDO_ERR_NO_CREDENTIALS : r;
}

static enum respond_exit worthless(const char *why)
{
    tell(BG_M_RESPOND_WRONG_SIGNATURE, BG_ARGS(why));
    return RESPOND_CANNOT;
}

static enum respond_exit read_made(struct enrolment *e, const struct token *t)
{
    fido_cbor_info_t *info = fido_cbor_info_new();
    struct bg_fido_made m;
    uint64_t firmware = 0;

    if (info != NULL && fido_dev_get_cbor_info(t->dev, info) == FIDO_OK)
        firmware = fido_cbor_info_fwversion(info);
    fido_cbor_info_free(&info);
    if (bg_fido_read_made(BG_TEXT_RP, fido_cred_authdata_raw_ptr(e->made),
                          fido_cred_authdata_raw_len(e->made), &m) != BG_OK ||
        m.pub.type != e->w->type)
        return worthless("it is no credential of the type that was asked for");
    e->key.pub = m.pub;
    e->key.id = m.id;
    memcpy(e->key.aaguid, m.aaguid, sizeof e->key.aaguid);
    e->key.firmware = firmware <= UINT32_MAX ? (uint32_t)firmware : 0;
    return bg_textkey_hash(&e->key, e->hash) == BG_OK ? RESPOND_GOOD : RESPOND_CANNOT;
}

/* What a host will verify is verified here first. */
static enum respond_exit check(struct enrolment *e)
{
    enum bg_fido_fault fault = BG_FF_FORM;
    struct bg_fido_said said;

    if (!token_response(e->proof, 0, &e->key.proof))
        return worthless("it has extensions or another form");
    if (bg_textkey_verify(&e->key, &said, &fault) != BG_OK)
        return worthless(fault == BG_FF_USER ? "it was given without PIN or fingerprint"
                                             : "its signature does not fit");
    return RESPOND_GOOD;
}

/* False: it is lost, for the key cannot be asked for it again. */
static bool print_line(const struct respond_wish *w, const struct bg_textkey *k)
{
    char line[BG_TEXTKEY_LINE];

    bg_textkey_print(k, line);
    if (w->json)
        (void)printf("{\"name\": \"%s\", \"line\": \"%s\"}\n", k->name, line);
    else
        (void)printf("%s\n", line);
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return true;
    tell(BG_M_RESPOND_UNHEARD, BG_NOARGS);
    return false;
}

enum respond_exit enroll(const struct respond_wish *w)
{
    struct enrolment e = {.w = w};
    struct token t;
    enum respond_exit x;

    (void)snprintf(e.key.name, sizeof e.key.name, "%s", w->name != NULL ? w->name : "text");
    if ((x = token_open(w, &t)) != RESPOND_GOOD)
        return x;
    if ((x = token_run(w, &t, make, &e)) == RESPOND_GOOD && (x = read_made(&e, &t)) == RESPOND_GOOD &&
        (x = token_run(w, &t, prove, &e)) == RESPOND_GOOD && (x = check(&e)) == RESPOND_GOOD) {
        if (print_line(w, &e.key))
            tell(BG_M_RESPOND_ENROLLED, BG_NOARGS);
        else
            x = RESPOND_CANNOT;
    }
    fido_cred_free(&e.made);
    fido_assert_free(&e.proof);
    token_close(&t);
    return x;
}
