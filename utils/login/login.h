/* SPDX-License-Identifier: ISC */
/*
 * breakglass-login: the one place that decides. One process serves one phase of one login. Its files in
 * layers, each using only those before it:
 *
 *   process      plain root, limits, schedule
 *   talk         the conversation: over the relay's socket or on a terminal
 *   context      what is known about this call: policy, account, credentials; still: and at its end
 *   decide       every decision, as functions of their arguments alone
 *   speak        say, ask, the last word; sshd: what it does around us
 *   counts       the budget of strangers, told in time; watch: the limit of a session
 *   drill        is this use part of one that was announced?
 *   report       events of this login, and what failures cost
 *   turn         the line of those who wait to be judged
 *   selfcheck    does libc know the account as it is?
 *   exposed      card words where everybody sees them
 *   statement    who and why
 *   place        where else it can be opened, in words
 *   ways         the table of factors: who may be offered, what each is called
 *   others       which accounts would open instead
 *   factor       the first question and the factors: keyfault, key, text, sshkey, shares, password
 *   alarm        was the alarm heard?
 *   phases       dialogue.c: auth; session.c: account and session
 *   serve        one call from the first message to the verdict
 */
#ifndef BG_LOGIN_LOGIN_H
#define BG_LOGIN_LOGIN_H

#include "account/seen.h"
#include "base/host.h"
#include "base/identity.h"
#include "key/client.h"
#include "key/verify.h"
#include "login/decide.h"
#include "login/messages.h"
#include "login/place.h"
#include "login/talk.h"
#include "record/drilled.h"
#include "share/sharetext.h"

/* --- plainroot.c: what the process must be before it decides anything */

/*
 * Become plain root: no supplementary groups, all gids and uids 0, umask 077, cwd /, SIGPIPE and SIGXFSZ
 * ignored, no core, memory locked where possible; in no cgroup and at no priority by which a caller could
 * hold us up. BG_E_REFUSED when the process is not root and cannot be.
 */
BG_MUST_CHECK enum bg_err process_become_plain_root(void);

/*
 * SIGHUP and SIGTERM mean the caller, not us: systemd and a hung-up terminal send both to all that login(1)
 * has started. End of file on the socket is what ends us, and that goes on record. What is started later
 * inherits this.
 */
void process_outlive_caller(void);

/*
 * Raise the resource limits that a hostile caller (su) may have lowered. BG_E_REFUSED when one stays too
 * small to write the record or to compute; *which is then its name (static storage).
 */
BG_MUST_CHECK enum bg_err process_raise_limits(const char **which);

/* --- schedule.c */

/*
 * Undo what a caller may have set to make us slow or the first to be killed: scheduling policy, nice value,
 * clamped utilisation, I/O class, processors, memory nodes, timer slack, oom_score_adj. Best effort.
 */
void process_take_normal_schedule(void);

/* --- callers.c */

#define CALLERS_DIR      BG_RUNDIR "/callers"
#define CALLER_DIALOGUES 4

/*
 * A helper is root's: its processes and its locked memory are outside the limits of the user who started su.
 * So each user but root has that many dialogues at a time. Each holds a slot, the lock file UID.N in dir,
 * while *slot is open. BG_E_BUSY: all are taken. BG_OK with *slot -1: nothing bounds this caller, or there is
 * no place for slots. Whoever comes over the network or at a console is brought by a process of root's.
 */
BG_MUST_CHECK enum bg_err callers_take(const char *dir, int64_t uid, int *slot);

/* --- context.c */

struct login {
    struct bg_hello hello;
    struct talk talk;
    struct bg_policy policy;
    enum bg_err policy_state; /* of loading it; not BG_OK: policy_faults says what is not used */
    struct bg_faults policy_faults;
    struct bg_recorder rec;
    enum bg_source source;
    enum bg_match match; /* account below is filled for BG_OURS */
    struct bg_account account;
    char accounts_file[BG_ACCOUNTS_MAX]; /* backs the strings of account */
    enum bg_err credential_state;        /* of loading it */
    int credential_errno;                /* what BG_E_IO meant then */
    struct bg_credential credential;
    bool armed; /* it can be opened now, if that is asked */
    struct bg_identity host;
    char hostname[65]; /* for people */
    unsigned columns;  /* of the terminal, but for the last one; 0: not known */

