/* SPDX-License-Identifier: ISC */
/* PAM-02, PAM-21, PAM-22: our module's file; files that were generated, are shadowed, or were left behind. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/pam.h"
#include "admin/init/init.h"
#include "admin/run.h"
#include "base/safefile.h"
#include "base/text.h"
#include "programs.h"

#define LOAD_MS 2000
#define RUN_MS  2000

/* ---- PAM-02 */

/* BG_E_UNSAFE, BG_E_NOENT ... as of bg_path_safe; the first one is told. */
static enum bg_err look_safe(struct check *c, const char *path)
{
    enum bg_err r = bg_path_safe(path);

    if (r == BG_E_UNSAFE)
        check_find(c, CHECK_PAM_MODULE_OWNER, &(struct check_at){.file = path}, BG_ARGS(path));
    return r;
}

static void look_program(struct check *c, const char *path, enum check_rule_name rule)
{
    enum bg_err r = path == NULL ? BG_OK : look_safe(c, path);
    struct stat st;

    if (path == NULL || r == BG_E_UNSAFE)
        return;
    if (stat(path, &st) != 0)
        check_find(c, rule, &(struct check_at){.file = path}, BG_ARGS(path, strerror(errno)));
    else if (!S_ISREG(st.st_mode) || (st.st_mode & S_IXUSR) == 0)
        check_find(c, rule, &(struct check_at){.file = path}, BG_ARGS(path, "it is not an executable file"));
}

static void find_module(struct check *c)
{
    const struct check_at at = {.file = MODULE_PAM};
    char why[MODULE_WHY_MAX];

    if (module_fault(false, LOAD_MS, why))
        check_find(c, CHECK_PAM_MODULE, &at, BG_ARGS(MODULE_PAM, why));
    else
        (void)look_safe(c, MODULE_PAM);
    (void)look_safe(c, MODULE_NSS); /* that it is there is a rule of names */
    look_program(c, PROGRAM_LOGIN, CHECK_PAM_PROGRAM_GONE);
    look_program(c, PROGRAM_ALERT, CHECK_PAM_PROGRAM_ELSE);
    look_program(c, PROGRAM_FIDO, CHECK_PAM_PROGRAM_ELSE);
}

/* It may be cut off, made for another machine, or lack a library. */
static void find_helper(struct check *c)
{
    const char *const argv[] = {PROGRAM_LOGIN, "--version", NULL};
    const struct check_at at = {.file = PROGRAM_LOGIN};
    struct run_result res = {.out = NULL};
    char why[200];
    enum bg_err r;

    if (access(PROGRAM_LOGIN, X_OK) != 0)
        return; /* told */
    if ((r = run_program(argv, NULL, 0, 512, RUN_MS, &res)) == BG_E_TIMEOUT)
        check_unknown(c, CHECK_PAM_PROGRAM_GONE, &at, bg_strerror(r));
    else if (r != BG_OK)
        check_find(c, CHECK_PAM_PROGRAM_GONE, &at, BG_ARGS(PROGRAM_LOGIN, bg_strerror(r)));
    else if (res.exit_status != 0) {
        (void)bg_text_ascii(why, sizeof why, res.out, strcspn(res.out, "\n"));
        check_find(c, CHECK_PAM_PROGRAM_GONE, &at,
                   BG_ARGS(PROGRAM_LOGIN, res.len > 0 ? why : "it ends at once"));
    }
    free(res.out);
}

/* ---- PAM-21: pam-auth-update */

#define BLOCKS 512

/* The module's name within a line, "pam_unix"; "" for none. */
static void module_of(const char *line, char out[64])
{
    const char *at = strstr(line, "pam_");
    size_t n = at == NULL ? 0 : strcspn(at, " \t.");

    (void)snprintf(out, 64, "%.*s", (int)(n > 63 ? 63 : n), at == NULL ? "" : at);
}

/* Lists of names: " pam_unix pam_sss ". */
static bool among(const char *list, const char *name)
{
    char whole[68];

    (void)snprintf(whole, sizeof whole, " %s ", name);
    return strstr(list, whole) != NULL;
}

static void add_name(char *to, size_t cap, const char *name, const char *without)
{
    size_t n = strlen(to);

    if (name[0] != '\0' && !among(without, name))
        (void)snprintf(to + n, cap - n, "%s ", name);
}

/* The modules that it puts there by itself: those of its template. Debian 13's has pam_umask, too. */
static void of_template(const char *kind, char *out, size_t cap)
{
    char path[64], *text, *rest, name[64];

    (void)snprintf(path, sizeof path, "/usr/share/pam/common-%s", kind);
    (void)snprintf(out, cap, " pam_deny pam_permit ");
    text = facts_file(path, &(bool){false});
    for (char *l = text == NULL ? NULL : strtok_r(text, "\n", &rest); l != NULL;
         l = strtok_r(NULL, "\n", &rest)) {
        module_of(l, name);
        if (l[0] != '#')
            add_name(out, cap, name, "");
    }
    free(text);
}

/*
 * The modules between the marks of a file that pam-auth-update writes, without those of its template. False:
 * the marks are not there, as in a file that was never its own or is not any more.
 */
