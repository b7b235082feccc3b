/* SPDX-License-Identifier: ISC */
/* A module that returns what its arguments say, and tells the program that it was called. */
#define PAM_SM_AUTH
#define PAM_SM_ACCOUNT
#define PAM_SM_SESSION
#define PAM_SM_PASSWORD
#include <security/pam_modules.h>
#include "script.h"

extern void script_called(unsigned mark) __attribute__((weak));

static int answer(const char *name, int argc, const char **argv)
{
    if (script_called != NULL)
        script_called(script_mark(argc, argv));
    return script_value(argc, argv, name, SCRIPT_IGNORE);
}

int pam_sm_authenticate(pam_handle_t *h, int flags, int argc, const char **argv)
{
    (void)h;
    (void)flags;
    return answer("auth", argc, argv);
}

int pam_sm_setcred(pam_handle_t *h, int flags, int argc, const char **argv)
{
    (void)h;
    (void)flags;
    return answer("setcred", argc, argv);
}

int pam_sm_acct_mgmt(pam_handle_t *h, int flags, int argc, const char **argv)
{
    (void)h;
    (void)flags;
    return answer("acct", argc, argv);
}

int pam_sm_open_session(pam_handle_t *h, int flags, int argc, const char **argv)
{
    (void)h;
    (void)flags;
    return answer("open", argc, argv);
}

int pam_sm_close_session(pam_handle_t *h, int flags, int argc, const char **argv)
{
    (void)h;
    (void)flags;
    return answer("close", argc, argv);
}

int pam_sm_chauthtok(pam_handle_t *h, int flags, int argc, const char **argv)
{
    (void)h;
    return answer((flags & PAM_UPDATE_AUTHTOK) != 0 ? "second" : "first", argc, argv);
}
