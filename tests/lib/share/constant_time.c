/* SPDX-License-Identifier: ISC */
/*
 * Constant time, seen by valgrind memcheck: secrets are marked as undefined memory, and a branch or an
 * address that depends on them is then an error (the script constant-time runs this and reads its exit code).
 *
 *     constant_time library       all that touches a share, a secret or a passphrase: must be clean
 *     constant_time leak-branch   a branch on a share byte: must be caught
 *     constant_time leak-table    a table read by a share byte: must be caught
 *
 * Not covered, because what they tell is public: the diagnosis of a damaged share, and printing its words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_VALGRIND_MEMCHECK_H
#include <valgrind/memcheck.h>
#include "base/secret.h"
#include "share/sharetyper.h"

/* In place of the library's: what goes through here may be branched on. */
uint32_t slip39_public(uint32_t v)
{
    uint32_t out = v;

    (void)VALGRIND_MAKE_MEM_DEFINED(&out, sizeof out);
    return out;
}

static void secret_mark(void *p, size_t n)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(p, n);
}

static void secret_end(void *p, size_t n)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(p, n);
}

static void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "constant_time: not so: %s\n", what);
        exit(1);
    }
}

/* A test of undefined memory is void where the mark was lost on the way. */
static void must_be_marked(const void *p, size_t n, const char *what)
{
    uint8_t bits[SLIP39_MAX_BYTES];

    must(VALGRIND_GET_VBITS(p, bits, n) == 1, "valgrind runs this");
    for (size_t i = 0; i < n; i++)
        must(bits[i] == 0xff, what);
}

static struct slip39_share shares[16];
static struct bg_sharetyper typer;
static const struct bg_identity here = {.machine = "0123456789abcdef0123456789abcdef", .name = "host"};
static struct bg_shareset set;

/* 1-of-1 and 2-of-3, both needed. */
static struct slip39_params plan(uint8_t bytes)
{
    struct slip39_params p = {
        .id = 4711, .extendable = bytes == 16, .bytes = bytes, .group_threshold = 2, .group_count = 2};

    p.member_threshold[0] = p.member_count[0] = 1;
    p.member_threshold[1] = 2;
    p.member_count[1] = 3;
    return p;
}

static void split_and_combine(uint8_t bytes)
{
    struct slip39_params p = plan(bytes);
    uint8_t secret[SLIP39_MAX_BYTES], back[SLIP39_MAX_BYTES];
    char passphrase[] = "open sesame";
    size_t n, got;

    must(bg_random(secret, sizeof secret) == BG_OK, "random");
    secret_mark(secret, bytes);
    secret_mark(passphrase, sizeof passphrase - 1);
    must(slip39_split(&p, secret, passphrase, shares, 16, &n) == BG_OK && n == 4, "split");
    must_be_marked(shares[0].value, bytes, "shares of a secret are secret");
    for (size_t i = 0; i < 3; i++) /* also where the split gave random bytes */
        secret_mark(shares[i].value, bytes);
    must(slip39_combine(shares, 3, passphrase, back, &got) == BG_OK && got == bytes, "combine");
    must_be_marked(back, bytes, "the joined secret is secret");
    secret_end(secret, sizeof secret);
    secret_end(back, sizeof back);
    must(memcmp(secret, back, bytes) == 0, "the secret comes back");
    shares[2].value[0] ^= 1;
    must(slip39_combine(shares, 3, passphrase, back, &got) == BG_E_MISMATCH, "a wrong digest");
}

static void enroll(uint8_t bytes)
{
    struct slip39_params p = plan(bytes);
    uint8_t secret[SLIP39_MAX_BYTES];
    size_t n;

    must(bg_random(secret, sizeof secret) == BG_OK, "random");
    must(slip39_split(&p, secret, "", shares, 16, &n) == BG_OK, "split");
    set = (struct bg_shareset){.id = p.id,
                               .extendable = p.extendable,
                               .group_threshold = 2,
                               .group_count = 2,
                               .group = {{1, 1}, {2, 3}},
                               .bytes = bytes};
    must(bg_shareset_verifier(secret, bytes, set.salt, set.verifier) == BG_OK, "verifier");
    bg_sharetyper_start(&typer, &set);
}

static void type_share(size_t i, int letters, const char *between)
{
    struct bg_sharetyper_reply reply;
    uint16_t words[SLIP39_MAX_WORDS];
    char line[BG_SHARELINE_MAX + 1];
    size_t n, at = 0;

    must(slip39_encode(&shares[i], words, &n) == BG_OK, "encode");
    for (size_t k = 0; k < n; k++)
        at +=
            (size_t)snprintf(line + at, sizeof line - at, "%.*s%s", letters, slip39_word(words[k]), between);
    secret_mark(line, at);
    bg_sharetyper_feed(&typer, line, at, &reply);
    must(reply.state != BG_SHARETYPER_MORE, "the share is accepted");
    must_be_marked(typer.shares[typer.taken - 1].value, set.bytes, "what is typed stays secret");
}

static void type_and_recover(uint8_t bytes, const char *between)
{
    enroll(bytes);
    type_share(3, 8, " ");
    type_share(0, 4, "");
    type_share(1, 4, between);
    must(bg_sharetyper_recover(&typer, "bg1", &here) == BG_OK, "the shares open the account");
    set.verifier[0] ^= 1;
    must(bg_sharetyper_recover(&typer, "bg1", &here) == BG_E_NOENT, "a wrong verifier");
    bg_sharetyper_wipe(&typer);
}

static void encode_and_decode(uint8_t bytes)
{
    uint16_t words[SLIP39_MAX_WORDS];
    struct slip39_share back;
    size_t n;

    enroll(bytes);
    secret_mark(shares[0].value, bytes);
    must(slip39_encode(&shares[0], words, &n) == BG_OK, "encode");
    secret_mark(words, sizeof words); /* the header too */
    must(slip39_decode(words, n, &back) == BG_OK, "decode");
    must_be_marked(back.value, bytes, "a decoded value is secret");
}

static int library(void)
{
    static const uint8_t lengths[] = {16, 32, 64};

    for (size_t i = 0; i < sizeof lengths; i++) {
        split_and_combine(lengths[i]);
        encode_and_decode(lengths[i]);
    }
    type_and_recover(16, " ");
    type_and_recover(32, ", ");
    type_and_recover(32, "\xc2\xa0");
    return 0;
}

/* Two ways to leak, as a careless GF(256) would: the check must see both. */
static int leak(bool by_table)
{
    static volatile uint8_t table[256];
    uint8_t share[16] = {1};

    secret_mark(share, sizeof share);
    if (by_table)
        table[0] = table[share[3]];
    else if (share[3] & 1)
        table[0] = 1;
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";

    if (!RUNNING_ON_VALGRIND)
        return 77;
    if (strcmp(what, "library") == 0)
        return library();
    if (strcmp(what, "leak-branch") == 0 || strcmp(what, "leak-table") == 0)
        return leak(what[5] == 't');
    return 2;
}
#else
int main(void)
{
    return 77;
}
#endif
