/* SPDX-License-Identifier: ISC */
/*
 * The functions that PAM calls, and what each of them means for an emergency account.
 *
 * PAM_IGNORE has one meaning: not our account (nobody is, when the accounts file cannot be read). For an
 * account of ours every failure is the phase's refusal, never SUCCESS, IGNORE or MODULE_UNKNOWN, because the
 * PAM line skips us on the latter two. All of that is decided in enter(), by the table below it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <security/pam_modules.h>
#include "account/accounts.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/terminal.h"
#include "consult.h"
#include "converse.h"
#include "handle.h"
#include "messages.h"

#ifndef BG_LOGINUID_PATH
#define BG_LOGINUID_PATH "/proc/self/loginuid"
#endif

struct phase {
    const char *word;  /* in log lines */
    int refusal, left; /* left: the dialogue is over for this connection */
    bool begins;       /* a new login: an earlier grant on this handle ends here, whoever comes */
    bool asks_name;
    enum bg_err (*allowed)(const struct bg_call *c);
};

/* Whose call this is. Far apart, compared with == only. */
enum admission {
    NOT_OURS = 0x17,
    OURS = 0x2a,
    REFUSED = 0x71 /* ours, but it goes no further; logged */
};

/* sshd shows a text only with a question, and drops it when a refusal follows instead: make it one. */
static void show_last(pam_handle_t *pamh, const char *text)
{
    char service[BG_NAME_MAX], prompt[BG_MSG_MAX + 16];
    struct bg_answer a;

    bg_handle_item(pamh, PAM_SERVICE, service);
    if (!bg_handle_is_sshd(service)) {
        bg_show(pamh, BG_STYLE_ERROR, text);
        return;
    }
    (void)snprintf(prompt, sizeof prompt, "%s\nPress Enter: ", text);
    bg_ask(pamh, BG_STYLE_ECHO_OFF, prompt, &a);
    bg_wipe(&a, sizeof a);
}

/* Why an account does not open, into the log and, at the prompt where a login begins, to the person. */
static void complain(const struct bg_call *c, bool begins, const struct bg_message *id, const char *wrong)
{
    const char *const args[] = {c->user, BG_ACCOUNTS_PATH, wrong, NULL};
    char text[BG_MSG_MAX];

    bg_log_message(c->pamh, c->word, id, args);
    if (!begins)
        return;
    bg_message_lines(text, id, args);
    if (id == BG_M_GATE_DAMAGED)
        show_last(c->pamh, text);
    else
        bg_show(c->pamh, BG_STYLE_ERROR, text);
}

static enum admission look_up(const struct bg_call *c, bool begins)
{
    char buf[BG_ACCOUNTS_MAX];
    struct bg_account a;
    enum bg_match m;
    const char *wrong;

    /* what this handle knows to be ours stays ours, even if the file is lost between two phases */
    if (bg_handle_kept(c->pamh, c->user) != NULL)
        return OURS;
    m = bg_account_look(BG_ACCOUNTS_PATH, c->user, buf, &a, &wrong);
    if (m == BG_OURS)
        return OURS;
    if (m == BG_NOT_OURS) {
        if (wrong != NULL && begins)
            complain(c, begins, BG_M_GATE_UNUSED, wrong);
        return NOT_OURS;
    }
    complain(c, begins, BG_M_GATE_DAMAGED, wrong);
    return REFUSED;
}

/* Decide whose call this is from PAM_USER, and refuse what no account of ours may come with. */
static enum admission admit(struct bg_call *c, bool begins, int argc, const char **argv)
{
    enum admission who;

    if (!bg_handle_user(c->pamh, c->user))
        c->user[0] = '\0';
    /* granted to one name and going on under another is an attack (CVE-2024-9313) */
    if (bg_handle_granted_to_other(c->pamh, c->user)) {
        bg_log_message(c->pamh, c->word, BG_M_GATE_USER_CHANGED, BG_ARGS(c->user));
        return REFUSED;
    }
    if (c->user[0] == '\0')
        return NOT_OURS;
    who = look_up(c, begins);
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

static int enter(const struct phase *ph, pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct bg_call c = {.pamh = pamh, .flags = (unsigned)flags, .word = ph->word};
    enum admission who;
    enum bg_err allowed;
    int r;

    if (ph->begins)
        bg_handle_forget(pamh);
    if (ph->asks_name && (r = need_user(pamh)) != PAM_SUCCESS)
        return r;
    if ((who = admit(&c, ph->begins, argc, argv)) == NOT_OURS)
        return PAM_IGNORE;
    if (who != OURS)
        return ph->refusal;
    allowed = ph->allowed(&c);
    return allowed == BG_OK ? PAM_SUCCESS : allowed == BG_E_CANCEL ? ph->left : ph->refusal;
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
    bg_terminal_settle(STDIN_FILENO); /* the rest of a pasted answer would be the shell's first command */
    return BG_OK;
not_kept:
    bg_log_message(c->pamh, c->word, BG_M_GATE_NOT_KEPT, BG_ARGS(c->user));
    return r;
}

/* No credentials of our own; sshd calls this in another process than auth, so it must not depend on it. */
static enum bg_err set_credentials(const struct bg_call *c)
{
    (void)c;
    return BG_OK;
}

static enum bg_err account(const struct bg_call *c)
{
    const struct bg_kept *kept = bg_handle_kept(c->pamh, c->user);
    struct bg_verdict v;

