/* SPDX-License-Identifier: ISC */
/* A written card, typed back and held against a set. */
#include <string.h>
#include "admin/messages.h"
#include "admin/share/share.h"
#include "admin/ui.h"
#include "base/secret.h"
#include "share/messages.h"
#include "share/sharetyper.h"

static struct bg_sharetyper typer;

/* True: the card is typer.shares[0]. False: the finding was shown. */
static bool type_card(bool from_stdin, const struct bg_message **why)
{
    struct bg_sharetyper_reply reply = {.state = BG_SHARETYPER_MORE};
    const char *const args[] = {reply.arg[0], reply.arg[1], reply.arg[2], NULL};
    char line[BG_SHARELINE_MAX + 2], prompt[64];
    ssize_t n;

    while (reply.state == BG_SHARETYPER_MORE) {
        bg_sharetyper_prompt(&typer, "Card", prompt, sizeof prompt);
        n = ui_read_hidden(prompt, line, sizeof line);
        if (n < 0 || (typer.have == 0 && n <= BG_SHARELINE_MAX && bg_shareline_blank(line, (size_t)n))) {
            ui_finding(BG_M_CMD_CARD_PART, BG_NOARGS);
            break;
        }
        bg_sharetyper_feed(&typer, line, (size_t)n, &reply);
        if (reply.state != BG_SHARETYPER_MORE || reply.msg == NULL)
            continue;
        if (bg_sharetyper_refusal(reply.msg)) {
            ui_finding(reply.msg, args);
            *why = reply.msg;
            break;
        }
        if (!from_stdin || reply.msg != BG_M_SHARE_PROGRESS)
            ui_note(reply.msg, args);
    }
    bg_wipe(line, sizeof line);
    return reply.state != BG_SHARETYPER_MORE;
}

bool sharecard_test(const char *account, const struct bg_shareset *set, bool from_stdin, json_t *root,
                    struct sharetest *out)
{
    unsigned group, card;
    char of[16] = "";
    bool good;

    out->why = NULL;
    bg_sharetyper_start(&typer, set);
    if ((good = type_card(from_stdin, &out->why))) {
        out->share = typer.shares[0];
        group = typer.shares[0].group_index + 1u;
        card = typer.shares[0].member_index + 1u;
        if (set->group_count > 1)
            (void)snprintf(of, sizeof of, " of group %u", group);
        ui_text("Every word is right: card %u of %u%s, set %s of %s.\n", card, set->group[group - 1].count,
                of, bg_shareset_title(set), account);
        (void)json_object_update_new(root, json_pack("{s:s, s:s, s:i, s:i}", "set", set->words, "label",
                                                     set->label, "group", (int)group, "card", (int)card));
    }
    bg_sharetyper_wipe(&typer);
    return good;
}
