/* SPDX-License-Identifier: ISC */
#include "pamsim/access.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include "pamsim/conf.h"
#include "pamsim/judge.h"

#define OLD_LINE 8192 /* BUFSIZ, of which the versions up to 1.5 take a line */

typedef enum bg_pam_sure fits(struct bg_pam_access *a, char *token);

static enum bg_pam_sure sure(bool yes)
{
    return yes ? BG_PAM_YES : BG_PAM_NO;
}

static enum bg_pam_sure both(enum bg_pam_sure a, enum bg_pam_sure b)
{
    return a == BG_PAM_NO || b == BG_PAM_NO ? BG_PAM_NO : a == BG_PAM_YES ? b : a;
}

static enum bg_pam_sure either(enum bg_pam_sure a, enum bg_pam_sure b)
{
    return bg_judge_not(both(bg_judge_not(a), bg_judge_not(b)));
}

/* "A B EXCEPT C EXCEPT D": one of the first, and none of the second unless one of the third. */
static enum bg_pam_sure list(struct bg_pam_access *a, char *text, char **rest, fits *one)
{
    enum bg_pam_sure found = BG_PAM_NO;
    char *token;

    for (token = strtok_r(text, a->lists, rest); token != NULL; token = strtok_r(NULL, a->lists, rest)) {
        if (strcasecmp(token, "EXCEPT") == 0)
            return found == BG_PAM_NO ? found : both(found, bg_judge_not(list(a, NULL, rest, one)));
        if (found != BG_PAM_YES)
            found = either(found, one(a, token));
    }
    return found;
}

/* ---- addresses */

struct address {
    int family;
    size_t len;
    unsigned char byte[16];
};

static bool address_of(const char *text, struct address *a)
{
    memset(a, 0, sizeof *a);
    a->family = inet_pton(AF_INET, text, a->byte) > 0    ? AF_INET
                : inet_pton(AF_INET6, text, a->byte) > 0 ? AF_INET6
                                                         : 0;
    a->len = a->family == AF_INET ? 4 : 16;
    return a->family != 0;
}

static bool loopback(const char *text)
{
    return strcmp(text, "127.0.0.1") == 0 || strcmp(text, "::1") == 0;
}

/* The mask behind a slash: an address of the net's family, or a number of bits. False: not one of these. */
static bool mask_of(const char *text, const struct address *net, struct address *mask)
{
    char *end;
    long bits;

    if (address_of(text, mask)) {
        if (mask->family != net->family)
            memset(mask->byte, 0xff, sizeof mask->byte);
        return true;
    }
    bits = strtol(text, &end, 0);
    if (end == text || *end != '\0' || bits < 0 || bits > (long)net->len * 8)
        return false;
    memset(mask->byte, bits == 0 ? 0xff : 0, sizeof mask->byte); /* none is as good as all */
    for (long i = 0; i < bits; i++)
        mask->byte[i / 8] = (unsigned char)(mask->byte[i / 8] | 0x80 >> i % 8);
    return true;
}

static enum bg_pam_sure in_net(const struct bg_pam_access *a, char *token)
{
    char *slash = strchr(token, '/');
    struct address net, mask, from;

    memset(&mask, 0xff, sizeof mask);
    if (slash != NULL)
        *slash = '\0';
    if (!address_of(token, &net) || (slash != NULL && !mask_of(slash + 1, &net, &mask)))
        return BG_PAM_NO;
    if (!address_of(a->from, &from))
        return a->no_dns ? BG_PAM_NO : BG_PAM_UNSURE;
    if (net.family != from.family)
        return loopback(token) && loopback(a->from) ? a->numbers : BG_PAM_NO; /* one of 1.7's, too */
    for (size_t i = 0; i < net.len; i++)
        if (((net.byte[i] ^ from.byte[i]) & mask.byte[i]) != 0)
            return BG_PAM_NO;
    return BG_PAM_YES;
}

/* "10.1.": the beginning of an IPv4 address. */
static enum bg_pam_sure in_prefix(const struct bg_pam_access *a, const char *token)
{
    char dotted[INET_ADDRSTRLEN + 2];
    struct address from;

    if (!address_of(a->from, &from))
        return a->no_dns ? BG_PAM_NO : BG_PAM_UNSURE;
    if (from.family != AF_INET || inet_ntop(AF_INET, from.byte, dotted, INET_ADDRSTRLEN) == NULL)
        return BG_PAM_NO;
    strcat(dotted, ".");
    return sure(strncmp(token, dotted, strlen(token)) == 0);
}

/* ---- where it comes from */

static bool is_terminal(const struct bg_pam_source *s, const char *token)
{
    char path[256];

    (void)snprintf(path, sizeof path, "/dev/%s", token);
    return s != NULL && s->mode != NULL && S_ISCHR(s->mode(s->arg, path, false));
}

static enum bg_pam_sure host_name(struct bg_pam_access *a, const char *token)
{
    if (a->names == BG_PAM_NO || token[0] == ':' ||
        (a->spares_terminals && is_terminal(a->facts->files, token)))
        return BG_PAM_NO;
    a->asks_dns = true;
    return a->no_dns ? BG_PAM_NO : BG_PAM_UNSURE;
}

static enum bg_pam_sure from_host(struct bg_pam_access *a, char *token)
{
    size_t n = strlen(token), from = strlen(a->from);
    struct address address;

