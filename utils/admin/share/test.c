/* SPDX-License-Identifier: ISC */
/* A written card, typed back and held against a set. */
#include <string.h>
#include "admin/messages.h"
#include "admin/share/share.h"
#include "admin/ui.h"
#include "base/secret.h"
#include "share/messages.h"
#include "share/sharetext.h"
#include "share/sharetyper.h"

static struct bg_sharetyper typer;

/* What is asked for: "Card", or "Card 2 of 3" where all are wanted. */
static void prompt_for(const struct bg_sharetyper *t, bool all, char *out, size_t cap)
{
    unsigned taken, needed;
    char lead[40] = "Card";

    bg_sharetyper_progress(t, &taken, &needed);
    if (all)
        (void)snprintf(lead, sizeof lead, "Card %u of %u", taken + 1, needed);
    bg_sharetyper_prompt(t, lead, out, cap);
}

static void tell(const struct bg_sharetyper_reply *reply, bool from_stdin)
{
    const char *const args[] = {reply->arg[0], reply->arg[1], reply->arg[2], NULL};

    if (reply->msg != NULL && (!from_stdin || reply->msg != BG_M_SHARE_PROGRESS))
        ui_note(reply->msg, args);
}

static bool is_end(const struct bg_sharetyper *t, const char *line, ssize_t n)
{
    return n < 0 || (t->have == 0 && n <= BG_SHARELINE_MAX && bg_shareline_blank(line, (size_t)n));
}

bool sharecards_type(struct bg_sharetyper *t, bool all, bool from_stdin, const struct bg_message **why)
{
    struct bg_sharetyper_reply reply = {.state = BG_SHARETYPER_MORE};
    const char *const args[] = {reply.arg[0], reply.arg[1], reply.arg[2], NULL};
    char line[BG_SHARELINE_MAX + 2], prompt[64];
    ssize_t n;

    while (reply.state == BG_SHARETYPER_MORE || (all && reply.state == BG_SHARETYPER_TAKEN)) {
        prompt_for(t, all, prompt, sizeof prompt);
        n = ui_read_hidden(prompt, line, sizeof line);
        if (is_end(t, line, n)) {
            ui_finding(BG_M_CMD_CARD_PART, BG_NOARGS);
            reply.state = BG_SHARETYPER_MORE;
            break;
        }
        bg_sharetyper_feed(t, line, (size_t)n, &reply);
        if (!all && reply.state == BG_SHARETYPER_MORE && reply.msg != NULL &&
            bg_sharetyper_refusal(reply.msg)) {
            ui_finding(reply.msg, args);
            *why = reply.msg;
            break;
        }
        if (reply.state == BG_SHARETYPER_MORE || all)
            tell(&reply, from_stdin);
    }
    bg_wipe(line, sizeof line);
    return reply.state != BG_SHARETYPER_MORE;
}

bool sharecard_test(const char *account, const struct bg_shareset *set, bool from_stdin, json_t *root,
                    struct sharetest *out)
{
    unsigned group, card;
    char of[BG_SHARE_TEXT + 8] = "", name[BG_SHARE_TEXT];
    bool good;

    out->why = NULL;
    bg_sharetyper_start(&typer, set);
    if ((good = sharecards_type(&typer, false, from_stdin, &out->why))) {
        out->share = typer.shares[0];
        group = typer.shares[0].group_index + 1u;
        card = typer.shares[0].member_index + 1u;
        if (set->group_count > 1) {
            bg_share_group_text(set, group - 1, name);
            (void)snprintf(of, sizeof of, " of %s", name);
        }
        ui_text("Every word is right: card %u of %u%s, set %s of %s.\n", card, set->group[group - 1].count,
                of, bg_shareset_title(set), account);
        (void)json_object_update_new(root, json_pack("{s:s, s:s, s:i, s:i}", "set", set->words, "label",
                                                     set->label, "group", (int)group, "card", (int)card));
    }
    bg_sharetyper_wipe(&typer);
    return good;
}

/* What a test of one card needs. */
struct testing {
    const char *account;
    const struct bg_shareset *set;
    json_t *root;
};

static void test_one(void *arg)
{
    const struct testing *t = arg;
    struct sharetest test;

    (void)sharecard_test(t->account, t->set, false, t->root, &test);
    bg_wipe(&test, sizeof test);
}

bool sharecards_kept(const char *account, const struct bg_shareset *set, json_t *root)
{
    struct testing t = {account, set, root};
    char ready[48];
    bool kept;

    (void)snprintf(ready, sizeof ready, "%u cards %s", set->cards,
                   paper_wanted() ? "printed and readable" : "written down");
    kept = pages_kept(ready, "\"test\" lets you type one card back first, to see that no word is wrong.",
                      test_one, &t);
    if (!kept)
        ui_finding(BG_M_CMD_SHARE_VOID, BG_ARGS("it was not confirmed"));
    return kept;
}
