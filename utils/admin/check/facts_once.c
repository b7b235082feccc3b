/* SPDX-License-Identifier: ISC */
/*
 * Where rules have the files of PAM from. Each service, played for each scenario and account, includes the
 * same few files and names the same few modules: within a run each is asked of the disk once.
 */
#include <stdlib.h>
#include <string.h>
#include "admin/check/facts.h"

#define BUCKETS 512

enum what {
    READ,
    IS_FILE,
    IS_DIRECTORY,
    LIST,
    MODE,
    MODE_OF_LINK
};

struct answer {
    struct answer *next;
    enum what what;
    enum bg_err r; /* READ, LIST */
    unsigned mode; /* the others: 0 or 1, or the mode */
    char *text;    /* READ, LIST, on BG_OK */
    size_t len;    /* of text, without its NUL */
    char key[];    /* the path; of LIST with the ending after it */
};

static struct answer *known[BUCKETS];
static bool keeping;
static struct bg_pam_source disk;

static size_t bucket(const char *key, enum what what)
{
    uint32_t h = 2166136261U ^ (unsigned)what; /* FNV-1a */

    while (*key != '\0')
        h = (h ^ (unsigned char)*key++) * 16777619U;
    return h % BUCKETS;
}

/* Names, each with its NUL, an empty one after the last. */
static size_t names_len(const char *names)
{
    const char *n = names;

    while (*n != '\0')
        n += strlen(n) + 1;
    return (size_t)(n - names);
}

static void look(struct answer *a, const char *path, const char *ending)
{
    switch (a->what) {
    case READ:
        a->r = disk.read(disk.arg, path, &a->text, &a->len);
        break;
    case LIST:
        if ((a->r = disk.list(disk.arg, path, ending, &a->text)) == BG_OK)
            a->len = names_len(a->text);
        break;
    case IS_FILE:
        a->mode = disk.has(disk.arg, path, false);
        break;
    case IS_DIRECTORY:
        a->mode = disk.has(disk.arg, path, true);
        break;
    case MODE:
        a->mode = disk.mode(disk.arg, path, true);
        break;
    case MODE_OF_LINK:
        a->mode = disk.mode(disk.arg, path, false);
        break;
    }
}

/* NULL: there is no memory. */
static struct answer *ask(enum what what, const char *path, const char *ending)
{
    size_t n = strlen(path) + strlen(ending) + 1;
    struct answer *a = malloc(sizeof *a + n), **at;

    if (a == NULL)
        return NULL;
    *a = (struct answer){.what = what};
    (void)stpcpy(stpcpy(a->key, path), ending);
    at = &known[bucket(a->key, what)];
    for (struct answer *old = *at; old != NULL; old = old->next)
        if (old->what == what && strcmp(old->key, a->key) == 0) {
            free(a);
            return old;
        }
    look(a, path, ending);
    a->next = *at;
    return *at = a;
}

static enum bg_err copy(const struct answer *a, char **text)
{
    char *fresh;

    if (a == NULL || a->r != BG_OK)
        return a == NULL ? BG_E_NOMEM : a->r;
    if ((fresh = malloc(a->len + 1)) == NULL)
        return BG_E_NOMEM;
    memcpy(fresh, a->text, a->len + 1);
    *text = fresh;
    return BG_OK;
}

static enum bg_err once_read(void *arg, const char *path, char **text, size_t *len)
{
    const struct answer *a = ask(READ, path, "");
    enum bg_err r = copy(a, text);

    (void)arg;
    if (r == BG_OK)
        *len = a->len;
    return r;
}

static enum bg_err once_list(void *arg, const char *dir, const char *ending, char **names)
{
    (void)arg;
    return copy(ask(LIST, dir, ending), names);
}

static bool once_has(void *arg, const char *path, bool directory)
{
    const struct answer *a = ask(directory ? IS_DIRECTORY : IS_FILE, path, "");

    return a == NULL ? disk.has(arg, path, directory) : a->mode != 0;
}

static unsigned once_mode(void *arg, const char *path, bool follow)
{
    const struct answer *a = ask(follow ? MODE : MODE_OF_LINK, path, "");

    return a == NULL ? disk.mode(arg, path, follow) : a->mode;
}

static void forget(void)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (known[i] != NULL) {
            struct answer *a = known[i];
            known[i] = a->next;
            free(a->text);
            free(a);
        }
}

void facts_keep(bool keep)
{
    forget();
    keeping = keep;
}

void facts_source(struct bg_pam_source *s)
{
    bg_pam_source_root(&disk, "");
    *s = disk;
    if (!keeping)
        return;
    s->read = once_read;
    s->list = once_list;
    s->has = once_has;
    s->mode = once_mode;
}
