/* SPDX-License-Identifier: ISC */
/* breakglass journal: the table of its commands, and journal accept */
#include <jansson.h>
#include "admin/admin.h"
#include "admin/journal/journal.h"
#include "admin/ui.h"
#include "record/chain.h"
#include "record/journal.h"
#include "record/tamper.h"
#include "admin/messages.h"

enum admin_exit journal_none_in(const char *copy, enum bg_err r)
{
    const char *dir = copy == NULL ? BG_JOURNAL_DIR : copy;

    if (r == BG_E_NOENT)
        ui_finding(BG_M_JOURNAL_MISSING, BG_ARGS(dir));
    else
        ui_finding(BG_M_JOURNAL_UNREADABLE, BG_ARGS(dir, bg_strerror(r)));
    return ADMIN_CANNOT;
}

enum admin_exit journal_none(enum bg_err r)
{
    return journal_none_in(NULL, r);
}

enum bg_err journal_walk(const char *copy, off_t newest, bg_rawline_fn fn, void *arg)
{
    return copy == NULL ? bg_lines_walk(BG_JOURNAL_DIR, newest, fn, arg) : bg_lines_walk_copy(copy, fn, arg);
}

static const char *accept_reason;

static const struct command_option accept_options[] = {
    {"reason", "TEXT", "what was found out; it goes on record", .text = &accept_reason},
    {0},
};

static enum admin_exit accept(char *const words[], json_t *root)
{
    struct bg_verify v = {0};
    struct bg_second_look second;
    char text[BG_MSG_MAX];
    enum bg_err r = bg_journal_examine(NULL, NULL, &v, &second);
    enum admin_exit x;

    (void)words;
    (void)json_object_set_new(root, "accepted", json_integer(0));
    if (r != BG_OK && r != BG_E_MISMATCH)
        return journal_none(r);
    if (accept_reason == NULL || *accept_reason == '\0')
        return admin_bad_value("", "reason", "a sentence");
    if (v.alarms == 0) {
        ui_text("There is nothing to accept.\n");
        return ADMIN_GOOD;
    }
    ui_warning(BG_M_TAMPER_STANDS, BG_ARGS(BG_DIGITS(v.alarms), BG_DIGITS(v.alarm_sequence), v.alarm));
    if ((x = ui_confirm("Is that explained, with the reason that you gave?")) != ADMIN_GOOD)
        return x;
    (void)bg_msg_raw(text, sizeof text, BG_M_JOURNAL_ACCEPTED,
                     BG_ARGS(BG_DIGITS(v.alarm_sequence), accept_reason));
    report_event(BG_EV_JOURNAL_ACCEPTED, NULL, text);
    (void)json_object_set_new(root, "accepted", json_integer((json_int_t)v.alarms));
    ui_text("It is on record.\n");
    return ADMIN_GOOD;
}
const struct command journal_commands[] = {
    {.name = "journal show",
     .operands = "",
     .help = "show what was recorded, oldest first",
     .about = "Show what was recorded, oldest first. On a terminal it goes through less, or the program that "
              "PAGER names.",
     .example = "breakglass journal show --last 20",
     .needs = COMMAND_LINES,
     .options = journal_show_options,
     .run = journal_show},
    {.name = "journal verify",
     .operands = "",
     .help = "check that no line was changed and none is gone",
     .example = "breakglass journal verify --against /var/log/hosts/web01.log",
     .options = journal_verify_options,
     .run = journal_verify},
    {.name = "journal checkpoint",
     .operands = "",
     .help = "number and hash of the newest line, to be kept elsewhere",
     .about = "Print a few lines that fit a text message or a sheet of paper. Kept outside this host they "
              "prove later, by "
              "journal verify --checkpoint, that the journal up to there is what it was.",
     .example = "breakglass journal checkpoint --sheet",
     .options = journal_checkpoint_options,
     .run = journal_checkpoint},
    {.name = "journal export",
     .operands = "FILE",
     .help = "pack the events and this host's logs as evidence",
     .about = "Write a tar file, which must not exist yet, with the events, what journal verify says of "
              "them, the lines of "
              "the host's logs that are about the accounts, hashes of its configuration, and a list of "
              "SHA-256 sums. "
              "Nothing secret is in it.",
     .example = "breakglass journal export /root/use.tar --since 1d",
     .needs = COMMAND_ROOT,
     .options = journal_export_options,
     .run = journal_export},
    {.name = "journal seal",
     .operands = "",
     .help = "begin a seal, and show its verification key once",
     .about =
         "Begin a new seal of the journal. Its verification key is shown before it begins, as text and as a "
         "code, and is not kept on this host; the seal that was there ends with the line that tells of "
         "the new one.",
     .example = "breakglass journal seal",
     .needs = COMMAND_ROOT | COMMAND_ASKS | COMMAND_LINES,
     .run = journal_seal},
    {.name = "journal accept",
     .operands = "",
     .help = "put on record that a person explained tampering",
     .about = "Put on record that a person has looked at every event so far that says that the journal was "
              "tampered with or set aside, and what was found out. Until then status and journal verify name "
              "them.",
     .example = "breakglass journal accept --reason \"logrotate had a rule for it, removed\"",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .options = accept_options,
     .run = accept},
    {0},
};
