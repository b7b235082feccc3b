/* SPDX-License-Identifier: ISC */
/*
 * Lists of hosts of a fleet. The first byte says whether epochs stand in it; a line "===" ends one list, and
 * another, of names alone, follows. What is read is sorted, without doubles and within every bound, and two
 * lists can be joined.
 */
#include <stdlib.h>
#include <string.h>
#include "admin/fleet/fleet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct fleet_hosts *l, bool epochs)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct fleet_host *h = &l->host[i];
        need(bg_fleet_host_valid(h->name) && strlen(h->name) < BG_FLEET_HOST);
        need(epochs ? h->epoch >= 1 && h->epoch <= BG_FLEET_EPOCH_MAX : h->epoch == 0);
        need(i == 0 || strcmp(l->host[i - 1].name, h->name) < 0);
        need(fleet_hosts_find(l, h->name) == h);
    }
}

static bool read_list(const char *text, size_t len, bool epochs, struct fleet_hosts *out)
{
    struct bg_ini_error e = {0};
    enum bg_err r = fleet_hosts_parse(text, len, epochs, out, &e);

    need(r == BG_OK || (r == BG_E_SYNTAX && e.line > 0 && e.text[0] != '\0'));
    if (r == BG_OK)
        check(out, epochs);
    return r == BG_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 1, *cut;
    struct fleet_hosts l, more;
    size_t first, before;
    bool next;

    if (size == 0)
        return 0;
    cut = memmem(text, size - 1, "\n===\n", 5);
    first = cut == NULL ? size - 1 : (size_t)(cut - text);
    next = (data[0] & 2) != 0;
    if (!read_list(text, first, (data[0] & 1) != 0, &l))
        return 0;
    before = l.n;
    if ((data[0] & 1) != 0 && cut != NULL && read_list(cut + 5, size - 1 - first - 5, false, &more)) {
        if (fleet_hosts_join(&l, &more, next) == BG_OK) {
            check(&l, true);
            need(l.n >= before && l.n <= before + more.n);
        }
        fleet_hosts_free(&more);
    }
    fleet_hosts_free(&l);
    return 0;
}
