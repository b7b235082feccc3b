/* SPDX-License-Identifier: ISC */
#include "lab.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "../lib/base/fds.h"
#include <security/pam_modules.h>

/* clang-format off */
const struct phase_facts phase_facts[PHASES] = {
    [AUTH]     = {"authenticate",  "auth",     PAM_AUTH_ERR,    true},
    [SETCRED]  = {"setcred",       "setcred",  PAM_CRED_ERR,    false},
    [ACCOUNT]  = {"acct_mgmt",     "account",  PAM_PERM_DENIED, true},
    [OPEN]     = {"open_session",  "session",  PAM_PERM_DENIED, true},
    [CLOSE]    = {"close_session", "session",  PAM_SESSION_ERR, false},
    [PASSWORD] = {"chauthtok",     "password", PAM_PERM_DENIED, false},
};
/* clang-format on */

static char home[PATH_MAX], lab[PATH_MAX + 16], pam_dir[PATH_MAX + 32];
static int log_fd = -1, talks;
bool lab_fail_set_data, lab_fail_putenv;

/* --- libpam's own functions, made to fail on demand ------------------------------------------ */

__attribute__((visibility("default"))) int pam_set_data(pam_handle_t *pamh, const char *name, void *data,
                                                        void (*cleanup)(pam_handle_t *, void *, int))
{
    int (*real)(pam_handle_t *, const char *, void *, void (*)(pam_handle_t *, void *, int));

    *(void **)&real = dlsym(RTLD_NEXT, "pam_set_data");
    return lab_fail_set_data ? PAM_BUF_ERR : real(pamh, name, data, cleanup);
}

__attribute__((visibility("default"))) int pam_putenv(pam_handle_t *pamh, const char *line)
{
    int (*real)(pam_handle_t *, const char *);

    *(void **)&real = dlsym(RTLD_NEXT, "pam_putenv");
    return lab_fail_putenv ? PAM_BUF_ERR : real(pamh, line);
}

/* --- files ---------------------------------------------------------------------------------- */

