/* SPDX-License-Identifier: ISC */
/* breakglass respond: breakglass-respond, in the place of this program */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "admin/admin.h"
#include "admin/messages.h"
#include "admin/ui.h"
#include "programs.h"

static const char *device, *name, *type;
static bool pin_stdin, yes, qr;

static const struct command_option options[] = {
    {"device", "PATH", "the key's device [the one that is plugged in]", .text = &device},
    {"name", "NAME", "name of the credential", .text = &name},
    {"type", "KIND", "enroll: kind of signature, es256 or eddsa [es256]", .text = &type},
    {"pin-stdin", NULL, "read the key's PIN from standard input", .flag = &pin_stdin},
    {"yes", NULL, "spend the last two tries at the PIN without a question", .flag = &yes},
    {"qr", NULL, "show the answer as a QR code too", .flag = &qr},
    {0},
};

static enum admin_exit respond(char *const words[], json_t *root)
{
    const char *argv[16] = {"breakglass-respond"};
    const char *const valued[][2] = {{"--device", device}, {"--name", name}, {"--type", type}};
    size_t n = 1;

    (void)root;
    for (size_t i = 0; i < sizeof valued / sizeof valued[0]; i++)
        if (valued[i][1] != NULL) {
            argv[n++] = valued[i][0];
            argv[n++] = valued[i][1];
        }
    if (pin_stdin)
        argv[n++] = "--pin-stdin";
    if (yes)
        argv[n++] = "--yes";
    if (qr)
        argv[n++] = "--qr";
    if (ui_form() == UI_LINES)
        argv[n++] = "--json";
    argv[n++] = "--";
    argv[n++] = words[0];
    (void)execv(PROGRAM_RESPOND, (char *const *)(uintptr_t)argv);
    ui_finding(BG_M_CMD_RESPOND, BG_ARGS(PROGRAM_RESPOND, strerror(errno)));
    return ADMIN_CANNOT;
}

const struct command respond_commands[] = {
    {.name = "respond",
     .operands = "HOST",
     .help = "answer the text challenge of another host with a key",
     .about = "Have a security key that is plugged in here answer the text challenge that an emergency login "
              "on HOST "
              "shows; HOST \"enroll\" makes a credential for that. It is breakglass-respond(1), which is "
              "installed by "
              "itself on machines without breakglass.",
     .example = "breakglass respond web01",
     .needs = COMMAND_LINES,
     .options = options,
     .run = respond},
    {0},
};
