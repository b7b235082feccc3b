/* SPDX-License-Identifier: ISC */
/*
 * Records events from the command line, for the scripts in tests/fault and for tests/bench:
 *
 *     record JOURNALDIR RUNDIR SYSLOGPATH [-n COUNT] [-t TIMEOUT_MS] [-m REASON] [-k KIND] [-r PROGRAM]
 *     record verify JOURNALDIR
 *
 * prints for each event where it went and how long it took: "journal 1.8 ms"; verify prints "holds LINES" or
 * the finding. KIND is one such as use.granted; PROGRAM is rung after each event, as a login does it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "delivery/bell.h"
#include "record/journal.h"

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

static enum bg_event_type kind_of(const char *name)
{
    int t = 1;

    while (t < BG_EV_TYPES && strcmp(bg_event_kind((enum bg_event_type)t)->name, name) != 0)
        t++;
    return (enum bg_event_type)t;
}

static int record(struct bg_recorder *rec, const char *kind, const char *reason, int count, const char *ring)
{
    struct bg_event e = BG_EVENT_INIT;
    int bad = 0;

    e.type = kind_of(kind);
    e.success = true;
    e.account = "bg1";
    e.service = "login";
    e.source = "console";
    e.claimed = "Ada Lovelace";
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

int main(int argc, char **argv)
{
    struct bg_recorder rec;
    const char *reason = "LDAP is down", *kind = "use.granted", *ring = NULL;
    int c, count = 1;

    if (argc == 3 && strcmp(argv[1], "verify") == 0)
        return verify(argv[2]);
    bg_recorder_init(&rec);
    while ((c = getopt(argc, argv, "n:t:m:k:r:")) != -1) {
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
        else
            return 2;
    }
    if (argc - optind != 3)
        return 2;
    rec.dir = argv[optind];
    rec.fallback_dir = argv[optind + 1];
    rec.syslog_path = argv[optind + 2];
    return record(&rec, kind, reason, count, ring);
}
