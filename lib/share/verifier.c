#include "share/verifier.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include "base/host.h"
#include "base/secret.h"

#define NAME_MAX_BYTES 64

/* Append len16be(field) || field; NULL when it does not fit. */
static uint8_t *put_field(uint8_t *at, const uint8_t *end, const void *field, size_t n)
{
    if (n > UINT16_MAX || (size_t)(end - at) < n + 2)
        return NULL;
    at[0] = (uint8_t)(n >> 8);
    at[1] = (uint8_t)n;
    memcpy(at + 2, field, n);
    return at + 2 + n;
}

enum bg_err bg_verifier_make(const uint8_t *secret, size_t bytes, const char *account, const char *host,
                             const uint8_t salt[BG_SALT_BYTES], uint8_t out[BG_VERIFIER_BYTES])
{
    static const char label[] = "breakglass-v1";
    uint8_t data[sizeof label + 3 * 2 + NAME_MAX_BYTES + BG_HOST_ID_MAX + BG_SALT_BYTES];
    uint8_t mac[EVP_MAX_MD_SIZE], *at = data;
    const uint8_t *end = data + sizeof data;
    unsigned n = 0;

    if (bytes < 16 || bytes > 64 || *account == '\0' || *host == '\0')
        return BG_E_RANGE;
    memcpy(at, label, sizeof label - 1);
    at += sizeof label - 1;
    if ((at = put_field(at, end, account, strlen(account))) == NULL ||
        (at = put_field(at, end, host, strlen(host))) == NULL ||
        (at = put_field(at, end, salt, BG_SALT_BYTES)) == NULL)
        return BG_E_RANGE;
    if (HMAC(EVP_sha256(), secret, (int)bytes, data, (size_t)(at - data), mac, &n) == NULL ||
        n != BG_VERIFIER_BYTES)
        return BG_E_CRYPTO;
    memcpy(out, mac, BG_VERIFIER_BYTES);
    bg_wipe(mac, sizeof mac);
    return BG_OK;
}
