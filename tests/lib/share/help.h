/* SPDX-License-Identifier: ISC */
/* What the tests of lib/share have in common: shares as text, a set of one group. */
#ifndef BG_TESTS_LIB_SHARE_HELP_H
#define BG_TESTS_LIB_SHARE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "share/slip39_parts.h"

/* Full words between single blanks into numbers. */
static inline size_t words_of(const char *text, uint16_t *words)
{
    size_t n = 0;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        assert_true(n < SLIP39_MAX_WORDS);
        assert_int_equal(slip39_word_find(text, len, &words[n]), BG_OK);
        n++;
        text += len + strspn(text + len, " ");
    }
    return n;
}

/* n words as text: `letters` of each (0: all), `between` them. */
static inline size_t text_of(const uint16_t *words, size_t n, int letters, const char *between, char *out,
                             size_t cap)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        const char *w = slip39_word(words[i]);
        at += (size_t)snprintf(out + at, cap - at, "%.*s%s", letters == 0 ? 8 : letters, w,
                               i + 1 < n ? between : "");
        assert_true(at < cap);
    }
    return at;
}

/* A set of one group; ids and secret as given. */
static inline struct slip39_params one_group(uint8_t t, uint8_t n, uint8_t bytes)
{
    struct slip39_params p = {.id = 0x1234, .extendable = true, .bytes = bytes};

    p.group_threshold = p.group_count = 1;
    p.member_threshold[0] = t;
    p.member_count[0] = n;
    return p;
}

#endif
