/* SPDX-License-Identifier: ISC */
/*
 * sink CONF: each line of the input is handed to the one sink that CONF has, and what became of it is printed
 * as JSON, a line each. What breakglass-alert does, without the journal, cursors and waiting.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alert/secrets.h"
#include "alert/sink.h"
#include "base/clock.h"
#include "config/policy.h"

#define PATIENCE_MS 60000

static struct bg_policy policy;

static void tell(const struct sink_result *r)
{
    static const char *const word[] = {"none", "acked", "retry", "refused"};
    json_t *o = json_pack("{s:s, s:b, s:b, s:I, s:s}", "verdict", word[r->verdict], "endpoint", r->endpoint,
                          "again", r->again, "wait", (json_int_t)r->wait_ms, "why", r->why);

    (void)json_dumpf(o, stdout, JSON_COMPACT);
    (void)putchar('\n');
    (void)fflush(stdout);
    json_decref(o);
}

static int deliver(const struct sink_type *type, struct sink *s, const char *line, size_t len)
{
    int64_t end = bg_deadline(PATIENCE_MS);
    struct sink_result r = {0};
    json_t *ev = json_loadb(line, len, 0, NULL);
    char id[64];
    enum bg_err e;

    (void)snprintf(id, sizeof id, "%s", json_string_value(json_object_get(ev, "id")));
    json_decref(ev);
    if ((e = type->submit(s, s, id, strndup(line, len), len)) != BG_OK) {
        printf("{\"verdict\":\"%s\"}\n", bg_strerror(e));
        return 1;
    }
    while (!type->take(s, &r)) {
        if (bg_left_ms(end) == 0)
            return 1;
        type->work(s, -1, 100);
    }
    tell(&r);
    return r.item == s ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct bg_faults faults;
    struct secrets_fault why;
    struct sink s = {.conf = policy.sinks.sink};
    const struct sink_type *type;
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int bad = 0;

    if (argc != 2 || bg_policy_load(argv[1], &policy, &faults) != BG_OK || policy.sinks.n != 1 ||
        secrets_of(s.conf, &s.secrets, &why) != BG_OK)
        return 2;
    type = sink_type_of(s.conf->type);
    if (type->open(&s) != BG_OK)
        return 2;
    while ((n = getline(&line, &cap, stdin)) > 0)
        bad |= deliver(type, &s, line, (size_t)n);
    free(line);
    type->close(&s);
    secrets_wipe();
    return bad;
}
