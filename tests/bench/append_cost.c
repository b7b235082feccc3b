/* SPDX-License-Identifier: ISC */
/*
 * append_cost DIR RUNS [LINES]...: an event in a journal of so many lines below DIR, beside a bare write and
 * fdatasync of as many bytes to a file of its own, in turn. Prints rows for tests/bench/all: medians in
 * milliseconds of the append alone, and of all that recording is (the event, its child, the small files).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "record/append.h"
#include "record/chain.h"
#include "record/journal.h"

#define RUNS_MAX 1000
#define BYTES    (4 << 20) /* of a segment */
#define PLACE    300       /* of a directory's name */

enum what {
    APPEND,
    RECORD,
    BARE,
    KINDS
};

static double took[KINDS][RUNS_MAX];

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct bg_event event_of(void)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = BG_EV_USE_GRANTED;
    e.success = true;
    e.account = "bg1";
    e.service = "login";
    e.source = "console";
    e.claimed = "Ada Lovelace";
    e.reason = "LDAP does not answer, INC-4711";
    return e;
}

static int write_segment(const char *dir, unsigned number, const char *text, size_t len)
{
    char path[PLACE + 32];
    int fd, bad;

    (void)snprintf(path, sizeof path, "%s/%06u.jsonl", dir, number);
    if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640)) < 0)
        return 1;
    bad = write(fd, text, len) != (ssize_t)len;
    return close(fd) != 0 || bad;
}

/* Lines as appends would have left them, without the disk: that would take an hour. */
static int fill(const char *dir, unsigned long lines)
{
    struct bg_event e = event_of();
    struct bg_chain c;
    static char text[BYTES + BG_LINE_MAX];
    unsigned number = 1;
    size_t at = 0, len;
    json_t *ev;
    int bad = bg_chain_begin(&c) != BG_OK || bg_event_render(&e, &ev) != BG_OK;

    for (unsigned long i = 0; !bad && i < lines; i++) {
        bad = bg_chain_link(ev, &c, NULL, text + at, &len) != BG_OK;
        at += len;
        if (at >= BYTES || i + 1 == lines) {
            bad = bad || write_segment(dir, number++, text, at);
            at = 0;
        }
    }
    json_decref(ev);
    return bad;
}

static int append(struct bg_recorder *rec)
{
    struct bg_event e = event_of();
    static struct bg_appended out;
    struct bg_append_job job = {.dir = rec->dir,
                                .takeover = rec->fallback_dir,
                                .second = true,
                                .durable = true,
                                .segment_max = BG_SEGMENT_MAX,
                                .lock_ms = 1000};

    if (bg_event_render(&e, &job.event) != BG_OK)
        return 1;
    (void)bg_append_work(&job, &out);
    json_decref(job.event);
    return out.result != BG_OK;
}

static int record(struct bg_recorder *rec)
{
    struct bg_event e = event_of();
    enum bg_recorded where;

    return bg_record(rec, &e, &where, NULL) != BG_OK || where != BG_RECORDED_JOURNAL;
}

static int bare(int fd)
{
    static char line[900];

    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    return write(fd, line, sizeof line) != (ssize_t)sizeof line || fdatasync(fd) != 0;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(enum what k, unsigned n)
{
    qsort(took[k], n, sizeof took[k][0], by_size);
    return took[k][n / 2];
}

/* Each in turn, so that noise is for all; what comes first is for none. */
static int measure(struct bg_recorder *rec, int fd, unsigned runs)
{
    int bad = append(rec) || record(rec) || bare(fd);

    for (unsigned i = 0; !bad && i < runs; i++) {
        double t[KINDS + 1];
        t[0] = now();
        bad = append(rec);
        t[1] = now();
        bad = bad || record(rec);
        t[2] = now();
        bad = bad || bare(fd);
        t[3] = now();
        for (int k = 0; k < KINDS; k++)
            took[k][i] = t[k + 1] - t[k];
    }
    return bad;
}

static int journal_of(const char *top, unsigned long lines, unsigned runs)
{
    static const char *const names[] = {"append alone", "an event recorded"};
    char dir[PLACE], run[PLACE], path[PLACE + 32];
    struct bg_recorder rec;
    double ours[2], theirs;
    int fd;

    (void)snprintf(dir, sizeof dir, "%s/%lu/journal", top, lines);
    (void)snprintf(run, sizeof run, "%s/run%lu/journal", top, lines);
    (void)snprintf(path, sizeof path, "%s/bare", top);
    bg_recorder_init(&rec);
    rec.dir = dir;
    rec.fallback_dir = run;
    rec.syslog_path = "";
    if (record(&rec) != 0) /* makes the directories */
        return 1;
    (void)snprintf(path, sizeof path, "%s/000001.jsonl", dir);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/%lu/head", top, lines);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/bare", top);
    if (fill(dir, lines) != 0 ||
        (fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600)) < 0)
        return 1;
    if (measure(&rec, fd, runs) != 0)
        return 1;
    (void)close(fd);
    theirs = median(BARE, runs);
    for (int k = 0; k < 2; k++) {
        ours[k] = median((enum what)k, runs);
        printf("%s, journal of %lu lines\tms\t%.4g\twrite and fdatasync\t%.4g\t%u\n", names[k], lines,
               ours[k], theirs, runs);
    }
    (void)fflush(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    int bad = argc < 4, runs = argc < 4 ? 0 : atoi(argv[2]);

    if (bad || runs < 1 || runs > RUNS_MAX)
        return 2;
    for (int i = 3; !bad && i < argc; i++)
        bad = journal_of(argv[1], strtoul(argv[i], NULL, 10), (unsigned)runs);
    return bad;
}
