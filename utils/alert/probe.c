/* SPDX-License-Identifier: ISC */
#include "alert/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "alert/alert.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/sysuser.h"
#include "base/text.h"
#include "record/backward.h"
#include "record/event.h"
#include "record/lines.h"
#include "record/retell.h"

#define WAITING_MAX 4
#define NOBODYS     65534 /* where there is no user of the service */
#define HOME_MS                                                                                              \
    INT64_C(1800000) /* what was left for root is of a use that was granted so long ago, at most */
#define LEFT_FILE BG_CURSORS_RUN "/.probed" /* the service's; breakglass-alert-sweep.path watches it */

struct granted {
    char account[64], use[BG_ULID_LEN + 1];
    char drill[BG_ULID_LEN + 1]; /* that it is part of; "": it is real */
};

static struct {
    struct bg_linepos pos; /* all before it is known */
    bool placed;
    struct granted waiting[WAITING_MAX]; /* not looked at yet */
    unsigned n;
    bool busy; /* one is at work for `of` */
    int pipe;
    int64_t end;
    struct granted of;
} state;

/* --- which uses -------------------------------------------------------------------------------- */

static void forget_use(const char *use)
{
    for (unsigned i = 0; i < state.n; i++)
        if (strcmp(state.waiting[i].use, use) == 0)
            state.waiting[i--] = state.waiting[--state.n];
}

static void note_use(const json_t *ev)
{
    struct granted *g = &state.waiting[state.n];

    if (state.n == WAITING_MAX || !bg_ulid_valid(bg_json_str(bg_event_own(ev), "use")) ||
        bg_event_age(ev) > PROBE_FRESH_MS)
        return;
    (void)snprintf(g->account, sizeof g->account, "%s", bg_json_str(ev, "subject"));
    (void)snprintf(g->use, sizeof g->use, "%s", bg_json_str(bg_event_own(ev), "use"));
    (void)snprintf(g->drill, sizeof g->drill, "%s", bg_json_str(bg_event_own(ev), "drill_id"));
    state.n++;
}

static bool on_line(void *arg, const struct bg_rawline *l)
{
    json_t *ev;

    (void)arg;
    if (!(bg_line_has(l, "type", bg_event_kind(BG_EV_USE_GRANTED)->type) ||
          bg_line_has(l, "type", bg_event_kind(BG_EV_USE_PROBED)->type)) ||
        (ev = bg_retell_event(l)) == NULL)
        return true;
    if (bg_event_is(ev, BG_EV_USE_GRANTED))
        note_use(ev);
    else
        forget_use(bg_json_str(bg_event_own(ev), "use"));
    json_decref(ev);
    return true;
}

/* What is new in the journal; a journal that is another one by now is read from a few minutes ago. */
static void look(void)
{
    char since[BG_TIME_LEN];
    enum bg_err r = BG_OK;

    if (!state.placed) {
        bg_time_of(bg_wall_ms() - PROBE_FRESH_MS, since);
        r = bg_lines_since(BG_JOURNAL_DIR, since, &state.pos);
    }
    state.placed = r == BG_OK && bg_lines_after(BG_JOURNAL_DIR, &state.pos, on_line, NULL) == BG_OK;
}

/* --- on record --------------------------------------------------------------------------------- */

static bool record(const struct bg_policy *policy, const struct granted *g, const char *text)
{
    struct bg_event e = BG_EVENT_INIT;
    struct bg_recorder rec;
    enum bg_recorded where;
    char message[BG_MSG_MAX];

    (void)bg_msg_raw(message, sizeof message, BG_M_ALERT_PROBED, BG_ARGS(g->account));
    e.type = BG_EV_USE_PROBED;
    e.success = true;
    e.account = g->account;
    e.use = g->use;
    e.drill = g->drill;
    e.message = message;
    e.detail = text;
    alert_recorder(policy, &rec);
    return bg_record(&rec, &e, &where, NULL) == BG_OK;
}

/* Root looks for it there. */
static void leave(const struct granted *g, const char *text)
{
    char line[BG_ULID_LEN + PROBE_TEXT + 3];
    int n = snprintf(line, sizeof line, "%s %s\n", g->use, text);

    (void)!bg_file_replace(LEFT_FILE, line, (size_t)n, 0600, (uid_t)-1, (gid_t)-1);
}

/* The use of that id, if it was granted lately and nothing is on record of it yet. */
struct home {
    const char *use;
    struct granted found;
};