    struct ways ways;                      /* set by the auth phase */
    bool proven;                           /* a credential was shown: from here on nothing has a budget */
    const struct way *shown[BG_STEPS_MAX]; /* ways that were gone to their end, in order; NULL: not yet */
    char factor[48];                       /* their names for the record: "shares", "key+shares" */
    char key[2 * BG_KEY_LABEL];            /* label of the key that signed, or of both: "a+b"; "": none */
    struct bg_bits keys_shown;             /* those of the credential that have signed */
    uint32_t key_counter;                  /* its counter */
    bool key_verified;                     /* it verified its user, by PIN or fingerprint */
    bool key_by_sshd;                      /* sshd verified it: no counter and nothing of its user is known */
    char use[BG_ULID_LEN + 1];             /* this use's id */
    struct bg_drilled drill;               /* that it is part of; id "": it is real */
    struct bg_event_card card[BG_EVENT_CARDS]; /* that opened the door; strings of credential */
    size_t cards;
    unsigned exposed;               /* how often words of a card were typed where they are shown */
    unsigned shares_refused;        /* share.refused events so far */
    struct bg_position newest;      /* event of this process */
    bool looked_back;               /* sessions that ended without a word are on record */
    enum bg_recorded recorded;      /* the worst place an event of this process went to */
    enum bg_recorded placed;        /* where the newest one went */
    char late[3 * BG_MSG_MAX];      /* kept for the last question over ssh */
    struct bg_seen seen;            /* what libc said of the account, when it was wrong */
    bool mistaken;                  /* it was */
    bool name_service_hangs;        /* it said nothing */
    bool unopenable;                /* nothing can open this account here */
    bool alone;                     /* on a terminal without PAM: no program asks libc for the account */
    char last[BG_MSG_MAX];          /* the sentence that ends the dialogue without a grant; "": none yet */
    char recordable[BG_MSG_MAX];    /* the same for its event */
    const struct bg_message *cause; /* its message; NULL: none yet */
};

/* Read what L->hello is about; source and use come later. What cannot be read is remembered and refuses then.
 */
void login_context(struct login *L);

/* The part of it that depends on L->match and L->account: credentials, and whether it is armed. */
void login_credentials(struct login *L);

/*
 * Was the account disabled or disarmed since login_credentials(), or is what was shown not enrolled any more
 * (still.c), or suspended? The message that refuses, %1 the account; NULL: no, or nobody can tell within
 * LOOK_AGAIN_MS, for what was true at the beginning holds then.
 */
#define LOOK_AGAIN_MS 2000
const struct bg_message *login_switched_off(struct login *L);

/* --- still.c */

/* Is all that was shown in this dialogue (L->shown, L->keys_shown) in `now`, the same and not suspended? */
bool login_still_enrolled(const struct login *L, const struct bg_credential *now);

/* --- sshd.c */

/* Say how long sshd waits, where that may be too short; nothing where its files hang. Otherwise as login_say.
 */
BG_MUST_CHECK enum bg_err sshd_say_grace(struct login *L);

/* sshd has refused the account by itself: name the cause, as far as files tell it. Returns BG_E_REFUSED. */
enum bg_err sshd_refused(struct login *L);

/* --- speak.c */

/* Break the lines of a text so that it fits the person's terminal; over ssh there is none yet. */
void login_fit(const struct login *L, char *text);

/* Show a message with what to do next. BG_OK; BG_E_EOF, BG_E_TIMEOUT, BG_E_IO from the conversation. */
enum bg_err login_say(struct login *L, enum bg_style style, const struct bg_message *id,
                      const char *const *args);

/*
 * Show what comes after the last answer. Over ssh it would be shown twice, or not at all with "ssh -q": there
 * it is kept for login_go_on().
 */
BG_MUST_CHECK enum bg_err login_say_late(struct login *L, enum bg_style style, const struct bg_message *id,
                                         const char *const *args);

/*
 * The door is open: over ssh one more question, without echo, that carries what was said late. The client
 * drops what was typed or pasted ahead before and after it, so that no part of an answer is the shell's first
 * command; what is typed here is dropped too. Waits at most five minutes. BG_E_EOF, BG_E_TIMEOUT, BG_E_CANCEL
 * and others as talk.ask.
 */
BG_MUST_CHECK enum bg_err login_go_on(struct login *L);

/*
 * Ask for one line, without the marks of a paste; one that is hidden, or may leave, is the line that was
 * meant (bg_text_typed). The caller wipes *a. An answer that is too long is said to be so and asked for again
 * (5 times); what sshd types for a user whom it has refused itself sets L->cause and is BG_E_REFUSED; a word
 * that leaves (decide_leaves) is BG_E_CANCEL where `q_leaves`. Otherwise as talk.ask.
 */
BG_MUST_CHECK enum bg_err login_ask(struct login *L, enum bg_style style, const char *prompt, bool q_leaves,
                                    struct bg_answer *a);

