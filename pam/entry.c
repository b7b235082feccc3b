/* The six entry points. They only call; see gate.h. */
#include <security/pam_modules.h>
#include "gate.h"

#define ENTRY __attribute__((visibility("default")))

ENTRY int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return bg_gate_auth(pamh, flags, argc, argv);
}

ENTRY int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return bg_gate_setcred(pamh, flags, argc, argv);
}

ENTRY int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return bg_gate_account(pamh, flags, argc, argv);
}

ENTRY int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return bg_gate_open(pamh, flags, argc, argv);
}

ENTRY int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return bg_gate_close(pamh, flags, argc, argv);
}

ENTRY int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    return bg_gate_chauthtok(pamh, flags, argc, argv);
}
