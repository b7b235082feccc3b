/* SPDX-License-Identifier: ISC */
/*
 * One sink, with a sink type that answers what the test says: what counts as delivered, what is tried again
 * and when, what ends it. Rounds end when nothing more can be before their deadline, so nothing here waits.
 */
#include "../../lib/record/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "alert/worker.h"
#include "base/clock.h"
#include "base/hash.h"
#include "delivery/drops.h"

#define SENT_MAX 64

/* Shared with the worker, which runs in a child as it does under the service. */
static struct script {
    enum sink_verdict verdict;    /* of every event, but: */
    char stubborn[16];            /* events with this in them get */
    enum sink_verdict stubbornly; /* this one */
    bool endpoint;                /* of a retry */
    bool again;                   /* of a refusal */
    unsigned slow;                /* so many looks find nothing finished */
    bool drops, requeues; /* somebody drops what is under way, or wants it once more, by its number: */
    struct bg_position drop;
    bool grows;                         /* somebody uses an account while the first is under way */
    bool home;                          /* what lies in /run is brought home while it is under way, refused */
    int64_t wait_ms;                    /* of a retry; -1 */
    enum bg_err refuse;                 /* what submit answers */
    enum bg_err cannot_open;            /* what open answers */
    char id[SENT_MAX][BG_ULID_LEN + 1]; /* what was submitted */
    char body[SENT_MAX][64];            /* its reason's first letters */
    unsigned n;
    /* of the fake sink itself */
    int open;
    unsigned ready, flood, most_flood; /* of a flood: how many are under way, and at most were */
    bool of_flood[SENT_MAX];
    struct sink_result result[SENT_MAX];
} * script;

static struct place p;
static char run_cursors[128], state_cursors[128];

/* And somebody tidies up. */
static void bring_home(void)
{
    struct bg_event e = place_event("afterwards");
    char away[128];

    assert_int_equal(chmod(p.journal, 0750), 0);
    place_record(&p, &e, BG_RECORDED_JOURNAL);
    (void)snprintf(away, sizeof away, "%s/away", p.root);
    assert_int_equal(rename(p.run, away), 0);
}

static enum bg_err fake_open(struct sink *s)
{
    (void)s;
    script->open += script->cannot_open == BG_OK;
    return script->cannot_open;
}

static enum bg_err fake_submit(struct sink *s, void *item, const char *id, char *line, size_t len)
{
    struct sink_result *r = &script->result[script->ready];
    const char *reason = strstr(line, "\"reason\":\"");

    (void)s;
    assert_int_equal(strlen(line), len);
    if (script->drops)
        script->drops = bg_drops_ask(run_cursors, "hook", BG_WISH_DROP, &script->drop) != BG_OK;
    if (script->requeues)
        script->requeues = bg_drops_ask(run_cursors, "hook", BG_WISH_AGAIN, &script->drop) != BG_OK;
    if (script->n < SENT_MAX) {
        (void)snprintf(script->id[script->n], sizeof script->id[0], "%s", id);
        (void)snprintf(script->body[script->n++], sizeof script->body[0], "%.20s",
                       reason == NULL ? "" : reason + 10);
    }
    memset(r, 0, sizeof *r);
    r->item = item;
    r->verdict = script->stubborn[0] != '\0' && strstr(line, script->stubborn) != NULL ? script->stubbornly
                                                                                       : script->verdict;
    r->endpoint = r->verdict == SINK_RETRY && script->endpoint;
    r->wait_ms = r->verdict == SINK_RETRY ? script->wait_ms : -1;
    (void)snprintf(r->why, sizeof r->why, "as the test says");
    script->ready += script->refuse == BG_OK;
    r->verdict = script->home ? SINK_REFUSED : r->verdict;
    r->again = (script->again || script->home) && r->verdict == SINK_REFUSED;
    if (script->home)
        bring_home();
    script->home = false;
    if (script->grows) {
        struct bg_event e = place_event("meanwhile");
        e.type = BG_EV_USE_GRANTED;
        place_record(&p, &e, BG_RECORDED_JOURNAL);
        script->slow = 3;
    }
    script->grows = false;
    script->of_flood[r - script->result] = strstr(line, "share.refused") != NULL;
    script->flood += script->of_flood[r - script->result];
    script->most_flood = script->flood > script->most_flood ? script->flood : script->most_flood;
    free(line);
    return script->refuse;
}

