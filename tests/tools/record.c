/* SPDX-License-Identifier: ISC */
/*
 * Records events from the command line, for the scripts in tests/fault and for tests/bench:
 *
 *     record JOURNALDIR RUNDIR SYSLOGPATH [-n COUNT] [-t TIMEOUT_MS] [-m REASON] [-k KIND] [-r PROGRAM] [-l]
 *            [-s MEMBER=VALUE]... [-a SECONDS]
 *     record verify JOURNALDIR
 *     record trim JOURNALDIR RUNDIR
 *     record kinds JOURNALDIR RUNDIR
 *
 * prints for each event where it went and how long it took: "journal 1.8 ms"; verify prints "holds LINES" or
 * the finding; trim removes the oldest segment, however young it is; kinds records an event of each kind,
 * once with nothing said and once with everything. KIND is one such as use.granted; PROGRAM is rung after
 * each event, as a login does it; -l: one for each line of standard input, which is its reason; -s: what the
 * event says besides, as in settings below; -a: it was so long ago.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "delivery/bell.h"
#include "record/journal.h"
#include "record/seal.h"
#include "record/trim.h"

static int64_t ago_ms;

int64_t __real_bg_wall_ms(void);
int64_t __wrap_bg_wall_ms(void);
int64_t __wrap_bg_time_rfc3339(char out[BG_TIME_LEN]);
int64_t __real_bg_host_boottime_ns(void);
int64_t __wrap_bg_host_boottime_ns(void);

int64_t __wrap_bg_host_boottime_ns(void)
{
    return __real_bg_host_boottime_ns() - ago_ms * 1000000;
}

int64_t __wrap_bg_wall_ms(void)
{
    return __real_bg_wall_ms() - ago_ms;
}

int64_t __wrap_bg_time_rfc3339(char out[BG_TIME_LEN])
{
    int64_t ms = __wrap_bg_wall_ms();

    bg_time_of(ms, out);
    (void)snprintf(out + 19, BG_TIME_LEN - 19, ".%03u000Z", (unsigned)(ms % 1000));
    return ms;
}

static double now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static int verify(const char *dir)
{
    struct bg_verify v;
    enum bg_err r = bg_journal_verify(dir, &v);

    if (r == BG_OK)
        printf("holds %llu\n", (unsigned long long)v.lines);
    else if (r == BG_E_MISMATCH)
        printf("%s:%lu %s\n", v.bad_segment, v.bad_line, v.problem);
    else
        printf("%s\n", bg_strerror(r));
    return r == BG_OK ? 0 : 1;
}

static bool all_have_it(void *arg, const struct bg_position *last)
{
    (void)arg;
    (void)last;
    return true;
}

static int trim(const char *dir, const char *run)
{
    const struct bg_trim_rule rule = {.segments = 1, .taken = all_have_it};
    struct bg_trimmed t;
    struct bg_recorder rec;
    int64_t age;
    enum bg_err r;

    bg_recorder_init(&rec);
    rec.dir = dir;
    rec.fallback_dir = run;
    rec.syslog_path = "";
    if ((r = bg_journal_trim(&rec, &rule, &t, &age)) == BG_OK)
        printf("%llu to %llu\n", (unsigned long long)t.first, (unsigned long long)t.last);
    else
        printf("%s\n", bg_strerror(r));
    return r == BG_OK ? 0 : 1;
}

static int seal(const char *dir, const char *run)
{
    struct bg_event e = BG_EVENT_INIT;
    struct bg_recorder rec;
    struct bg_position end;
    struct bg_seal new;
    char detail[BG_SEAL_DETAIL_MAX], key[BG_SEAL_KEY_LEN + 1];

    bg_recorder_init(&rec);
    rec.dir = dir;
    rec.fallback_dir = run;
    rec.syslog_path = "";
    if (bg_journal_end(&rec, &end) != BG_OK || bg_seal_make(end.journalid, end.sequence + 2, &new) != BG_OK ||
        bg_seal_print(end.journalid, &new, key) != BG_OK)
        return 1;
    bg_seal_detail(&new, detail);
    e.type = BG_EV_JOURNAL_SEALED;
    e.success = true;
    e.detail = detail;
    if (bg_journal_seal(&rec, &e, &new) != BG_OK)
        return 1;
    printf("%s\n", key);
    return 0;
}

static enum bg_event_type kind_of(const char *name)
{
    int t = 1;

    while (t < BG_EV_TYPES && strcmp(bg_event_kind((enum bg_event_type)t)->name, name) != 0)
        t++;
    return (enum bg_event_type)t;
}

/* Of every event. */
static struct bg_event settings = BG_EVENT_INIT;

static bool set(char *setting)
{
    const struct {
        const char *name;
        const char **value;
    } known[] = {{"use", &settings.use},         {"claimed", &settings.claimed}, {"drill", &settings.drill},
                 {"by", &settings.by},           {"verdict", &settings.verdict}, {"detail", &settings.detail},
                 {"account", &settings.account}, {"rhost", &settings.rhost},     {"until", &settings.until},
                 {"key", &settings.key}};
    char *value = strchr(setting, '=');

    if (value == NULL)
        return false;
    *value++ = '\0';
    if (strcmp(setting, "pid") == 0)
        settings.host_pid = atoi(value);
    else if (strcmp(setting, "caller") == 0)
        settings.caller_uid = atoi(value);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(setting, known[i].name) == 0)
            *known[i].value = value;
    return true;
}

