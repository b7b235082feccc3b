/* SPDX-License-Identifier: ISC */
#include "password/password.h"

#include <string.h>
#include "base/safefile.h"
#include "base/secret.h"

#define FIPS_ENABLED  "/proc/sys/crypto/fips_enabled"
#define YESCRYPT_COST 5 /* "j9T", what crypt_gensalt takes for 0: 16 MiB */
#define SHA512_ROUNDS 500000
#define SALT_BYTES    16

bool bg_password_fips(void)
{
    char text[8];
    size_t n;

    return bg_file_read(FIPS_ENABLED, text, sizeof text, &n) == BG_OK && text[0] == '1';
}

#if BG_WITH_PASSWORD
#include <crypt.h>

static struct crypt_data work; /* 32 KiB, too large for a stack of unknown size; wiped after each call */

bool bg_password_known(const char *hash)
{
#if defined(HAVE_CRYPT_CHECKSALT)
    return crypt_checksalt(hash) != CRYPT_SALT_INVALID;
#else
    (void)hash;
    return true;
#endif
}

/* What crypt(3) makes of it. NULL and "*0" are no hash; errno does not tell of a lack of memory reliably. */
static enum bg_err compute(const char *whole, const char *setting, char out[BG_PASSWORD_HASH])
{
    const char *made = crypt_r(whole, setting, &work);
    enum bg_err r = BG_E_CRYPTO;

    if (made != NULL && made[0] != '*' && made[0] != '\0' && strlen(made) < BG_PASSWORD_HASH) {
        memcpy(out, made, strlen(made) + 1);
        r = BG_OK;
    }
    bg_wipe(&work, sizeof work);
    return r;
}

enum bg_err bg_password_check(const char *hash, const char *whole)
{
    char made[BG_PASSWORD_HASH];
    size_t n = strlen(hash);
    enum bg_err r;

    if (bg_password_refusal(hash) != NULL)
        return BG_E_REFUSED;
    if ((r = compute(whole, hash, made)) == BG_OK && (strlen(made) != n || !bg_ct_equal(made, hash, n)))
        r = BG_E_MISMATCH;
    bg_wipe(made, sizeof made);
    return r;
}

/* A setting with a fresh salt. BG_E_NOENT: this libcrypt does not know the kind. */
static enum bg_err setting_of(const char *prefix, unsigned long cost, char out[CRYPT_GENSALT_OUTPUT_SIZE])
{
    char salt[SALT_BYTES];
    enum bg_err r = bg_random(salt, sizeof salt);

    if (r == BG_OK &&
        crypt_gensalt_rn(prefix, cost, salt, sizeof salt, out, CRYPT_GENSALT_OUTPUT_SIZE) == NULL)
        r = BG_E_NOENT;
    return r;
}

enum bg_err bg_password_make(const char *whole, bool fips, char hash[BG_PASSWORD_HASH])
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE], made[BG_PASSWORD_HASH];
    enum bg_err r = fips ? BG_E_NOENT : setting_of("$y$", YESCRYPT_COST, setting);

    if (r == BG_E_NOENT)
        r = setting_of("$6$", SHA512_ROUNDS, setting);
    if (r == BG_OK)
        r = compute(whole, setting, made);
    if (r == BG_OK)
        r = bg_password_check(made, whole);
    if (r == BG_OK)
        memcpy(hash, made, strlen(made) + 1);
    else
        r = BG_E_CRYPTO;
    return r;
}

#else

bool bg_password_known(const char *hash)
{
    (void)hash;
    return true;
}

enum bg_err bg_password_check(const char *hash, const char *whole)
{
    (void)hash;
    (void)whole;
    return BG_E_REFUSED;
}

enum bg_err bg_password_make(const char *whole, bool fips, char hash[BG_PASSWORD_HASH])
{
    (void)whole;
    (void)fips;
    (void)hash;
    return BG_E_CRYPTO;
}

#endif