static void fake_work(struct sink *s, int fd, int ms)
{
    (void)s;
    (void)fd;
    bg_sleep_ms(ms < 5 ? ms : 5);
}

static bool fake_take(struct sink *s, struct sink_result *out)
{
    (void)s;
    if (script->ready == 0 || (script->slow > 0 && script->slow-- > 0))
        return false;
    *out = script->result[--script->ready];
    script->flood -= script->of_flood[script->ready];
    return true;
}

static void fake_close(struct sink *s)
{
    (void)s;
    script->open--;
}

static struct sink_type fake = {
    .open = fake_open, .submit = fake_submit, .work = fake_work, .take = fake_take, .close = fake_close};

static struct worker_dirs dirs;
static struct bg_sink conf;

static int make(void **state)
{
    (void)state;
    place_make(&p);
    memset(&conf, 0, sizeof conf);
    (void)snprintf(conf.name, sizeof conf.name, "hook");
    (void)snprintf(run_cursors, sizeof run_cursors, "%s/rc", p.root);
    (void)snprintf(state_cursors, sizeof state_cursors, "%s/sc", p.root);
    assert_int_equal(mkdir(run_cursors, 0750) | mkdir(state_cursors, 0750), 0);
    dirs = (struct worker_dirs){{{p.journal, p.run}}, {.run = run_cursors, .state = state_cursors}};
    script = mmap(NULL, sizeof *script, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(script != MAP_FAILED);
    script->verdict = SINK_ACKED;
    script->wait_ms = -1;
    fake.slots = 4;
    return 0;
}

static int drop(void **state)
{
    (void)state;
    (void)munmap(script, sizeof *script);
    place_remove(&p);
    return 0;
}

/* n uses; with the genesis event there are n + 1 lines the first time. */
static void record_kind(enum bg_event_type type, unsigned n, const char *reason)
{
    struct bg_event e = place_event(reason);

    e.type = type;
    for (unsigned i = 0; i < n; i++)
        place_record(&p, &e, BG_RECORDED_JOURNAL);
}

static void record(unsigned n, const char *reason)
{
    record_kind(BG_EV_USE_GRANTED, n, reason);
}

/* One round in a process of its own. */
static enum worker_end round_of(int64_t ms)
{
    struct job job = {
        .conf = &conf, .type = &fake, .dirs = &dirs, .deadline = bg_deadline(ms), .service = -1};
    static atomic_llong tick;
    int status;
    pid_t pid;

    script->n = script->ready = 0;
    if ((pid = fork()) == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(null, 2);
        _exit((int)worker_run(&job, &tick));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(script->open, 0); /* closed as often as it was opened */
    return (enum worker_end)WEXITSTATUS(status);
}

static struct bg_cursor *saved(void)
{
    static struct bg_cursor c;

    assert_int_equal(bg_cursor_load(&dirs.cursors, "hook", false, &c), BG_OK);
    return &c;
}

static const struct bg_cursor_chain *chain(void)
{
    return &saved()->chain[0];
}

static bool was_sent(const char *reason)
{
    for (unsigned i = 0; i < script->n; i++)
        if (strncmp(script->body[i], reason, strlen(reason)) == 0)
            return true;
    return false;
}

static void everything_is_delivered_once(void **state)
{
    (void)state;
    record(3, "why");
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 4);
    assert_int_equal(chain()->floor, 4);
    assert_true(saved()->acked > 0);
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 0);
    record(1, "more");
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 1);
}

/* Nothing is marked but what the sink has acknowledged: not what was only begun, not what is to be tried
 * again. */
static void only_what_was_acknowledged_is_marked(void **state)
{
    (void)state;
    record(3, "why");
    (void)snprintf(script->stubborn, sizeof script->stubborn, "stubborn");
    script->stubbornly = SINK_RETRY;
    record(1, "stubborn");
    record(1, "why");
    assert_int_equal(round_of(100), WORKER_LEFT);
    assert_int_equal(chain()->floor, 4);
    assert_true(bg_cursor_done(chain(), 6) && !bg_cursor_done(chain(), 5));
    script->stubbornly = SINK_ACKED;
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 1);
    assert_int_equal(chain()->floor, 6);
}

