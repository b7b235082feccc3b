/* SPDX-License-Identifier: ISC */
#include "admin/conf/pamline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "admin/conf/conffile.h"
#include "base/safefile.h"

const char *const type_name[TYPES] = {"auth", "account", "session", "password"};

/* Take one logical line out of the text: comments cut off, continuations joined. */
static void assemble(struct cursor *c, struct line *l, char *out, size_t cap)
{
    bool more = true;
    size_t at = 0;

    l->start = c->at;
    l->number = c->number;
    while (more && *c->at != '\0') {
        size_t n = strcspn(c->at, "\n"), code = strcspn(c->at, "#\n");
        more = code == n && n > 0 && c->at[n - 1] == '\\';
        code -= more;
        for (size_t i = 0; i < code && at + 1 < cap; i++)
            out[at++] = c->at[i];
        if (more && at + 1 < cap)
            out[at++] = ' ';
        c->at += n + (c->at[n] == '\n');
        c->number++;
    }
    out[at] = '\0';
    l->bytes = (size_t)(c->at - l->start);
}

/* The next word, or a [...] group, of *p into out. */
static bool word(const char **p, char *out, size_t cap)
{
    const char *s = *p + strspn(*p, " \t\r");
    size_t n = strcspn(s, *s == '[' ? "]" : " \t\r"), at = 0;

    if (*s == '[' && s[n] == ']')
        n++;
    for (size_t i = 0; i < n && at + 1 < cap; i++) {
        char ch = s[i] == '\t' ? ' ' : s[i];
        if (ch != ' ' || (at > 0 && out[at - 1] != ' '))
            out[at++] = ch;
    }
    out[at] = '\0';
    *p = s + n;
    return n > 0;
}

static bool module_word(struct line *l, const char **p)
{
    const char *slash;
    bool got = word(p, l->module, sizeof l->module);

    if ((slash = strrchr(l->module, '/')) != NULL)
        memmove(l->module, slash + 1, strlen(slash));
    return got;
}

static void understand(struct line *l, const char *text)
{
    char type[32];

    if (!word(&text, type, sizeof type))
        return;
    if (strcasecmp(type, "@include") == 0) {
        l->every_type = true;
        l->kind = module_word(l, &text) ? INCLUDE : OTHER;
        return;
    }
    while (l->type < TYPES && strcasecmp(type + (type[0] == '-'), type_name[l->type]) != 0)
        l->type++;
    if (l->type == TYPES || !word(&text, l->control, sizeof l->control) || !module_word(l, &text))
        return;
    l->kind = strcasecmp(l->control, "include") == 0    ? INCLUDE
              : strcasecmp(l->control, "substack") == 0 ? SUBSTACK
                                                        : CALL;
}

bool next_line(struct cursor *c, struct line *l)
{
    char text[1024];

    if (*c->at == '\0')
        return false;
    memset(l, 0, sizeof *l);
    assemble(c, l, text, sizeof text);
    understand(l, text);
    return true;
}

bool calls(const struct line *l, const char *module)
{
    return l->kind == CALL && strcmp(l->module, module) == 0;
}

bool concerns(const struct line *l, enum pam_type type)
{
    return l->kind != OTHER && (l->every_type || l->type == type);
}

unsigned jump(const struct line *l)
{
    unsigned most = 0;

    for (const char *p = l->control[0] == '[' ? l->control : NULL; p != NULL; p = strchr(p + 1, '=')) {
        unsigned long n = strtoul(p + 1, NULL, 10);
        if (n > most && n < 1000)
            most = (unsigned)n;
    }
    return most;
}

static void join_path(char path[PATH_MAX], const char *folder, const char *service)
{
    (void)snprintf(path, PATH_MAX, "%.*s/%s", PATH_MAX / 2, folder, service);
}

/* Shared files may be links to what authselect or pam-config writes: followed where only root can turn them.
 */
static bool read_linked(const char *path, char **out)
{
    char real[PATH_MAX];
    enum bg_err r = sysfile_read(path, out);

    if (r == BG_E_UNSAFE && bg_path_safe(path) == BG_OK && realpath(path, real) != NULL)
        r = sysfile_read(real, out);
    return r == BG_OK && *out != NULL;
}

const char *included(const struct sysedits *edits, const char *beside, const char *service,
                     char path[PATH_MAX], char **mine)
{
    char folder[PATH_MAX];
    const char *planned;

    *mine = NULL;
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(beside, '/') - beside), beside);
    for (const char *const *v = pam_vendors; *v != NULL; v++)
        if (strcmp(folder, *v) == 0)
            (void)strcpy(folder, PAM_DIR); /* there libpam looks first, whatever the including file is */
    join_path(path, folder, service);
    planned = edits == NULL ? NULL : sysedits_planned(edits, path);
    if (planned != NULL || read_linked(path, mine))
        return planned != NULL ? planned : *mine;
    for (const char *const *v = pam_vendors; *v != NULL; v++) {
        join_path(path, *v, service);
        if (read_linked(path, mine))
            return *mine;
    }
    return NULL;
}
