/* SPDX-License-Identifier: ISC */
/*
 * One engine for every file of options: a row holds everything about an option, and the same rows
 * read a file, write it, give the defaults, describe the bounds and check the manual. Strict INI
 * (config/ini.h) is beneath it.
 */
#ifndef BG_CONFIG_TABLE_H
#define BG_CONFIG_TABLE_H

#include <stdint.h>
#include <stdio.h>
#include "config/ini.h"

struct bg_option;

/* How the values of one kind are read, written and described. */
struct bg_opt_kind {
    /* False for a bad value; the field is untouched then (hex may be half written). */
    bool (*read)(const struct bg_option *o, const char *value, void *field);
    /* As it is read; "" for a field that holds no sound value. Never reads past the field. */
    void (*print)(const struct bg_option *o, const void *field, char out[BG_INI_LINE_MAX]);
    /* Completes "it must be": "a whole number from 1 to 10". NULL: the row's form alone. */
    void (*bounds)(const struct bg_option *o, char *out, size_t cap);
};

/* Kinds of fields: unsigned, uint16_t, uint8_t and enums; bool; uint8_t[]; char[] with a NUL, see check. */
extern const struct bg_opt_kind BG_O_NUMBER[1], BG_O_YESNO[1], BG_O_CHOICE[1], BG_O_HEX[1], BG_O_TEXT[1];

struct bg_option {
    const char *key;
    const struct bg_opt_kind *kind;
    size_t at, size;   /* of its field in the object: BG_FIELD */
    const char *value; /* the default, as it is written; for a required one an example */
    const char *help;  /* one line for the file that init writes, without a full stop */
    unsigned min, max; /* of a number; min: minimum bytes of a text, and value of a choice's first word */
    const char *const *word;          /* of a choice, NULL-ended */
    bool (*check)(const char *value); /* of a text that is not empty */
    const char *form;                 /* what check wants: "an absolute path" */
    unsigned only; /* goes only with these values of the section's first row: BG_ONLY(v) of each; 0: any */
    bool required;
    const char *instead; /* of a required one: that one may be given in its place, and not beside it */
};
#define BG_ONLY(value)        (1u << (value))
#define BG_FIELD(type, field) offsetof(type, field), sizeof(((type *)0)->field)

/* A section [name], or with a label [name LABEL], up to max times; the label is the object's first field. */
struct bg_section {
    const char *name;
    const struct bg_option *row;
    size_t n;
    size_t at, size; /* of the first object in the whole, and bytes from one to the next */
    unsigned max;
    size_t label; /* bytes of the label with its NUL; 0: none */
    bool list;    /* at `at` stands the address of the first, made by bg_table_read(), freed by the caller */
    const char *(*complaint)(const void *object); /* checks across lines: the fault, or NULL */
};
#define BG_ROWS(rows) .row = rows, .n = sizeof rows / sizeof rows[0]

/* A file: its sections, NULL-ended. */
typedef const struct bg_section *const bg_form[];

/* The sections that a file was found to have. */
#define BG_FOUND_MAX BG_INI_SECTIONS
struct bg_found {
    const struct bg_section *of;
    void *object;
    char title[BG_INI_NAME_MAX + 1];
    unsigned line;
    uint64_t seen; /* a bit for each row */
    bool bad;      /* a line of it was at fault */
};
struct bg_table {
    unsigned n;
    struct bg_found found[BG_FOUND_MAX];
};

/* Put the defaults of a section into one object; its other fields are left alone. */
void bg_table_defaults(const struct bg_section *s, void *object);

/*
 * Read text into `whole`. A line that is at fault is not used, what stands below a faulty header is not used,
 * and the section is marked. BG_OK, or BG_E_SYNTAX with what is wrong in *faults; *t is filled, and lists of
 * sections are made, in both cases. BG_E_NOMEM.
 */
BG_MUST_CHECK enum bg_err bg_table_read(bg_form form, const char *text, size_t len, void *whole,
                                        struct bg_table *t, struct bg_faults *faults);

/* The same from a file, read safely (base/safefile.h): BG_E_NOENT, BG_E_UNSAFE, BG_E_IO, BG_E_RANGE. */
BG_MUST_CHECK enum bg_err bg_table_load(bg_form form, const char *path, void *whole, struct bg_table *t,
                                        struct bg_faults *faults);

/* How many sections of that kind were found. */
unsigned bg_table_count(const struct bg_table *t, const struct bg_section *s);

/* Write the header and all settings that are required or not the default. */
void bg_table_write(FILE *out, const struct bg_section *s, const void *object);

/* "a whole number from 1 to 10" into out: what a value must be. */
void bg_option_bounds(const struct bg_option *o, char *out, size_t cap);

/* Does s fit one of the blank-separated words of list? */
bool bg_any_word(const char *list, const char *s, bool (*fits)(const char *word, const char *s));

/* Is s one of the blank-separated words of list? */
bool bg_has_word(const char *list, const char *s);

/* Checks of texts: begins with /; RFC 3339 with microseconds in UTC; a date such as 2026-11-22. */
bool bg_check_path(const char *value);
bool bg_check_time(const char *value);
bool bg_check_date(const char *value);
#define BG_PATH_FORM "an absolute path"
#define BG_DATE_FORM "a date such as 2026-11-22"

#endif
