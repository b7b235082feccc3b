/* SPDX-License-Identifier: ISC */
/* SSH-02: who may log in, in the order in which sshd asks: DenyUsers, AllowUsers, DenyGroups, AllowGroups. */
#include <stdio.h>
#include <string.h>
#include "admin/check/ssh.h"

static bool user_fits(const struct ssh_look *l, const char *word)
{
    return bg_sshd_user_fits(word, l->user->name, &l->from->from);
}

static bool group_fits(const struct ssh_look *l, const char *word)
{
    for (size_t i = 0; i < l->user->groups; i++)
        if (bg_sshd_fits(l->user->group[i], word))
            return true;
    return false;
}

static const struct name_list {
    const char *key;
    bool (*fits)(const struct ssh_look *l, const char *word);
    bool must;
} lists[] = {{"DenyUsers", user_fits, false},
             {"AllowUsers", user_fits, true},
             {"DenyGroups", group_fits, false},
             {"AllowGroups", group_fits, true}};

/* word: the first that fits, or "". False: there is no such list. */
static bool find_word(const struct ssh_look *l, const struct name_list *list, char *word, size_t cap)
{
    const char *at = l->dump;
    char one[256];
    bool any = false;

    word[0] = '\0';
    while (word[0] == '\0' && ssh_next(&at, list->key, one, sizeof one)) {
        any = true;
        if (list->fits(l, one))
            (void)snprintf(word, cap, "%s", one);
    }
    return any;
}

void ssh_lists(const struct ssh_look *l)
{
    char word[256], said[SSH_SAID];
    struct ssh_where w;

    for (const struct name_list *list = lists; list < lists + sizeof lists / sizeof *lists; list++) {
        if (!find_word(l, list, word, sizeof word) || (word[0] != '\0') == list->must)
            continue;
        ssh_where(l->server, list->key, list->must ? NULL : word, l->user, &l->from->from, &w);
        ssh_said(said, list->key, list->must ? "without it" : word, &w);
        ssh_fault(l, CHECK_SSH_LISTS, CHECK_SSH_LISTS_FROM, said, &w);
        return; /* sshd asks no further */
    }
}
