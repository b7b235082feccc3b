/* SPDX-License-Identifier: ISC */
/* Which hashes are accepted: samples of crypt(5) of every kind that libxcrypt has. */
#include "../testfiles.h"

#include "password/password.h"

#define TAIL "$abcdefghijklmnop$" /* salt; the hash behind it is not looked at */

static const char *const accepted[] = {
    "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC", /* crypt(5) */
    "$y$jAT" TAIL,
    "$y$jDT" TAIL,
    "$y$jFT" TAIL, /* 1 GiB */
    "$6$rounds=500000" TAIL,
    "$6$rounds=656000" TAIL,
    "$6$rounds=10000000" TAIL,
};

static const struct {
    const char *hash, *why;
} refused[] = {
    {"$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", "bcrypt"},
    {"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "bcrypt"},
    {"$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "bcrypt"},
    {"$2x$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "bcrypt"},
    {"$6$abcdefgh$hash", "sha512crypt: it has 5000 rounds"},
    {"$6$rounds=499999" TAIL, "sha512crypt: it has fewer"},
    {"$6$rounds=10000001" TAIL, "sha512crypt: it has more"},
    {"$6$rounds=4294967295" TAIL, "sha512crypt: it has more"},
    {"$6$rounds=4294967296" TAIL, "sha512crypt: its number"},
    {"$6$rounds=99999999999999999999" TAIL, "sha512crypt: its number"},
    {"$6$rounds=500000", "sha512crypt: its number"},
    {"$6$rounds=-500000" TAIL, "sha512crypt: its number"},
    {"$6$rounds=$salt$hash", "sha512crypt: it has 5000"},
    {"$y$j8T" TAIL, "yescrypt: it takes less"},
    {"$y$j7T" TAIL, "yescrypt: it takes less"},
    {"$y$jGT" TAIL, "yescrypt: it takes more"},
    {"$y$jkT" TAIL, "yescrypt: its parameters"},
    {"$y$/9T" TAIL, "yescrypt: its parameters"},
    {"$y$j9TX" TAIL, "yescrypt: its parameters"},
    {"$y$", "yescrypt: its parameters"},
    {"$y$j", "yescrypt: its parameters"},
    {"$y$j9", "yescrypt: its parameters"},
    {"$gy$j9T" TAIL, "gost-yescrypt"},
    {"$7$CU..../....abcdefgh", "scrypt"},
    {"$5$rounds=1000000" TAIL, "sha256crypt"},
    {"$sha1$40000$abc$def", "sha1crypt"},
    {"$md5,rounds=5000$abc$$def", "SunMD5"},
    {"$1$abcdefgh$hash", "MD5"},
    {"$3$$8846f7eaee8fb117ad06bdd830b7586c", "NTHASH"},
    {"$argon2id$v=19$m=65536", "it is of no known kind"},
    {"$", "it is of no known kind"},
    {"_J9..rasmBYk8r9AiWNc", "DES"},
    {"rl.3StKT.4T8M", "DES"},
    {"*0", "DES"},
    {"", "DES"},
};

static void kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++)
        if (bg_password_refusal(accepted[i]) != NULL)
            fail_msg("%s: %s", accepted[i], bg_password_refusal(accepted[i]));
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const char *why = bg_password_refusal(refused[i].hash);
        if (why == NULL || strncmp(why, refused[i].why, strlen(refused[i].why)) != 0)
            fail_msg("%s: %s", refused[i].hash, why == NULL ? "accepted" : why);
    }
}

static void forms(void **state)
{
    char longest[BG_PASSWORD_HASH + 1];

    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++)
        assert_true(bg_password_form(accepted[i]));
    assert_true(bg_password_form("rl.3StKT.4T8M")); /* a form that is refused for its kind */
    assert_false(bg_password_form(""));
    assert_false(bg_password_form("*0"));
    assert_false(bg_password_form("!"));
    assert_false(bg_password_form("$6$a b"));
    assert_false(bg_password_form("$6$a:b"));
    assert_false(bg_password_form("$6$\xc3\xa4"));
    assert_false(bg_password_form("$6$a\n"));
    memset(longest, 'a', sizeof longest);
    longest[BG_PASSWORD_HASH] = '\0';
    assert_false(bg_password_form(longest));
    longest[BG_PASSWORD_HASH - 1] = '\0';
    assert_true(bg_password_form(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(forms),
    };

    return BG_WITH_PASSWORD ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
