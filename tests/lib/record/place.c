/* SPDX-License-Identifier: ISC */
#include "place.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/child.h"
#include "record/append.h"
#include "record/lines.h"
#include "record/room.h"

void place_make(struct place *p)
{
    memset(p, 0, sizeof *p);
    (void)snprintf(p->root, sizeof p->root, "/tmp/bg-record-XXXXXX");
    assert_non_null(mkdtemp(p->root));
    (void)snprintf(p->journal, sizeof p->journal, "%s/state/journal", p->root);
    (void)snprintf(p->run, sizeof p->run, "%s/run/journal", p->root);
    bg_recorder_init(&p->rec);
    p->rec.dir = p->journal;
    p->rec.fallback_dir = p->run;
    p->rec.syslog_path = "";
    p->rec.audit = false;
    p->rec.timeout_ms = 30000;
    bg_room_disk_ms = bg_room_lock_ms = 30000;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void place_remove(struct place *p)
{
    (void)nftw(p->root, drop, 16, FTW_DEPTH | FTW_PHYS);
}

int place_setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    place_make(p);
    *state = p;
    return 0;
}

int place_teardown(void **state)
{
    place_remove(*state);
    free(*state);
    return 0;
}

char *place_read(const char *dir, const char *name, size_t *len)
{
    char path[256], *buf;
    struct stat st;
    int fd;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_true((fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_non_null(buf = malloc((size_t)st.st_size + 1));
    assert_int_equal(read(fd, buf, (size_t)st.st_size), st.st_size);
    buf[st.st_size] = '\0';
    (void)close(fd);
    *len = (size_t)st.st_size;
    return buf;
}

void place_write(const char *dir, const char *name, const void *data, size_t len)
{
    char path[256];
    int fd;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_true((fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)) >= 0);
    assert_int_equal(write(fd, data, len), len);
    (void)close(fd);
}

long place_size(const char *dir, const char *name)
{
    char path[256];
    struct stat st;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return lstat(path, &st) == 0 ? (long)st.st_size : -1;
}

struct bg_event place_event(const char *reason)
{
    struct bg_event e = BG_EVENT_INIT;

    e.type = BG_EV_USE_GRANTED;
    e.success = true;
    e.account = "bg1";
    e.service = "login";
    e.source = "console";
    e.factor = "shares";
    e.reason = reason;
    return e;
}

void place_record(struct place *p, const struct bg_event *e, enum bg_recorded want)
{
    enum bg_recorded where = BG_RECORDED_NOWHERE;

    assert_int_equal(bg_record(&p->rec, e, &where, NULL), BG_OK);
    assert_int_equal(where, want);
}

void place_newest(const char *dir, char *line)
{
    size_t len;
    char *buf = place_read(dir, "000001.jsonl", &len), *before;

    assert_true(len > 1 && buf[len - 1] == '\n');
    buf[len - 1] = '\0';
    before = strrchr(buf, '\n');
    (void)snprintf(line, BG_LINE_MAX, "%s", before == NULL ? buf : before + 1);
    free(buf);
}

struct nth {
    unsigned want, at;
    json_t *found;
};

static bool pick(void *arg, const struct bg_rawline *l)
{
    struct nth *n = arg;

    if (l->whole && n->at++ == n->want)
        n->found = json_loadb(l->text, l->len, 0, NULL);
    return n->found == NULL;
}

json_t *place_line(const char *dir, unsigned n)
{
    struct nth nth = {.want = n};

    (void)!bg_lines_walk(dir, 0, pick, &nth);
    return nth.found;
}

unsigned place_lines(const char *dir)
{
    struct nth nth = {.want = UINT32_MAX};

    (void)!bg_lines_walk(dir, 0, pick, &nth);
    return nth.at;
}

const char *str(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s == NULL ? "(none)" : s;
}

json_t *own(const json_t *ev)
{
    return json_object_get(json_object_get(json_object_get(ev, "data"), "unmapped"), "breakglass");
}

void place_stop_a_child_of(pid_t parent)
{
    char path[64], list[256];

    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
    for (int i = 0; i < 20000; i++, bg_sleep_ms(1)) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = read(fd, list, sizeof list - 1);
        (void)close(fd);
        list[n > 0 ? n : 0] = '\0';
        for (char *q = list; *q != '\0';) {
            long pid = strtol(q, &q, 10);
            if (pid > 0 && pid != getpid() && kill((pid_t)pid, SIGSTOP) == 0)
                _exit(0);
            q += strspn(q, " \n");
        }
    }
    _exit(1);
}

void place_append_alone(struct place *p)
{
    struct bg_event e = place_event("alone");
    struct bg_append_job job = {.dir = p->journal,
                                .takeover = p->run,
                                .second = true,
                                .durable = true,
                                .lock_ms = 10000,
                                .segment_max = 1};
    static struct bg_appended out;

    assert_int_equal(bg_event_render(&e, &job.event), BG_OK);
    assert_int_equal(bg_child_run(bg_append_work, &job, 20000, &out, sizeof out, NULL), BG_OK);
    assert_int_equal(out.result, BG_OK);
    json_decref(job.event);
}