static void put_file(const char *path, const char *text, mode_t mode)
{
    int fd;

    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static const char *read_text(const char *path)
{
    static char text[16384];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void put_service(const char *name, const char *module, const char *option, const char *below)
{
    char path[2 * PATH_MAX], text[8 * PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/%s", pam_dir, name);
    (void)snprintf(text, sizeof text,
                   "auth     [success=done ignore=ignore module_unknown=ignore default=die] %s/%s%s\n"
                   "account  [success=done ignore=ignore module_unknown=ignore default=die] %s/%s%s\n"
                   "session  [success=ok   ignore=ignore module_unknown=ignore default=die] %s/%s%s\n"
                   "password [ignore=ignore module_unknown=ignore default=die]              %s/%s%s\n"
                   "auth required %s\naccount required %s\nsession required %s\npassword required %s\n",
                   home, module, option, home, module, option, home, module, option, home, module, option,
                   below, below, below, below);
    put_file(path, text, 0644);
}

/* Our module alone, for what it returns itself: libpam makes a refusal of SUCCESS where the control says die.
 */
static const char *bare_lines(void)
{
    static char text[4 * PATH_MAX];

    (void)snprintf(text, sizeof text, "auth required %s/pam_test.so\npassword required %s/pam_test.so\n",
                   home, home);
    return text;
}

static void open_log(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "log"};

    if (log_fd >= 0)
        (void)close(log_fd);
    (void)unlink("log");
    log_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(log_fd >= 0);
    assert_int_equal(bind(log_fd, (const struct sockaddr *)&a, sizeof a), 0);
}

static const char *talk_name(int i)
{
    static char name[] = "talk.0";

    name[sizeof name - 2] = (char)('0' + i);
    return name;
}

static void forget_talks(void)
{
    for (talks = 0; talks < 9;)
        (void)unlink(talk_name(++talks));
    talks = 0;
}

int lab_setup(void **state)
{
    ssize_t n = readlink("/proc/self/exe", home, sizeof home - 1);

    (void)state;
    (void)umask(022);
    if (n <= 0)
        return -1;
    *strrchr(home, '/') = '\0';
    (void)snprintf(lab, sizeof lab, "%s/lab.XXXXXX", home);
    if (mkdtemp(lab) == NULL || chdir(lab) != 0)
        return -1;
    (void)snprintf(pam_dir, sizeof pam_dir, "%s/pam.d", lab);
    if (mkdir(pam_dir, 0755) != 0)
        return -1;
    put_service(OVER_PERMIT, "pam_test.so", "", "pam_permit.so");
    put_service(OVER_DENY, "pam_test.so", "", "pam_deny.so");
    put_service(IMPATIENT, "pam_impatient.so", "", "pam_permit.so");
    put_service(WITH_OPTION, "pam_test.so", " debug", "pam_permit.so");
    put_service(MODULE_MISSING, "pam_nowhere.so", "", "pam_permit.so");
    put_file("pam.d/" BARE, bare_lines(), 0644);
    put_service("other", "pam_test.so", "", "pam_deny.so");
    return 0;
}

int lab_teardown(void **state)
{
    static const char *const files[] = {
        "accounts",         "report",           "breakglass-login",   "log",
        "loginuid",         "pam.d/other",      "pam.d/" BARE,        "pam.d/" OVER_PERMIT,
        "pam.d/" OVER_DENY, "pam.d/" IMPATIENT, "pam.d/" WITH_OPTION, "pam.d/" MODULE_MISSING};

    (void)state;
    if (log_fd >= 0)
        (void)close(log_fd);
    log_fd = -1;
    forget_talks();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        (void)unlink(files[i]);
    return rmdir("pam.d") == 0 && chdir("..") == 0 && rmdir(lab) == 0 ? 0 : -1;
}

void lab_fresh(void)
{
    char helper[PATH_MAX + 32];

    forget_talks();
    put_file("report", "", 0644);
    put_file("loginuid", "", 0644);
    (void)snprintf(helper, sizeof helper, "%s/fake_helper", home);
    lab_no_helper();
    assert_int_equal(symlink(helper, "breakglass-login"), 0);
    lab_accounts("# the emergency account\n" SOUND_ACCOUNT);
    open_log();
    lab_fail_set_data = lab_fail_putenv = false;
}

void lab_talk(const char *text)
{
    assert_true(++talks <= 9);
    put_file(talk_name(talks), text, 0644);
}

bool lab_all_said(void)
{
    for (int i = 1; i <= talks; i++)
        if (access(talk_name(i), F_OK) == 0)
            return false;
    return true;
}

void lab_accounts(const char *text)
{
    (void)unlink("accounts");
    if (text != NULL)
        put_file("accounts", text, 0644);
}

void lab_accounts_mode(const char *mode)
{
    if (strcmp(mode, "missing") == 0)
        lab_accounts(NULL);
    else
        assert_int_equal(chmod("accounts", (mode_t)strtoul(mode, NULL, 8)), 0);
}

const char *lab_report(void)
{
    return read_text("report");
}

const char *lab_loginuid(void)
{
    return read_text("loginuid");
}

const char *lab_log(void)
{
    static char all[16384];
    size_t at = 0;
    ssize_t n;

    while (at < sizeof all - 2 && (n = recv(log_fd, all + at, sizeof all - at - 2, MSG_DONTWAIT)) > 0) {
        at += (size_t)n;
        all[at++] = '\n';
    }
    all[at] = '\0';
    return all;
}

void lab_log_stop(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    while (sendto(fd, "x", 1, MSG_DONTWAIT, (const struct sockaddr *)&a, sizeof a) == 1)
        continue;
    assert_int_equal(errno, EAGAIN);
    (void)close(fd);
}

void lab_no_helper(void)
{
    (void)unlink("breakglass-login");
}

void lab_helper_is(const char *text, unsigned mode)
{
    put_file("breakglass-login", text, mode);
}

/* --- the host --------------------------------------------------------------------------------- */

pam_handle_t *lab_start(const char *service, const char *user, const struct pam_conv *conv)
{
    pam_handle_t *pamh = NULL;

    assert_int_equal(pam_start_confdir(service, user, conv, pam_dir, &pamh), PAM_SUCCESS);
    assert_int_equal(pam_set_item(pamh, PAM_TTY, "tty7"), PAM_SUCCESS);
    assert_int_equal(pam_set_item(pamh, PAM_RHOST, "192.0.2.7"), PAM_SUCCESS);
    assert_int_equal(pam_set_item(pamh, PAM_RUSER, "mallory"), PAM_SUCCESS);
    return pamh;
}

int lab_call(pam_handle_t *pamh, enum phase ph, int flags)
{
    switch (ph) {
    case AUTH:
        return pam_authenticate(pamh, flags);
    case SETCRED:
        return pam_setcred(pamh, flags | (int)PAM_ESTABLISH_CRED);
    case ACCOUNT:
        return pam_acct_mgmt(pamh, flags);
    case OPEN:
        return pam_open_session(pamh, flags);
    case CLOSE:
        return pam_close_session(pamh, flags);
    case PASSWORD:
        return pam_chauthtok(pamh, flags);
    case PHASES:
        break;
    }
    return -1;
}

struct ann {
    void (*at_prompt)(void);
};

static int answer_ann(int n, const struct pam_message **m, struct pam_response **resp, void *arg)
{
    const struct ann *a = arg;

    *resp = calloc((size_t)n, sizeof **resp);
    if (m[0]->msg_style != PAM_PROMPT_ECHO_ON && m[0]->msg_style != PAM_PROMPT_ECHO_OFF)
        return PAM_SUCCESS;
    if (a->at_prompt != NULL)
        a->at_prompt();
    (*resp)->resp = strdup("Ann");
    return PAM_SUCCESS;
}

int lab_once(const char *service, const char *user, enum phase ph, void (*at_prompt)(void))
{
    struct ann a = {at_prompt};
    pam_handle_t *pamh = lab_start(service, user, &(struct pam_conv){answer_ann, &a});
    int r = lab_call(pamh, ph, 0);

    assert_int_equal(pam_end(pamh, r), PAM_SUCCESS);
    return r;
}

/* --- what must not be left behind ----------------------------------------------------------- */

unsigned lab_fds(void)
{
    return open_fds();
}

bool lab_children(void)
{
    return !(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}
