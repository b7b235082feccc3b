/* SPDX-License-Identifier: ISC */
#include "config/table.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/safefile.h"
#include "base/text.h"

/* --- kinds of values -------------------------------------------------------------------------------- */

static void put_number(const struct bg_option *o, void *field, unsigned v)
{
    if (o->size == sizeof(uint8_t))
        *(uint8_t *)field = (uint8_t)v;
    else if (o->size == sizeof(uint16_t))
        *(uint16_t *)field = (uint16_t)v;
    else
        *(unsigned *)field = v;
}

static unsigned get_number(const struct bg_option *o, const void *field)
{
    if (o->size == sizeof(uint8_t))
        return *(const uint8_t *)field;
    return o->size == sizeof(uint16_t) ? *(const uint16_t *)field : *(const unsigned *)field;
}

static bool read_number(const struct bg_option *o, const char *value, void *field)
{
    unsigned v;

    if (!bg_number(value, o->min, o->max, &v))
        return false;
    put_number(o, field, v);
    return true;
}

static void print_number(const struct bg_option *o, const void *field, char out[BG_INI_LINE_MAX])
{
    (void)snprintf(out, BG_INI_LINE_MAX, "%u", get_number(o, field));
}

static void bounds_number(const struct bg_option *o, char *out, size_t cap)
{
    (void)snprintf(out, cap, "a whole number from %u to %u", o->min, o->max);
}

static bool read_yesno(const struct bg_option *o, const char *value, void *field)
{
    bool yes = strcmp(value, "yes") == 0;

    (void)o;
    if (!yes && strcmp(value, "no") != 0)
        return false;
    *(bool *)field = yes;
    return true;
}

static void print_yesno(const struct bg_option *o, const void *field, char out[BG_INI_LINE_MAX])
{
    (void)o;
    (void)snprintf(out, BG_INI_LINE_MAX, "%s", *(const bool *)field ? "yes" : "no");
}

static void bounds_yesno(const struct bg_option *o, char *out, size_t cap)
{
    (void)o;
    (void)snprintf(out, cap, "yes or no");
}

static bool read_choice(const struct bg_option *o, const char *value, void *field)
{
    for (unsigned i = 0; o->word[i] != NULL; i++)
        if (strcmp(o->word[i], value) == 0) {
            put_number(o, field, o->min + i);
            return true;
        }
    return false;
}

static void print_choice(const struct bg_option *o, const void *field, char out[BG_INI_LINE_MAX])
{
    unsigned v = get_number(o, field);

    out[0] = '\0';
    for (unsigned i = 0; o->word[i] != NULL; i++)
        if (o->min + i == v)
            (void)snprintf(out, BG_INI_LINE_MAX, "%s", o->word[i]);
}

static void bounds_choice(const struct bg_option *o, char *out, size_t cap)
{
    size_t n = 0;

    for (unsigned i = 0; o->word[i] != NULL && n < cap; i++)
        n += (size_t)snprintf(out + n, cap - n, "%s%s",
                              i == 0                   ? ""
                              : o->word[i + 1] == NULL ? " or "
                                                       : ", ",
                              o->word[i]);
}

static bool read_hex(const struct bg_option *o, const char *value, void *field)
{
    return bg_unhex(value, field, o->size);
}

static void print_hex(const struct bg_option *o, const void *field, char out[BG_INI_LINE_MAX])
{
    bg_hex(out, field, o->size);
}

static void bounds_hex(const struct bg_option *o, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%zu lower-case hex digits", 2 * o->size);
}

static bool read_text(const struct bg_option *o, const char *value, void *field)
{
    size_t n = strlen(value);

    if (n < o->min || n >= o->size || (n > 0 && o->check != NULL && !o->check(value)))
        return false;
    memcpy(field, value, n + 1);
    return true;
}

static void print_text(const struct bg_option *o, const void *field, char out[BG_INI_LINE_MAX])
{
    (void)snprintf(out, BG_INI_LINE_MAX, "%.*s", (int)o->size - 1, (const char *)field);
}

static void bounds_text(const struct bg_option *o, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s, at most %zu bytes", o->form != NULL ? o->form : "text", o->size - 1);
}

const struct bg_opt_kind BG_O_NUMBER[1] = {{read_number, print_number, bounds_number}};
const struct bg_opt_kind BG_O_YESNO[1] = {{read_yesno, print_yesno, bounds_yesno}};
const struct bg_opt_kind BG_O_CHOICE[1] = {{read_choice, print_choice, bounds_choice}};
const struct bg_opt_kind BG_O_HEX[1] = {{read_hex, print_hex, bounds_hex}};
const struct bg_opt_kind BG_O_TEXT[1] = {{read_text, print_text, bounds_text}};

void bg_option_bounds(const struct bg_option *o, char *out, size_t cap)
{
    if (o->kind->bounds != NULL)
        o->kind->bounds(o, out, cap);
    else
        (void)snprintf(out, cap, "%s", o->form);
}

bool bg_check_path(const char *value)
{
    return value[0] == '/';
}

