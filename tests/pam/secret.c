/* SPDX-License-Identifier: ISC */
/* No secret stays in the host: all writable memory is searched for it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lab.h"

#define MASK 0x55

/* The secret under MASK, so that the test itself does not hold it. */
static char masked[64];

/* Search for its middle, because free() overwrites the first bytes of a block. */
#define PART_FROM 24
#define PART_LEN  24

static void hide(void)
{
    for (size_t i = 0; i < sizeof masked - 1; i++)
        masked[i] = (char)(('!' + (int)(i * 37 % 90)) ^ MASK);
    masked[sizeof masked - 1] = (char)MASK; /* its NUL */
}

static bool secret_at(const char *p)
{
    for (size_t i = 0; i < PART_LEN; i++)
        if ((p[i] ^ MASK) != masked[PART_FROM + i])
            return false;
    return true;
}

/* How often the secret is in memory between from and to, read through /proc/self/mem. */
static unsigned find_between(FILE *mem, unsigned long from, unsigned long to)
{
    static char buf[1 << 16];
    const size_t n = PART_LEN;
    unsigned found = 0;

    for (unsigned long at = from; at < to; at += sizeof buf - n) {
        size_t want = to - at < sizeof buf ? to - at : sizeof buf;
        if (at >= (unsigned long)buf && at < (unsigned long)buf + sizeof buf)
            continue; /* our own window */
        if (fseek(mem, (long)at, SEEK_SET) != 0 || fread(buf, 1, want, mem) != want)
            break;
        for (size_t i = 0; i + n <= want; i++)
            if (secret_at(buf + i))
                found++;
        memset(buf, 0, sizeof buf);
    }
    return found;
}

static unsigned find_secret(void)
{
    FILE *maps = fopen("/proc/self/maps", "r"), *mem = fopen("/proc/self/mem", "r");
    unsigned long from, to;
    char line[512], mode[5];
    unsigned found = 0;

    if (maps == NULL || mem == NULL)
        return 1000;
    (void)setvbuf(mem, NULL, _IONBF, 0);
    while (fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) == 3 && mode[0] == 'r' && mode[1] == 'w' &&
            to - from < 256UL << 20)
            found += find_between(mem, from, to);
    (void)fclose(maps);
    (void)fclose(mem);
    return found;
}

static char *unmasked(void)
{
    char *text = malloc(sizeof masked);

    if (text == NULL)
        abort();
    for (size_t i = 0; i < sizeof masked; i++)
        text[i] = (char)(masked[i] ^ MASK);
    return text;
}

static unsigned left_at_second_prompt, asked;

static int secret_conversation(int n, const struct pam_message **m, struct pam_response **resp, void *arg)
{
    (void)n;
    (void)m;
    (void)arg;
    if (asked++ == 1)
        left_at_second_prompt = find_secret();
    if ((*resp = calloc(1, sizeof **resp)) == NULL)
        return PAM_BUF_ERR;
    (*resp)->resp = unmasked();
    return PAM_SUCCESS;
}

int no_secret_stays(void)
{
    struct pam_conv conv = {secret_conversation, NULL};
    pam_handle_t *pamh;
    char *held;

    if (RUNNING_ON_VALGRIND)
        return 0; /* it keeps copies of registers in memory of its own, where the search would find them */
    pamh = lab_start(OVER_DENY, "bg1", &conv);
    hide();
    held = unmasked();
    CHECK(find_secret() == 1); /* the search finds what is there */
    explicit_bzero(held, sizeof masked);
    free(held);
    CHECK(find_secret() == 0);
    lab_talk("hello\nprompt echo_off Word?\nanswer\nprompt echo_off Word?\nanswer\nverdict allow\n");
    CHECK(lab_call(pamh, AUTH, 0) == PAM_SUCCESS);
    CHECK(asked == 2 && left_at_second_prompt == 0);
    CHECK(find_secret() == 0);
    CHECK(pam_end(pamh, PAM_SUCCESS) == PAM_SUCCESS);
    return 0;
}