/* Name the sentence that ends the dialogue in L->cause and L->last. Returns BG_E_REFUSED. */
enum bg_err login_refuse(struct login *L, const struct bg_message *id, const char *const *args);

/*
 * Show L->last. sshd keeps text back until the next question and drops it when none comes, so there it is a
 * question of its own, answered by Enter within half a minute.
 */
void login_say_last(struct login *L);

/* Wait, unless the person goes (BG_E_EOF) or the dialogue's time is over (BG_E_TIMEOUT). */
BG_MUST_CHECK enum bg_err login_pause(struct login *L, int64_t ms);

/* --- report.c: events on record, and what failures cost: growing delays, never the account */

/*
 * Record an event: who, from where and which use are filled in here, the rest comes in *e. Where it stands is
 * L->newest; the worst place so far is kept in L->recorded. True when policy lets the login go on with the
 * record that was made. Sees to it that somebody delivers the event, without waiting for the delivery.
 */
bool login_record(struct login *L, struct bg_event *e);

/* The same, with the text of a message as its sentence and the message's number as detail. */
bool login_record_text(struct login *L, struct bg_event *e, const struct bg_message *id,
                       const char *const *args);

/* The same for an event that says no more than its type. */
bool login_record_msg(struct login *L, enum bg_event_type type, bool success, const struct bg_message *id,
                      const char *const *args);

/* Record the sentence that ends the dialogue (L->cause, L->last) as a failure of this type. */
void login_record_last(struct login *L, enum bg_event_type type);

/*
 * Wait for what the failures of the last hour cost at this kind of source; the person is told. least:
 * failures that are known of even when the journal cannot tell. BG_OK; BG_E_EOF, BG_E_TIMEOUT, BG_E_IO when
 * there is nobody to wait.
 */
BG_MUST_CHECK enum bg_err login_delay(struct login *L, unsigned least);

/* A try that did not open the account: put it on record and wait for what it costs. */
void login_attempt_failed(struct login *L, const struct bg_message *id, const char *const *args);

/* --- counts.c: what strangers did beyond their budget (record/budget.h) is told also when nobody comes any
 * more */

/* See to it that a process waits until the counts are due. Best effort; bounded. */
void counts_start(void);

/* Be that process: one on the host; an hour at most. The exit status. */
int counts_run(void);

/*
 * --- drill.c: a use inside the window that somebody announced is part of a drill, and marked so
 * (record/drilled.h). It is decided once, when the dialogue begins: what the window or the clock does while
 * somebody types changes nothing. It never keeps anybody out.
 */

/* When the dialogue begins. */
void drill_look(struct login *L);

/* When a session of L->hello.use opens or closes: as that use was granted. */
void drill_of_use(struct login *L);

/* Tell the person whose drill it is; nothing without one. As login_say. */
BG_MUST_CHECK enum bg_err drill_say(struct login *L);

struct statement;
/* Is who uses the account who has announced the drill? Then nobody has watched it. */
bool drill_is_own(const struct login *L, const struct statement *s);

/* --- watch.c: the limit of a session */

/* The session of L's use begins: leave a process behind that looks after its limit. */
void watch_start(const struct login *L);

/* That process: until the use is closed or what holds it has ended. Returns the exit status. */
int watch_run(const char *account, const char *use);

/* --- turn.c: one judgement at a time */

/*
 * Wait for the turn of this set of shares: one line for each account and class of source, so that many who
 * type at once are judged no faster than one. *lock is held until close(*lock), when the outcome is on
 * record (-1: there is no place for a line). Who has stood in it for decide_line_bound() goes to a second
 * one, which judges one a second, and from there after the same time to the door. Errors as login_delay.
 */
BG_MUST_CHECK enum bg_err login_turn(struct login *L, int *lock);

/*
 * --- selfcheck.c: is libc's answer about the account the accounts file's? Where it is not, the person is
 * told; once a factor was verified caches are told to forget, and it goes on record. Never a refusal: what
 * the calling program was told before is not known here, a stranger may cause it, and who is warned can leave
 * and come again at once.
 */

/* Before the first question: it is said, no more. BG_OK, or why the person could not be told (as login_say).
 */
BG_MUST_CHECK enum bg_err selfcheck_begin(struct login *L);

/* When a factor was verified: once more; what was wrong either time is put right, recorded and told. As
 * above. */
BG_MUST_CHECK enum bg_err selfcheck_granting(struct login *L);

/*
 * When a session opens: what a cache has made of the program's own questions in the meantime is forgotten,
 * and recorded when it costs rights.
 */
