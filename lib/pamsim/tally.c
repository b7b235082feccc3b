/* SPDX-License-Identifier: ISC */
#include "pamsim/tally.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pamsim/conf.h"

#define WEEK   604800U /* the longest time that is taken */
#define UNSAID (WEEK + 1)
#define LINE   1023

/* A record: 52 bytes source, 2 reserved, 2 status, 8 time, in the machine's order. */
#define RECORD    64
#define STATUS_AT 54
#define TIME_AT   56
#define VALID     1U
#define RECORDS   1024

void bg_pam_tally_default(struct bg_pam_tally *t)
{
    *t = (struct bg_pam_tally){
        .dir = BG_PAM_TALLY_DIR, .deny = 3, .interval = 900, .unlock = 600, .root_unlock = UNSAID};
}

/* As sscanf("%u") takes it: blanks and a sign before, anything behind, cut to its width. */
static bool number(const char *value, unsigned *n)
{
    char *end;
    long long v = strtoll(value, &end, 10);

    if (end == value)
        return false;
    *n = (unsigned)v;
    return true;
}

static void seconds(unsigned *out, const char *value, bool may_be_never)
{
    unsigned n;

    if (may_be_never && strcmp(value, "never") == 0)
        *out = 0;
    else if (number(value, &n) && n <= WEEK)
        *out = n;
}

static void set(struct bg_pam_tally *t, const char *name, const char *value)
{
    unsigned n;

    if (strcmp(name, "dir") == 0 && value[0] == '/')
        (void)snprintf(t->dir, sizeof t->dir, "%s", value);
    else if (strcmp(name, "deny") == 0 && number(value, &n))
        t->deny = n & 0xffff; /* a short */
    else if (strcmp(name, "fail_interval") == 0)
        seconds(&t->interval, value, false);
    else if (strcmp(name, "unlock_time") == 0)
        seconds(&t->unlock, value, true);
    else if (strcmp(name, "root_unlock_time") == 0)
        seconds(&t->root_unlock, value, true);
    else if (strcmp(name, "admin_group") == 0)
        (void)snprintf(t->admin_group, sizeof t->admin_group, "%s", value);
    else if (strcmp(name, "even_deny_root") == 0)
        t->even_deny_root = true;
    else if (strcmp(name, "local_users_only") == 0)
        t->local_only = true;
}

/* "deny = 3", "deny=3", "deny 3": the value behind blanks and one '='. */
static void take_line(struct bg_pam_tally *t, char *line)
{
    char *value;
    bool sign;

    line[strcspn(line, "#")] = '\0';
    for (size_t n = strlen(line); n > 0 && isspace((unsigned char)line[n - 1]);)
        line[--n] = '\0';
    while (isspace((unsigned char)*line))
        line++;
    for (value = line; *value != '\0' && *value != '=' && !isspace((unsigned char)*value);)
        value++;
    sign = *value == '=';
    if (*value != '\0')
        *value++ = '\0';
    for (; isspace((unsigned char)*value) || (*value == '=' && !sign); value++)
        sign = sign || *value == '=';
    if (*line != '\0')
        set(t, line, value);
}

bool bg_pam_tally_conf(struct bg_pam_tally *t, char *text, bool old)
{
    char *at = text, *line;
    bool whole;

    while ((line = bg_pam_conf_line(&at, &whole)) != NULL) {
        if (old && strlen(line) + whole > LINE)
            return false;
        take_line(t, line);
    }
    return true;
}

void bg_pam_tally_arguments(struct bg_pam_tally *t, const char *const *argv, size_t argc)
{
    char name[LINE + 1];

    for (size_t i = 0; i < argc; i++) {
        char *sign;
        (void)snprintf(name, sizeof name, "%s", argv[i]);
        sign = strchr(name, '=');
        if (sign != NULL)
            *sign++ = '\0';
        set(t, name, sign == NULL ? "" : sign);
    }
}

void bg_pam_tally_end(struct bg_pam_tally *t)
{
    if (t->root_unlock == UNSAID)
        t->root_unlock = t->unlock;
}

/* False: it does not count. */
static bool record_at(const char *record, size_t i, uint64_t *time)
{
    uint16_t status;

    memcpy(&status, record + i * RECORD + STATUS_AT, sizeof status);
    memcpy(time, record + i * RECORD + TIME_AT, sizeof *time);
    return (status & VALID) != 0;
}

bool bg_pam_tally_full(const struct bg_pam_tally *t, const char *record, size_t n, bool admin, uint64_t now,
                       uint64_t *until)
{
    size_t count = n / RECORD > RECORDS ? RECORDS : n / RECORD;
    unsigned unlock = admin ? t->root_unlock : t->unlock, failures = 0;
    uint64_t latest = 0, time;

    for (size_t i = 0; i < count; i++)
        if (record_at(record, i, &time) && time > latest)
            latest = time;
    for (size_t i = 0; i < count; i++)
        failures += record_at(record, i, &time) && latest - time < t->interval;
    if (t->deny == 0 || failures < t->deny || (unlock != 0 && latest + unlock < now))
        return false;
    if (until != NULL)
        *until = unlock == 0 ? 0 : latest + unlock + 1;
    return true;
}
