/* SPDX-License-Identifier: ISC */
/*
 * A small strict reader instead of inih, which cannot refuse what must be refused here: it hands an
 * indented line on as a second value of the key before, cuts a value at " ;" (a regular expression may
 * hold one), does not report section headers (so two equal ones go unnoticed), and its packaged builds
 * cut lines at 200 bytes.
 */
#include "config/ini.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"

void bg_fault(struct bg_faults *f, unsigned line, const char *fmt, ...)
{
    char raw[BG_INI_ERROR_MAX];
    struct bg_ini_error *e = &f->fault[f->n];
    va_list ap;

    if (f->n == BG_FAULTS_MAX)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    e->line = line;
    (void)bg_text_ascii(e->text, sizeof e->text, raw, strlen(raw));
    f->n++;
}

__attribute__((format(printf, 2, 3))) static enum bg_ini_item fail(struct bg_ini *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(r->why, sizeof r->why, fmt, ap);
    va_end(ap);
    return BG_INI_FAULT;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct bg_ini_name trimmed(const char *at, size_t n)
{
    while (n > 0 && blank(at[n - 1]))
        n--;
    while (n > 0 && blank(*at)) {
        at++;
        n--;
    }
    return (struct bg_ini_name){at, n};
}

static void copy(char *out, struct bg_ini_name s)
{
    memcpy(out, s.at, s.n);
    out[s.n] = '\0';
}

/* Section and key names: lower-case letters, digits and hyphens. */
static bool name_ok(struct bg_ini_name s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.at[i] >= 'a' && s.at[i] <= 'z') || (s.at[i] >= '0' && s.at[i] <= '9') || s.at[i] == '-'))
            return false;
    return s.n > 0 && s.n <= BG_INI_NAME_MAX;
}

/* A section may be one name, or two with one blank between them: [key LABEL], [sink NAME]. */
static bool section_ok(struct bg_ini_name s)
{
    const char *gap = memchr(s.at, ' ', s.n);
    struct bg_ini_name first = {s.at, gap == NULL ? s.n : (size_t)(gap - s.at)};

    if (s.n > BG_INI_NAME_MAX || !name_ok(first))
        return false;
    return gap == NULL || name_ok((struct bg_ini_name){gap + 1, s.n - first.n - 1});
}

/* Put s into the list; else why not. */
static const char *add_once(struct bg_ini_name *list, size_t *count, size_t max, struct bg_ini_name s)
{
    for (size_t i = 0; i < *count; i++)
        if (list[i].n == s.n && memcmp(list[i].at, s.at, s.n) == 0)
            return "repeated";
    if (*count == max)
        return "too many: one more";
    list[(*count)++] = s;
    return NULL;
}

static enum bg_ini_item take_section(struct bg_ini *r, struct bg_ini_name line)
{
    struct bg_ini_name s;
    const char *why;

    if (line.at[line.n - 1] != ']')
        return fail(r, "a section header does not end in ]");
    s = trimmed(line.at + 1, line.n - 2);
    if (!section_ok(s))
        return fail(r, "not a section name");
    copy(r->section, s);
    if ((why = add_once(r->sections, &r->n_sections, sizeof r->sections / sizeof *r->sections, s)) != NULL)
        return fail(r, "%s section [%s]", why, r->section);
    r->skip = false;
    return BG_INI_SECTION;
}

static enum bg_ini_item take_pair(struct bg_ini *r, struct bg_ini_name line)
{
    const char *eq = memchr(line.at, '=', line.n), *why;
    struct bg_ini_name k;

    if (eq == NULL)
        return fail(r, "neither key = value nor [section]");
    k = trimmed(line.at, (size_t)(eq - line.at));
    if (!name_ok(k))
        return fail(r, "not a key of a-z, 0-9 and -");
    copy(r->key, k);
    copy(r->value, trimmed(eq + 1, line.n - (size_t)(eq - line.at) - 1));
    if ((why = add_once(r->keys, &r->n_keys, sizeof r->keys / sizeof *r->keys, k)) != NULL)
        return fail(r, "%s key %s", why, r->key);
    return BG_INI_PAIR;
}

/* No control character, no invisible one, nothing that is not UTF-8: what is read is what is seen. */
static bool visible(const char *s, size_t n)
{
    uint32_t cp;
    size_t used;

    for (size_t i = 0; i < n; i += used) {
        used = bg_utf8_next(s + i, n - i, &cp);
        if (used == 0 || (bg_text_hostile(cp) && cp != '\t'))
            return false;
    }
    return true;
}

/* BG_INI_END: there is nothing on this line. */
static enum bg_ini_item take_line(struct bg_ini *r, const char *at, size_t n)
{
    struct bg_ini_name line = trimmed(at, n);
    bool header = line.n > 0 && line.at[0] == '[';

    r->comment = line.n == 0 || line.at[0] == '#' || line.at[0] == ';';
    if (r->skip && !header)
        return BG_INI_END;
    if (header) { /* even one that cannot be read ends the section before it */
        r->section[0] = '\0';
        r->n_keys = 0;
        r->skip = true;
    }
    if (n > BG_INI_LINE_MAX)
        return fail(r, "longer than %d bytes", BG_INI_LINE_MAX);
    if (!visible(at, n))
        return fail(r, "a control or invisible character, or a byte that is not UTF-8");
    if (r->comment)
        return BG_INI_END;
    /* Elsewhere an indented line continues the value before it: too easy to misread. */
    if (blank(at[0]))
        return fail(r, "begins with a blank");
    return header ? take_section(r, line) : take_pair(r, line);
}

void bg_ini_begin(struct bg_ini *r, const char *text, size_t len)
{
    memset(r, 0, sizeof *r);
    r->at = text;
    r->end = text + len;
}

enum bg_ini_item bg_ini_next(struct bg_ini *r)
{
    enum bg_ini_item item = BG_INI_END;

    while (r->at < r->end && item == BG_INI_END) {
        const char *at = r->at, *nl = memchr(at, '\n', (size_t)(r->end - at));
        size_t n = (size_t)((nl == NULL ? r->end : nl) - at);
        r->at = at + n + (nl != NULL);
        r->line++;
        item = take_line(r, at, n);
    }
    return item;
}
