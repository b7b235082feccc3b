/* SPDX-License-Identifier: ISC */
/* breakglass rotate: the table of its commands, and status */
#include "admin/rotate/rotate.h"

#include <string.h>
#include "admin/password/password.h"
#include "admin/rows.h"
#include "admin/share/share.h"
#include "admin/ui.h"

static bool parse_by(const char *value)
{
    rotate_wish.by = value;
    return *value != '\0' && strlen(value) < BG_PERSON_NAME && bg_share_text_valid(value);
}

static bool parse_fleet(const char *value)
{
    rotate_wish.fleet = value;
    return *value == '/';
}

static bool parse_excuse(const char *value)
{
    if (rotate_wish.excused == BG_ROTATION_ITEMS)
        return false;
    rotate_wish.excuse[rotate_wish.excused++] = value;
    return true;
}

#define OPTION_BY                                                                                            \
    {                                                                                                        \
        "by", "NAME", "who rotates", .parse = parse_by,                                                      \
                                     .expected = "at most 63 bytes of visible text without , : \" and \\"    \
    }
#define OPTION_REASON                                                                                        \
    {                                                                                                        \
        "reason", "TEXT", "why, for the record", .text = &rotate_wish.reason                                 \
    }

static const struct command_option start_options[] = {
    OPTION_BY,
    SHAREWISH_OPTIONS("as the old set"),
    {"parts", "N", "of the password [as the old one]", .number = &rotate_wish.parts, .min = 2,
     .max = BG_PASSWORD_PARTS},
    {"fleet", "FILE", "the set is of a fleet: FILE is the host's", .parse = parse_fleet,
     .expected = "the absolute path of a file"},
    {"anew", NULL, "drop what was begun, and begin again", .flag = &rotate_wish.anew},
    PAPER_OPTIONS,
    {0},
};
static const struct command_option verify_rotation_options[] = {
    CARD_OPTIONS,
    KEEPER_OPTIONS,
    {"password", NULL, "type the parts of the new password", .flag = &rotate_wish.password},
    {"parts-stdin", NULL, "read them from standard input, one a line", .flag = &password_wish.parts_stdin},
    {0},
};
static const struct command_option finish_options[] = {
    OPTION_BY,
    {"unverified", "ITEM", "\"share 1-2\": let it count all the same; repeat it", .parse = parse_excuse,
     .expected = "an item of the rotation"},
    OPTION_REASON,
    {0},
};
static const struct command_option abort_options[] = {OPTION_REASON, {0}};

static enum admin_exit rotate_status(char *const words[], json_t *root)
{
    static struct account_rows rows;
    json_t *list = json_array();
    enum admin_exit x = ADMIN_GOOD;

    (void)json_object_set_new(root, "rotations", list);
    if (!rows_load(&rows))
        return ADMIN_CANNOT;
    for (size_t i = 0; i < rows.n; i++) {
        if (rows.row[i].wrong[0] != '\0' || (words[0] != NULL && strcmp(words[0], rows.row[i].name) != 0))
            continue;
        if (rotate_look(rows.row[i].name)) {
            rotate_show();
            (void)json_array_append_new(list, rotate_json());
        } else {
            x = ADMIN_CANNOT;
        }
    }
    return x;
}

const struct command rotate_commands[] = {
    {.name = "rotate start",
     .operands = "ACCOUNT",
     .help = "make new credentials; the old ones go on for now",
     .about =
         "Make new cards for all that the account has. The old ones open it until each new card was "
         "typed back and \"rotate finish\" is run. \"rotate ACCOUNT\" does the same; once begun, it goes on "
         "from there.",
     .example = "breakglass rotate start bg1 --by \"Jane Doe\"",
     .needs = COMMAND_ROOT | COMMAND_ASKS | COMMAND_MEANT,
     .options = start_options,
     .run = rotate_start,
     .unheard = rotate_unheard},
    {.name = "rotate verify",
     .operands = "ACCOUNT",
     .help = "let one new card be typed back",
     .about = "Let the custodian of a new card type it back, hidden as at a login, or the holders of a new "
              "password its parts. That it is readable goes on record; nothing typed is kept.",
     .example = "breakglass rotate verify bg1 --seal B17",
     .needs = COMMAND_ROOT,
     .options = verify_rotation_options,
     .run = rotate_verify},
    {.name = "rotate status",
     .operands = "[ACCOUNT]",
     .help = "show what of a rotation is done, and what is left",
     .example = "breakglass rotate status",
     .needs = COMMAND_ROOT,
     .run = rotate_status},
    {.name = "rotate finish",
     .operands = "ACCOUNT",
     .help = "let the new ones open the account, and the old no more",
     .about = "With one rename the new share set and password take the place of the old ones, which then say "
              "that they are old. Refused as long as a new card was not typed back, or a key not tested.",
     .example = "breakglass rotate finish bg1",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .options = finish_options,
     .run = rotate_finish},
    {.name = "rotate abort",
     .operands = "ACCOUNT",
     .help = "drop the new credentials; the old ones go on",
     .example = "breakglass rotate abort bg1",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .options = abort_options,
     .run = rotate_abort},
    {0},
};
