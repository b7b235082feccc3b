/* SPDX-License-Identifier: ISC */
/*
 * module_cost SERVICE DIR: what one PAM module adds to a process that starts PAM with it, as login(1) does: a
 * service file SERVICE of DIR is read by pam_start_confdir, and pam_setcred makes libpam load its modules and
 * run them once. Prints "PRIVATE_DIRTY_KB PSS_KB LIBRARIES" that were added over a process with libpam and no
 * module.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <security/pam_appl.h>

struct cost {
    long dirty, pss;
    int libraries;
};

static long field(const char *name)
{
    char line[256];
    size_t len = strlen(name);
    long found = 0;
    FILE *f = fopen("/proc/self/smaps_rollup", "re");

    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, name, len) == 0)
            found = strtol(line + len, NULL, 10);
    if (f != NULL)
        (void)fclose(f);
    return found;
}

/* Every shared object has one mapping at offset 0. */
static int libraries(void)
{
    char line[512];
    int n = 0;
    FILE *f = fopen("/proc/self/maps", "re");

    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        n += strstr(line, ".so") != NULL && strstr(line, " 00000000 ") != NULL;
    if (f != NULL)
        (void)fclose(f);
    return n;
}

static struct cost look(void)
{
    struct cost c = {.libraries = libraries()};

    (void)field("Pss:"); /* let stdio allocate its pages first */
    c.dirty = field("Private_Dirty:");
    c.pss = field("Pss:");
    return c;
}

static int silent(int n, const struct pam_message **m, struct pam_response **r, void *data)
{
    (void)n, (void)m, (void)r, (void)data;
    return PAM_CONV_ERR;
}

static int begin(const char *service, const char *dir)
{
    struct pam_conv conv = {.conv = silent};
    pam_handle_t *h = NULL;

    if (pam_start_confdir(service, "nobody", &conv, dir, &h) != PAM_SUCCESS)
        return 1;
    (void)pam_setcred(h, PAM_ESTABLISH_CRED);
    return 0;
}

int main(int argc, char **argv)
{
    struct cost before, after;

    if (argc != 3 || begin("none", argv[2]) != 0) /* let libpam touch its pages first */
        return 1;
    before = look();
    if (begin(argv[1], argv[2]) != 0)
        return 1;
    after = look();
    printf("%ld %ld %d\n", after.dirty - before.dirty, after.pss - before.pss,
           after.libraries - before.libraries);
    return 0;
}
