/* SPDX-License-Identifier: ISC */
/* breakglass check --prove: what was tried, what came of it, and that on record. */
#include "admin/check/prove.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "admin/check/check.h"
#include "admin/check/facts.h"
#include "account/accounts.h"
#include "admin/conf/conffile.h"
#include "admin/conf/sshd.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "base/clock.h"
#include "base/text.h"
#include "delivery/bell.h"
#include "programs.h"
#include "record/armed.h"

#define LEAST_MS 3000 /* with less time left nothing more is begun */
#define LINE     800

static const struct {
    const char *name, *what;
} ways[PROVE_WAYS] = {
    [PROVE_NAMES] = {"names", "names of the account"},
    [PROVE_LOGIN] = {"login", "PAM of login"},
    [PROVE_SSHD] = {"sshd", "PAM of sshd"},
    [PROVE_SU] = {"su", "PAM of su"},
    [PROVE_SU_L] = {"su-l", "PAM of su -"},
    [PROVE_SSH] = {"ssh", "sshd and a client"},
    [PROVE_SSH_INSTANCE] = {"sshd-instance", "sshd of our own and a client"},
};
static const char *const words[] = {
    [PROVE_UNTRIED] = "unknown", [PROVE_PASSED] = "passed",   [PROVE_FAILED] = "failed",
    [PROVE_LET_IN] = "failed",   [PROVE_CLOSED] = "closed",   [PROVE_UNKNOWN] = "unknown",
    [PROVE_ABSENT] = "absent",   [PROVE_UNASKED] = "unasked",
};

const char *prove_way_name(enum prove_way w)
{
    return ways[w].name;
}

/* --- what is known before */

static bool pam_service(const char *name)
{
    static const char *const dirs[] = {BG_SYSCONFDIR "/pam.d", "/usr/lib/pam.d"};
    char path[128];

    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dirs[i], name);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}

bool prove_way_is_ssh(enum prove_way w)
{
    return w == PROVE_SSH || w == PROVE_SSH_INSTANCE;
}

static void prepare_ssh(struct prove_said *said)
{
    if (access(SSHD_PROGRAM, X_OK) != 0)
        prove_tell(said, PROVE_ABSENT, "there is no " SSHD_PROGRAM);
    else if (access(SSH_PROGRAM, X_OK) != 0)
        prove_tell(said, PROVE_UNKNOWN, "there is no " SSH_PROGRAM);
}

static void prepare(struct prove_shared *s)
{
    for (int w = PROVE_LOGIN; w <= PROVE_SU_L; w++)
        if (!pam_service(ways[w].name))
            prove_tell(&s->way[w], PROVE_ABSENT, "PAM has no such service");
    prepare_ssh(&s->way[PROVE_SSH]);
    if (sshd_instance_is_set_up())
        prepare_ssh(&s->way[PROVE_SSH_INSTANCE]);
    else
        prove_tell(&s->way[PROVE_SSH_INSTANCE], PROVE_UNASKED, "");
}

/* Is the account not to be opened that way, by what its own files say? Then our dialogue says so, and is
 * right. */
static bool closed_there(const char *account, enum prove_way w, const struct bg_policy *p)
{
    static struct bg_credential c;
    struct bg_place here = {.source = BG_SOURCE_LOCAL, .rhost = ""};
    struct bg_armed armed;
    struct bg_ways found;
    bool shut;

    if (w == PROVE_SSHD || prove_way_is_ssh(w))
        here = (struct bg_place){.source = BG_SOURCE_NETWORK, .rhost = "UNKNOWN"};
    else if (w == PROVE_LOGIN && bg_policy_is_console(p, "tty1"))
        here = (struct bg_place){.source = BG_SOURCE_CONSOLE,
                                 .rhost = "",
                                 .key_here = BG_WITH_FIDO && bg_policy_is_fido_service(p, "login")};
    if (!rows_credential(account, false, &c))
        return false;
    shut = !c.enabled || !bg_place_in(&here, c.from) || !bg_credential_ways(&c, &here, &found) ||
           (c.open == BG_OPEN_ARMED && bg_armed_get(NULL, NULL, account, &armed) != BG_OK);
    shut = shut && bg_credential_suffices(&c); /* with nothing that opens it anywhere it is no use at all */
    bg_credential_free(&c);
    return shut;
}

/* --- what came of it */

struct tally {
    unsigned passed, failed, unknown;
    char list[LINE]; /* "names 0.0 s, login 0.1 s" */
};

