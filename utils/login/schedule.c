/* SPDX-License-Identifier: ISC */
/* What a caller's own use of the processor, the disk and the memory would do to us: all of it is inherited.
 */
#include "login/login.h"

#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/safefile.h"

#define PROCESSORS_MAX    8192
#define IOPRIO_OF_PROCESS 1 /* ioprio_set(2); glibc has no names for these */
#define IOPRIO_BY_NICE    0
#define TIMER_SLACK_NS    50000UL /* the kernel's own */

/* sched_setattr(2), version 1: glibc 2.36 has neither the call nor the struct. */
struct schedule {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};
#define KEEP_ALL    0x18 /* policy and parameters */
#define CLAMP_BOTH  0x60
#define CLAMP_UNSET UINT32_MAX

static void unclamp(void)
{
    struct schedule s = {.size = sizeof s, .flags = KEEP_ALL | CLAMP_BOTH};

    s.util_min = s.util_max = CLAMP_UNSET;
    (void)syscall(SYS_sched_setattr, 0, &s, 0);
}

static void run_anywhere(void)
{
    unsigned long all[PROCESSORS_MAX / (8 * sizeof(unsigned long))];

    memset(all, 0xff, sizeof all); /* the kernel leaves out what this machine does not have */
    (void)syscall(SYS_sched_setaffinity, 0, sizeof all, all);
    (void)syscall(SYS_set_mempolicy, 0, NULL, 0);
}

/* A caller may have made us the first to be killed when memory is short; what root took away stays so. */
static void be_no_victim(void)
{
    char text[16] = "";
    size_t len;
    int fd;

    if (bg_file_read("/proc/self/oom_score_adj", text, sizeof text, &len) == BG_OK && atoi(text) <= 0)
        return;
    if ((fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC | O_NOCTTY)) < 0)
        return;
    (void)!write(fd, "0", 1);
    (void)close(fd);
}

void process_take_normal_schedule(void)
{
    const struct sched_param none = {0};

    (void)sched_setscheduler(0, SCHED_OTHER, &none); /* without SCHED_RESET_ON_FORK, too */
    if (getpriority(PRIO_PROCESS, 0) != 0)
        (void)setpriority(PRIO_PROCESS, 0, 0);
    unclamp();
    (void)syscall(SYS_ioprio_set, IOPRIO_OF_PROCESS, 0, IOPRIO_BY_NICE);
    run_anywhere();
    (void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
    be_no_victim();
}
