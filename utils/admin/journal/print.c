/* SPDX-License-Identifier: ISC */
/* An event for people: as a row of a table in 80 columns, or all of it. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "admin/journal/journal.h"
#include "admin/ui.h"
#include "base/text.h"
#include "record/event.h"

static const json_t *member(const json_t *o, const char *key)
{
    return json_object_get(o, key);
}

/* "org.breakglass.use.granted.v1" -> "use.granted" */
static void short_type(const char *type, char out[32])
{
    size_t n;

    if (strncmp(type, BG_EVENT_TYPE, strlen(BG_EVENT_TYPE)) == 0)
        type += strlen(BG_EVENT_TYPE);
    n = strlen(type);
    if (n > 3 && strncmp(type + n - 3, ".v", 2) == 0)
        n -= 3;
    (void)bg_text_ascii(out, 32, type, n);
}

/* --- a row ------------------------------------------------------------------------------------ */

/* Who says that they are using it; else who the kernel says called. */
static const char *who(const json_t *own, char room[32])
{
    const json_t *uid = member(own, "caller_uid");

    if (*bg_json_str(own, "claimed_by") != '\0')
        return bg_json_str(own, "claimed_by");
    if (*bg_json_str(own, "ruser") != '\0')
        return bg_json_str(own, "ruser");
    room[0] = '\0';
    if (json_is_integer(uid))
        (void)snprintf(room, 32, "uid %lld", (long long)json_integer_value(uid));
    return room;
}

static const char *from(const json_t *data, const json_t *own)
{
    const json_t *src = member(data, "src_endpoint");
    const char *const places[] = {bg_json_str(src, "ip"), bg_json_str(src, "hostname"),
                                  bg_json_str(member(data, "session"), "terminal")};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (*places[i] != '\0')
            return places[i];
    return bg_json_str(own, "source");
}

/* The day stands above the rows that are of it. */
static void print_day(const char *time)
{
    static char day[11];
    char safe[64];

    if (strncmp(day, time, sizeof day - 1) == 0)
        return;
    if (day[0] == '\0')
        ui_text("TIME     WHAT                 ACCOUNT    WHO             FROM            RESULT\n");
    (void)snprintf(day, sizeof day, "%.10s", time);
    (void)bg_text_ascii(safe, sizeof safe, day, strlen(day));
    ui_text("%s (UTC)\n", safe);
}

void journal_print_row(const json_t *o)
{
    const json_t *data = member(o, "data"), *own = bg_event_own(o);
    const char *time = bg_json_str(o, "time");
    char type[32], room[32];

    short_type(bg_json_str(o, "type"), type);
    print_day(time);
    ui_cell(strlen(time) > 19 ? (char[9]){time[11], time[12], time[13], time[14], time[15], time[16],
                                          time[17], time[18], '\0'}
                              : "?",
            8);
    ui_cell(type, 20);
    ui_cell(bg_json_str(o, "subject"), 10);
    ui_cell(who(own, room), 15);
    ui_cell(from(data, own), 15);
    ui_text("%s\n", json_integer_value(member(data, "status_id")) == 1 ? "ok" : "FAILED");
}

/* --- all of it -------------------------------------------------------------------------------- */

/* "  key: value", what is hostile in it escaped; nothing when there is no value. */
static void print_field(const char *key, const char *value)
{
    char safe[4096];

    if (*value == '\0' || ui_is_quiet())
        return;
    (void)bg_text_clean(safe, sizeof safe, value, strlen(value));
    ui_wrapped(stdout, (size_t)printf("  %s: ", key), 6, safe);
}

void journal_print_details(const json_t *o)
{
    const json_t *data = member(o, "data"), *own = bg_event_own(o);
    char type[32], when[24], account[40];

    short_type(bg_json_str(o, "type"), type);
    (void)bg_text_ascii(when, 20, bg_json_str(o, "time"), strnlen(bg_json_str(o, "time"), 19));
    (void)bg_text_ascii(account, sizeof account, bg_json_str(o, "subject"),
                        strlen(bg_json_str(o, "subject")));
    ui_text("%sZ  %-20s %s%s%s\n", when, type, account, *bg_json_str(own, "source") != '\0' ? "  " : "",
            bg_json_str(own, "source"));
    print_field("says", bg_json_str(data, "message"));
    print_field("claimed", bg_json_str(own, "claimed_by"));
    print_field("reason", bg_json_str(own, "reason"));
    print_field("ticket", bg_json_str(own, "ticket"));
    print_field("from", from(data, own));
    print_field("use", bg_json_str(own, "use"));
    print_field("degraded", bg_json_str(own, "degraded"));
}