bool bg_check_time(const char *value)
{
    static const char form[] = "0000-00-00T00:00:00.000000Z";
    size_t i = 0;

    while (form[i] != '\0' && (form[i] == '0' ? value[i] >= '0' && value[i] <= '9' : value[i] == form[i]))
        i++;
    return form[i] == '\0' && value[i] == '\0';
}

bool bg_check_date(const char *value)
{
    char time[BG_TIME_LEN + 1]; /* a longer value is no time any more */

    (void)snprintf(time, sizeof time, "%.11sT00:00:00.000000Z", value);
    return bg_check_time(time);
}

bool bg_any_word(const char *list, const char *s, bool (*fits)(const char *word, const char *s))
{
    char word[BG_INI_LINE_MAX];

    for (size_t n; *(list += strspn(list, " \t")) != '\0'; list += n) {
        n = strcspn(list, " \t");
        if (n >= sizeof word)
            continue;
        memcpy(word, list, n);
        word[n] = '\0';
        if (fits(word, s))
            return true;
    }
    return false;
}

static bool same_word(const char *word, const char *s)
{
    return strcmp(word, s) == 0;
}

bool bg_has_word(const char *list, const char *s)
{
    return bg_any_word(list, s, same_word);
}

/* --- reading ------------------------------------------------------------------------------------------ */

static void *field_of(const struct bg_option *o, void *object)
{
    return (char *)object + o->at;
}

void bg_table_defaults(const struct bg_section *s, void *object)
{
    for (size_t i = 0; i < s->n; i++)
        if (!s->row[i].required)
            (void)s->row[i].kind->read(&s->row[i], s->row[i].value, field_of(&s->row[i], object));
}

unsigned bg_table_count(const struct bg_table *t, const struct bg_section *s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < t->n; i++)
        n += t->found[i].of == s;
    return n;
}

static struct bg_found *by_title(struct bg_table *t, const char *title)
{
    for (unsigned i = t->n; i > 0; i--) /* most often it is the newest */
        if (strcmp(t->found[i - 1].title, title) == 0)
            return &t->found[i - 1];
    return NULL;
}

/* The section of that form and, if it has one, its label. */
static const struct bg_section *section_of(bg_form form, const char *title, const char **label)
{
    size_t n = strcspn(title, " ");

    *label = title[n] == ' ' ? title + n + 1 : "";
    for (size_t i = 0; form[i] != NULL; i++)
        if (strlen(form[i]->name) == n && memcmp(form[i]->name, title, n) == 0 &&
            (form[i]->label > 0) == (**label != '\0'))
            return form[i];
    return NULL;
}

/* Objects of a list: one for each header, whatever is wrong with what stands below it. */
static enum bg_err make_list(bg_form form, const struct bg_section *s, const char *text, size_t len,
                             void *whole)
{
    struct bg_ini r;
    enum bg_ini_item item;
    const char *label;
    void *first = NULL;
    size_t n = 0;

    bg_ini_begin(&r, text, len);
    while ((item = bg_ini_next(&r)) != BG_INI_END) {
        n += item == BG_INI_SECTION && section_of(form, r.section, &label) == s;
        r.skip = true;
    }
    if (n > 0 && (first = calloc(n, s->size)) == NULL)
        return BG_E_NOMEM;
    memcpy((char *)whole + s->at, &first, sizeof first);
    return BG_OK;
}

static enum bg_err make_lists(bg_form form, const char *text, size_t len, void *whole)
{
    enum bg_err r = BG_OK;

    for (size_t i = 0; form[i] != NULL && r == BG_OK; i++)
        if (form[i]->list)
            r = make_list(form, form[i], text, len, whole);
    return r;
}

static void *object_at(const struct bg_section *s, void *whole, unsigned n)
{
    char *first = (char *)whole + s->at;

    if (s->list)
        memcpy(&first, (char *)whole + s->at, sizeof first);
    return first + s->size * n;
}

static bool open_section(bg_form form, struct bg_ini *r, void *whole, struct bg_table *t)
{
    struct bg_found *f = &t->found[t->n];
    const char *label;
    const struct bg_section *s = section_of(form, r->section, &label);
    unsigned before = s == NULL ? 0 : bg_table_count(t, s);

    r->skip = true;
    if (s == NULL)
        (void)snprintf(r->why, sizeof r->why, "unknown section [%s]", r->section);
    else if (s->label > 0 && (before == s->max || t->n == BG_FOUND_MAX))
        (void)snprintf(r->why, sizeof r->why, "more than %u sections [%s ...]", s->max, s->name);
    else if (strlen(label) >= s->label && s->label > 0)
        (void)snprintf(r->why, sizeof r->why, "the name in [%s ...] is longer than %zu letters", s->name,
                       s->label - 1);
    else
        r->skip = false;
    if (r->skip)
        return false;
    *f = (struct bg_found){.of = s, .object = object_at(s, whole, before), .line = r->line};
    memcpy(f->title, r->section, sizeof f->title);
    if (s->label > 0)
        memcpy(f->object, label, strlen(label) + 1);
    bg_table_defaults(s, f->object);
    t->n++;
    return true;
}