static void an_endpoint_that_is_away_is_asked_once(void **state)
{
    (void)state;
    record(9, "why");
    script->verdict = SINK_RETRY;
    script->endpoint = true;
    assert_int_equal(round_of(100), WORKER_LEFT); /* the first pause is 4 s at least */
    assert_in_range(script->n, 1, 4);             /* not ten: the others would not get through either */
    assert_int_equal(saved()->chains == 0 || chain()->floor == 0, 1);
    assert_string_equal(saved()->error, "as the test says");
}

/* What it refuses alone is no reason to stop the others. */
static void each_event_has_a_pause_of_its_own(void **state)
{
    (void)state;
    record(9, "why");
    script->verdict = SINK_RETRY;
    assert_int_equal(round_of(100), WORKER_LEFT);
    assert_int_equal(script->n, 10);
}

/* Whatever it answers, for it may do so for ever; and since the first time. */
static void what_answers_wrongly_takes_nothing_since_then(void **state)
{
    int64_t since;

    (void)state;
    record(1, "why");
    script->verdict = SINK_RETRY;
    assert_int_equal(round_of(100), WORKER_LEFT);
    assert_true((since = saved()->failing) > 0);
    bg_sleep_ms(2);
    assert_int_equal(round_of(100), WORKER_LEFT);
    assert_int_equal(saved()->failing, since);
    script->verdict = SINK_ACKED;
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(saved()->failing, 0);
}

/* One thing at a time goes to this sink, and it fails: the use that has come meanwhile waits for no pause. */
static void what_came_while_another_failed_has_a_try_of_its_own(void **state)
{
    (void)state;
    fake.slots = 1;
    record(1, "first");
    record(1, "second");
    script->verdict = SINK_RETRY;
    script->endpoint = true;
    script->grows = true;
    assert_int_equal(round_of(1000), WORKER_LEFT); /* the first pause is 4 s at least */
    assert_int_equal(script->n, 2);
    assert_memory_equal(script->body[0], "second", 6);
    assert_memory_equal(script->body[1], "meanwhile", 9);
}

/* It is kept, remembered, and holds nothing up; the next process tries it again. */
static void what_is_refused_waits_and_the_rest_goes_on(void **state)
{
    char path[160];
    int64_t since;

    (void)state;
    record(1, "why");
    (void)snprintf(script->stubborn, sizeof script->stubborn, "stubborn");
    script->stubbornly = SINK_REFUSED;
    record(1, "stubborn");
    record(1, "why");
    assert_int_equal(round_of(100), WORKER_LEFT); /* the first pause is 4 s at least */
    assert_int_equal(script->n, 4);
    assert_int_equal(chain()->floor, 2);
    assert_true(bg_cursor_refused(chain(), 3) && !bg_cursor_done(chain(), 3) && bg_cursor_done(chain(), 4));
    assert_true((since = saved()->refusing) > 0);
    (void)snprintf(path, sizeof path, "%s/" BG_CURSORS_REFUSING, run_cursors);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(round_of(100), WORKER_LEFT);
    assert_int_equal(script->n, 1);
    assert_int_equal(saved()->refusing, since); /* one story, not two */
    assert_int_equal(access(path, F_OK), -1);
    script->stubbornly = SINK_ACKED;
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 1);
    assert_int_equal(chain()->floor, 4);
    assert_int_equal(saved()->refusing, 0);
    assert_int_equal(bg_cursor_refusals(saved()), 0);
}

/* Whatever it answers: nothing is lost, and the pause is an event's own. */
static void all_are_refused_and_none_is_lost(void **state)
{
    (void)state;
    record(9, "why");
    script->verdict = SINK_REFUSED;
    assert_int_equal(round_of(100), WORKER_LEFT);
    assert_int_equal(script->n, 10);
    assert_int_equal(chain()->floor, 0);
    script->verdict = SINK_ACKED;
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 10);
}

/* Something was learnt from the refusal: once more at once, but only once. */
static void a_refusal_may_be_worth_another_try(void **state)
{
    (void)state;
    record(1, "why");
    script->verdict = SINK_REFUSED;
    script->again = true;
    assert_int_equal(round_of(100), WORKER_LEFT);
    assert_int_equal(script->n, 4);
}

