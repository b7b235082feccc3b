/*
 * A small strict reader instead of inih, which cannot refuse what must be refused here: it hands an
 * indented line on as a second value of the key before, cuts a value at " ;" (a regular expression may
 * hold one), never tells of a section header (so two equal ones are not seen), and its packaged builds
 * cut lines at 200 bytes.
 */
#include "config/ini.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/safefile.h"
#include "base/text.h"

#define MAX_SECTIONS 32
#define MAX_KEYS     128 /* in one section */
#define MAX_NAME     63  /* bytes of a section's or key's name */

/* Where a name stands in the text. */
struct seen {
    const char *at;
    size_t n;
};

struct reader {
    bg_ini_fn fn;
    void *arg;
    struct bg_ini_error *e;
    char section[MAX_NAME + 1];
    struct seen sections[MAX_SECTIONS], keys[MAX_KEYS];
    size_t n_sections, n_keys;
};

__attribute__((format(printf, 2, 3))) static enum bg_err fail(struct bg_ini_error *e, const char *fmt, ...)
{
    char raw[BG_INI_ERROR_MAX];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(raw, sizeof raw, fmt, ap);
    va_end(ap);
    (void)bg_text_ascii(e->text, sizeof e->text, raw, strlen(raw));
    return BG_E_SYNTAX;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct seen trimmed(const char *at, size_t n)
{
    while (n > 0 && blank(at[n - 1]))
        n--;
    while (n > 0 && blank(*at)) {
        at++;
        n--;
    }
    return (struct seen){at, n};
}

/* Section and key names: lower-case letters, digits and hyphens. */
static bool name_ok(struct seen s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.at[i] >= 'a' && s.at[i] <= 'z') || (s.at[i] >= '0' && s.at[i] <= '9') || s.at[i] == '-'))
            return false;
    return s.n > 0 && s.n <= MAX_NAME;
}

/* A section may be one name, or two with one blank between them: [key LABEL], [sink NAME]. */
static bool section_ok(struct seen s)
{
    const char *gap = memchr(s.at, ' ', s.n);
    struct seen first = {s.at, gap == NULL ? s.n : (size_t)(gap - s.at)};

    if (s.n > MAX_NAME || !name_ok(first))
        return false;
    return gap == NULL || name_ok((struct seen){gap + 1, s.n - first.n - 1});
}

/* Put s into the list unless it is there already or the list is full. */
static bool add_once(struct seen *list, size_t *count, size_t max, struct seen s, const char **why)
{
    *why = "too many";
    if (*count == max)
        return false;
    *why = "repeated";
    for (size_t i = 0; i < *count; i++)
        if (list[i].n == s.n && memcmp(list[i].at, s.at, s.n) == 0)
            return false;
    list[(*count)++] = s;
    return true;
}

/* Hand a pair or a header to the caller's table. */
static enum bg_err ask(struct reader *r, const char *key, const char *value)
{
    char why[BG_INI_ERROR_MAX] = "not a good value";

    if (r->fn(r->arg, r->section, key, value, why, sizeof why) == BG_OK)
        return BG_OK;
    return fail(r->e, "%s", why);
}

static enum bg_err take_section(struct reader *r, struct seen line)
{
    struct seen s;
    const char *why;

    if (line.at[line.n - 1] != ']')
        return fail(r->e, "a section header does not end in ]");
    s = trimmed(line.at + 1, line.n - 2);
    if (!section_ok(s))
        return fail(r->e, "not a section name");
    if (!add_once(r->sections, &r->n_sections, MAX_SECTIONS, s, &why))
        return fail(r->e, "%s section [%.*s]", why, (int)s.n, s.at);
    memcpy(r->section, s.at, s.n);
    r->section[s.n] = '\0';
    r->n_keys = 0;
    return ask(r, NULL, NULL);
}

static enum bg_err take_pair(struct reader *r, struct seen line)
{
    char key[MAX_NAME + 1], value[BG_INI_LINE_MAX + 1];
    const char *eq = memchr(line.at, '=', line.n), *repeat;
    struct seen k, v;

    if (eq == NULL)
        return fail(r->e, "neither key = value nor [section]");
    k = trimmed(line.at, (size_t)(eq - line.at));
    v = trimmed(eq + 1, line.n - (size_t)(eq - line.at) - 1);
    if (!name_ok(k))
        return fail(r->e, "not a key of a-z, 0-9 and -");
    if (!add_once(r->keys, &r->n_keys, MAX_KEYS, k, &repeat))
        return fail(r->e, "%s key %.*s", repeat, (int)k.n, k.at);
    memcpy(key, k.at, k.n);
    key[k.n] = '\0';
    memcpy(value, v.at, v.n);
    value[v.n] = '\0';
    return ask(r, key, value);
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

static enum bg_err take_line(struct reader *r, const char *at, size_t n)
{
    struct seen line = trimmed(at, n);

    if (n > BG_INI_LINE_MAX)
        return fail(r->e, "longer than %d bytes", BG_INI_LINE_MAX);
    if (!visible(at, n))
        return fail(r->e, "a control or invisible character, or a byte that is not UTF-8");
    if (line.n == 0 || line.at[0] == '#' || line.at[0] == ';')
        return BG_OK;
    /* Elsewhere an indented line continues the value before it: too easy to misread. */
    if (blank(at[0]))
        return fail(r->e, "begins with a blank");
    return line.at[0] == '[' ? take_section(r, line) : take_pair(r, line);
}

enum bg_err bg_ini_parse(const char *text, bg_ini_fn fn, void *arg, struct bg_ini_error *e)
{
    struct reader r = {.fn = fn, .arg = arg, .e = e};
    enum bg_err err = BG_OK;

    memset(e, 0, sizeof *e);
    if (strnlen(text, BG_INI_FILE_MAX + 1) > BG_INI_FILE_MAX) {
        (void)fail(e, "larger than %d bytes", BG_INI_FILE_MAX);
        return BG_E_RANGE;
    }
    for (const char *at = text; *at != '\0' && err == BG_OK;) {
        size_t n = strcspn(at, "\n");
        e->line++;
        err = take_line(&r, at, n);
        at += n + (at[n] == '\n');
    }
    if (err == BG_OK)
        e->line = 0;
    return err;
}

bool bg_ini_number(const char *value, unsigned min, unsigned max, unsigned *out)
{
    unsigned v = 0;
    size_t n = strspn(value, "0123456789");

    if (n == 0 || n > 9 || value[n] != '\0')
        return false;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (unsigned)(value[i] - '0');
    if (v < min || v > max)
        return false;
    *out = v;
    return true;
}

bool bg_ini_yesno(const char *value, bool *out)
{
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        return false;
    *out = value[0] == 'y';
    return true;
}

enum bg_err bg_ini_load(const char *path, bg_ini_fn fn, void *arg, struct bg_ini_error *e)
{
    char *text = NULL;
    size_t len = 0;
    enum bg_err r;

    memset(e, 0, sizeof *e);
    if ((r = bg_file_slurp(path, BG_INI_FILE_MAX, &text, &len)) != BG_OK) {
        (void)fail(e, "%s", bg_strerror(r));
        return r;
    }
    if (strlen(text) != len) {
        e->line = 1;
        for (const char *p = text; *p != '\0'; p++)
            e->line += *p == '\n';
        r = fail(e, "a NUL byte");
    } else {
        r = bg_ini_parse(text, fn, arg, e);
    }
    free(text);
    return r;
}
