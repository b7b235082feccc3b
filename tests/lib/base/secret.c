/* SPDX-License-Identifier: ISC */
/* Secrets: drawn whole or not at all, compared to the end, and a process that gives nothing away. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "../residue.h"
#include "base/sanitized.h"

static enum {
    KERNEL,
    IN_BITS,
    NOTHING,
    FAILS
} source;
static size_t asked;

/* A kernel that is interrupted, gives 7 bytes at a time, or none. */
static ssize_t scarce_getrandom(void *p, size_t n, unsigned flags)
{
    asked++;
    if (source == KERNEL)
        return getrandom(p, n, flags);
    errno = asked % 2 == 1 ? EINTR : ENOSYS;
    if (source != IN_BITS)
        return source == NOTHING ? 0 : -1;
    if (asked % 2 == 1)
        return -1;
    n = n < 7 ? n : 7;
    memset(p, (int)asked, n);
    return (ssize_t)n;
}

#define getrandom scarce_getrandom
#include "../../../lib/base/secret.c"

static void test_random(void **state)
{
    unsigned char a[1000], b[1000], varies[1000] = {0};

    (void)state;
    source = KERNEL;
    memset(a, 0, sizeof a);
    for (int i = 0; i < 20; i++) { /* a byte that stays the same 20 times: one chance in 10^48 */
        assert_int_equal(bg_random(b, sizeof b), BG_OK);
        for (size_t k = 0; k < sizeof b; k++)
            varies[k] |= b[k] ^ a[k];
        memcpy(a, b, sizeof a);
    }
    assert_null(memchr(varies, 0, sizeof varies));
    assert_int_equal(bg_random(NULL, 0), BG_OK);
}

static void test_random_in_bits(void **state)
{
    unsigned char got[24];

    (void)state;
    source = IN_BITS;
    asked = 0;
    memset(got, 0xee, sizeof got);
    assert_int_equal(bg_random(got, 23), BG_OK);
    assert_memory_equal(got, "\2\2\2\2\2\2\2\4\4\4\4\4\4\4\6\6\6\6\6\6\6\10\10\xee", 24);
    source = NOTHING;
    assert_int_equal(bg_random(got, 23), BG_E_CRYPTO);
    source = FAILS;
    assert_int_equal(bg_random(got, 23), BG_E_CRYPTO);
}

static void test_equal(void **state)
{
    unsigned char a[32] = {0}, b[32] = {0};

    (void)state;
    assert_true(bg_ct_equal(a, b, sizeof a));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] = (unsigned char)(1U << bit % 8);
        assert_false(bg_ct_equal(a, b, sizeof a));
        b[bit / 8] = 0;
    }
    assert_true(bg_ct_equal(a, "x", 0));
}

/* The first byte differs already; who goes on reading runs into a page that is not there. */
static int read_to_the_end(size_t skip)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static unsigned char other[64];
    const struct rlimit none = {0, 0};

    if (p == MAP_FAILED || mprotect(p + page, page, PROT_NONE) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        return 2;
    memset(p, 1, page);
    return bg_ct_equal(p + page - skip, other, sizeof other) ? 3 : 1;
}

static void test_equal_reads_all(void **state)
{
    static const size_t before[] = {1, 32, 63};

    (void)state;
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        int status;
        pid_t pid = fork();
        if (pid == 0) {
            (void)signal(SIGSEGV, SIG_DFL);
            _exit(read_to_the_end(before[i]));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    }
}

static void test_wipe(void **state)
{
    char a[] = "secret", none[6] = {0};

    (void)state;
    bg_wipe(a, 6);
    assert_memory_equal(a, none, 6);
    bg_wipe(NULL, 0);
}

static uint8_t registers[64];

/* Loads a secret into the vector registers, wipes something else, and calls a function with variable
 * arguments. */
static void copy_wipe_and_print(void *arg)
{
    char out[16], other[4];

#ifdef __aarch64__
    __asm__ volatile("ld1 {v0.16b, v1.16b, v2.16b, v3.16b}, [%0]\n\t"
                     "mov v4.16b, v0.16b\n\tmov v7.16b, v1.16b\n\tmov v31.16b, v2.16b"
                     :
                     : "r"(registers)
                     : "v0", "v1", "v2", "v3", "v4", "v7", "v31");
#endif
    if (arg != NULL)
        bg_wipe(other, sizeof other);
    (void)snprintf(out, sizeof out, "%d", arg != NULL);
}

static void test_wipe_of_registers(void **state)
{
    (void)state;
#ifndef __aarch64__
    skip(); /* elsewhere a function with variable arguments is told how many of them it gets that way */
#endif
    for (size_t i = 0; i < sizeof registers; i++)
        registers[i] = (uint8_t)(7 * i + 1);
    residue_run(copy_wipe_and_print, registers);
    assert_false(residue_of(registers, sizeof registers));
#ifdef __aarch64__
    residue_run(copy_wipe_and_print, NULL); /* else this test sees nothing */
    assert_true(SANITIZED || residue_of(registers, sizeof registers));
#endif
}

/* A line of /proc/self/status: "VmLck". */
static long kib_of(const char *name)
{
    char line[128];
    size_t n = strlen(name);
    long kib = -1;
    FILE *f = fopen("/proc/self/status", "r");

    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, name, n) == 0 && line[n] == ':') {
            kib = strtol(line + n + 1, NULL, 10);
            break;
        }
    if (f != NULL)
        (void)fclose(f);
    return kib;
}

#define MAPPED (32 << 20)
static char never_touched[MAPPED]; /* as the tables of a program that most of its commands do not use */

static int keeps_secrets(void)
{
    struct rlimit core;
    char *later;
    long before, resident = kib_of("VmRSS");

    bg_secret_process();
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return 1;
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0)
        return 2;
    if (geteuid() != 0 || SANITIZED) /* a sanitizer makes mlockall do nothing */
        return 0;
    if ((before = kib_of("VmLck")) <= 0)
        return 3;
    if ((later = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) ==
        MAP_FAILED)
        return 4;
    if (kib_of("VmLck") < before + MAPPED / 1024) /* what comes later is locked too */
        return 5;
    later[0] = never_touched[0];
#ifdef MCL_ONFAULT
    return kib_of("VmRSS") < resident + MAPPED / 1024 ? 0 : 6; /* and is there only once it is used */
#else
    return 0;
#endif
}

static void test_process(void **state)
{
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(keeps_secrets());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_in_bits),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_equal_reads_all),
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_process),
        cmocka_unit_test(test_wipe_of_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
