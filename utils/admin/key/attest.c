/* SPDX-License-Identifier: ISC */
/*
 * What a key shows for its model when it is enrolled (WebAuthn 6.5.4, 8.2, 8.6). The certificate comes from
 * the device: it is parsed in a child that has given up root.
 */
#include "admin/key/key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/child.h"
#include "base/hash.h"
#include "base/safefile.h"
#include "base/sysuser.h"

#define CHILD_MS 5000
#define CA_MAX   (1 << 20)
#define AAGUID   "1.3.6.1.4.1.45724.1.1.4" /* id-fido-gen-ce-aaguid */

struct job {
    const struct bg_key *k;
    const struct bg_fido_result *made;
    const uint8_t *hash;
    const char *ca; /* PEM; NULL: none */
    size_t ca_len;
};

struct verdict {
    enum bg_key_attestation is;
    char key[BG_ATT_KEY + 1];
};

/* What was signed: authenticator data and hash, or for U2F what its messages had. */
static size_t signed_data(const struct job *j, uint8_t out[BG_FIDO_AUTHDATA + BG_FIDO_HASH])
{
    const struct bg_fido_result *m = j->made;
    size_t n = 0;

    if (m->att == BG_ATT_PACKED) {
        memcpy(out, m->authdata, m->authdata_len);
        memcpy(out + m->authdata_len, j->hash, BG_FIDO_HASH);
        return m->authdata_len + BG_FIDO_HASH;
    }
    out[n++] = 0;
    memcpy(out + n, m->authdata, BG_HASH); /* hash of the relying party */
    n += BG_HASH;
    memcpy(out + n, j->hash, BG_FIDO_HASH);
    n += BG_FIDO_HASH;
    memcpy(out + n, j->k->id.bytes, j->k->id.len);
    n += j->k->id.len;
    out[n++] = 4;
    memcpy(out + n, j->k->pub.bytes, 64);
    return n + 64;
}

static bool signature_holds(const struct job *j, EVP_PKEY *key)
{
    uint8_t data[BG_FIDO_AUTHDATA + BG_FIDO_HASH];
    size_t n = signed_data(j, data);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool plain = key != NULL && EVP_PKEY_id(key) == EVP_PKEY_ED25519;
    bool good = ctx != NULL && key != NULL &&
                EVP_DigestVerifyInit(ctx, NULL, plain ? NULL : EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(ctx, j->made->sig, j->made->sig_len, data, n) == 1;

    EVP_MD_CTX_free(ctx);
    return good;
}

/* A certificate of one model names it: two octet strings, one in the other. */
static bool model_fits(const X509 *x, const uint8_t aaguid[BG_FIDO_AAGUID])
{
    ASN1_OBJECT *id = OBJ_txt2obj(AAGUID, 1);
    int at = id == NULL ? -1 : X509_get_ext_by_OBJ(x, id, -1);
    const ASN1_OCTET_STRING *value = at < 0 ? NULL : X509_EXTENSION_get_data(X509_get_ext(x, at));

    ASN1_OBJECT_free(id);
    if (value == NULL)
        return true;
    return ASN1_STRING_length(value) == 2 + BG_FIDO_AAGUID &&
           memcmp(ASN1_STRING_get0_data(value) + 2, aaguid, BG_FIDO_AAGUID) == 0;
}

/* No clock is asked: what was made by a maker stays so, and a host's clock may be wrong. */
static bool leads_to(X509 *x, const char *pem, size_t len)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    X509 *ca;
    bool good = store != NULL && ctx != NULL && bio != NULL;

    while (good && (ca = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        good = X509_STORE_add_cert(store, ca) == 1;
        X509_free(ca);
    }
    good = good && X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME) == 1 &&
           X509_STORE_CTX_init(ctx, store, x, NULL) == 1 && X509_verify_cert(ctx) == 1;
    BIO_free(bio);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return good;
}

static void name_key(const X509 *x, char out[BG_ATT_KEY + 1])
{
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (X509_pubkey_digest(x, EVP_sha1(), md, &n) == 1 && n == BG_ATT_KEY / 2)
        bg_hex(out, md, n);
}

static enum bg_err look(void *arg, void *out)
{
    const struct job *j = arg;
    struct verdict *v = out;
    const uint8_t *at = j->made->cert;
    X509 *x;

    if (geteuid() == 0 && bg_become_user(BG_FIDO_UID, BG_FIDO_UID) != BG_OK)
        return BG_E_REFUSED;
    if ((x = d2i_X509(NULL, &at, j->made->cert_len)) == NULL)
        return BG_OK;
    if (signature_holds(j, X509_get0_pubkey(x)) && model_fits(x, j->k->aaguid)) {
        v->is = j->ca != NULL && leads_to(x, j->ca, j->ca_len) ? BG_KEY_ATT_TRUSTED : BG_KEY_ATT_BASIC;
        name_key(x, v->key);
    }
    X509_free(x);
    return BG_OK;
}

/* Without a certificate the new credential signs for itself, as it is about to do once more. */
static enum bg_err judge(struct job *j, struct verdict *v)
{
    if (j->made->att == BG_ATT_NONE || (j->made->att == BG_ATT_U2F && j->k->pub.type != BG_FIDO_ES256))
        return BG_OK;
    if (j->made->cert_len == 0) {
        v->is = j->made->att == BG_ATT_PACKED ? BG_KEY_ATT_SELF : BG_KEY_ATT_NONE;
        return BG_OK;
    }
    return bg_child_run(look, j, CHILD_MS, v, sizeof *v, NULL);
}

bool key_attest(struct bg_key *k, const struct bg_fido_result *made, const uint8_t hash[BG_FIDO_HASH],
                const char *ca)
{
    struct job j = {.k = k, .made = made, .hash = hash};
    struct verdict v = {.is = BG_KEY_ATT_NONE};
    char *pem = NULL;
    enum bg_err r = BG_OK;

    if (ca != NULL && (r = bg_file_slurp(ca, CA_MAX, &pem, &j.ca_len)) != BG_OK) {
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(ca, bg_strerror(r)));
        return false;
    }
    j.ca = pem;
    r = judge(&j, &v);
    free(pem);
    k->attestation = r == BG_OK ? v.is : BG_KEY_ATT_NONE;
    memcpy(k->attestation_key, v.key, sizeof k->attestation_key);
    if (ca == NULL || k->attestation == BG_KEY_ATT_TRUSTED)
        return true;
    ui_finding(BG_M_CMD_KEY_ATTEST, BG_ARGS(ca, bg_key_attestation_name(k->attestation)));
    return false;
}