/* What an older program gave up, and what it no longer sent because of a 410, is delivered. */
static void what_an_older_program_gave_up_is_delivered(void **state)
{
    struct bg_cursor c;
    char path[160];
    FILE *f;

    (void)state;
    record(2, "why");
    memset(&c, 0, sizeof c);
    assert_int_equal(round_of(60000), WORKER_DONE);
    for (int i = 0; i < 2; i++) {
        char text[512], sum[BG_HASH_HEX + 1];
        int n = snprintf(
            text, sizeof text,
            "breakglass-cursor 1\nsaved 9999999999999\nchain %s 3\ndead 2\ngone %064d\nnot-before 0\n"
            "acked 1\nerror 1 HTTP status 410\n",
            chain()->journalid, 7);
        assert_int_equal(bg_sha256_hex(text, (size_t)n, sum), BG_OK);
        (void)snprintf(path, sizeof path, "%s/hook", i == 0 ? run_cursors : state_cursors);
        assert_non_null(f = fopen(path, "we"));
        assert_true(fprintf(f, "%ssum %s\n", text, sum) > 0 && fclose(f) == 0);
    }
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 1);
    assert_int_equal(chain()->floor, 3);
}

/* What somebody gave up is done, whether it was tried or not, and nothing else is. */
static void what_is_dropped_is_done(void **state)
{
    struct bg_position at = {.sequence = 3};

    (void)state;
    record(3, "why");
    script->verdict = SINK_REFUSED;
    assert_int_equal(round_of(100), WORKER_LEFT);
    memcpy(at.journalid, chain()->journalid, sizeof at.journalid);
    assert_int_equal(bg_drops_ask(run_cursors, "hook", BG_WISH_DROP, &at), BG_OK);
    at.sequence = 1;
    assert_int_equal(bg_drops_ask(run_cursors, "hook", BG_WISH_DROP, &at), BG_OK);
    assert_true(bg_drops_wait(run_cursors, "hook", BG_WISH_DROP));
    assert_int_equal(round_of(100), WORKER_LEFT);
    assert_false(bg_drops_wait(run_cursors, "hook", BG_WISH_DROP));
    assert_true(bg_cursor_done(chain(), 1) && bg_cursor_done(chain(), 3));
    assert_false(bg_cursor_done(chain(), 2) || bg_cursor_done(chain(), 4) || bg_cursor_refused(chain(), 3));
    script->drops = true; /* the answer to one that was dropped meanwhile changes nothing */
    script->drop = at;
    script->drop.sequence = 2;
    script->slow = 3;
    assert_int_equal(round_of(100), WORKER_LEFT);
    assert_int_equal(chain()->floor, 3);
    assert_false(bg_cursor_refused(chain(), 2));
    script->verdict = SINK_ACKED;
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 1);
}

/* What was taken, refused or given up is sent as if it never had been, at once, and nothing else is. */
static void what_is_requeued_is_sent_again(void **state)
{
    struct bg_position at = {.sequence = 2};

    (void)state;
    record(1, "taken");
    (void)snprintf(script->stubborn, sizeof script->stubborn, "stubborn");
    script->stubbornly = SINK_REFUSED;
    record(1, "stubborn");
    record(1, "last");
    assert_int_equal(round_of(100), WORKER_LEFT);
    memcpy(at.journalid, chain()->journalid, sizeof at.journalid);
    assert_int_equal(bg_drops_ask(run_cursors, "hook", BG_WISH_AGAIN, &at), BG_OK);
    at.sequence = 4;
    assert_int_equal(bg_drops_ask(run_cursors, "hook", BG_WISH_AGAIN, &at), BG_OK);
    assert_int_equal(round_of(100), WORKER_LEFT);
    assert_int_equal(script->n, 3);
    assert_true(was_sent("taken") && was_sent("last") && was_sent("stubborn"));
    assert_false(bg_drops_wait(run_cursors, "hook", BG_WISH_AGAIN));
    assert_true(bg_cursor_done(chain(), 2) && bg_cursor_done(chain(), 4) && !bg_cursor_done(chain(), 3));
    at.sequence = 3;
    assert_int_equal(bg_drops_ask(run_cursors, "hook", BG_WISH_AGAIN, &at), BG_OK);
    script->stubbornly = SINK_ACKED;
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 1);
    assert_int_equal(saved()->refusing, 0);
}

