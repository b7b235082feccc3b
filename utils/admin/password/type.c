/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include "admin/messages.h"
#include "admin/password/password.h"
#include "admin/ui.h"
#include "base/secret.h"
#include "base/text.h"

#define TRIES 10

enum admin_exit password_can_type(void)
{
    if (password_wish.parts_stdin || (ui_form() != UI_OBJECT && ui_interactive()))
        return ADMIN_GOOD;
    ui_finding(BG_M_CMD_PARTS_NOBODY, BG_NOARGS);
    return ADMIN_USAGE;
}

static void tell(enum bg_err why, unsigned number)
{
    const struct bg_message *id = why == BG_E_SYNTAX  ? BG_M_CMD_PART_SHORT
                                  : why == BG_E_PROTO ? BG_M_CMD_PART_LETTERS
                                                      : BG_M_CMD_PARTS_LONG;

    if (password_wish.parts_stdin)
        ui_finding(id, BG_ARGS(BG_DIGITS(number)));
    else
        ui_warning(id, BG_ARGS(BG_DIGITS(number)));
}

/* BG_OK; BG_E_CANCEL at the end of what is typed; why it was not taken, which was said. */
static enum bg_err one_part(unsigned number, unsigned n, bool letters, struct bg_parts *p)
{
    char line[BG_PASSWORD_MAX + 2], prompt[40];
    ssize_t len;
    enum bg_err r;

    (void)snprintf(prompt, sizeof prompt, "Part %u of %u: ", number, n);
    len = ui_read_hidden(prompt, line, sizeof line);
    if (len < 0)
        r = BG_E_CANCEL;
    else if (len > BG_PASSWORD_MAX)
        r = BG_E_RANGE;
    else /* as a login takes what is typed */
        r = bg_parts_add(p, letters, line, bg_text_typed(line, (size_t)len));
    if (r != BG_OK && r != BG_E_CANCEL)
        tell(r, number);
    bg_wipe(line, sizeof line);
    return r;
}

bool password_type(unsigned n, bool letters, struct bg_parts *p)
{
    enum bg_err r = BG_OK;
    int tries = 0;

    bg_wipe(p, sizeof *p);
    while (p->n < n && r != BG_E_CANCEL && tries < TRIES && !(r != BG_OK && password_wish.parts_stdin)) {
        r = one_part(p->n + 1, n, letters, p);
        tries += r != BG_OK;
    }
    if (p->n < n && (r == BG_E_CANCEL || tries == TRIES))
        ui_finding(BG_M_CMD_PARTS_FEW, BG_ARGS(BG_DIGITS(p->n), BG_DIGITS(n)));
    return p->n == n;
}