void selfcheck_opened(struct login *L);

/* --- others.c */

/*
 * At a console, to somebody whose account does not open: which others would. Nobody else is told: the names
 * of accounts are for who stands before the machine. As login_say.
 */
BG_MUST_CHECK enum bg_err others_say(struct login *L);

/* --- exposed.c: card words where everybody sees them */

/*
 * Look whether a visible answer holds words of a card, at least so many in a row, or those that name the set.
 * If so it is said and recorded, without the words, and *found is set: the answer must not be used. Errors as
 * login_say.
 */
BG_MUST_CHECK enum bg_err login_exposed(struct login *L, const struct bg_answer *a, size_t least,
                                        bool *found);

/* --- statement.c: what is typed is hostile text, and is cleaned when it is recorded */

struct statement {
    char name[BG_ANSWER_MAX], reason[BG_ANSWER_MAX], ticket[BG_ANSWER_MAX]; /* trimmed, as typed */
};

/* Ask until policy is content: at most 10 tries each, then BG_E_REFUSED. Otherwise as login_ask. */
BG_MUST_CHECK enum bg_err login_statement(struct login *L, struct statement *s);

/* True when the expression matches the whole ticket; an empty or broken expression matches everything. */
bool statement_ticket_fits(const char *pattern, const char *ticket);

/* --- keyfault.c: why a key did not open the account: told, and an attempt goes on record and costs a delay
 */

/*
 * Each returns BG_E_MISMATCH, or why the person could not be told (as login_say). It counts as an attempt
 * when a key was present and did not open the account.
 */
BG_MUST_CHECK enum bg_err keyfault_tell(struct login *L, bool attempt, const struct bg_message *id,
                                        const char *const *args);

/* A code of the worker, with the key's own status where it gave one. */
BG_MUST_CHECK enum bg_err keyfault_code(struct login *L, enum bg_fido_code code, uint8_t status);

/* An error of this host's side, before a key was in play. BG_E_HANGUP is BG_E_EOF then; BG_E_CANCEL stays. */
BG_MUST_CHECK enum bg_err keyfault_host(struct login *L, enum bg_err r);

/* The same with a worker running: one that dies or breaks the protocol has met a device that broke it. */
BG_MUST_CHECK enum bg_err keyfault_worker(struct login *L, enum bg_err r);

/* An answer that proves nothing. */
BG_MUST_CHECK enum bg_err keyfault_forged(struct login *L, enum bg_fido_fault f);

/* --- ways.c: the table of factors. Nothing here asks or reads anything */

/* One way to show a credential. A new one is a row of the table in ways.c, in the order of the question. */
struct way {
    const char *name;               /* of the factor, in events */
    unsigned kind;                  /* what it counts as for `require` */
    char letter, other;             /* that choose it, in lower case; other: 0 or one more */
    const char *enter;              /* what Enter does, as in "Press Enter to type cards" */
    const char *again;              /* the same after it has failed; NULL: then there are no more tries */
    const char *noun;               /* as in "c = cards" */
    bool no_pair;                   /* never one of two keys: nobody knows whose it is */
    bool asks;                      /* begins with a question of its own, so that none is needed before it */
    const struct bg_message *help;  /* %1: its letter */
    const struct bg_message *right; /* it was shown; %1: how many questions come */
    bool (*enrolled)(const struct bg_credential *c);
    const struct bg_message *(*not_here)(const struct login *L); /* NULL, or why not; %1: the account */
    const char *(*host)(const struct login *L); /* of what was shown: print of the host that made it */
    /* BG_OK; BG_E_MISMATCH: it did not open the account, and why was told and recorded; else what ends a
     * dialogue. */
    enum bg_err (*show)(struct login *L);
};

/* Is a key enrolled that is used at a console? */
bool ways_console_key(const struct bg_credential *c);

/* May k be shown now: where another key was shown before it, is it the key of another person? */
bool ways_second(const struct login *L, const struct bg_key *k);

/* What opens the account here: NULL and *out, or the message that refuses, with the account as %1 and
 * place_elsewhere() as %3. */
const struct bg_message *ways_find(const struct login *L, struct ways *out);

/* The rows of a set, in order: the first, the one after `w`; NULL: no more. */
const struct way *ways_first(unsigned offered);
const struct way *ways_after(unsigned offered, const struct way *w);

/* What an answer chooses: Enter the first, a letter or a name its own; NULL: none of the set. */
const struct way *ways_chosen(unsigned offered, const char *answer);

/* The question for a set; failed: the way that did not open just now, NULL at first. */
void ways_question(unsigned offered, const struct way *failed, char *out, size_t cap);