static bool written(const char *path, const char *template, char *out, size_t cap)
{
    bool gone, inside = false, end = false;
    char *text = facts_file(path, &gone), *rest, name[64];

    out[0] = '\0';
    for (char *l = text == NULL ? NULL : strtok_r(text, "\n", &rest); l != NULL;
         l = strtok_r(NULL, "\n", &rest)) {
        inside = inside || strstr(l, "here are the per-package modules") != NULL;
        end = end || strstr(l, "end of pam-auth-update config") != NULL;
        module_of(l, name);
        if (l[0] != '#' && inside && !end)
            add_name(out, cap, name, template);
    }
    free(text);
    return inside && end;
}

/* Those that it remembers having written. False: it never wrote any. */
static bool remembered(const char *kind, const char *template, char *out, size_t cap)
{
    char path[64], *text, *rest, name[64];
    bool gone;

    (void)snprintf(path, sizeof path, "/var/lib/pam/%s", kind);
    if ((text = facts_file(path, &gone)) == NULL)
        return false;
    out[0] = '\0';
    for (char *l = strtok_r(text, "\n", &rest); l != NULL; l = strtok_r(NULL, "\n", &rest)) {
        module_of(l, name);
        if (strncmp(l, "Module:", 7) != 0)
            add_name(out, cap, name, template);
    }
    free(text);
    return true;
}

static void find_auth_update(struct check *c)
{
    static const char *const kinds[] = {"auth", "account", "password", "session", "session-noninteractive"};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char path[64], template[BLOCKS], file[BLOCKS], memory[BLOCKS];
        const struct check_at at = {.file = path};
        (void)snprintf(path, sizeof path, "/etc/pam.d/common-%s", kinds[i]);
        of_template(kinds[i], template, sizeof template);
        if (!remembered(kinds[i], template, memory, sizeof memory) || access(path, F_OK) != 0)
            continue;
        if (!written(path, template, file, sizeof file) || strcmp(file, memory) != 0)
            check_find(c, CHECK_PAM_DRIFT, &at, BG_ARGS(path, "pam-auth-update"));
    }
}

/* ---- PAM-21: authselect, which tells by its exit status: 3 for files that were changed */

static void find_authselect(struct check *c)
{
    static const char *const argv[] = {"/usr/bin/authselect", "check", "--quiet", NULL};
    static const char conf[] = "/etc/authselect/authselect.conf";
    const struct check_at at = {.file = conf};
    struct run_result res;
    enum bg_err r;

    if (access(argv[0], X_OK) != 0 || access(conf, F_OK) != 0)
        return;
    if ((r = run_program(argv, NULL, 0, 4096, RUN_MS, &res)) != BG_OK) {
        check_unknown(c, CHECK_PAM_DRIFT, &at, "\"authselect check\" does not answer");
        return;
    }
    if (res.exit_status != 0)
        check_find(c, CHECK_PAM_DRIFT, &at, BG_ARGS("/etc/authselect", "authselect"));
    free(res.out);
}

/* ---- PAM-22 */

/* A vendor's file that came after the one that hides it. */
static void find_shadowed(struct check *c, const char *own, const char *name)
{
    for (int i = 1; i < BG_PAM_DIRS && c->libpam.dir[i][0] != '\0'; i++) {
        char vendor[BG_PAM_PATH + 300];
        struct stat mine, theirs;
        const struct check_at at = {.service = name, .file = own};
        (void)snprintf(vendor, sizeof vendor, "%s/%.256s", c->libpam.dir[i], name);
        if (stat(own, &mine) == 0 && stat(vendor, &theirs) == 0 && theirs.st_ctime > mine.st_mtime)
            check_find(c, CHECK_PAM_SHADOWED, &at, BG_ARGS(own, vendor));
    }
}

/* What package managers put beside a file that somebody changed. Ours are no matter. */
static bool left(const char *name)
{
    static const char *const ends[] = {".dpkg-dist", ".dpkg-new", ".rpmnew",  ".rpmsave", ".rpmorig",
                                       ".ucf-dist",  ".pacnew",   ".pam-old", ".dpkg-old"};
    size_t n = strlen(name);

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (n > strlen(ends[i]) && strcmp(name + n - strlen(ends[i]), ends[i]) == 0)
            return true;
    return false;
}

static void find_beside(struct check *c)
{
    struct bg_pam_source s;
    char *names = NULL, own[BG_PAM_PATH + 300], shown[400];

    facts_source(&s);
    if (s.list(s.arg, c->libpam.dir[0], "", &names) != BG_OK)
        return;
    for (const char *n = names; *n != '\0'; n += strlen(n) + 1) {
        const struct check_at at = {.file = shown};
        (void)snprintf(own, sizeof own, "%s/%.256s", c->libpam.dir[0], n);
        (void)bg_text_ascii(shown, sizeof shown, own, strlen(own));
        if (left(n))
            check_find(c, CHECK_PAM_LEFTOVER, &at, BG_ARGS(shown));
        else
            find_shadowed(c, own, n);
    }
    free(names);
}

void pam_files(struct check *c)
{
    find_module(c);
    find_helper(c);
    find_auth_update(c);
    find_authselect(c);
    find_beside(c);
}
