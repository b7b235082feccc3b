/* SPDX-License-Identifier: ISC */
/* /etc/passwd and /etc/shadow as the service "files" reads them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/check/acc.h"
#include "admin/check/facts.h"
#include "base/text.h"

#define FIELDS 9
#define SHELL  6

/* Cut a line at its colons: how many fields, at most `most`, of which the last has all that is left. */
static unsigned cut(char *line, char *field[FIELDS], unsigned most)
{
    unsigned n = 0;

    for (char *at = line; at != NULL && n < most; n++)
        field[n] = n + 1 == most ? at : strsep(&at, ":");
    return n;
}

/* The library asks for a name and two numbers; what is missing after them is empty. */
static bool entry(char *line, struct acc_entry *e)
{
    char none[1] = "", *f[FIELDS] = {none, none, none, none, none, none, none};

    if (cut(line, f, SHELL + 1) < 4 || f[0][0] == '\0' || !bg_number(f[2], 0, UINT32_MAX, &e->uid) ||
        !bg_number(f[3], 0, UINT32_MAX, &e->gid))
        return false;
    (void)snprintf(e->name, sizeof e->name, "%s", f[0]);
    (void)snprintf(e->home, sizeof e->home, "%s", f[SHELL - 1]);
    (void)snprintf(e->shell, sizeof e->shell, "%s", f[SHELL]);
    return true;
}

/* The next line as it is; lines that begin with # count for the number alone. */
static char *raw_line(char **at)
{
    return *at == NULL || **at == '\0' ? NULL : strsep(at, "\n");
}

bool acc_walk(acc_fn fn, void *arg)
{
    struct acc_entry e = {.line = 0};
    bool gone, go = true;
    char *text = facts_file("/etc/passwd", &gone), *at = text, *line;

    while (go && (line = raw_line(&at)) != NULL) {
        e.line++;
        if (*line != '#' && entry(line + strspn(line, " \t"), &e))
            go = fn(arg, &e);
    }
    free(text);
    return text != NULL || gone;
}

struct wanted {
    const char *name;
    struct acc_entry found;
};

static bool is_wanted(void *arg, const struct acc_entry *e)
{
    struct wanted *w = arg;

    if (strcmp(e->name, w->name) != 0)
        return true;
    w->found = *e;
    return false;
}

bool acc_local(const char *name, struct acc_entry *out)
{
    struct wanted w = {.name = name};

    if (!acc_walk(is_wanted, &w) || w.found.line == 0)
        return false;
    *out = w.found;
    return true;
}

void acc_seen(const struct check_account *a, struct acc_entry *out)
{
    *out = (struct acc_entry){.uid = a->row->uid, .gid = a->row->gid};
    (void)snprintf(out->name, sizeof out->name, "%s", a->row->name);
    (void)snprintf(out->home, sizeof out->home, "%s", a->row->home);
    (void)snprintf(out->shell, sizeof out->shell, "%s", a->row->shell);
    (void)acc_local(a->row->name, out);
}

/* "" is -1; false for what is no number. */
static bool days(const char *s, long *out)
{
    char *end;
    long n;

    *out = -1;
    if (*s == '\0')
        return true;
    n = strtol(s, &end, 10);
    if (*end != '\0')
        return false;
    *out = n < 0 ? -1 : n;
    return true;
}

bool acc_shadow(const char *name, struct acc_shadow *out)
{
    bool gone, found = false;
    char *text = facts_file("/etc/shadow", &gone), *at = text, *line, *f[FIELDS];
    size_t len = strlen(name);

    for (unsigned number = 1; !found && (line = raw_line(&at)) != NULL; number++) {
        found = strncmp(line, name, len) == 0 && line[len] == ':';
        if (!found)
            continue;
        *out = (struct acc_shadow){.line = number, .changed = -1, .max = -1, .inactive = -1, .expires = -1};
        out->sound = cut(line, f, FIELDS) == FIELDS && days(f[2], &out->changed) && days(f[4], &out->max) &&
                     days(f[6], &out->inactive) && days(f[7], &out->expires);
        (void)snprintf(out->password, sizeof out->password, "%.127s", out->sound ? f[1] : "");
    }
    free(text);
    return found;
}
