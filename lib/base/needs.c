/* SPDX-License-Identifier: ISC */
#include "base/needs.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#define MIB ((rlim_t)1 << 20)

/* The hash of a password may take a gigabyte (password/kind.c). */
const struct bg_need bg_needs[BG_NEEDS] = {
    {RLIMIT_FSIZE, 64 * MIB, 64 * MIB, "RLIMIT_FSIZE"}, {RLIMIT_NOFILE, 16, 16, "RLIMIT_NOFILE"},
    {RLIMIT_AS, 128 * MIB, 1280 * MIB, "RLIMIT_AS"},    {RLIMIT_DATA, 64 * MIB, 1152 * MIB, "RLIMIT_DATA"},
    {RLIMIT_STACK, MIB, MIB, "RLIMIT_STACK"},           {RLIMIT_CPU, 120, 120, "RLIMIT_CPU"},
};

bool bg_limits_rise(void)
{
    return prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE, 0, 0, 0) == 1;
}