    if (token[0] == '.') {
        if (from > n && strcasecmp(token, a->from + from - n) == 0)
            return BG_PAM_YES;
    } else if (token[n - 1] == '.') {
        return in_prefix(a, token);
    }
    if (strchr(token, '/') != NULL || address_of(token, &address))
        return in_net(a, token);
    return host_name(a, token);
}

static enum bg_pam_sure from(struct bg_pam_access *a, char *token)
{
    if (token[0] == '@')
        return BG_PAM_UNSURE; /* a netgroup */
    if (strcasecmp(token, "ALL") == 0 || strcasecmp(token, a->from) == 0)
        return BG_PAM_YES;
    if (strcasecmp(token, "LOCAL") == 0)
        return sure(!a->remote);
    return a->remote ? from_host(a, token) : BG_PAM_NO;
}

/* ---- who it is */

static bool all_digits(const char *s)
{
    return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

static enum bg_pam_sure number_is(const struct bg_pam_access *a, const char *token, int64_t id)
{
    return !all_digits(token) || strtoul(token, NULL, 10) != (unsigned long)id ? BG_PAM_NO : a->numbers;
}

static enum bg_pam_sure in_group(const struct bg_pam_access *a, const char *group, bool number)
{
    const struct bg_pam_facts *f = a->facts;
    enum bg_pam_sure found = BG_PAM_NO;

    if (f->groups == NULL)
        return BG_PAM_UNSURE;
    for (size_t i = 0; f->groups[i] != NULL; i++) {
        if (strcmp(f->groups[i], group) == 0)
            return BG_PAM_YES;
        if (number && f->group_ids != NULL)
            found = either(found, number_is(a, group, f->group_ids[i]));
    }
    return found;
}

static enum bg_pam_sure by_user(struct bg_pam_access *a, const char *token)
{
    const struct bg_pam_facts *f = a->facts;

    if (f->user == NULL || strcasecmp(token, f->user) == 0)
        return f->user == NULL ? BG_PAM_UNSURE : BG_PAM_YES;
    if (f->known_ids && number_is(a, token, f->uid) != BG_PAM_NO)
        return number_is(a, token, f->uid);
    return a->only_groups ? BG_PAM_NO : in_group(a, token, false);
}

static enum bg_pam_sure user(struct bg_pam_access *a, char *token);

/* "user@host": on this host only. */
static enum bg_pam_sure user_at(struct bg_pam_access *a, char *token, char *host)
{
    struct bg_pam_access here = *a;

    if (a->facts->host == NULL)
        return BG_PAM_UNSURE;
    here.from = a->facts->host;
    here.remote = true;
    *host++ = '\0';
    return both(user(a, token), *host == '\0' ? BG_PAM_NO : from(&here, host));
}

static enum bg_pam_sure user(struct bg_pam_access *a, char *token)
{
    size_t n = strlen(token);
    char *at = strchr(token + strspn(token, "@"), '@');

    if (token[0] == '(' && token[n - 1] == ')') {
        if (n < 3)
            return BG_PAM_NO;
        token[n - 1] = '\0';
        return a->swaps_groups ? BG_PAM_UNSURE : in_group(a, token + 1, true);
    }
    if (at != NULL)
        return user_at(a, token, at);
    if (token[0] == '@')
        return BG_PAM_UNSURE; /* a netgroup */
    return strcasecmp(token, "ALL") == 0 ? BG_PAM_YES : by_user(a, token);
}

/* ---- lines */

static void take_line(struct bg_pam_access *a, const char *path, unsigned number, char *line)
{
    char *rest, *sign = strtok_r(line, a->fields, &rest), *users, *places, *at;
    enum bg_pam_sure fit;

    if (sign == NULL || (users = strtok_r(NULL, a->fields, &rest)) == NULL ||
        (places = strtok_r(NULL, "\n", &rest)) == NULL || (sign[0] != '+' && sign[0] != '-'))
        return;
    fit = list(a, users, &at, user);
    if (fit != BG_PAM_NO)
        fit = both(fit, list(a, places, &at, from));
    if (fit == BG_PAM_NO)
        return;
    a->decided = fit == BG_PAM_YES;
    /* the sign is looked for at the line's beginning, whatever stands before the first field */
    if (line[0] == '+') {
        a->may = true;
    } else {
        a->may_not = true;
        if (a->file == NULL) {
            a->file = path;
            a->line = number;
        }
    }
}

/* A line without its newline is passed over, and so is one that begins with a '#', not one that has it later.
 */
void bg_pam_access_file(struct bg_pam_access *a, const char *path, char *text, size_t len)
{
    char *at = text, *line;
    unsigned number = 0;
    bool whole;

    if (strlen(text) != len) { /* a NUL byte, at which readers differ */
        a->may = a->may_not = a->decided = true;
        return;
    }
    while (!a->decided && (line = bg_pam_conf_line(&at, &whole)) != NULL) {
        size_t n = strlen(line);
        number++;
        if (!whole || line[0] == '#')
            continue;
        if (n > OLD_LINE - 2) {
            a->may = a->may_not = a->decided = true;
            return;
        }
        while (n > 0 && isspace((unsigned char)line[n - 1]))
            line[--n] = '\0';
        if (n > 0)
            take_line(a, path, number, line);
    }
}

void bg_pam_access_end(struct bg_pam_access *a)
{
    if (!a->decided)
        a->may = a->decided = true;
}
