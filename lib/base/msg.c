#include "base/msg.h"

#include <stdio.h>
#include <string.h>
#include "base/text.h"

struct entry {
    enum bg_msg_id id;
    const char *what, *means, *next;
};

static const struct entry table[] = {
#define BG_MESSAGE(number, name, what, means, next) {BG_M_##name, what, means, next},
#include "base/messages.def"
#undef BG_MESSAGE
};

static const struct entry *find(enum bg_msg_id id)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].id == id)
            return &table[i];
    return NULL;
}

const char *bg_msg_what(enum bg_msg_id id)
{
    const struct entry *e = find(id);

    return e == NULL ? NULL : e->what;
}

const char *bg_msg_means(enum bg_msg_id id)
{
    const struct entry *e = find(id);

    return e == NULL ? NULL : e->means;
}

const char *bg_msg_next(enum bg_msg_id id)
{
    const struct entry *e = find(id);

    return e == NULL ? NULL : e->next;
}

void bg_msg_name(char out[8], enum bg_msg_id id)
{
    (void)snprintf(out, 8, "BG%03u", (unsigned)id % 1000);
}

/* Append `sentence` with its %N filled in; stops quietly at the end of the room. */
static size_t append_filled(char *out, size_t cap, size_t at, const char *sentence, const char *const *args)
{
    size_t given = 0;

    while (args[given] != NULL)
        given++;
    for (const char *p = sentence; *p != '\0' && at + 1 < cap; p++) {
        if (p[0] == '%' && p[1] >= '1' && p[1] <= '4') {
            size_t which = (size_t)(*++p - '1');
            const char *arg = which < given ? args[which] : "?";
            at += bg_text_ascii(out + at, cap - at, arg, strlen(arg));
        } else {
            out[at++] = *p;
        }
    }
    out[at] = '\0';
    return at;
}

size_t bg_msg_text(char *out, size_t cap, enum bg_msg_id id, const char *const *args)
{
    char name[8];
    const char *what = bg_msg_what(id);
    size_t at;

    bg_msg_name(name, id);
    at = append_filled(out, cap, 0, name, BG_NOARGS);
    at = append_filled(out, cap, at, " ", BG_NOARGS);
    return append_filled(out, cap, at, what == NULL ? "unknown message" : what, args);
}

size_t bg_msg_full(char *out, size_t cap, enum bg_msg_id id, const char *const *args)
{
    const char *next = bg_msg_next(id);
    size_t at = bg_msg_text(out, cap, id, args);

    if (next == NULL || *next == '\0')
        return at;
    at = append_filled(out, cap, at, " ", BG_NOARGS);
    return append_filled(out, cap, at, next, args);
}
