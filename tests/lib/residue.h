/* SPDX-License-Identifier: ISC */
/* Runs a function on a stack of its own and looks at what it left there. */
#ifndef BG_TESTS_RESIDUE_H
#define BG_TESTS_RESIDUE_H

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include "base/sanitized.h"

#define RESIDUE_STACK  (1 << 20)
#define RESIDUE_WINDOW 8 /* this many consecutive bytes of a secret count as a copy of it */

static unsigned char *residue_stack;

struct residue_call {
    void (*run)(void *);
    void *arg;
};

/* Deep enough that the end of the thread does not write over what was left. */
static inline void *residue_thread(void *arg)
{
    const struct residue_call *call = arg;
    char depth[1 << 16];

    __asm__ volatile("" : : "r"(depth) : "memory");
    call->run(call->arg);
    return NULL;
}

static inline void residue_run(void (*run)(void *), void *arg)
{
    struct residue_call call = {run, arg};
    pthread_attr_t attr;
    pthread_t thread;

    if (residue_stack == NULL)
        residue_stack = mmap(NULL, RESIDUE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(residue_stack, MAP_FAILED);
    memset(residue_stack, 0, RESIDUE_STACK);
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstack(&attr, residue_stack, RESIDUE_STACK), 0);
    assert_int_equal(pthread_create(&thread, &attr, residue_thread, &call), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)pthread_attr_destroy(&attr);
}

static inline bool residue_of(const void *secret, size_t n)
{
    const unsigned char *s = secret;

    if (SANITIZED)
        return false;
    for (size_t from = 0; from + RESIDUE_WINDOW <= n; from++)
        if (memmem(residue_stack, RESIDUE_STACK, s + from, RESIDUE_WINDOW) != NULL)
            return true;
    return false;
}

#endif
