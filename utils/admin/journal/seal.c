/* SPDX-License-Identifier: ISC */
/* breakglass journal seal: a new seal, whose verification key is shown before it begins, or it does not begin
 */
#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "admin/admin.h"
#include "admin/journal/journal.h"
#include "admin/ui.h"
#include "base/secret.h"
#include "code.h"
#include "record/journal.h"
#include "record/messages.h"
#include "record/seal.h"
#include "admin/messages.h"
#include "admin/pages.h"

#define TRIES     5 /* on a host where other lines come in between */
#define SETTLE_MS 2000
#define PREFIX    7  /* characters of "bgseal1" */
#define GROUP     5  /* characters between blanks */
#define GROUPS    12 /* groups in a line */

static void print_groups(const char *text)
{
    (void)printf("\n    %.*s", PREFIX, text);
    for (size_t i = PREFIX; text[i] != '\0'; i += GROUP) {
        size_t group = (i - PREFIX) / GROUP;
        (void)printf("%s%.*s", group > 0 && group % GROUPS == 0 ? "\n            " : " ", GROUP, text + i);
        if (strlen(text + i) < GROUP)
            break;
    }
    (void)printf("\n\n");
}

static void print_key(const char *text, const struct bg_seal *s)
{
    char capitals[BG_SEAL_KEY_LEN + 1];

    ui_wrapped(
        stdout, 0, 0,
        "The verification key of the journal's seal. It is shown this once and is not kept on this host. "
        "Copy it, or scan the code, and keep it where this host cannot reach it: who has it can tell a "
        "forged journal from a true one, but cannot forge one that was written before.");
    print_groups(text);
    for (size_t i = 0; i <= BG_SEAL_KEY_LEN; i++)
        capitals[i] = (char)toupper((unsigned char)text[i]);
    if (ui_color()) /* it is black on white, whatever the terminal is */
        (void)code_show(stdout, capitals);
    (void)printf("Seal %s, from line %" PRIu64 " on\n\n", s->name, s->start);
    bg_wipe(capitals, sizeof capitals);
}

bool seal_tell(const char *journalid, const struct bg_seal *s, json_t *into)
{
    char text[BG_SEAL_KEY_LEN + 1];

    if (ui_is_quiet() || bg_seal_print(journalid, s, text) != BG_OK)
        return false;
    (void)json_object_update_new(into, json_pack("{s:s, s:s, s:s, s:I}", "verification_key", text,
                                                 "seal_name", s->name, "journalid", journalid, "first_line",
                                                 (json_int_t)s->start));
    if (ui_form() == UI_TEXT)
        print_key(text, s);
    if (ui_form() == UI_LINES) {
        (void)json_dumpf(into, stdout, JSON_COMPACT);
        (void)putchar('\n');
    }
    bg_wipe(text, sizeof text);
    return fflush(stdout) == 0 && ferror(stdout) == 0;
}

static enum bg_err begin(const struct bg_seal *s)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX], detail[BG_SEAL_DETAIL_MAX];

    bg_seal_detail(s, detail);
    (void)bg_msg_raw(text, sizeof text, BG_M_SEAL_BEGINS, BG_ARGS(BG_DIGITS(s->start), s->name));
    e.type = BG_EV_JOURNAL_SEALED;
    e.success = true;
    e.message = text;
    e.detail = detail;
    return report_seal(&e, s);
}

/* One key, shown and then put to work. BG_E_BUSY: another line came in between, so it is of no use. */
static enum bg_err try_once(struct bg_seal *s, json_t *told)
{
    struct bg_recorder rec;
    struct bg_position end;
    enum bg_err r;

    bg_recorder_init(&rec);
    r = bg_journal_settle(&rec, SETTLE_MS, false); /* what has to be told first takes its numbers now */
    if (r == BG_E_NOENT || (r = bg_journal_end(&rec, &end)) != BG_OK)
        return r;
    if ((r = bg_seal_make(end.journalid, end.sequence + 2, s)) != BG_OK)
        return r;
    return seal_tell(end.journalid, s, told) ? begin(s) : BG_E_EOF;
}

enum bg_err seal_begin(struct bg_seal *s, json_t *into)
{
    enum bg_err r = BG_E_BUSY;

    for (int i = 0; i < TRIES && r == BG_E_BUSY; i++) {
        json_t *told = json_object();
        if (i > 0)
            ui_warning(BG_M_SEAL_VOID, BG_ARGS(s->name));
        if ((r = try_once(s, told)) == BG_OK)
            (void)json_object_update(into, told);
        json_decref(told);
    }
    return r;
}

static enum admin_exit told_outcome(const struct bg_seal *s, enum bg_err r)
{
    bool done = r == BG_OK;

    if (ui_form() == UI_LINES)
        (void)printf("{\"sealed\":%s,\"seal_name\":\"%s\"}\n", done ? "true" : "false", s->name);
    if (done) {
        ui_text("The journal is sealed from line %" PRIu64 " on.\n", s->start);
        return ADMIN_GOOD;
    }
    ui_finding(BG_M_SEAL_NOT_BEGUN, BG_ARGS(r == BG_E_EOF ? "the key could not be shown" : bg_strerror(r)));
    return ADMIN_CANNOT;
}

enum admin_exit journal_seal(char *const words[], json_t *root)
{
    struct bg_seal s = {.start = 0};
    struct bg_recorder rec;
    struct bg_position end;
    json_t *told;
    enum bg_err r;
    enum admin_exit x;

    (void)words;
    (void)root;
    if (ui_is_quiet()) {
        ui_finding(BG_M_CMD_ALONE, BG_ARGS("--quiet", "a verification key that is shown"));
        return ADMIN_USAGE;
    }
    if (!pages_private())
        return ADMIN_FINDING;
    bg_recorder_init(&rec);
    if ((r = bg_journal_end(&rec, &end)) != BG_OK)
        return journal_none(r);
    if ((x = ui_confirm("Begin a new seal, with a verification key that is shown once?")) != ADMIN_GOOD)
        return x;
    told = json_object(); /* each was a line of its own */
    r = seal_begin(&s, told);
    json_decref(told);
    x = told_outcome(&s, r);
    bg_wipe(&s, sizeof s);
    return x;
}