static int record(struct bg_recorder *rec, const char *kind, const char *reason, int count, const char *ring)
{
    struct bg_event e = settings;
    int bad = 0;

    e.type = kind_of(kind);
    e.success = true;
    e.account = e.account == NULL ? "bg1" : e.account;
    e.service = "login";
    e.source = "console";
    e.claimed = e.claimed == NULL ? "Ada Lovelace" : e.claimed;
    e.reason = reason;
    for (int i = 0; i < count; i++) {
        enum bg_recorded where = BG_RECORDED_NOWHERE;
        double start = now_ms();
        bad |= bg_record(rec, &e, &where, NULL) != BG_OK;
        printf("%s %.2f ms\n", bg_recorded_name(where), now_ms() - start);
        if (ring != NULL)
            bad |= bg_bell_ring(ring) != BG_OK;
    }
    return bad;
}

/* All that an event can say. */
static struct bg_event full(enum bg_event_type type)
{
    static const struct bg_event_card card[] = {{1, 2, 0, "Ada", "E-1", "S-1"}, {2, 1, 3, NULL, NULL, NULL}};
    static const struct bg_repeats repeats = {
        .account = "bg1", .failed = 7, .sources = 2, .first = "10.0.0.1", .since = "2026-11-22T12:03:24.1Z"};
    struct bg_event e = {.type = type,
                         .success = true,
                         .account = "bg1",
                         .use = "01JD7Z3W9Q6M3B1V5X0C8K3F2T",
                         .message = "a sentence",
                         .service = "sshd",
                         .tty = "pts/3",
                         .rhost = "10.1.2.3",
                         .ruser = "ada",
                         .source = "network",
                         .claimed = "Ada Lovelace",
                         .reason = "LDAP is down \"again\" \033[31m",
                         .ticket = "INC-4711",
                         .factor = "key+password+shares",
                         .key = "blue",
                         .user_verified = "yes",
                         .host_identity = "same",
                         .detail = "BG204",
                         .degraded = "the journal refused it",
                         .drill = "01JD7Z3W9Q6M3B1V5X0C8K3F2V",
                         .by = "Grace Hopper",
                         .verdict = "drill",
                         .evidence = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                         .envelope = "E-1",
                         .seal = "S-1",
                         .item = "drill bg1",
                         .until = "2026-11-22T14:03:24.1Z",
                         .host_pid = 1,
                         .card = card,
                         .cards = 2,
                         .repeats = &repeats};

    return e;
}

static int record_kinds(struct bg_recorder *rec, const char *dir, const char *run)
{
    int bad = 0;

    rec->dir = dir;
    rec->fallback_dir = run;
    rec->syslog_path = "";
    for (int t = 1; t < (int)BG_EV_TYPES; t++) {
        struct bg_event bare = BG_EVENT_INIT, e = full((enum bg_event_type)t);
        enum bg_recorded where = BG_RECORDED_NOWHERE;
        bare.type = e.type;
        bad |= bg_record(rec, &bare, &where, NULL) != BG_OK || where != BG_RECORDED_JOURNAL;
        bad |= bg_record(rec, &e, &where, NULL) != BG_OK || where != BG_RECORDED_JOURNAL;
        printf("%s\n", bg_event_kind(e.type)->type);
    }
    return bad;
}

static int record_each_line(struct bg_recorder *rec, const char *kind, const char *ring)
{
    char line[512];
    int bad = 0;

    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        bad |= record(rec, kind, line, 1, ring);
    }
    return bad;
}

int main(int argc, char **argv)
{
    struct bg_recorder rec;
    const char *reason = "LDAP is down", *kind = "use.granted", *ring = NULL;
    int c, count = 1;
    bool lines = false;

    if (argc == 3 && strcmp(argv[1], "verify") == 0)
        return verify(argv[2]);
    if (argc == 4 && strcmp(argv[1], "trim") == 0)
        return trim(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "seal") == 0)
        return seal(argv[2], argv[3]);
    bg_recorder_init(&rec);
    rec.audit = false;
    if (argc == 4 && strcmp(argv[1], "kinds") == 0)
        return record_kinds(&rec, argv[2], argv[3]);
    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* what was acknowledged before it is killed */
    while ((c = getopt(argc, argv, "n:t:m:k:r:ls:a:")) != -1) {
        if (c == 'n')
            count = atoi(optarg);
        else if (c == 't')
            rec.timeout_ms = atoi(optarg);
        else if (c == 'm')
            reason = optarg;
        else if (c == 'k')
            kind = optarg;
        else if (c == 'r')
            ring = optarg;
        else if (c == 'l')
            lines = true;
        else if (c == 'a')
            ago_ms = atoll(optarg) * 1000;
        else if (c == 's' && set(optarg))
            continue;
        else
            return 2;
    }
    if (argc - optind != 3)
        return 2;
    rec.dir = argv[optind];
    rec.fallback_dir = argv[optind + 1];
    rec.syslog_path = argv[optind + 2];
    return lines ? record_each_line(&rec, kind, ring) : record(&rec, kind, reason, count, ring);
}
