/* SPDX-License-Identifier: ISC */
#include "key/batch.h"

#include <stdio.h>
#include <string.h>

#define FRAME 512 /* bytes of a request beside its list of ids */

static bool fits(const struct bg_key_batch *b, const struct bg_fido_info *info, const struct bg_key *first,
                 const struct bg_key *k)
{
    size_t room = info->max_msg > FRAME ? info->max_msg - FRAME : FRAME;

    return b->n < BG_FIDO_IDS && b->n < info->max_list && b->bytes + k->id.len <= room &&
           k->suspended == first->suspended && strcmp(k->rp, first->rp) == 0;
}

bool bg_key_batch_add(struct bg_key_batch *b, const struct bg_key_search *w, const struct bg_fido_info *info,
                      size_t i)
{
    const struct bg_key *k = &w->keys[i];

    if (b->n > 0 && !fits(b, info, &w->keys[b->key[0]], k))
        return false;
    b->bytes += k->id.len;
    b->key[b->n++] = (uint16_t)i;
    return true;
}

void bg_key_batch_fill(const struct bg_key_batch *b, const struct bg_key_search *w, struct bg_fido_assert *a)
{
    (void)snprintf(a->rp, sizeof a->rp, "%s", w->keys[b->key[0]].rp);
    for (size_t i = 0; i < b->n; i++)
        a->id[a->n++] = w->keys[b->key[i]].id;
}
