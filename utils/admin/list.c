#include "admin/list.h"

#include <string.h>
#include "account/accounts.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "admin/messages.h"

enum admin_exit list_credentials(const struct list *l, const char *only, json_t *root)
{
    static struct account_rows rows;
    static struct bg_credential c;
    json_t *list = json_array();
    enum bg_err r = rows_load(&rows);

    (void)json_object_set_new(root, l->member, list);
    if (r != BG_OK) {
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(BG_ACCOUNTS_PATH, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    ui_text("%s\n", l->header);
    for (size_t i = 0; i < rows.n; i++) {
        const struct account_row *row = &rows.row[i];
        if (row->wrong[0] != '\0' || (only != NULL && strcmp(only, row->name) != 0) ||
            !rows_credential(row->name, false, &c))
            continue;
        if (!l->one(row->name, &c, list))
            ui_text("%-12s %s\n", row->name, l->none);
    }
    return ADMIN_GOOD;
}
