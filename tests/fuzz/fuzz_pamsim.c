/* SPDX-License-Identifier: ISC */
/*
 * PAM's files: the input is a row of files, separated by a line "=== PATH", of which the first byte says
 * which libpam reads them. What comes of it is within every bound of its header, can be played with any
 * answers, and judged without a fact.
 */
#include <stdlib.h>
#include <string.h>
#include "pamsim/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES 8
#define NAME  64

static struct file {
    char path[NAME];
    const char *text;
    size_t len;
} files[FILES];
static size_t n_files;

static void need(bool holds)
{
    if (!holds)
        abort();
}

static struct file *file_of(const char *path)
{
    for (size_t i = 0; i < n_files; i++)
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    return NULL;
}

static enum bg_err read_file(void *arg, const char *path, char **text, size_t *len)
{
    struct file *f = file_of(path);

    (void)arg;
    if (f == NULL)
        return BG_E_NOENT;
    need((*text = malloc(f->len + 1)) != NULL);
    memcpy(*text, f->text, f->len);
    *len = f->len;
    return BG_OK;
}

static bool has(void *arg, const char *path, bool directory)
{
    return *(const bool *)arg == directory || strstr(path, "pam_a") != NULL;
}

/* The service's text comes first; then each "=== PATH" begins another file. */
static void split(const char *at, const char *end)
{
    static const char mark[] = "\n=== ";
    const char *next;

    strcpy(files[0].path, "/etc/pam.d/a");
    for (n_files = 1;; n_files++) {
        struct file *f = &files[n_files - 1];
        size_t n = 0;
        next = memmem(at, (size_t)(end - at), mark, sizeof mark - 1);
        f->text = at;
        f->len = (size_t)((next == NULL ? end : next) - at);
        if (next == NULL || n_files == FILES)
            return;
        for (at = next + sizeof mark - 1; at < end && *at != '\n' && n < NAME - 1; at++)
            files[n_files].path[n++] = *at;
        files[n_files].path[n] = '\0';
    }
}

static int answer(void *arg, const struct bg_pam_step *step, enum bg_pam_call call, bool second)
{
    unsigned *seed = arg;

    *seed = *seed * 1103515245 + 12345 + step->line + (unsigned)call + second;
    return (int)(*seed >> 16) % 40 - 2;
}

static void sound(const struct bg_pam_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct bg_pam_step *s = &l->step[i];
        char name[8];
        need(s->file != NULL && s->line > 0 && s->level < BG_PAM_LEVELS &&
             (s->kind == BG_PAM_CALL) <= (s->module != NULL));
        bg_pam_module_name(s, name, sizeof name);
        for (size_t k = 0; k < s->argc; k++)
            need(s->argv[k] != NULL);
    }
}

/* Nothing is known of host and account. */
static void judged(const struct bg_pam_stack *s, unsigned scenario)
{
    static const struct bg_pam_facts nothing;
    struct bg_pam_world w = {&nothing, scenario};
    struct bg_pam_verdict v;

    for (unsigned call = 0; call < BG_PAM_CALLS; call++) {
        bool again = call == BG_PAM_SETCRED || call == BG_PAM_CLOSE_SESSION;
        if (again && bg_pam_stack_list(s, bg_pam_call_type(call))->n > 5)
            continue; /* after each of too many ways */
        need(bg_pam_explore(s, call, bg_pam_model, &w, &v) == BG_OK && v.codes != 0 &&
             v.traced <= BG_PAM_TRACE);
        need(v.succeeds != BG_PAM_YES || (!s->refused && !v.cut));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bg_pam_play play;
    bool directories = size > 0 && (data[0] & 4) == 0;
    struct bg_pam_source source = {.read = read_file, .has = has, .arg = &directories};
    struct bg_pam_kind kind, of;
    struct bg_pam_stack s;
    unsigned seed = (unsigned)size;

    if (size == 0)
        return 0;
    split((const char *)data + 1, (const char *)data + size);
    if ((data[0] & 3) == 0)
        bg_pam_kind_plain(&kind, "/usr/lib64");
    else
        bg_pam_kind_debian(&kind, (data[0] & 1) != 0, "x86_64-linux-gnu");
    (void)!bg_pam_kind_of(data, size, &of);
    if (bg_pam_stack_read(&kind, &source, "A", &s) != BG_OK)
        return 0;
    for (unsigned t = 0; t < BG_PAM_TYPES; t++) {
        sound(&s.conf[t]);
        sound(&s.other[t]);
    }
    bg_pam_play_begin(&play, &s, answer, &seed);
    for (unsigned call = 0; call < BG_PAM_CALLS; call++)
        need(bg_pam_play(&play, call) != BG_PAM_SUCCESS || !s.refused);
    judged(&s, (data[0] >> 3) % BG_PAM_SCENARIOS);
    bg_pam_stack_free(&s);
    return 0;
}