static void add(struct tally *t, const char *way, const struct prove_said *said)
{
    size_t at = strlen(t->list);
    const char *comma = at == 0 ? "" : ", ";

    if (said->result == PROVE_ABSENT || at + 1 >= sizeof t->list)
        return;
    if (said->result == PROVE_PASSED)
        (void)snprintf(t->list + at, sizeof t->list - at, "%s%s %.2f s", comma, way, (double)said->ms / 1000);
    else
        (void)snprintf(t->list + at, sizeof t->list - at, "%s%s %s", comma, way, words[said->result]);
}

/* "another module asks first: "Password:" (/etc/pam.d/sshd, line 4, pam_ldap.so)" */
static void explain(const struct prove_said *said, const struct prove_where *at, char *out, size_t cap)
{
    char cause[sizeof said->cause];

    bg_text_again(cause, sizeof cause, said->result == PROVE_CLOSED ? said->words : said->cause);
    if (at->line > 0)
        (void)snprintf(out, cap, "%s (%s, line %u, %s)", cause, at->file, at->line, at->module);
    else if (at->module[0] != '\0')
        (void)snprintf(out, cap, "%s (%s)", cause, at->module);
    else
        (void)snprintf(out, cap, "%s", cause);
}

static void find(const char *account, enum prove_way w, enum prove_result r, const char *why)
{
    if (r == PROVE_FAILED)
        ui_finding(BG_M_PROVE_FAILED, BG_ARGS(ways[w].name, account, why));
    else if (r == PROVE_LET_IN)
        ui_finding(BG_M_PROVE_LET_IN, BG_ARGS(ways[w].name, account, why));
    else if (r == PROVE_UNKNOWN)
        ui_finding(BG_M_PROVE_UNKNOWN, BG_ARGS(ways[w].name, account, why));
}

static void fail(struct prove_said *said, const char *cause)
{
    said->result = PROVE_FAILED;
    (void)snprintf(said->cause, sizeof said->cause, "%s", cause);
}

/* What the process in the room cannot know: what the files say. */
static void settle(const struct account_row *a, enum prove_way w, struct prove_said *said,
                   const struct bg_policy *p, struct prove_where *at)
{
    struct prove_where first;

    if (!atomic_load(&said->done))
        prove_tell(said, PROVE_UNKNOWN, "there was no time left");
    if (said->result == PROVE_CLOSED && !closed_there(a->name, w, p))
        fail(said, said->words);
    else if (said->result == PROVE_FAILED || said->result == PROVE_LET_IN)
        (void)prove_cause(a, w, said, at);
    else if (said->result == PROVE_PASSED && prove_cause(a, w, said, &first)) {
        fail(said, "the question is asked, but a line before ours has failed for good");
        *at = first;
    }
}

static void row(const struct account_row *a, enum prove_way w, struct prove_said *said,
                const struct bg_policy *p, struct tally *t, json_t *list)
{
    struct prove_where at = {.line = 0};
    char why[LINE] = "", clean[LINE];
    json_t *o;

    settle(a, w, said, p, &at);
    explain(said, &at, why, sizeof why);
    (void)bg_text_clean(clean, sizeof clean, why, strlen(why));
    ui_text("%-12.12s %-13s %-8s %7.2f s  %s\n", a->name, ways[w].name, words[said->result],
            (double)said->ms / 1000, said->result == PROVE_PASSED ? ways[w].what : "");
    o = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:i, s:s}", "account", a->name, "way_in", ways[w].name,
                  "result", words[said->result], "milliseconds", (json_int_t)said->ms, "cause", clean, "file",
                  at.file, "line", (int)at.line, "module", at.module);
    (void)json_array_append_new(list, o);
    find(a->name, w, said->result, why);
    if (said->result == PROVE_CLOSED || said->result == PROVE_ABSENT)
        ui_note(said->result == PROVE_CLOSED ? BG_M_PROVE_CLOSED : BG_M_PROVE_ABSENT,
                BG_ARGS(ways[w].name, a->name, why));
    t->passed += said->result == PROVE_PASSED;
    t->failed += said->result == PROVE_FAILED || said->result == PROVE_LET_IN;
    t->unknown += said->result == PROVE_UNKNOWN || said->result == PROVE_UNTRIED;
    add(t, ways[w].name, said);
}

static void put_on_record(const char *account, const struct tally *t, const struct prove_shared *s)
{
    bool passed = t->failed == 0 && t->unknown == 0 && t->passed > 1 && s->packets == 0;
    char text[LINE + 128];
    struct bg_event e = BG_EVENT_INIT;
    struct bg_position at;

    (void)snprintf(text, sizeof text, "%s: %s; %lu packets",
                   passed ? "Each way led to the first question without a network"
                          : "Not every way led to the first question without a network",
                   t->list, (unsigned long)s->packets);
    e.type = passed ? BG_EV_PROOF_PASSED : BG_EV_PROOF_FAILED;
    e.success = passed;
    e.account = account;
    e.message = text;
    e.detail = t->list;
    report_event_whole(&e, &at);
    (void)!bg_bell_ring(PROGRAM_ALERT);
}

