/* SPDX-License-Identifier: ISC */
/*
 * bg_secret_process where RLIMIT_MEMLOCK binds: what is allocated later must not fail. Every limit from the
 * smallest to one that holds the process, as a user without CAP_IPC_LOCK.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/secret.h"

#define LATER (16u << 20)

static int one(rlim_t bytes)
{
    const struct rlimit limit = {bytes, bytes};
    void *later;

    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0))
        return 2;
    bg_secret_process();
    later = mmap(NULL, LATER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return later == MAP_FAILED ? 1 : 0;
}

int main(void)
{
    struct rlimit now;
    int failed = 0;

    if (getrlimit(RLIMIT_MEMLOCK, &now) != 0)
        return 99;
    for (rlim_t bytes = 0; bytes <= now.rlim_max && bytes <= (8u << 20); bytes += 256u << 10) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0)
            _exit(one(bytes));
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
            (void)printf("FAIL with a limit of %lu KiB: status %x\n", (unsigned long)bytes >> 10,
                         (unsigned)status);
            failed++;
        }
    }
    return failed > 0;
}
