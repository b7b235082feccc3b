/* SPDX-License-Identifier: ISC */
#include "admin/conf/nssline.h"

#include <ctype.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/text.h"

#define LINE_ROOM 1024

/* Lines of others, such as sudo's, are not parsed by the library. */
static bool is_librarys(const char *database)
{
    static const char *const its[] = {"aliases",  "ethers",   "group",     "gshadow",    "hosts",
                                      "networks", "netgroup", "protocols", "passwd",     "publickey",
                                      "rpc",      "services", "shadow",    "initgroups", NULL};

    return bg_among(its, database);
}

bool nss_local(const char *service)
{
    static const char *const its[] = {"files",      "compat",     "db",       "systemd",
                                      "altfiles",   "myhostname", "usrfiles", "extrausers",
                                      "mymachines", "cache",      NSS_OURS,   NULL};

    return bg_among(its, service);
}

static const char *blanks(const char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    return s;
}

/* One of words[], in any case, at *s, which moves behind it; -1: none of them. */
static int word_of(const char **s, const char *const words[], int n, const char *end)
{
    size_t len = 0;

    while ((*s)[len] != '\0' && !isspace((unsigned char)(*s)[len]) && strchr(end, (*s)[len]) == NULL)
        len++;
    for (int i = 0; i < n; i++)
        if (strlen(words[i]) == len && strncasecmp(*s, words[i], len) == 0) {
            *s = blanks(*s + len);
            return i;
        }
    return -1;
}

/* "NOTFOUND=return", or with a ! all the others. */
static bool criterion(const char **s, struct nss_service *v)
{
    static const char *const answers[] = {"TRYAGAIN", "UNAVAIL", "NOTFOUND", "SUCCESS"}, *const actions[] = {
                                                                                             "CONTINUE",
                                                                                             "RETURN",
                                                                                             "MERGE"};
    bool others = **s == '!';
    int answer, action;

    *s += others;
    if ((answer = word_of(s, answers, NSS_ANSWERS, "=]")) < 0 || **s != '=')
        return false;
    *s = blanks(*s + 1);
    if ((action = word_of(s, actions, 3, "=]")) < 0)
        return false;
    for (int i = 0; i < NSS_ANSWERS; i++)
        if ((i == answer) != others)
            v->on[i] = (enum nss_action)action;
    return true;
}

/* "[...]" at *s. */
static bool actions_of(const char **s, struct nss_service *v)
{
    *s = blanks(*s + 1);
    do
        if (!criterion(s, v))
            return false;
    while (**s != ']');
    (*s)++;
    return true;
}

/* What follows the database's name. */
static bool services(const char *s, struct nss_line *l)
{
    for (s = blanks(s); *s != '\0' && *s != '['; s = blanks(s)) {
        struct nss_service v = {.on = {[NSS_SUCCESS] = NSS_RETURN}};
        size_t len = 0;
        while (s[len] != '\0' && !isspace((unsigned char)s[len]) && s[len] != '[')
            len++;
        (void)snprintf(v.name, sizeof v.name, "%.*s", (int)(len < sizeof v.name ? len : sizeof v.name - 1),
                       s);
        s = blanks(s + len);
        if (*s == '[' && !actions_of(&s, &v))
            return false;
        if (l->n < NSS_SERVICES)
            l->service[l->n++] = v;
    }
    return true;
}

/*
 * Only releases before 2.33 take the rest of a line after # for a comment. To later ones (seen: 2.36) what
 * follows are services like any other, and a bracket there spoils the file; a line that begins with # is no
 * database's.
 */
static bool has_comments(void)
{
    unsigned major = 2, minor = 36;

    return sscanf(gnu_get_libc_version(), "%u.%u", &major, &minor) == 2 &&
           (major < 2 || (major == 2 && minor < 33));
}

/* The next line; false at the end of the text. The same releases pass over a last line without its newline.
 */
static bool next(const char **at, char *line, size_t cap)
{
    size_t len = strcspn(*at, "\n");

    if (**at == '\0' || ((*at)[len] == '\0' && !has_comments()))
        return false;
    (void)snprintf(line, cap, "%.*s", (int)(len < cap ? len : cap - 1), *at);
    if (has_comments())
        line[strcspn(line, "#")] = '\0';
    *at += len + ((*at)[len] == '\n');
    return true;
}

bool nss_line_find(const char *text, const char *database, struct nss_line *out, unsigned *broken)
{
    char line[LINE_ROOM], name[32];
    struct nss_line found = {.number = 0};

    for (unsigned number = 1; next(&text, line, sizeof line); number++) {
        struct nss_line l = {.number = number};
        const char *s = blanks(line);
        size_t len = strcspn(s, ": \t\r\v\f");
        if (len == 0 || s[len] == '\0' || len >= sizeof name)
            continue;
        (void)snprintf(name, sizeof name, "%.*s", (int)len, s);
        s += len;
        s += strspn(s, ": \t\r\v\f");
        if (!is_librarys(name) && strcmp(name, database) != 0)
            continue;
        if (!services(s, &l) && is_librarys(name)) {
            *broken = number;
            return false;
        }
        l.comment = !has_comments() && strchr(line, '#') != NULL;
        if (strcmp(name, database) == 0)
            found = l;
    }
    *out = found;
    return true;
}

size_t nss_line_at(const struct nss_line *l, const char *service)
{
    size_t i = 0;

    while (i < l->n && strcmp(l->service[i].name, service) != 0)
        i++;
    return i;
}
