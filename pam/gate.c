#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "account/accounts.h"
#include "base/safefile.h"
#include "consult.h"
#include "converse.h"
#include "handle.h"
#include "messages.h"

#ifndef BG_LOGINUID_PATH
#define BG_LOGINUID_PATH "/proc/self/loginuid"
#endif

/* Whose call this is. */
enum admission {
    NOT_OURS = 0x17,
    OURS = 0x2a,
    REFUSED = 0x71 /* ours, but it goes no further; logged */
};

static enum admission look_up(const struct bg_call *c)
{
    char buf[BG_ACCOUNTS_MAX];
    struct bg_account a;
    enum bg_match m;

    /* what this handle knows to be ours stays ours, even if the file is lost between two phases */
    if (bg_handle_kept(c->pamh, c->user) != NULL)
        return OURS;
    m = bg_account_by_name(BG_ACCOUNTS_PATH, c->user, buf, &a);
    if (m == BG_NOT_OURS)
        return NOT_OURS;
    if (m == BG_OURS)
        return OURS;
    bg_log_message(c->pamh, c->word, BG_M_GATE_DAMAGED, BG_ARGS(c->user, BG_ACCOUNTS_PATH));
    return REFUSED;
}

/* Decide whose call this is from PAM_USER, and refuse what no account of ours may come with. */
static enum admission admit(struct bg_call *c, int argc, const char **argv)
{
    enum admission who;

    if (!bg_handle_user(c->pamh, c->user))
        c->user[0] = '\0';
    /* we granted this handle to one name; going on under another is somebody's trick (CVE-2024-9313) */
    if (bg_handle_granted_to_other(c->pamh, c->user)) {
        bg_log_message(c->pamh, c->word, BG_M_GATE_USER_CHANGED, BG_ARGS(c->user));
        return REFUSED;
    }
    if (c->user[0] == '\0' || (who = look_up(c)) == NOT_OURS)
        return NOT_OURS;
    if (who == OURS && argc > 0) {
        bg_log_message(c->pamh, c->word, BG_M_GATE_OPTION, BG_ARGS(argv[0]));
        return REFUSED;
    }
    return who;
}

/* PAM_SUCCESS when PAM_USER is set now, asking for it if need be; else what the phase returns. */
static int need_user(pam_handle_t *pamh)
{
    const char *name = NULL;
    int r = pam_get_user(pamh, &name, NULL);

    if (r == PAM_CONV_AGAIN)
        return PAM_INCOMPLETE;
    /* without a name nobody is ours */
    return r == PAM_SUCCESS && name != NULL ? PAM_SUCCESS : PAM_IGNORE;
}

static enum bg_err authenticate(const struct bg_call *c)
{
    struct bg_kept *kept;
    struct bg_verdict v;
    enum bg_err r;

    if ((r = bg_handle_begin(c->pamh, c->user, &kept)) != BG_OK)
        goto not_kept;
    if ((r = bg_consult(c, BG_PHASE_AUTH, &v)) != BG_OK)
        return r;
    if ((r = bg_handle_grant(c->pamh, kept, v.use)) != BG_OK)
        goto not_kept;
    return BG_OK;
not_kept:
    bg_log_message(c->pamh, c->word, BG_M_GATE_NOT_KEPT, BG_ARGS(c->user));
    return r;
}

int bg_gate_auth(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct bg_call c = {.pamh = pamh, .flags = (unsigned)flags, .word = "auth"};
    enum admission who;
    int r;

    bg_handle_forget(pamh); /* an earlier grant ends where a new login begins, whoever it is */
    if ((r = need_user(pamh)) != PAM_SUCCESS)
        return r;
    if ((who = admit(&c, argc, argv)) == NOT_OURS)
        return PAM_IGNORE;
    r = PAM_AUTH_ERR;
    if (who == OURS && authenticate(&c) == BG_OK)
        r = PAM_SUCCESS;
    return r;
}

/* No credentials of our own; sshd calls this in another process than auth, so it must not depend on it. */
int bg_gate_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct bg_call c = {.pamh = pamh, .flags = (unsigned)flags, .word = "setcred"};
    enum admission who = admit(&c, argc, argv);

    if (who == NOT_OURS)
        return PAM_IGNORE;
    return who == OURS ? PAM_SUCCESS : PAM_CRED_ERR;
}

int bg_gate_account(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct bg_call c = {.pamh = pamh, .flags = (unsigned)flags, .word = "account"};
    enum admission who = admit(&c, argc, argv);
    const struct bg_kept *kept;
    struct bg_verdict v;

    if (who == NOT_OURS)
        return PAM_IGNORE;
    if (who != OURS)
        return PAM_PERM_DENIED;
    kept = bg_handle_kept(pamh, c.user);
    if (kept != NULL && kept->granted == BG_GRANTED)
        return PAM_SUCCESS;
    /* not granted here: plain public key, login -f, cron ... The helper records it and knows the exceptions.
     */
    return bg_consult(&c, BG_PHASE_ACCOUNT, &v) == BG_OK ? PAM_SUCCESS : PAM_PERM_DENIED;
}

/* After pam_loginuid: an account that shares uid 0 gets a number of its own into the audit records. */
static void set_loginuid(const struct bg_call *c, uint32_t uid)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%lu", (unsigned long)uid);
    int fd = open(BG_LOGINUID_PATH, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    bool done = fd >= 0 && bg_write_all(fd, text, (size_t)n) == BG_OK;

    if (fd >= 0)
        (void)close(fd);
    if (!done)
        bg_log_message(c->pamh, c->word, BG_M_GATE_LOGINUID, BG_ARGS(text, c->user));
}

int bg_gate_open(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct bg_call c = {.pamh = pamh, .flags = (unsigned)flags, .word = "session"};
    enum admission who = admit(&c, argc, argv);
    struct bg_verdict v;

    if (who == NOT_OURS)
        return PAM_IGNORE;
    if (who != OURS || bg_consult(&c, BG_PHASE_OPEN, &v) != BG_OK)
        return PAM_SESSION_ERR;
    bg_handle_note_use(pamh, c.user, v.use);
    if (v.has_audit_uid)
        set_loginuid(&c, v.audit_uid);
    return PAM_SUCCESS;
}

int bg_gate_close(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct bg_call c = {.pamh = pamh, .flags = (unsigned)flags, .word = "session"};
    enum admission who = admit(&c, argc, argv);
    struct bg_verdict v;

    if (who == NOT_OURS)
        return PAM_IGNORE;
    return who == OURS && bg_consult(&c, BG_PHASE_CLOSE, &v) == BG_OK ? PAM_SUCCESS : PAM_SESSION_ERR;
}

int bg_gate_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct bg_call c = {.pamh = pamh, .flags = (unsigned)flags, .word = "password"};
    enum admission who;
    char text[BG_MSG_MAX];
    int r;

    if ((r = need_user(pamh)) != PAM_SUCCESS)
        return r;
    if ((who = admit(&c, argc, argv)) == NOT_OURS)
        return PAM_IGNORE;
    if (who == OURS)
        bg_log_message(pamh, c.word, BG_M_GATE_NO_PASSWORD, BG_ARGS(c.user));
    if (who == OURS && (c.flags & PAM_SILENT) == 0) {
        (void)bg_msg_full(text, sizeof text, BG_M_GATE_NO_PASSWORD, BG_ARGS(c.user));
        bg_show(pamh, BG_STYLE_ERROR, text);
    }
    return PAM_PERM_DENIED;
}
