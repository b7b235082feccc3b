#include "admin/init/moduletest.h"

#include <dlfcn.h>
#include <errno.h>
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
#include "base/clock.h"
#include "base/err.h"
#include "base/safefile.h"
#include "base/text.h"
#include "admin/ui.h"
#include "admin/messages.h"

#define LOAD_MS 5000

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

/* In the child: load, look for each entry point, tell the parent what is wrong. */
static void load(const char *name, const char *const *entries, int out)
{
    struct rlimit none = {0, 0};
    const char *wrong = NULL;
    char text[300];
    void *so;

    (void)setrlimit(RLIMIT_CORE, &none);
    for (int sig = 1; sig < NSIG; sig++)
        (void)signal(sig, SIG_DFL);
    if ((so = dlopen(name, RTLD_NOW | RTLD_LOCAL)) == NULL)
        wrong = dlerror();
    for (; so != NULL && wrong == NULL && *entries != NULL; entries++)
        if (dlsym(so, *entries) == NULL)
            wrong = *entries;
    if (wrong != NULL) {
        (void)snprintf(text, sizeof text, so == NULL ? "%s" : "it lacks %s", wrong);
        (void)!write(out, text, strlen(text)); /* one pipe write: never cut */
    }
    _exit(wrong == NULL ? 0 : 1);
}

/* What became of the child, as a phrase; "" when all is well. */
static void judge(int status, int from, char *why, size_t cap)
{
    ssize_t got;

    if (WIFSIGNALED(status)) {
        (void)snprintf(why, cap, "loading it kills the program that does so with SIG%s",
                       sigabbrev_np(WTERMSIG(status)));
        return;
    }
    got = read(from, why, cap - 1);
    why[got > 0 ? got : 0] = '\0';
    if (WEXITSTATUS(status) != 0 && why[0] == '\0')
        (void)snprintf(why, cap, "it ends the program that loads it");
}

static void wait_for(pid_t pid, int from, char *why, size_t cap)
{
    int64_t deadline = bg_deadline(LOAD_MS);
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (bg_left_ms(deadline) == 0) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, NULL, 0);
            (void)snprintf(why, cap, "loading it takes longer than 5 s");
            return;
        }
        bg_sleep_ms(2);
    }
    judge(status, from, why, cap);
}

/* name: a path, or a bare file name that the loader must find by itself. */
static bool module_loads(const char *name, const char *const *entries)
{
    char why[320] = "";
    int fd[2];
    pid_t pid;

    if (pipe2(fd, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
        ui_finding(BG_M_CMD_MODULE, BG_ARGS(name, strerror(errno)));
        return false;
    }
    if (pid == 0)
        load(name, entries, fd[1]);
    (void)close(fd[1]);
    wait_for(pid, fd[0], why, sizeof why);
    (void)close(fd[0]);
    if (why[0] == '\0')
        return true;
    ui_finding(BG_M_CMD_MODULE, BG_ARGS(name, why));
    return false;
}

/* root's, in directories of root's, not to be written by others */
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
 * The section headers are the last thing in a module, so a file that ends before them was cut, even where the
 * loader does not trip over it (zeros in place of the last data).
 */
static bool file_whole(const char *path)
{
    ElfW(Ehdr) head;
    struct stat st;
    bool whole = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && fstat(fd, &st) == 0 && read(fd, &head, sizeof head) == (ssize_t)sizeof head)
        whole = head.e_shoff + (uint64_t)head.e_shnum * head.e_shentsize <= (uint64_t)st.st_size;
    if (fd >= 0)
        (void)close(fd);
    if (!whole)
        ui_finding(BG_M_CMD_MODULE, BG_ARGS(path, "the file is cut short"));
    return whole;
}

static bool module_sound(const char *path, const char *const *entries)
{
    return file_safe(path, false) && module_loads(path, entries) && file_whole(path);
}

bool modules_sound(void)
{
    bool pam = module_sound(MODULE_PAM, pam_entries);
    bool nss = module_sound(MODULE_NSS, nss_entries) && module_loads("libnss_breakglass.so.2", nss_entries);
    bool helper = file_safe(MODULE_HELPER, true);

    return pam && nss && helper;
}
