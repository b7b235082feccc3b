#include "login/login.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "login/alarm.h"
#include "delivery/bell.h"
#include "config/messages.h"
#include "login/messages.h"
#include "base/host.h"

/* Who may stand at a console, who is on this host already, who comes over a wire. */
static enum bg_source class_of(const struct login *L)
{
    const struct bg_hello *h = &L->hello;

    if (h->rhost[0] != '\0' || strcmp(h->service, "sshd") == 0)
        return BG_SOURCE_NETWORK;
    if (strncmp(h->service, "su", 2) != 0 && h->caller_uid == 0 && bg_policy_is_console(&L->policy, h->tty))
        return BG_SOURCE_CONSOLE;
    return BG_SOURCE_LOCAL;
}

static void load_policy(struct login *L)
{
    struct bg_ini_error e;
    char line[16];

    if (bg_policy_load(BG_POLICY_PATH, &L->policy, &e) == BG_OK)
        return;
    (void)snprintf(line, sizeof line, "%u", e.line);
    /* a typing error must not lock anybody out: defaults, and it is said */
    (void)login_say(L, BG_STYLE_INFO, BG_M_FILE_SYNTAX, BG_ARGS(BG_POLICY_PATH, line, e.text));
}

static void load_account(struct login *L)
{
    struct bg_ini_error e;

    L->match = bg_account_by_name(BG_ACCOUNTS_PATH, L->hello.user, L->accounts_file, &L->account);
    L->ours = L->match == BG_OURS;
    L->credential_state = BG_E_NOENT;
    if (L->ours)
        L->credential_state = bg_credential_load(BG_CREDENTIALS_DIR, L->account.name, &L->credential, &e);
}

void login_context(struct login *L)
{
    load_policy(L);
    bg_recorder_init(&L->rec);
    L->rec.timeout_ms = L->policy.journal_timeout;
    L->rec.syslog_path = L->policy.syslog ? NULL : "";
    /* all phases of one login together wait at most 200 ms for a syslog daemon that stands still */
    L->rec.syslog_budget_ms = L->hello.phase == BG_PHASE_AUTH ? 150 : 25;
    L->recorded = BG_RECORDED_JOURNAL;
    L->source = class_of(L);
    load_account(L);
    if (bg_host_id(L->host, sizeof L->host) != BG_OK)
        L->host[0] = '\0';
    if (gethostname(L->hostname, sizeof L->hostname) != 0)
        (void)snprintf(L->hostname, sizeof L->hostname, "this host");
    L->hostname[sizeof L->hostname - 1] = '\0';
}

enum bg_recorded login_record(struct login *L, struct bg_event *e)
{
    enum bg_recorded where = BG_RECORDED_NOWHERE;

    e->account = L->hello.user;
    e->service = L->hello.service;
    e->tty = L->hello.tty;
    e->rhost = L->hello.rhost;
    e->ruser = L->hello.ruser;
    e->source = bg_source_name(L->source);
    e->use = L->use;
    e->host_pid = L->hello.host_pid;
    e->caller_uid = L->hello.caller_uid;
    if (bg_record(&L->rec, e, &where, &L->newest) != BG_OK)
        where = BG_RECORDED_NOWHERE;
    if (L->newest.sequence > 0)
        alarm_ring(L);
    if (where > L->recorded)
        L->recorded = where;
    if (where != BG_RECORDED_JOURNAL) /* a disk that hangs is not waited for in full again and again */
        L->rec.timeout_ms = L->policy.journal_timeout / 4;
    return where;
}

enum bg_recorded login_record_msg(struct login *L, enum bg_event_type type, bool success,
                                  const struct bg_message *id, const char *const *args)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX], name[8];

    (void)bg_msg_text(text, sizeof text, id, args);
    bg_msg_name(name, id);
    e.type = type;
    e.success = success;
    e.message = text;
    e.detail = name;
    return login_record(L, &e);
}

bool login_record_suffices(const struct login *L, enum bg_recorded where)
{
    if (where != BG_RECORDED_NOWHERE)
        return true;
    if (L->policy.unrecorded == BG_UNRECORDED_ALWAYS)
        return true;
    return L->policy.unrecorded == BG_UNRECORDED_CONSOLE && L->source == BG_SOURCE_CONSOLE;
}

