/* SPDX-License-Identifier: ISC */
#include "key/sshsig.h"

#include <string.h>
#include <openssl/evp.h>
#include "base/hash.h"

#define MAGIC   "SSHSIG"
#define HASH    "sha512"
#define SHA512  64
#define HEAD    37 /* of authenticator data: hash of the application, flags, counter */
#define SPACE   64 /* bytes of a namespace */
#define TO_SIGN (sizeof MAGIC - 1 + 4 * 4 + SPACE + sizeof HASH - 1 + SHA512)

struct signature {
    struct bg_ssh_blob key;
    struct bg_ssh_piece space, sig;
    const uint8_t *said; /* flags and counter */
};

/* The key's own: its kind, the signature, flags and counter. */
static bool read_own(struct bg_ssh_piece own, const char *kind, struct signature *out)
{
    struct bg_ssh_piece type;

    if (!bg_ssh_take(&own, &type) || !bg_ssh_is(&type, kind) || !bg_ssh_take(&own, &out->sig) || own.n != 5)
        return false;
    out->said = own.at;
    return true;
}

static bool read_all(const uint8_t *bytes, size_t n, struct signature *out)
{
    static const uint8_t head[] = {'S', 'S', 'H', 'S', 'I', 'G', 0, 0, 0, 1};
    struct bg_ssh_piece r = {bytes + sizeof head, n - sizeof head}, key, reserved, hash, own;
    const char *kind;

    if (n < sizeof head || memcmp(bytes, head, sizeof head) != 0 || !bg_ssh_take(&r, &key) ||
        key.n > BG_SSH_BLOB)
        return false;
    memcpy(out->key.bytes, key.at, key.n);
    out->key.len = (uint16_t)key.n;
    kind = bg_ssh_kind(&out->key);
    return kind != NULL && bg_ssh_take(&r, &out->space) && bg_ssh_take(&r, &reserved) && reserved.n == 0 &&
           bg_ssh_take(&r, &hash) && bg_ssh_is(&hash, HASH) && bg_ssh_take(&r, &own) && r.n == 0 &&
           read_own(own, kind, out);
}

static void put(uint8_t **at, const void *bytes, size_t n)
{
    const uint8_t len[4] = {0, 0, (uint8_t)(n >> 8), (uint8_t)n};

    memcpy(*at, len, sizeof len);
    memcpy(*at + sizeof len, bytes, n);
    *at += sizeof len + n;
}

/* What the key was given: the hash of what it is about and of the message's hash. */
static enum bg_err hash_of(const char *space, const char *message, uint8_t out[BG_FIDO_HASH])
{
    uint8_t sum[SHA512], text[TO_SIGN], *at = text;

    if (strlen(space) > SPACE)
        return BG_E_RANGE;
    if (EVP_Digest(message, strlen(message), sum, NULL, EVP_sha512(), NULL) != 1)
        return BG_E_CRYPTO;
    memcpy(at, MAGIC, sizeof MAGIC - 1);
    at += sizeof MAGIC - 1;
    put(&at, space, strlen(space));
    put(&at, "", 0);
    put(&at, HASH, sizeof HASH - 1);
    put(&at, sum, sizeof sum);
    return bg_sha256(text, (size_t)(at - text), out);
}

/* A number of ssh, without sign, to 32 bytes. */
static bool put_number(struct bg_ssh_piece *r, uint8_t out[32])
{
    struct bg_ssh_piece n;

    if (!bg_ssh_take(r, &n))
        return false;
    while (n.n > 0 && n.at[0] == 0)
        n = (struct bg_ssh_piece){n.at + 1, n.n - 1};
    if (n.n > 32)
        return false;
    memset(out, 0, 32);
    memcpy(out + 32 - n.n, n.at, n.n);
    return true;
}

/* The signature as a FIDO2 key returns it. */
static enum bg_err plain(const struct signature *s, enum bg_fido_type type, uint8_t out[BG_FIDO_SIG],
                         size_t *len)
{
    struct bg_ssh_piece r = s->sig;
    uint8_t rs[BG_FIDO_RS];

    if (type == BG_FIDO_ES256)
        return put_number(&r, rs) && put_number(&r, rs + 32) && r.n == 0 ? bg_fido_der(rs, out, len)
                                                                         : BG_E_SYNTAX;
    if (r.n != BG_FIDO_RS)
        return BG_E_SYNTAX;
    memcpy(out, r.at, r.n);
    *len = r.n;
    return BG_OK;
}

/* The same again, in the words of FIDO. False: its application is no text. */
static bool public_of(const struct bg_ssh_blob *b, struct bg_fido_public *pub, char rp[BG_SSH_BLOB])
{
    struct bg_ssh_piece point, application;
    bool ec = strcmp(bg_ssh_parts(b, &point, &application), BG_SSH_ECDSA) == 0;

    *pub = (struct bg_fido_public){.type = ec ? BG_FIDO_ES256 : BG_FIDO_EDDSA};
    pub->len = (uint16_t)bg_fido_public_len(pub->type);
    memcpy(pub->bytes, point.at + ec, pub->len); /* without the 04 */
    memcpy(rp, application.at, application.n);
    rp[application.n] = '\0';
    return strlen(rp) == application.n;
}

static enum bg_err verify(const struct signature *s, const uint8_t hash[BG_FIDO_HASH],
                          struct bg_fido_said *said, enum bg_fido_fault *fault)
{
    uint8_t authdata[HEAD], sig[BG_FIDO_SIG];
    char rp[BG_SSH_BLOB];
    struct bg_fido_public pub;
    size_t len;
    enum bg_err r;

    if (!public_of(&s->key, &pub, rp))
        return BG_E_SYNTAX;
    if ((r = plain(s, pub.type, sig, &len)) != BG_OK || (r = bg_sha256(rp, strlen(rp), authdata)) != BG_OK)
        return r;
    memcpy(authdata + BG_HASH, s->said, HEAD - BG_HASH);
    return bg_fido_verify(&pub, rp, hash, true, authdata, sizeof authdata, sig, len, said, fault);
}

enum bg_err bg_sshsig_verify(const char *text, const char *space, const char *message, struct bg_ssh_blob *by,
                             struct bg_fido_said *said, enum bg_fido_fault *fault)
{
    uint8_t bytes[BG_SSHSIG_TEXT], hash[BG_FIDO_HASH];
    struct signature s = {.said = NULL};
    size_t n;
    enum bg_err r;

    *fault = BG_FF_FORM;
    if (!bg_base64_read(text, strlen(text), bytes, sizeof bytes, &n) || !read_all(bytes, n, &s))
        return BG_E_SYNTAX;
    if (!bg_ssh_is(&s.space, space)) {
        *fault = BG_FF_RP;
        return BG_E_MISMATCH;
    }
    if ((r = hash_of(space, message, hash)) == BG_OK && (r = verify(&s, hash, said, fault)) == BG_OK)
        *by = s.key;
    return r;
}