static bool find(void *arg, const struct bg_rawline *l)
{
    struct home *h = arg;
    json_t *ev;

    if (!bg_line_has(l, "use", h->use) || (ev = bg_retell_event(l)) == NULL)
        return true;
    if (bg_event_is(ev, BG_EV_USE_PROBED))
        h->found.use[0] = '\0';
    else if (bg_event_is(ev, BG_EV_USE_GRANTED) && bg_event_age(ev) <= HOME_MS) {
        (void)snprintf(h->found.use, sizeof h->found.use, "%s", h->use);
        (void)snprintf(h->found.account, sizeof h->found.account, "%s", bg_json_str(ev, "subject"));
        (void)snprintf(h->found.drill, sizeof h->found.drill, "%s",
                       bg_json_str(bg_event_own(ev), "drill_id"));
    }
    json_decref(ev);
    return true;
}

/* The file is the service's user's, who may have put anything in its place. */
static bool read_left(char out[BG_ULID_LEN + PROBE_TEXT + 3])
{
    int fd = open(LEFT_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    ssize_t n = -1;

    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        n = read(fd, out, BG_ULID_LEN + PROBE_TEXT + 2);
    (void)close(fd);
    (void)unlink(LEFT_FILE);
    if (n <= BG_ULID_LEN + 1)
        return false;
    out[n] = '\0';
    out[strcspn(out, "\n")] = '\0';
    if (out[BG_ULID_LEN] != ' ')
        return false;
    out[BG_ULID_LEN] = '\0';
    return bg_ulid_valid(out);
}

bool probe_bring_home(const struct bg_policy *policy)
{
    char text[BG_ULID_LEN + PROBE_TEXT + 3], since[BG_TIME_LEN];
    struct home h = {.use = text};
    struct bg_linepos pos = {0};

    if (geteuid() != 0 || !read_left(text))
        return false;
    bg_time_of(bg_wall_ms() - HOME_MS, since);
    if (bg_lines_since(BG_JOURNAL_DIR, since, &pos) != BG_OK ||
        bg_lines_after(BG_JOURNAL_DIR, &pos, find, &h) != BG_OK || h.found.use[0] == '\0')
        return false;
    return record(policy, &h.found, text + BG_ULID_LEN + 1);
}

/* --- the child --------------------------------------------------------------------------------- */

/* Nothing of ours stays open in it, and it may do no more than anybody. */
static void child(const char *endpoints, int out, void (*forget)(void))
{
    uid_t uid = NOBODYS;
    gid_t gid = NOBODYS;
    char text[PROBE_TEXT];
    sigset_t none;

    forget();
    (void)dup2(out, 3);
    (void)close_range(4, ~0u, 0);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)!bg_sysuser(BG_ALERT_USER, &uid, &gid);
    if (geteuid() == 0 && bg_become_user(uid, gid) != BG_OK)
        _exit(1);
    (void)alarm(PROBE_ALL_MS / 1000 + 1);
    probe_all(endpoints, text);
    (void)!bg_write_all(3, text, strlen(text));
    _exit(0);
}

/* Nobody's child: who waits for workers must not see it end, and it ends by itself. */
static bool start(const char *endpoints, int out, void (*forget)(void))
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)prctl(PR_SET_NAME, "breakglass-look"); /* ps(1) tells it from what delivers */
        if (fork() == 0)
            child(endpoints, out, forget);
        _exit(0);
    }
    return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static void begin(const char *endpoints, void (*forget)(void))
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return;
    state.of = state.waiting[0];
    forget_use(state.of.use);
    state.busy = start(endpoints, ends[1], forget);
    (void)close(ends[1]);
    state.pipe = ends[0];
    state.end = bg_deadline(PROBE_ALL_MS + 2000);
    if (!state.busy)
        (void)close(ends[0]);
}

/* True when it is over; text: what it found, "" for nothing. */
static bool is_over(char text[PROBE_TEXT])
{
    ssize_t n = read(state.pipe, text, PROBE_TEXT - 1);

    text[n > 0 ? n : 0] = '\0';
    if (n < 0 && (errno == EAGAIN || errno == EINTR) && bg_left_ms(state.end) > 0)
        return false;
    (void)close(state.pipe);
    state.busy = false;
    return true;
}

bool probe_busy(void)
{
    return state.busy || state.n > 0;
}

bool probe_step(const struct bg_policy *policy, void (*forget)(void))
{
    char text[PROBE_TEXT];
    bool news = false;

    look();
    if (state.busy && is_over(text) && text[0] != '\0') {
        if (geteuid() == 0)
            news = record(policy, &state.of, text);
        else
            leave(&state.of, text);
    }
    if (!state.busy && state.n > 0)
        begin(policy->probe, forget);
    return news;
}