/* It may be there already: the answer that has not come yet says nothing of what was asked for. */
static void what_is_requeued_under_way_is_sent_again(void **state)
{
    json_t *first;

    (void)state;
    record(1, "once");
    first = place_line(p.journal, 0);
    (void)snprintf(script->drop.journalid, sizeof script->drop.journalid, "%s", str(first, "journalid"));
    json_decref(first);
    script->drop.sequence = 2;
    script->requeues = true;
    script->slow = 3;
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 3); /* with the genesis event */
    assert_false(bg_drops_wait(run_cursors, "hook", BG_WISH_AGAIN));
    assert_int_equal(chain()->floor, 2);
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 0);
}

static uint64_t number_of_last(void)
{
    json_t *ev = place_line(p.journal, place_lines(p.journal) - 1);
    uint64_t n = strtoull(str(ev, "sequence"), NULL, 10);

    json_decref(ev);
    return n;
}

int64_t __wrap_bg_event_age(const json_t *ev);
int64_t __wrap_bg_event_age(const json_t *ev)
{
    return strcmp(str(own(ev), "reason"), "old") == 0 ? INT64_C(3600001) : 0;
}

/* Nobody is woken for what is over; what has just happened may be what the delivery was begun for. */
static void a_new_sink_for_people_is_not_told_of_what_is_over(void **state)
{
    (void)state;
    conf.class = BG_CLASS_PAGE;
    record(2, "old");
    record(1, "now");
    record(1, "old"); /* that clock was wrong: it is the newest one that is old */
    record(1, "now");
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 1);
    assert_true(was_sent("now"));
    assert_int_equal(saved()->began.sequence, number_of_last() - 1);
    assert_int_equal(chain()->floor, number_of_last());
    record(1, "old"); /* it was there by then */
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 1);
    assert_int_equal(saved()->began.sequence, number_of_last() - 2);
}

/* What happened while it lacked its secret is told once that is there, however long it took. */
static void a_sink_that_lacked_its_secret_is_told_what_was_meanwhile(void **state)
{
    (void)state;
    conf.class = BG_CLASS_PAGE;
    record(1, "old");
    worker_introduce(&conf, &dirs);
    record(1, "old");
    record(1, "now");
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 2);
    assert_int_equal(saved()->began.sequence, number_of_last() - 2);
}

/* Who keeps the record gets all of it, and so does who wants it; and a cursor that is damaged is none of a
 * new sink. */
static void others_are_told_of_all(void **state)
{
    char path[200];

    (void)state;
    conf.class = BG_CLASS_RECORD;
    record(2, "old");
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 3);
    assert_int_equal(saved()->began.sequence, 0);
    conf.class = BG_CLASS_PAGE;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/hook", i == 0 ? run_cursors : state_cursors);
        place_write(i == 0 ? run_cursors : state_cursors, "hook", "damaged", 7);
        assert_int_equal(chmod(path, 0640), 0);
    }
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 3);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/hook", i == 0 ? run_cursors : state_cursors);
        assert_int_equal(unlink(path), 0);
    }
    conf.backlog = BG_BACKLOG_ALL;
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 3);
}

/* Given up while it waits: it is not tried again, and nothing is left to wait for. */
static void what_is_dropped_while_it_waits_is_not_tried(void **state)
{
    json_t *first;

    (void)state;
    record(1, "why");
    (void)snprintf(script->stubborn, sizeof script->stubborn, "stubborn");
    script->stubbornly = SINK_REFUSED;
    record(1, "stubborn");
    first = place_line(p.journal, 0);
    (void)snprintf(script->drop.journalid, sizeof script->drop.journalid, "%s", str(first, "journalid"));
    json_decref(first);
    script->drop.sequence = 3;
    script->drops = true;
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 3);
    assert_int_equal(chain()->floor, 3);
}

