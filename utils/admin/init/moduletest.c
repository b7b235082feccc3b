/* SPDX-License-Identifier: ISC */
/*
 * Load a shared module in a child before any system file names it: a truncated module kills its host
 * in dlopen (SIGBUS), and no PAM control can help there.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "admin/init/init.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/child.h"
#include "base/err.h"
#include "base/safefile.h"
#include "base/text.h"
#include "programs.h"

#define LOAD_MS 20000 /* a machine in trouble may be slow; one that hangs is still found out */
#define WHY_MAX MODULE_WHY_MAX

static const char *const pam_entries[] = {"pam_sm_authenticate",
                                          "pam_sm_setcred",
                                          "pam_sm_acct_mgmt",
                                          "pam_sm_open_session",
                                          "pam_sm_close_session",
                                          "pam_sm_chauthtok",
                                          NULL};
static const char *const nss_entries[] = {"_nss_breakglass_getpwnam_r",
                                          "_nss_breakglass_getpwuid_r",
                                          "_nss_breakglass_getgrnam_r",
                                          "_nss_breakglass_getgrgid_r",
                                          "_nss_breakglass_getspnam_r",
                                          "_nss_breakglass_initgroups_dyn",
                                          NULL};

struct module {
    const char *name; /* a path, or a bare file name that the loader must find by itself */
    const char *const *entries;
};

/* In the child: load, look for each entry point, say what is wrong ("": nothing). */
static enum bg_err load(void *arg, void *why)
{
    const struct module *m = arg;
    const struct rlimit none = {0, 0};
    const char *const *entry = m->entries;
    void *so;

    (void)setrlimit(RLIMIT_CORE, &none);
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_DFL);
    if ((so = dlopen(m->name, RTLD_NOW | RTLD_LOCAL)) == NULL)
        (void)snprintf(why, WHY_MAX, "%s", dlerror());
    while (so != NULL && *entry != NULL && dlsym(so, *entry) != NULL)
        entry++;
    if (so != NULL && *entry != NULL)
        (void)snprintf(why, WHY_MAX, "it lacks %s", *entry);
    return BG_OK;
}

/* True, and why is "": it can be loaded. */
static bool loads(const char *name, const char *const *entries, int64_t ms, char *why)
{
    struct module m = {name, entries};
    int status = 0;
    enum bg_err r;

    why[0] = '\0';
    r = bg_child_run(load, &m, ms, why, WHY_MAX, &status);
    if (r == BG_E_TIMEOUT)
        (void)snprintf(why, WHY_MAX, "loading it takes longer than %d s", (int)(ms / 1000));
    else if (r != BG_OK && WIFSIGNALED(status))
        (void)snprintf(why, WHY_MAX, "loading it kills the program with SIG%s",
                       sigabbrev_np(WTERMSIG(status)));
    else if (r != BG_OK)
        (void)snprintf(why, WHY_MAX, "loading it makes the program exit");
    return why[0] == '\0';
}

static bool module_loads(const char *name, const char *const *entries)
{
    char why[WHY_MAX];
    bool good = loads(name, entries, LOAD_MS, why);

    if (!good)
        ui_finding(BG_M_CMD_MODULE, BG_ARGS(name, why));
    return good;
}

/* Owned by root, in directories of root's, and not writable by others. */
static bool file_safe(const char *path, bool program)
{
    enum bg_err r = bg_path_safe(path);
    struct stat st;

    if (r == BG_OK && (stat(path, &st) != 0 || !S_ISREG(st.st_mode)))
        r = BG_E_UNSAFE;
    if (r == BG_E_NOENT) {
        ui_finding(BG_M_CMD_NOT_INSTALLED, BG_ARGS(path));
    } else if (r != BG_OK) {
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(path, bg_strerror(r)));
    } else if (program && (st.st_mode & S_IXUSR) == 0) {
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(path, "it is not executable"));
        r = BG_E_UNSAFE;
    }
    return r == BG_OK;
}

/*
 * The section headers come last in a module, so a file that ends before them was cut short, even if the
 * loader does not notice (it reads zeros in place of the last data).
 */
static bool file_whole(const char *path)
{
    ElfW(Ehdr) head;
    struct stat st;
    bool whole = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && fstat(fd, &st) == 0 && read(fd, &head, sizeof head) == (ssize_t)sizeof head)
        whole = head.e_shoff + (uint64_t)head.e_shnum * head.e_shentsize <= (uint64_t)st.st_size;
    bg_close(fd);
    return whole;
}

static bool module_sound(const char *path, const char *const *entries)
{
    if (!file_safe(path, false) || !module_loads(path, entries))
        return false;
    if (file_whole(path))
        return true;
    ui_finding(BG_M_CMD_MODULE, BG_ARGS(path, "the file is cut short"));
    return false;
}

bool module_fault(bool nss, int64_t ms, char *why)
{
    const char *path = nss ? MODULE_NSS : MODULE_PAM;

    if (!loads(path, nss ? nss_entries : pam_entries, ms, why))
        return true;
    if (file_whole(path))
        return false;
    (void)snprintf(why, WHY_MAX, "the file is cut short");
    return true;
}

bool modules_sound(void)
{
    static const char *const started[] = {PROGRAM_LOGIN, PROGRAM_ALERT, PROGRAM_FIDO};
    bool pam = module_sound(MODULE_PAM, pam_entries);
    bool nss = module_sound(MODULE_NSS, nss_entries) && module_loads("libnss_breakglass.so.2", nss_entries);
    bool programs = true;

    for (size_t i = 0; i < sizeof started / sizeof started[0]; i++)
        programs = (started[i] == NULL || file_safe(started[i], true)) && programs;
    return pam && nss && programs;
}
