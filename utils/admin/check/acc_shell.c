/* SPDX-License-Identifier: ISC */
/* ACC-07, -08, -09: is there a shell that can be started, and is it one? */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/check/acc.h"
#include "admin/check/place.h"
#include "admin/run.h"
#include "base/child.h"
#include "base/safefile.h"
#include "base/sysuser.h"
#include "base/text.h"

#define READ_MS 1000
#define LIST_MS 1500
#define HEAD    4096

/* What the file is, as far as its beginning tells. */
struct head {
    uint32_t uid, gid;
    char path[PATH_MAX];
    int error;         /* errno of running it as the account, 0: it may */
    bool script;       /* "#!" */
    bool wrong;        /* an ELF file for another machine, or cut off */
    char through[256]; /* the interpreter of a script, or the loader of an ELF file; "": none */
};

static void read_script(struct head *h, char *text)
{
    char *at = text + 2;

    at += strspn(at, " \t");
    at[strcspn(at, " \t\r\n")] = '\0';
    h->script = true;
    (void)snprintf(h->through, sizeof h->through, "%.255s", at);
}

/* This program runs here, so a file made for the same machine does. */
static bool same_machine(const ElfW(Ehdr) * e)
{
    unsigned char mine[sizeof *e];
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    bool same = fd >= 0 && read(fd, mine, sizeof mine) == (ssize_t)sizeof mine &&
                memcmp(mine, e, EI_NIDENT - 9) == 0 &&
                memcmp(mine + offsetof(ElfW(Ehdr), e_machine), &e->e_machine, sizeof e->e_machine) == 0;

    bg_close(fd);
    return same;
}

