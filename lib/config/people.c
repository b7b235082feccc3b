/* SPDX-License-Identifier: ISC */
#include "config/people.h"

#include <string.h>
#include "share/shareset.h"

#define NAME_FORM "visible text without , : \" and \\"
#define TIME_FORM "a time such as 2026-11-22T12:03:24.123456Z"

static const char *const roles[] = {BG_ROLE_USE, BG_ROLE_REVIEW, BG_ROLE_WAKE, BG_ROLE_CUSTODIAN};

bool bg_check_roles(const char *value)
{
    unsigned seen = 0;

    for (size_t n, i; *(value += strspn(value, " ")) != '\0'; value += n) {
        n = strcspn(value, " ");
        for (i = 0; i < 4 && (strlen(roles[i]) != n || strncmp(roles[i], value, n) != 0);)
            i++;
        if (i == 4 || (seen & 1u << i) != 0)
            return false;
        seen |= 1u << i;
    }
    return seen != 0;
}

static bool mail_ok(const char *value)
{
    const char *at = strchr(value, '@');

    return at != NULL && at != value && at[1] != '\0' && strpbrk(value, " ,;<>\"") == NULL;
}

#define AT(field) BG_FIELD(struct bg_person, field)
static const struct bg_option person[] = {
    {"name", BG_O_TEXT, AT(name), "", .check = bg_share_text_valid, .form = NAME_FORM},
    {"roles", BG_O_TEXT, AT(roles), .min = 1, .check = bg_check_roles, .form = BG_ROLES_FORM,
     .required = true},
    {"phone", BG_O_TEXT, AT(phone), .value = ""},
    {"mail", BG_O_TEXT, AT(mail), "", .check = mail_ok, .form = "an address with @"},
    {"since", BG_O_TEXT, AT(since), "", .check = bg_check_date, .form = BG_DATE_FORM},
    {"trained", BG_O_TEXT, AT(trained), "", .check = bg_check_date, .form = BG_DATE_FORM},
    {"left", BG_O_TEXT, AT(left), "", .check = bg_check_time, .form = TIME_FORM},
    {"owes", BG_O_TEXT, AT(owes), .value = ""},
};
#undef AT

#define AT(field) BG_FIELD(struct bg_people, field)
static const struct bg_option list[] = {
    {"reviewed", BG_O_TEXT, AT(reviewed), .min = 1, .check = bg_check_time, .form = TIME_FORM,
     .required = true},
    {"reviewed-by", BG_O_TEXT, AT(reviewed_by), .min = 1, .check = bg_share_text_valid, .form = NAME_FORM,
     .required = true},
};
#undef AT

static const char *person_complaint(const void *object)
{
    const struct bg_person *p = object;

    return p->owes[0] != '\0' && p->left[0] == '\0' ? "has the key owes, but has not left" : NULL;
}

static const struct bg_section list_section = {.name = "list", BG_ROWS(list)};
static const struct bg_section person_section = {.name = "person",
                                                 BG_ROWS(person),
                                                 .at = offsetof(struct bg_people, person),
                                                 .size = sizeof(struct bg_person),
                                                 .max = BG_PEOPLE_MAX,
                                                 .label = BG_PERSON_ID,
                                                 .complaint = person_complaint};
static bg_form form = {&list_section, &person_section, NULL};

/* One name is one person: else nobody could tell who is meant. */
static void look(const void *whole, const struct bg_table *t, struct bg_faults *faults)
{
    const struct bg_people *p = whole;

    for (unsigned i = 0; i < p->n; i++) {
        const struct bg_person *a = &p->person[i];
        if (bg_people_find(p, bg_person_name(a)) != a || bg_people_find(p, a->id) != a)
            bg_fault(faults, bg_kept_line(t, a), "[person %s] lacks a name of its own", a->id);
    }
}

static const struct bg_kept_list lists[] = {{&list_section, offsetof(struct bg_people, listed)},
                                            {&person_section, offsetof(struct bg_people, n)},
                                            {0}};
const struct bg_kept bg_people_file[1] = {{
    .head = "# Who uses, reviews, is woken and keeps: breakglass-custody(5). Change it by \"breakglass "
            "people\".\n",
    .form = form,
    .list = lists,
    .size = sizeof(struct bg_people),
    .look = look,
}};

enum bg_err bg_people_load(const char *path, struct bg_people *p, struct bg_ini_error *e)
{
    return bg_kept_load(bg_people_file, path, p, e);
}

enum bg_err bg_people_parse(const char *text, struct bg_people *p, struct bg_ini_error *e)
{
    return bg_kept_parse(bg_people_file, text, p, e);
}

enum bg_err bg_people_save(const char *path, const struct bg_people *p, struct bg_ini_error *e)
{
    return bg_kept_save(bg_people_file, path, p, e);
}

static char folded(const char **at)
{
    char c = *(*at)++;

    if (c == ' ')
        *at += strspn(*at, " ");
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool bg_name_same(const char *a, const char *b)
{
    bool any = a[0] != '\0';
    char x, y;

    do {
        x = folded(&a);
        y = folded(&b);
    } while (x == y && x != '\0');
    return any && x == y;
}

const struct bg_person *bg_people_find(const struct bg_people *p, const char *who)
{
    for (unsigned i = 0; i < p->n; i++)
        if (bg_name_same(p->person[i].id, who) || bg_name_same(p->person[i].name, who))
            return &p->person[i];
    return NULL;
}

const char *bg_person_name(const struct bg_person *p)
{
    return p->name[0] != '\0' ? p->name : p->id;
}

bool bg_people_same(const struct bg_people *p, const char *a, const char *b)
{
    const struct bg_person *x = bg_people_find(p, a), *y = bg_people_find(p, b);

    return bg_name_same(a, b) || (x != NULL && x == y);
}

bool bg_person_has(const struct bg_person *p, const char *role)
{
    return p->left[0] == '\0' && bg_has_word(p->roles, role);
}