static bool take_pair(struct bg_ini *r, struct bg_found *f)
{
    char bounds[BG_INI_ERROR_MAX / 2];
    size_t i = 0;

    while (f != NULL && i < f->of->n && strcmp(f->of->row[i].key, r->key) != 0)
        i++;
    if (f == NULL || i == f->of->n) {
        (void)snprintf(r->why, sizeof r->why, "unknown key %s%s", r->key,
                       f == NULL ? " before the first section" : "");
        return false;
    }
    if (!f->of->row[i].kind->read(&f->of->row[i], r->value, field_of(&f->of->row[i], f->object))) {
        bg_option_bounds(&f->of->row[i], bounds, sizeof bounds);
        (void)snprintf(r->why, sizeof r->why, "%s must be %s", r->key, bounds);
        return false;
    }
    f->seen |= UINT64_C(1) << i;
    return true;
}

/* Does the row go with the value of the section's first one? */
static bool fits(const struct bg_section *s, const struct bg_option *o, const void *object)
{
    unsigned value = o->only == 0 ? 0 : get_number(&s->row[0], (const char *)object + s->row[0].at);

    return o->only == 0 || (value < 32 && (o->only & BG_ONLY(value)) != 0);
}

static bool is_seen(const struct bg_found *f, size_t row)
{
    return (f->seen & UINT64_C(1) << row) != 0;
}

/* Has the section that key, with something behind it? */
static bool is_given(const struct bg_found *f, const char *key)
{
    char value[BG_INI_LINE_MAX];

    for (size_t i = 0; key != NULL && i < f->of->n; i++) {
        const struct bg_option *o = &f->of->row[i];
        if (strcmp(o->key, key) != 0 || !is_seen(f, i))
            continue;
        o->kind->print(o, field_of(o, f->object), value);
        return value[0] != '\0';
    }
    return false;
}

/* Checks across lines: a key that is missing, or does not go with the others. */
static void look_at_whole(struct bg_found *f, struct bg_faults *faults)
{
    const char *what = NULL, *which = "";

    for (size_t i = 0; i < f->of->n && what == NULL; i++) {
        const struct bg_option *o = &f->of->row[i];
        bool fit = fits(f->of, o, f->object), seen = is_seen(f, i), other = is_given(f, o->instead);
        which = o->key;
        if (!seen && !other && o->required && fit)
            what = "lacks the key ";
        else if (seen && (!fit || other))
            what = "cannot have the key ";
    }
    if (what == NULL && f->of->complaint != NULL && (what = f->of->complaint(f->object)) != NULL)
        which = "";
    if (what != NULL)
        bg_fault(faults, f->line, "[%s] %s%s", f->title, what, which);
    f->bad = what != NULL;
}

enum bg_err bg_table_read(bg_form form, const char *text, size_t len, void *whole, struct bg_table *t,
                          struct bg_faults *faults)
{
    struct bg_ini r;
    enum bg_ini_item item;

    t->n = 0;
    memset(faults, 0, sizeof *faults);
    if (make_lists(form, text, len, whole) != BG_OK) {
        bg_fault(faults, 0, "%s", bg_strerror(BG_E_NOMEM));
        return BG_E_NOMEM;
    }
    bg_ini_begin(&r, text, len);
    while ((item = bg_ini_next(&r)) != BG_INI_END) {
        struct bg_found *f = by_title(t, r.section);
        if ((item == BG_INI_SECTION && open_section(form, &r, whole, t)) ||
            (item == BG_INI_PAIR && take_pair(&r, f)))
            continue;
        if (f == NULL)
            bg_fault(faults, r.line, "%s", r.why);
        else
            bg_fault(faults, r.line, "[%s] %s", f->title, r.why);
        if (f != NULL && !r.comment)
            f->bad = true;
    }
    for (unsigned i = 0; i < t->n; i++)
        if (!t->found[i].bad)
            look_at_whole(&t->found[i], faults);
    return faults->n == 0 ? BG_OK : BG_E_SYNTAX;
}

enum bg_err bg_table_load(bg_form form, const char *path, void *whole, struct bg_table *t,
                          struct bg_faults *faults)
{
    char *text = NULL;
    size_t len = 0;
    enum bg_err r;

    t->n = 0;
    memset(faults, 0, sizeof *faults);
    if ((r = bg_file_slurp(path, BG_INI_FILE_MAX, &text, &len)) != BG_OK) {
        bg_fault(faults, 0, "%s", bg_strerror(r));
        return r;
    }
    r = bg_table_read(form, text, len, whole, t, faults);
    free(text);
    return r;
}

void bg_table_write(FILE *out, const struct bg_section *s, const void *object)
{
    char value[BG_INI_LINE_MAX];

    if (s->label > 0)
        (void)fprintf(out, "[%s %.*s]\n", s->name, (int)s->label - 1, (const char *)object);
    else
        (void)fprintf(out, "[%s]\n", s->name);
    for (size_t i = 0; i < s->n; i++) {
        const struct bg_option *o = &s->row[i];
        o->kind->print(o, (const char *)object + o->at, value);
        if (fits(s, o, object) && (o->required || strcmp(value, o->value) != 0))
            (void)fprintf(out, "%s = %s\n", o->key, value);
    }
}
