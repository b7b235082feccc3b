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

    (void)json_object_set_new(root, l->member, list);
    if (!rows_load(&rows))
        return ADMIN_CANNOT;
    ui_text("%s\n", l->header);
    for (size_t i = 0; i < rows.n; i++) {
        const struct account_row *row = &rows.row[i];
        if (only != NULL && strcmp(only, row->name) != 0)
            continue;
        if (row->wrong[0] != '\0')
            rows_bad_line(row);
        else if (rows_credential(row->name, false, &c) && !l->one(row->name, &c, list))
            ui_text("%-12s %s\n", row->name, l->none);
    }
    return ADMIN_GOOD;
}