/* --- factor.c, sshkey.c, key.c, text.c, shares.c, password.c */

/* Welcome and the first question, about L->ways. */
BG_MUST_CHECK enum bg_err login_begin(struct login *L, const struct way **first);

/*
 * Every factor that is required, beginning with the one that was chosen; L->factor names what was shown.
 * BG_OK; BG_E_MISMATCH when no tries are left; else what ends a dialogue.
 */
BG_MUST_CHECK enum bg_err login_factors(struct login *L, const struct way *first);

/* The sentence that leads on to who and why. */
const struct bg_message *login_verified_text(const struct login *L);

/* Of what was shown: the share set, the key, or the one of both that is from another host. */
enum bg_same_host login_same_host(const struct login *L);

/*
 * The factor "key" at a console: BG_OK, and L->key is set; BG_E_MISMATCH: it did not open the account, why
 * was told and recorded; BG_E_EOF, BG_E_CANCEL, BG_E_TIMEOUT.
 */
BG_MUST_CHECK enum bg_err login_key(struct login *L);

/* The factor "ssh-key", which sshd has verified already: BG_OK, and L->key is set. */
BG_MUST_CHECK enum bg_err login_ssh_key(struct login *L);

/*
 * Of a verified answer of k: compare its counter, and keep it. BG_E_MISMATCH: the key may have a copy, which
 * was told and recorded.
 */
BG_MUST_CHECK enum bg_err login_key_counter(struct login *L, const struct bg_key *k, uint32_t now);

/* It was shown. One key after the other: the record has both labels, and "verified" only if both verified
 * their user.
 */
void login_note_key(struct login *L, const struct bg_key *k, const struct bg_fido_said *said);

#define TEXT_MS 600000 /* so long an answer to a challenge counts */

/* The factor "text", on any line: one challenge and its answer. As login_key. */
BG_MUST_CHECK enum bg_err login_text(struct login *L);

/* "2 cards of the set AMBER": what the share set of the account asks for, without a word of its cards. */
void shares_needed(const struct login *L, char out[BG_SHARE_TEXT]);

/* The factor "shares": BG_OK: the secret was joined and verified; BG_E_MISMATCH: no tries are left. */
BG_MUST_CHECK enum bg_err login_shares(struct login *L);

/*
 * --- cards.c: these shares opened the door. Their numbers and keepers go into L->card, nothing else of them.
 */
void cards_note(struct login *L, const struct slip39_share *shares, size_t n);

/* "1 (Jane Doe, envelope 17), 3": as far as there is room. */
#define CARDS_TEXT 400
void cards_text(const struct login *L, char out[CARDS_TEXT]);

/* The factor "password": BG_OK: the parts make it; BG_E_MISMATCH: no tries are left. */
BG_MUST_CHECK enum bg_err login_password(struct login *L);

/* --- alarm.c: was the alarm heard? The login watches the cursors in /run; it delivers nothing */

/*
 * After use.granted: wait at most policy's alert-wait for the first sink outside this host that has taken it,
 * and a moment for one of the other class; show and record what came of it. `verified` and `granted`: where
 * the two events of this use stand. Nothing at all happens without such a sink, unless policy's alert-require
 * counts here. BG_OK, BG_E_EOF when the person is gone, BG_E_REFUSED when one of the two had to be
 * acknowledged and neither was.
 */
BG_MUST_CHECK enum bg_err alarm_await(struct login *L, const struct bg_position *verified,
                                      const struct bg_position *granted);

/* --- dialogue.c, session.c: each phase returns BG_VERDICT_ALLOW or BG_VERDICT_DENY, and that is on record */

/* auth: the dialogue. L->use is the id of the use. */
uint32_t login_authenticate(struct login *L);

/*
 * account: the module itself passes an account whose auth was ours; what is asked here came another way, and
 * is refused unless it is one of the exceptions (decide.h).
 */
uint32_t login_account(struct login *L);

/* session: opened only on a use that was granted; v receives the audit uid to set. */
uint32_t login_open_session(struct login *L, struct bg_verdict *v);
uint32_t login_close_session(struct login *L);

/* --- serve.c: one call, from its first message to its verdict. Both return the exit status */

/* Over the relay's socket: 0 allowed, 1 denied, 3 no valid message came. The verdict counts, not this. */
int serve_relay(int fd);

/*
 * The auth phase for `account` on this terminal, then `command` (NULL-ended, may be empty) in the place of
 * this program. 0 granted without a command, 1 denied, 3 the command could not be run.
 */
int serve_terminal(const char *account, char *const command[]);

#endif
