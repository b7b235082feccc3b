/* SPDX-License-Identifier: ISC */
#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#define THREADS_MAX 16

struct pieces {
    atomic_size_t next;
    size_t n;
    bg_piece_fn fn;
    void *arg;
};

static void *work(void *arg)
{
    struct pieces *p = arg;
    size_t i;

    while ((i = atomic_fetch_add(&p->next, 1)) < p->n)
        p->fn(p->arg, i);
    return NULL;
}

/* How many processors this process may run on. */
static unsigned processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* Threads beside the caller's, all signals blocked. */
static unsigned begin(pthread_t *thread, unsigned want, struct pieces *p)
{
    sigset_t all, before;
    unsigned n = 0;

    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return 0;
    while (n < want && pthread_create(&thread[n], NULL, work, p) == 0)
        n++;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return n;
}

void bg_parallel(size_t n, unsigned most, bg_piece_fn fn, void *arg)
{
    struct pieces p = {.n = n, .fn = fn, .arg = arg};
    pthread_t thread[THREADS_MAX];
    unsigned may = processors(), begun = 0;

    may = may < most ? may : most;
    may = may < n ? may : (unsigned)n;
    if (may > 1)
        begun = begin(thread, (may < THREADS_MAX ? may : THREADS_MAX) - 1, &p);
    (void)work(&p);
    for (unsigned i = 0; i < begun; i++)
        (void)pthread_join(thread[i], NULL);
}