enum bg_err login_say(struct login *L, enum bg_style style, const struct bg_message *id,
                      const char *const *args)
{
    char text[BG_MSG_MAX];

    (void)bg_msg_full(text, sizeof text, id, args);
    bg_text_wrap(text, 79, 79);
    return talk_say(&L->talk, style, text);
}

enum bg_err login_refuse(struct login *L, const struct bg_message *id, const char *const *args)
{
    L->cause = id;
    (void)bg_msg_full(L->last, sizeof L->last, id, args);
    return BG_E_REFUSED;
}

void login_record_last(struct login *L, enum bg_event_type type)
{
    struct bg_event e = BG_EVENT_INIT;
    char name[8];

    bg_msg_name(name, L->cause);
    e.type = type;
    e.message = L->last;
    e.detail = name;
    (void)login_record(L, &e);
}

void login_say_last(struct login *L)
{
    char text[BG_MSG_MAX], prompt[BG_MSG_MAX + 32];
    struct bg_answer a;
    int64_t until = bg_deadline(30000);

    (void)snprintf(text, sizeof text, "%s", L->last);
    bg_text_wrap(text, 79, 79);
    if (strcmp(L->hello.service, "sshd") != 0) {
        (void)!talk_say(&L->talk, BG_STYLE_ERROR, text);
        return;
    }
    (void)snprintf(prompt, sizeof prompt, "%s\nPress Enter: ", text);
    if (until < L->talk.deadline)
        L->talk.deadline = until;
    if (talk_ask(&L->talk, BG_STYLE_ECHO_ON, prompt, &a) == BG_OK)
        bg_wipe(&a, sizeof a);
}

/*
 * What sshd answers in the place of a user whom it refuses by its own rules (auth-pam.c, fake_password): this
 * string over and over, as long as what was typed.
 */
static bool is_sshd_junk(const struct bg_answer *a)
{
    static const char junk[] = "\b\n\r\177INCORRECT";

    for (size_t i = 0; i < a->len; i++)
        if (a->text[i] != junk[i % (sizeof junk - 1)])
            return false;
    return a->len > 0;
}

enum bg_err login_ask(struct login *L, enum bg_style style, const char *prompt, bool q_leaves,
                      struct bg_answer *a)
{
    enum bg_err r = BG_E_RANGE;

    for (int tries = 0; tries < 5 && r == BG_E_RANGE; tries++) {
        r = talk_ask(&L->talk, style, prompt, a);
        if (r == BG_E_RANGE && login_say(L, BG_STYLE_ERROR, BG_M_ANSWER_TOO_LONG, BG_NOARGS) != BG_OK)
            return BG_E_EOF;
    }
    if (r == BG_E_RANGE)
        return login_refuse(L, BG_M_ANSWER_TOO_LONG, BG_NOARGS);
    if (r == BG_OK && is_sshd_junk(a))
        return login_refuse(L, BG_M_SSHD_JUNK, BG_NOARGS);
    if (r == BG_OK && q_leaves && (strcmp(a->text, "q") == 0 || strcmp(a->text, "Q") == 0))
        return BG_E_CANCEL;
    return r;
}

#define DELAY_STEP_MS 20000 /* then it is said again: the relay takes a minute without a word for a hang */

void login_delay(struct login *L, unsigned count, int64_t since_ms)
{
    bool console = L->source == BG_SOURCE_CONSOLE;
    int64_t wait =
        bg_state_delay(count, console ? L->policy.delay_console : L->policy.delay_network) - since_ms;
    char seconds[24];

    for (; wait > 0; wait -= DELAY_STEP_MS) {
        (void)snprintf(seconds, sizeof seconds, "%lld", (long long)((wait + 999) / 1000));
        if (login_say(L, BG_STYLE_INFO, BG_M_DELAY, BG_ARGS(seconds)) != BG_OK)
            return; /* nobody waits any more; the next question will see it */
        bg_sleep_ms(wait < DELAY_STEP_MS ? wait : DELAY_STEP_MS);
    }
}
