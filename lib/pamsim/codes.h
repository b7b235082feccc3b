/* SPDX-License-Identifier: ISC */
/*
 * The words and numbers of Linux-PAM: what a module returns and what a line makes of it. The numbers are
 * the library's ABI (security/_pam_types.h), the words those of pam.conf(5). This room links no libpam.
 */
#ifndef BG_PAMSIM_CODES_H
#define BG_PAMSIM_CODES_H

#include <stdbool.h>

enum bg_pam_code {
    BG_PAM_SUCCESS = 0,
    BG_PAM_SERVICE_ERR = 3,
    BG_PAM_SYSTEM_ERR = 4,
    BG_PAM_BUF_ERR = 5,
    BG_PAM_PERM_DENIED = 6,
    BG_PAM_AUTH_ERR = 7,
    BG_PAM_AUTHINFO_UNAVAIL = 9,
    BG_PAM_USER_UNKNOWN = 10,
    BG_PAM_MAXTRIES = 11,
    BG_PAM_NEW_AUTHTOK_REQD = 12,
    BG_PAM_ACCT_EXPIRED = 13,
    BG_PAM_SESSION_ERR = 14,
    BG_PAM_CRED_UNAVAIL = 15,
    BG_PAM_CRED_ERR = 17,
    BG_PAM_AUTHTOK_ERR = 20,
    BG_PAM_AUTHTOK_RECOVER_ERR = 21,
    BG_PAM_TRY_AGAIN = 24,
    BG_PAM_IGNORE = 25,
    BG_PAM_ABORT = 26,
    BG_PAM_MODULE_UNKNOWN = 28,
    BG_PAM_INCOMPLETE = 31,
    BG_PAM_CODES = 32 /* how many there are */
};

/* What a line does with a code: one of these, or a number above 0: as many lines are jumped over. */
enum bg_pam_action {
    BG_PAM_DO_IGNORE = 0,
    BG_PAM_DO_OK = -1,
    BG_PAM_DO_DONE = -2,
    BG_PAM_DO_BAD = -3,
    BG_PAM_DO_DIE = -4,
    BG_PAM_DO_RESET = -5,
};

/* The code's word, as between the brackets of a line; "?" for no code. Static storage. */
const char *bg_pam_code_word(int code);

/*
 * What the control of a line (its second word, brackets taken off) makes of each code: one of the four words
 * in any case, or pairs VALUE=ACTION. False, and every code is bad, when libpam cannot read it. `old` as
 * kind.h has it.
 */
bool bg_pam_control(const char *text, bool old, int action[BG_PAM_CODES]);

#endif
