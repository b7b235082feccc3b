/* SPDX-License-Identifier: ISC */
/* The line of sshd's files that counts. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "admin/check/ssh.h"

struct search {
    const char *key, *word;
    const struct bg_sshd_user *user;
    const struct bg_sshd_from *from;
    bool in_block; /* the line found stands in one: it counts whatever stands outside */
    struct ssh_where *out;
};

static bool has_word(const char *value, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = value; *p != '\0';) {
        p += strspn(p, " \t\"");
        if (strncmp(p, word, n) == 0 && (p[n] == '\0' || strchr(" \t\"", p[n]) != NULL))
            return true;
        p += strcspn(p, " \t\"");
    }
    return false;
}

/* What a keyword was called before. */
static bool is_key(const char *key, const char *line)
{
    static const struct {
        const char *now, *before;
    } names[] = {{"KbdInteractiveAuthentication", "ChallengeResponseAuthentication"},
                 {"KbdInteractiveAuthentication", "SkeyAuthentication"},
                 {"PubkeyAcceptedAlgorithms", "PubkeyAcceptedKeyTypes"}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(key, names[i].now) == 0 && strcasecmp(line, names[i].before) == 0)
            return true;
    return strcasecmp(key, line) == 0;
}

static bool look(void *arg, const struct bg_sshd_line *l)
{
    struct search *s = arg;
    /* what is of no Match block may stand in "Match all": sshd reads that as what is outside */
    bool outside = l->match == NULL || (s->user == NULL && strcasecmp(l->match, "all") == 0);

    if (!is_key(s->key, l->key) || (s->word != NULL && !has_word(l->value, s->word)))
        return true;
    if (!outside && (s->user == NULL || !bg_sshd_match_holds(l->match, s->user, s->from)))
        return true;
    if (s->out->line != 0 && outside)
        return true;
    (void)snprintf(s->out->file, sizeof s->out->file, "%s", l->file);
    s->out->line = l->number;
    s->in_block = !outside;
    return !s->in_block;
}

void ssh_where(const struct ssh_server *s, const char *key, const char *word, const struct bg_sshd_user *u,
               const struct bg_sshd_from *from, struct ssh_where *out)
{
    struct search search = {.key = key, .word = word, .user = u, .from = from, .out = out};

    *out = (struct ssh_where){.line = 0};
    (void)!bg_sshd_walk(s->config, look, &search);
    if (out->line == 0)
        (void)snprintf(out->text, sizeof out->text, "sshd's default");
    else
        (void)snprintf(out->text, sizeof out->text, "%s, line %u", out->file, out->line);
}

void ssh_said(char out[SSH_SAID], const char *key, const char *value, const struct ssh_where *w)
{
    (void)snprintf(out, SSH_SAID, "%s%s%.120s (%.300s)", key, value[0] == '\0' ? "" : " ", value, w->text);
}
