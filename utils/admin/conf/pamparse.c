#include "admin/conf/pamparse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[PAM_TYPES] = {"auth", "account", "session", "password"};

const char *pam_type_name(enum pam_type t)
{
    return names[t];
}

/* Take one logical line out of the text: comments cut off, continuations joined. */
static void assemble(struct pam_cursor *c, struct pam_line *l, char *out, size_t cap)
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

static void understand(struct pam_line *l, const char *text)
{
    char type[32];
    const char *t = type;

    if (!word(&text, type, sizeof type))
        return;
    if (strcasecmp(type, "@include") == 0) {
        l->every_type = true;
        l->kind = word(&text, l->module, sizeof l->module) ? PAM_KIND_INCLUDE : PAM_KIND_OTHER;
        return;
    }
    t += *t == '-';
    for (l->type = PAM_TYPE_AUTH; l->type < PAM_TYPES && strcasecmp(t, names[l->type]) != 0;)
        l->type++;
    if (l->type == PAM_TYPES || !word(&text, l->control, sizeof l->control) ||
        !word(&text, l->module, sizeof l->module))
        return;
    l->kind = strcasecmp(l->control, "include") == 0    ? PAM_KIND_INCLUDE
              : strcasecmp(l->control, "substack") == 0 ? PAM_KIND_SUBSTACK
                                                        : PAM_KIND_MODULE;
}

bool pam_next(struct pam_cursor *c, struct pam_line *l)
{
    char text[1024];

    if (*c->at == '\0')
        return false;
    memset(l, 0, sizeof *l);
    assemble(c, l, text, sizeof text);
    understand(l, text);
    return true;
}

bool pam_line_is(const struct pam_line *l, const char *module)
{
    const char *slash = strrchr(l->module, '/');

    return l->kind == PAM_KIND_MODULE && strcmp(slash == NULL ? l->module : slash + 1, module) == 0;
}

const char *pam_included(const struct pam_line *l)
{
    const char *slash = strrchr(l->module, '/');

    return slash == NULL ? l->module : slash + 1;
}

unsigned pam_jump(const struct pam_line *l)
{
    unsigned most = 0;

    if (l->control[0] != '[')
        return 0;
    for (const char *p = strchr(l->control, '='); p != NULL; p = strchr(p + 1, '=')) {
        unsigned long n = strtoul(p + 1, NULL, 10);
        if (n > most && n < 1000)
            most = (unsigned)n;
    }
    return most;
}
