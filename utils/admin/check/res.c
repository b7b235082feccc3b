/* SPDX-License-Identifier: ISC */
#include "admin/check/res.h"

static void look(struct check *c)
{
    struct res_disks disks;

    res_disk(c, &disks);
    res_ours(c, &disks);
    res_limit(c);
    res_clock(c);
    res_audit(c);
    res_alert(c);
    res_require(c);
    res_log(c);
    res_upgrade(c);
}

const struct check_group check_res = {.host = look};
