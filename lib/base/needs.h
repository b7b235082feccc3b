/* SPDX-License-Identifier: ISC */
/* The limits of a process (getrlimit(2)) that the program which decides a login can work with. */
#ifndef BG_BASE_NEEDS_H
#define BG_BASE_NEEDS_H

#include <stdbool.h>
#include <sys/resource.h>

struct bg_need {
    int what;     /* RLIMIT_... */
    rlim_t least; /* with less it refuses */
    rlim_t most;  /* it never needs more */
    const char *name;
};

#define BG_NEEDS 6
extern const struct bg_need bg_needs[BG_NEEDS];

/* May whoever is started by the host's daemons raise its hard limits? In a container perhaps not. */
bool bg_limits_rise(void);

#endif