static void read_elf(struct head *h, int fd, const char *text, size_t n)
{
    ElfW(Ehdr) e;
    ElfW(Phdr) p;

    h->wrong = n < sizeof e;
    if (h->wrong)
        return;
    memcpy(&e, text, sizeof e);
    if (e.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
        return; /* of the other word length: some kernels run it */
    h->wrong = !same_machine(&e);
    for (unsigned i = 0; !h->wrong && i < e.e_phnum; i++) {
        if (pread(fd, &p, sizeof p, (off_t)(e.e_phoff + (ElfW(Off))i * e.e_phentsize)) != (ssize_t)sizeof p)
            h->wrong = true;
        else if (p.p_type == PT_INTERP && p.p_filesz < sizeof h->through &&
                 pread(fd, h->through, p.p_filesz, (off_t)p.p_offset) != (ssize_t)p.p_filesz)
            h->wrong = true;
    }
}

static enum bg_err look_at(void *arg, void *out)
{
    char text[HEAD + 1];
    struct head *h = out;
    ssize_t n;
    int fd;

    (void)arg;
    if ((fd = open(h->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
        return BG_E_IO;
    n = pread(fd, text, HEAD, 0);
    text[n < 0 ? 0 : n] = '\0';
    if (n >= 2 && memcmp(text, "#!", 2) == 0)
        read_script(h, text);
    else if (n >= SELFMAG && memcmp(text, ELFMAG, SELFMAG) == 0)
        read_elf(h, fd, text, (size_t)n);
    bg_close(fd);
    if (bg_become_user(h->uid, h->gid) != BG_OK)
        return BG_E_REFUSED;
    h->error = faccessat(AT_FDCWD, h->path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
    return BG_OK;
}

struct shell {
    struct check *c;
    struct check_at at;
    const char *path;
    const struct acc_entry *who;
};

static void unusable(const struct shell *s, const char *why)
{
    check_find(s->c, CHECK_ACC_SHELL, &s->at, BG_ARGS(s->at.account, s->path, why));
}

/* What the loader says that it would load, without starting the program: "libc.so.6 => /lib/... (0x...)". */
static void libraries(const struct shell *s, const char *loader)
{
    const char *const argv[] = {loader, "--list", s->path, NULL};
    struct run_result res = {.out = NULL};
    char name[128], file[PATH_MAX], where[512], *at;
    struct place p;

    if (run_program(argv, NULL, 0, 65536, LIST_MS, &res) != BG_OK)
        return;
    at = res.out;
    for (char *line; res.exit_status < 126 && (line = strsep(&at, "\n")) != NULL;) {
        (void)bg_text_trim(line);
        if (sscanf(line, "%127s => %4095s", name, file) != 2)
            continue;
        if (strcmp(file, "not") == 0) {
            (void)snprintf(where, sizeof where, "it needs %s, which is not there", name);
            unusable(s, where);
        } else if (file[0] == '/' && place_look(file, &p) == BG_OK &&
                   (p.kind == PLACE_REMOTE || p.kind == PLACE_TO_BE)) {
            place_says(&p, where, sizeof where);
            check_find(s->c, CHECK_ACC_SHELL_REMOTE, &s->at, BG_ARGS(s->at.account, file, where));
        }
    }
    free(res.out);
}

/* Its interpreter or loader. */
static void through(const struct shell *s, const struct head *h)
{
    char why[600], where[512];
    struct place p;

    if (h->through[0] != '/' || place_look(h->through, &p) != BG_OK)
        return;
    place_says(&p, where, sizeof where);
    (void)snprintf(why, sizeof why, "it is run by %s, which is not there", h->through);
    if (p.kind == PLACE_GONE)
        unusable(s, why);
    else if (p.kind != PLACE_THERE)
        check_find(s->c, CHECK_ACC_SHELL_REMOTE, &s->at, BG_ARGS(s->at.account, h->through, where));
    else if (!h->script && strstr(h->through, "/ld") != NULL && strstr(h->through, ".so") != NULL)
        libraries(s, h->through);
}

/* Programs that give no shell, and such that give one of their own kind. */
static void kind(const struct shell *s, const char *resolved, bool script)
{
    static const char *const
        none[] = {"nologin",  "false",     "true", "sync",    "halt",
                  "shutdown", "git-shell", "rssh", "scponly", NULL},
        *const special[] = {"tlog-rec-session", "tlog-rec", "sudosh", "sudosh2", "rootsh", "screen", "tmux",
                            "log-user-session", "rbash",    "script", NULL};
    const char *as = strrchr(s->path, '/') + 1, *is = strrchr(resolved, '/') + 1;

    if (bg_among(none, as) || bg_among(none, is))
        check_find(s->c, CHECK_ACC_NO_SHELL, &s->at, BG_ARGS(s->at.account, s->path));
    else if (script || bg_among(special, as) || bg_among(special, is))
        check_find(s->c, CHECK_ACC_SHELL_KIND, &s->at,
                   BG_ARGS(s->at.account, s->path, script ? "a script" : "a recorder or a restricted shell"));
}

static void file(const struct shell *s, const struct place *p)
{
    struct head h = {.uid = s->who->uid, .gid = s->who->gid};
    enum bg_err r;

    if (!S_ISREG(p->st.st_mode)) {
        unusable(s, "it is not a regular file");
        return;
    }
    (void)snprintf(h.path, sizeof h.path, "%s", p->path);
    if ((r = bg_child_run(look_at, NULL, READ_MS, &h, sizeof h, NULL)) != BG_OK)
        check_unknown(s->c, CHECK_ACC_SHELL, &s->at,
                      r == BG_E_TIMEOUT ? "its shell could not be read within a second" : bg_strerror(r));
    else if (h.error != 0)
        unusable(s, strerror(h.error));
    else if (h.wrong)
        unusable(s, "it is a program for another kind of machine, or cut off");
    else {
        kind(s, p->path, h.script);
        through(s, &h);
        if (bg_path_safe(s->path) == BG_E_UNSAFE)
            check_find(s->c, CHECK_ACC_SHELL_OPEN, &s->at, BG_ARGS(s->at.account, s->path));
    }
}

static void listed(struct bg_pam_facts *p)
{
    p->shell_listed = BG_PAM_YES;
}

static void not_listed(struct bg_pam_facts *p)
{
    p->shell_listed = BG_PAM_NO;
}

static void shells(const struct shell *s, const struct check_account *a)
{
    const char *service =
        a->facts->pam.shell_listed == BG_PAM_NO ? acc_matters(s->c, a, listed, not_listed) : NULL;
    struct check_at at = s->at;

    at.service = service;
    if (service != NULL)
        check_find(s->c, CHECK_ACC_SHELLS, &at, BG_ARGS(at.account, s->path, service));
}

void acc_look_shell(struct check *c, const struct check_account *a)
{
    struct acc_entry who;
    struct shell s = {.c = c, .at = {.account = a->row->name}, .who = &who};
    struct place p;
    char where[512];
    enum bg_err r;

    acc_seen(a, &who);
    s.path = who.shell[0] == '\0' ? "/bin/sh" : who.shell;
    if (s.path[0] != '/')
        unusable(&s, "it is not an absolute path");
    else if ((r = place_look(s.path, &p)) != BG_OK)
        check_unknown(c, CHECK_ACC_SHELL, &s.at, bg_strerror(r));
    else if (p.kind == PLACE_GONE)
        unusable(&s, "there is no such file");
    else if (p.kind == PLACE_THERE)
        file(&s, &p);
    else {
        place_says(&p, where, sizeof where);
        check_find(c, CHECK_ACC_SHELL_REMOTE, &s.at, BG_ARGS(a->row->name, s.path, where));
    }
    shells(&s, a);
}