/* A flood has made the receiver ask for patience: an alarm has a try of its own. */
static void patience_with_a_flood_does_not_hold_an_alarm_up(void **state)
{
    struct bg_event e = place_event("flood");

    (void)state;
    record(1, "why");
    assert_int_equal(round_of(60000), WORKER_DONE);
    e.type = BG_EV_ATTEMPT_FAILED;
    place_record(&p, &e, BG_RECORDED_JOURNAL);
    script->verdict = SINK_RETRY;
    script->wait_ms = 500000;
    assert_int_equal(round_of(1000), WORKER_LEFT);
    assert_int_equal(saved()->not_before, 0);
    assert_true(saved()->not_before_common > bg_wall_ms() + 400000);
    assert_int_equal(round_of(1000), WORKER_LEFT); /* the next process has patience as well */
    assert_int_equal(script->n, 0);
    script->verdict = SINK_ACKED;
    record(1, "alarm");
    assert_int_equal(round_of(60000), WORKER_DONE); /* and it shows that there is no need for it any more */
    assert_int_equal(script->n, 2);
    assert_memory_equal(script->body[0], "alarm", 5);
    assert_memory_equal(script->body[1], "flood", 5);
}

/* Those that anybody can cause leave one of the ways to the receiver free. */
static void a_flood_leaves_a_slot_free(void **state)
{
    struct bg_event e = place_event("flood");

    (void)state;
    e.type = BG_EV_SHARE_REFUSED;
    for (int i = 0; i < 12; i++)
        place_record(&p, &e, BG_RECORDED_JOURNAL);
    record(1, "alarm");
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_memory_equal(script->body[0], "alarm", 5); /* though it is the newest of all */
    assert_int_equal(script->most_flood, fake.slots - 1);
    assert_int_equal(script->n, 14);
}

/* Somebody may not get in before it is acknowledged, and it was not the use that asked too often. */
static void the_first_word_of_a_use_waits_for_no_patience(void **state)
{
    (void)state;
    record_kind(BG_EV_CONFIG_CHANGED, 1, "why");
    script->verdict = SINK_RETRY;
    script->wait_ms = 500000;
    assert_int_equal(round_of(1000), WORKER_LEFT);
    script->verdict = SINK_ACKED;
    record(1, "a use");
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_memory_equal(script->body[0], "a use", 5);
}

/* Eight at once and then eight a minute: half of them for what anybody can cause, a quarter for uses alone,
 * whose first word waits for nothing even so. */
static void a_rate_is_kept_and_a_use_has_a_reserve(void **state)
{
    (void)state;
    conf.rate = 8;
    record_kind(BG_EV_SHARE_REFUSED, 9, "flood"); /* and the genesis event, which goes first */
    assert_int_equal(round_of(1000), WORKER_LEFT);
    assert_int_equal(script->n, 4);
    assert_int_equal(saved()->why, BG_DEFER_RATE);
    assert_in_range(saved()->deferred - bg_wall_ms(), 1000, 7500);
    record_kind(BG_EV_CONFIG_CHANGED, 9, "more"); /* the next process keeps to it as well */
    assert_int_equal(round_of(1000), WORKER_LEFT);
    assert_int_equal(script->n, 2);
    assert_false(was_sent("flood"));
    record(2, "a use");
    assert_int_equal(round_of(1000), WORKER_LEFT);
    assert_int_equal(script->n, 2);
    assert_true(was_sent("a use") && !was_sent("more"));
    record(9, "a third");
    assert_int_equal(round_of(1000), WORKER_LEFT);
    assert_int_equal(script->n, 9);
    assert_true(was_sent("a third") && !was_sent("more"));
    assert_in_range(saved()->full - bg_wall_ms(), 50000, 60500); /* no debt for the others */
}

/* Retry-After: the next process keeps the promise too, but no longer than the longest pause. */
static void the_receivers_patience_is_kept(void **state)
{
    struct bg_cursor *c;

    (void)state;
    record_kind(BG_EV_CONFIG_CHANGED, 1, "why");
    script->verdict = SINK_RETRY;
    script->wait_ms = 500000;
    assert_int_equal(round_of(1000), WORKER_LEFT);
    assert_true(saved()->not_before > bg_wall_ms() + 400000);
    assert_int_equal(saved()->why, BG_DEFER_ASKED);
    assert_true(llabs((long long)(saved()->deferred - saved()->not_before)) < 1500);
    script->verdict = SINK_ACKED;
    record_kind(BG_EV_CONFIG_CHANGED, 1, "more");
    assert_int_equal(round_of(1000), WORKER_LEFT);
    assert_int_equal(script->n, 0);
    c = saved();
    c->not_before = bg_wall_ms() + INT64_C(86400000000); /* a clock that was wrong */
    assert_int_equal(bg_cursor_save(&dirs.cursors, "hook", c), BG_OK);
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 3);
    assert_int_equal(saved()->not_before, 0);
}

