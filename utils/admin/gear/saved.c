/* SPDX-License-Identifier: ISC */
/* GEAR_SAVED: one "key = value" a line, written by init only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "admin/gear/gear.h"
#include "base/safefile.h"
#include "config/ini.h"

static enum gear now = GEARS; /* GEARS: not looked yet */

static void yes(bool *flag, const char *value)
{
    *flag = strcmp(value, "yes") == 0;
}

static bool take(struct gear_options *o, const struct bg_ini *r)
{
    if (strcmp(r->key, "platform") == 0)
        return (o->gear = gear_named(r->value)) < GEARS;
    if (strcmp(r->key, "account") == 0)
        return snprintf(o->account, sizeof o->account, "%s", r->value) < (int)sizeof o->account;
    if (strcmp(r->key, "services") == 0)
        return snprintf(o->services, sizeof o->services, "%s", r->value) < (int)sizeof o->services;
    if (strcmp(r->key, "sessions") == 0)
        return snprintf(o->sessions, sizeof o->sessions, "%s", r->value) < (int)sizeof o->sessions;
    if (strcmp(r->key, "no-sshd") == 0)
        return yes(&o->no_sshd, r->value), true;
    if (strcmp(r->key, "rescue") == 0)
        return yes(&o->rescue, r->value), true;
    return false;
}

enum bg_err gear_load(struct gear_options *out)
{
    static struct bg_ini r;
    struct gear_options o = {.gear = GEARS};
    char text[4096];
    size_t len;
    enum bg_err e = bg_file_read(GEAR_SAVED, text, sizeof text, &len);
    enum bg_ini_item item;

    if (e != BG_OK)
        return e;
    bg_ini_begin(&r, text, len);
    while ((item = bg_ini_next(&r)) != BG_INI_END)
        if (item != BG_INI_PAIR || !take(&o, &r))
            return BG_E_SYNTAX;
    if (o.gear == GEARS || o.account[0] == '\0')
        return BG_E_SYNTAX;
    *out = o;
    return BG_OK;
}

enum bg_err gear_text(const struct gear_options *o, char **text)
{
    char lists[1100] = "";
    int n = 0;

    if (o->services[0] != '\0')
        n = snprintf(lists, sizeof lists, "services = %s\n", o->services);
    if (o->sessions[0] != '\0')
        (void)snprintf(lists + n, sizeof lists - (size_t)n, "sessions = %s\n", o->sessions);
    return asprintf(text,
                    "# Written by \"breakglass init\": what \"breakglass init --restore\" puts back.\n"
                    "platform = %s\naccount = %s\n%s%s%s",
                    gears[o->gear].name, o->account, lists, o->no_sshd ? "no-sshd = yes\n" : "",
                    o->rescue ? "rescue = yes\n" : "") < 0
               ? BG_E_NOMEM
               : BG_OK;
}

enum gear gear_now(void)
{
    struct gear_options o;

    if (now == GEARS)
        now = gear_load(&o) == BG_OK ? o.gear : GEAR_NONE;
    return now;
}

void gear_set(enum gear g)
{
    now = g;
}
