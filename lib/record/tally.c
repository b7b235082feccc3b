/* SPDX-License-Identifier: ISC */
#include "record/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/host.h"

uint64_t bg_boot_number(void)
{
    char id[BG_BOOT_ID_LEN + 1], digits[17];
    size_t n = 0;

    bg_host_boot_id(id);
    for (const char *p = id; *p != '\0' && n < sizeof digits - 1; p++)
        if (*p != '-')
            digits[n++] = *p;
    digits[n] = '\0';
    return strtoull(digits, NULL, 16);
}

struct bg_moment bg_moment_now(void)
{
    return (struct bg_moment){.wall_ms = bg_wall_ms(), .boot_ms = bg_now_ms(), .boot = bg_boot_number()};
}

int64_t bg_moment_age(const struct bg_moment *a, const struct bg_moment *b)
{
    return a->boot != 0 && a->boot == b->boot ? b->boot_ms - a->boot_ms : b->wall_ms - a->wall_ms;
}

void bg_tally_begin(struct bg_tally *t, const char *account)
{
    memset(t, 0, sizeof *t);
    (void)snprintf(t->account, sizeof t->account, "%s", account);
}

void bg_tally_failed(struct bg_tally *t, unsigned class, const struct bg_moment *at)
{
    struct bg_tally_class *c = &t->failed[class];

    c->last[c->count++ % BG_TALLY_FAILURES] = *at;
}

void bg_tally_granted(struct bg_tally *t, const char *use, const struct bg_moment *at)
{
    t->granted = *at;
    (void)snprintf(t->newest, sizeof t->newest, "%s", use);
}

struct bg_tally_use *bg_tally_use(struct bg_tally *t, const char *use)
{
    struct bg_tally_use *u;

    for (size_t i = 0; i < t->uses && i < BG_TALLY_USES; i++)
        if (strcmp(t->use[i].id, use) == 0)
            return &t->use[i];
    u = &t->use[t->uses++ % BG_TALLY_USES];
    memset(u, 0, sizeof *u);
    (void)snprintf(u->id, sizeof u->id, "%s", use);
    return u;
}

unsigned bg_tally_count(const struct bg_tally *t, unsigned class, int64_t *since_ms)
{
    const struct bg_tally_class *c = &t->failed[class];
    struct bg_moment now = bg_moment_now();
    int64_t newest = BG_FAILURE_WINDOW_MS;
    /* a grant from the future (the clock was set back) must not hide failures until then */
    bool granted = t->granted.wall_ms > 0 && bg_moment_age(&t->granted, &now) >= 0;
    unsigned n = 0;

    for (size_t i = 0; i < c->count && i < BG_TALLY_FAILURES; i++) {
        int64_t age = bg_moment_age(&c->last[i], &now);
        if (age < 0 && c->last[i].boot != 0 && c->last[i].boot != now.boot)
            continue; /* the clock was set back since: nobody knows how old it is, and it would never age */
        if (age > BG_FAILURE_WINDOW_MS || (granted && bg_moment_age(&c->last[i], &t->granted) >= 0))
            continue;
        n++;
        age = age < 0 ? 0 : age;
        newest = age < newest ? age : newest;
    }
    *since_ms = n == 0 ? 0 : newest;
    return n;
}

bool bg_tally_use_lives(const struct bg_tally_use *u)
{
    return u->granted && !u->closed && u->boot == bg_boot_number() && u->pid > 0 && u->pid_start > 0 &&
           bg_host_pid_start(u->pid) == u->pid_start;
}

const char *bg_tally_living(const struct bg_tally *t, bool opened)
{
    for (uint64_t i = t->uses; i-- > 0 && t->uses - i <= BG_TALLY_USES;) {
        const struct bg_tally_use *u = &t->use[i % BG_TALLY_USES];
        if ((u->opened || !opened) && bg_tally_use_lives(u))
            return u->id;
    }
    return NULL;
}

bool bg_tally_lives(const struct bg_tally *t, const char *id)
{
    for (uint64_t i = t->uses; i-- > 0 && t->uses - i <= BG_TALLY_USES;)
        if (strcmp(t->use[i % BG_TALLY_USES].id, id) == 0)
            return bg_tally_use_lives(&t->use[i % BG_TALLY_USES]);
    return false;
}

/* A session goes on with a process that was started in it, which is younger (record/unended.h). */
static bool is_passed_on(const struct bg_tally_use *u, const struct bg_tally_use *from)
{
    return from->opened && from->boot == u->boot && from->pid_start > u->pid_start;
}

void bg_tally_merge_uses(struct bg_tally *t, const struct bg_tally *other)
{
    uint64_t first = other->uses > BG_TALLY_USES ? other->uses - BG_TALLY_USES : 0;

    for (uint64_t i = first; i < other->uses; i++) {
        const struct bg_tally_use *from = &other->use[i % BG_TALLY_USES];
        struct bg_tally_use *u = bg_tally_use(t, from->id);
        if (u->opened ? is_passed_on(u, from) : from->opened || !u->granted) {
            u->pid = from->pid;
            u->pid_start = from->pid_start;
            u->boot = from->boot;
        }
        u->granted |= from->granted;
        u->opened |= from->opened;
        u->closed |= from->closed;
    }
    if (other->granted.wall_ms > 0 &&
        (t->granted.wall_ms == 0 || bg_moment_age(&other->granted, &t->granted) < 0))
        bg_tally_granted(t, other->newest, &other->granted);
}