    if (kept != NULL && kept->granted == BG_GRANTED)
        return BG_OK;
    /* not granted here: public key alone, login -f, cron. The helper records it and knows the exceptions */
    return bg_consult(c, BG_PHASE_ACCOUNT, &v);
}

/* After pam_loginuid: an account that shares uid 0 gets an audit uid of its own. Best effort. */
static void set_loginuid(const struct bg_call *c, uint32_t uid)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%lu", (unsigned long)uid);
    int fd = open(BG_LOGINUID_PATH, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    bool done = fd >= 0 && bg_write_all(fd, text, (size_t)n) == BG_OK;

    bg_close(fd);
    if (!done)
        bg_log_message(c->pamh, c->word, BG_M_GATE_LOGINUID, BG_ARGS(text, c->user));
}

static enum bg_err open_session(const struct bg_call *c)
{
    struct bg_verdict v;
    enum bg_err r;

    if ((r = bg_consult(c, BG_PHASE_OPEN, &v)) != BG_OK)
        return r;
    bg_handle_note_session(c->pamh, c->user, v.use);
    if (v.has_audit_uid)
        set_loginuid(c, v.audit_uid);
    bg_terminal_settle(STDIN_FILENO);
    return BG_OK;
}

static enum bg_err close_session(const struct bg_call *c)
{
    struct bg_verdict v;

    /* login(1) closes after every refused try: only a session that was opened here has an end */
    return bg_handle_end_session(c->pamh, c->user) ? bg_consult(c, BG_PHASE_CLOSE, &v) : BG_OK;
}

static enum bg_err no_password(const struct bg_call *c)
{
    char text[BG_MSG_MAX];

    bg_log_message(c->pamh, c->word, BG_M_GATE_NO_PASSWORD, BG_ARGS(c->user));
    if ((c->flags & PAM_SILENT) == 0) {
        bg_message_lines(text, BG_M_GATE_NO_PASSWORD, BG_ARGS(c->user));
        bg_show(c->pamh, BG_STYLE_ERROR, text);
    }
    return BG_E_REFUSED;
}

#define PHASE(function, ...)                                                                                 \
    __attribute__((visibility("default"))) int function(pam_handle_t *pamh, int flags, int argc,             \
                                                        const char **argv)                                   \
    {                                                                                                        \
        static const struct phase phase = {__VA_ARGS__};                                                     \
        return enter(&phase, pamh, flags, argc, argv);                                                       \
    }

/* A session that is refused is PAM_PERM_DENIED, because sudo goes on after PAM_SESSION_ERR. */
/* clang-format off */
/*    function              word        refusal          left             begins asks   SUCCESS when this
                                                                                 name   says BG_OK */
PHASE(pam_sm_authenticate,  "auth",     PAM_AUTH_ERR,    PAM_MAXTRIES,    true,  true,  authenticate)
PHASE(pam_sm_setcred,       "setcred",  PAM_CRED_ERR,    PAM_CRED_ERR,    false, false, set_credentials)
PHASE(pam_sm_acct_mgmt,     "account",  PAM_PERM_DENIED, PAM_PERM_DENIED, false, false, account)
PHASE(pam_sm_open_session,  "session",  PAM_PERM_DENIED, PAM_PERM_DENIED, false, false, open_session)
PHASE(pam_sm_close_session, "session",  PAM_SESSION_ERR, PAM_SESSION_ERR, false, false, close_session)
PHASE(pam_sm_chauthtok,     "password", PAM_PERM_DENIED, PAM_PERM_DENIED, false, true,  no_password)
/* clang-format on */