static void add_number(json_t *root, const char *name, uint64_t n)
{
    json_int_t was = json_integer_value(json_object_get(root, name));

    (void)json_object_set_new(root, name, json_integer(was + (json_int_t)n));
}

/* --- running it */

/* Until all is said: each way is shown as soon as it and those before it are done. */
static void follow(pid_t pid, const struct prove_shared *s, int64_t deadline)
{
    siginfo_t ended = {.si_pid = 0};

    while (!atomic_load(&s->counted) && bg_left_ms(deadline) > 0 &&
           waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0)
        bg_sleep_ms(5);
    prove_end(pid);
}

/* One account. ADMIN_CANNOT: there is no room for it; nothing was tried, and nothing is on record. */
static enum admin_exit one(const struct account_row *a, const struct bg_policy *p, int64_t deadline,
                           json_t *root)
{
    const struct prove_job job = {
        a, mmap(NULL, sizeof *job.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
        deadline};
    struct prove_shared *s = job.shared;
    struct tally t = {0};
    enum admin_exit x = ADMIN_GOOD;
    pid_t pid;

    if (s == MAP_FAILED)
        return ADMIN_CANNOT;
    prepare(s);
    (void)fflush(stdout);
    if (prove_start(&job, &pid) != BG_OK)
        (void)snprintf(s->trouble, sizeof s->trouble, "fork(2): %s", strerror(errno));
    else
        follow(pid, s, deadline);
    if (s->trouble[0] != '\0') {
        ui_finding(BG_M_PROVE_CANNOT, BG_ARGS(s->trouble));
        x = ADMIN_CANNOT;
    } else {
        for (int w = 0; w < PROVE_WAYS; w++)
            if (s->way[w].result != PROVE_UNASKED)
                row(a, (enum prove_way)w, &s->way[w], p, &t, json_object_get(root, "proofs"));
        if (t.passed < 2 && t.failed + t.unknown == 0)
            ui_finding(BG_M_PROVE_NOTHING, BG_ARGS(a->name));
        if (s->packets > 0)
            ui_finding(BG_M_PROVE_PACKETS, BG_ARGS(BG_DIGITS(s->packets), a->name));
        add_number(root, "packets", s->packets);
        add_number(root, "unrouted", s->unrouted);
        put_on_record(a->name, &t, s);
    }
    (void)munmap(s, sizeof *s);
    return x;
}

enum admin_exit prove_run(const char *account, bool more, json_t *root)
{
    static struct account_rows rows;
    static struct bg_policy policy;
    struct bg_faults faults;
    int64_t deadline = bg_deadline(PROVE_ALL_MS);
    enum admin_exit x = ADMIN_GOOD;
    unsigned tried = 0;

    (void)json_object_set_new(root, "proofs", json_array());
    add_number(root, "packets", 0);
    add_number(root, "unrouted", 0);
    if (more) {
        ui_finding(BG_M_PROVE_ALONE, BG_NOARGS);
        return ADMIN_USAGE;
    }
    if (!rows_load(&rows))
        return ADMIN_CANNOT;
    (void)!bg_policy_load(BG_POLICY_PATH, &policy, &faults);
    ui_text("Without a network, up to the first question; at most %d seconds:\n%-12s %-13s %-8s %9s\n",
            PROVE_ALL_MS / 1000 + 2, "ACCOUNT", "WAY", "RESULT", "SECONDS");
    facts_keep(true);
    for (size_t i = 0; x == ADMIN_GOOD && i < rows.n; i++) {
        const struct account_row *a = &rows.row[i];
        if (account != NULL && strcmp(account, a->name) != 0)
            continue;
        tried++;
        if (a->wrong[0] != '\0')
            rows_bad_line(a);
        else if (bg_left_ms(deadline) < LEAST_MS)
            ui_finding(BG_M_PROVE_UNKNOWN, BG_ARGS("every way", a->name, "there was no time left"));
        else
            x = one(a, &policy, deadline, root);
    }
    facts_keep(false);
    if (tried == 0)
        ui_finding(BG_M_CMD_ST_NO_ACCOUNT, BG_ARGS(BG_ACCOUNTS_PATH));
    if (x == ADMIN_GOOD)
        ui_text("%lld packets, %lld that nobody took. That a credential opens an account, a drill proves.\n",
                (long long)json_integer_value(json_object_get(root, "packets")),
                (long long)json_integer_value(json_object_get(root, "unrouted")));
    return x;
}
