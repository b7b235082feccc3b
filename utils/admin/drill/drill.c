/* SPDX-License-Identifier: ISC */
/* breakglass drill: the table of its commands. */
#include "admin/drill/drill.h"

const struct command drill_commands[] = {
    {.name = "drill open",
     .operands = "ACCOUNT",
     .help = "announce a drill: logins until then are part of it",
     .about = "Announce a drill of an account. Each login of it until then is marked as part of the drill, "
              "on record and in "
              "every alarm, which wakes people all the same. Who announces it must be another person than "
              "who logs in.",
     .example = "breakglass drill open bg1 --by \"Grace Hopper\" --until 2h",
     .needs = COMMAND_ROOT,
     .options = drill_open_options,
     .run = drill_open},
    {.name = "drill run",
     .operands = "ACCOUNT",
     .help = "be led through the drill, from where it was left",
     .about = "Lead through the steps of the drill that is open: seals, logins, an administrator's task, the "
              "answered alarm, "
              "review, rotation, new seals, signatures. Each is seen by itself when it is done. It can be "
              "left at any moment and "
              "taken up again.",
     .example = "breakglass drill run bg1",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .options = drill_run_options,
     .run = drill_run},
    {.name = "drill task",
     .operands = "",
     .help = "in a session of the drill: do what only root can do",
     .about = "Inside a session of the drill: make, give away and remove a file as only root can, and put "
              "that on record.",
     .example = "breakglass drill task",
     .needs = COMMAND_ROOT,
     .run = drill_task},
    {.name = "drill close",
     .operands = "ACCOUNT",
     .help = "end the drill: passed if every step was done",
     .example = "breakglass drill close bg1 --by \"Grace Hopper\"",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .options = drill_close_options,
     .run = drill_close},
    {.name = "drill abort",
     .operands = "ACCOUNT",
     .help = "give the drill up, with a reason",
     .example = "breakglass drill abort bg1 --reason \"a real outage began\"",
     .needs = COMMAND_ROOT | COMMAND_ASKS,
     .options = drill_abort_options,
     .run = drill_abort},
    {.name = "drill list",
     .operands = "[ACCOUNT]",
     .help = "the drills there were, the newest first",
     .example = "breakglass drill list",
     .needs = COMMAND_ROOT,
     .run = drill_list},
    {.name = "drill show",
     .operands = "[DRILL]",
     .help = "one drill, the newest by default: its steps",
     .example = "breakglass drill show",
     .needs = COMMAND_ROOT,
     .run = drill_show},
    {.name = "drill report",
     .operands = "[DRILL]",
     .help = "one page about a drill, for two people to sign",
     .about = "One page about a drill, the newest by default: what was tried and by whom, each step, and the "
              "verdict on each "
              "control.",
     .example = "breakglass drill report --output /root/drill.html",
     .needs = COMMAND_ROOT,
     .options = drill_report_options,
     .run = drill_report},
    {0},
};
