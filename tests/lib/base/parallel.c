/* SPDX-License-Identifier: ISC */
/* Every piece once, whatever the number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>
#include <cmocka.h>
#include "base/parallel.h"

#define PIECES 500

static atomic_uint done[PIECES];

static void piece(void *arg, size_t i)
{
    assert_ptr_equal(arg, done);
    atomic_fetch_add(&done[i], 1);
}

static void each_piece_once(void **state)
{
    (void)state;
    for (unsigned most = 0; most < 40; most += 3) {
        size_t n = most * 12;
        for (size_t i = 0; i < PIECES; i++)
            atomic_store(&done[i], 0);
        bg_parallel(n, most, piece, done);
        for (size_t i = 0; i < PIECES; i++)
            assert_int_equal(atomic_load(&done[i]), i < n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_piece_once)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