static void what_cannot_be_submitted_is_tried_again(void **state)
{
    (void)state;
    record(1, "why");
    script->refuse = BG_E_NOMEM;
    assert_int_equal(round_of(100), WORKER_LEFT);
    script->refuse = BG_OK;
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 2);
    assert_true(was_sent("why"));
}

/* Its second try is the journal's line: the one in /run is gone. */
static void what_is_brought_home_under_way_is_sent_from_there(void **state)
{
    struct bg_event e = place_event("in run");
    struct bg_cursor *c;

    (void)state;
    record(1, "why");
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(chmod(p.journal, 0770), 0);
    place_record(&p, &e, BG_RECORDED_RUN);
    script->home = true;
    assert_int_equal(round_of(10000), WORKER_DONE);
    assert_true(was_sent("in run") && was_sent("afterwards"));
    c = saved();
    assert_int_equal(bg_cursor_chain(c, c->journal.journalid, false)->floor, 4);
    assert_string_not_equal(saved()->error, bg_strerror(BG_E_NOENT));
}

/* An event without an id that a header could carry cannot be sent: it waits for somebody to give it up. */
static void an_event_without_an_id_is_refused(void **state)
{
    size_t n;
    char *buf, *id;

    (void)state;
    record(1, "why");
    buf = place_read(p.journal, "000001.jsonl", &n);
    assert_non_null(id = memmem(buf, n, "\"id\":\"", 6));
    id[6] = '!';
    place_write(p.journal, "000001.jsonl", buf, n);
    free(buf);
    assert_int_equal(round_of(100), WORKER_LEFT);
    assert_int_equal(script->n, 1);
    assert_true(bg_cursor_refused(chain(), 1));
}

static void one_process_a_sink(void **state)
{
    char path[160];
    int fd;

    (void)state;
    record(1, "why");
    (void)snprintf(path, sizeof path, "%s/hook.lock", run_cursors);
    assert_true((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(round_of(50), WORKER_BUSY);
    assert_int_equal(script->n, 0);
    (void)close(fd);
    assert_int_equal(round_of(60000), WORKER_DONE);
    assert_int_equal(script->n, 2);
}

static void a_sink_that_cannot_begin(void **state)
{
    (void)state;
    record(1, "why");
    script->cannot_open = BG_E_NOMEM;
    assert_int_equal(round_of(60000), WORKER_CANNOT);
    dirs.cursors.run = "/nonexistent";
    assert_int_equal(round_of(60000), WORKER_CANNOT);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(everything_is_delivered_once),
        T(only_what_was_acknowledged_is_marked),
        T(an_endpoint_that_is_away_is_asked_once),
        T(each_event_has_a_pause_of_its_own),
        T(what_answers_wrongly_takes_nothing_since_then),
        T(what_came_while_another_failed_has_a_try_of_its_own),
        T(what_is_refused_waits_and_the_rest_goes_on),
        T(all_are_refused_and_none_is_lost),
        T(a_refusal_may_be_worth_another_try),
        T(what_an_older_program_gave_up_is_delivered),
        T(what_is_dropped_is_done),
        T(what_is_requeued_is_sent_again),
        T(what_is_requeued_under_way_is_sent_again),
        T(a_new_sink_for_people_is_not_told_of_what_is_over),
        T(a_sink_that_lacked_its_secret_is_told_what_was_meanwhile),
        T(others_are_told_of_all),
        T(what_is_dropped_while_it_waits_is_not_tried),
        T(patience_with_a_flood_does_not_hold_an_alarm_up),
        T(a_flood_leaves_a_slot_free),
        T(the_receivers_patience_is_kept),
        T(the_first_word_of_a_use_waits_for_no_patience),
        T(a_rate_is_kept_and_a_use_has_a_reserve),
        T(what_cannot_be_submitted_is_tried_again),
        T(what_is_brought_home_under_way_is_sent_from_there),
        T(an_event_without_an_id_is_refused),
        T(one_process_a_sink),
        T(a_sink_that_cannot_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
