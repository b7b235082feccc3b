/* SPDX-License-Identifier: ISC */
/*
 * modules [ROUNDS [SEED]]: random configurations through this machine's own pam_access, pam_time,
 * pam_faillock, pam_limits, pam_listfile and pam_securetty, and through what lib/pamsim says of them. What a
 * module returns must be the one answer that we expect, or among those that we say cannot be told apart.
 * Accounts, groups, netgroups, the clock and the files of fixed names are this program's; the rest are files
 * in a directory of its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include <security/pam_appl.h>
#include "base/sanitized.h"
#include "pamsim/model.h"
#include "this_kind.h"

#if UINTPTR_MAX == UINT32_MAX /* fopen() and stat() have other names there than libpam calls them by */
int main(void)
{
    (void)puts("skip: the names of libc's functions on a machine of 32 bits");
    return 77;
}
#else

#define ROUNDS (SANITIZED ? 900 : 2400)
#define TEXT   8192

static char dir[256];
static time_t now_is;

/* ---- the world of the modules */

static const char *const member_of[] = {"bg1", "sudo", "wheel", "ops", NULL};
static const int64_t member_ids[] = {990, 27, 10, 5000};
static const char *const other_groups[] = {"staff", "users", NULL};
static int64_t uid_is;

static int give_user(const char *name, struct passwd *pw, struct passwd **found)
{
    static char bg1[] = "bg1", empty[] = "", shell[] = "/bin/bash";

    *found = NULL;
    if (name != NULL && strcmp(name, "bg1") != 0)
        return 0;
    *pw = (struct passwd){.pw_name = bg1,
                          .pw_passwd = empty,
                          .pw_uid = (uid_t)uid_is,
                          .pw_gid = 990,
                          .pw_gecos = empty,
                          .pw_dir = empty,
                          .pw_shell = shell};
    *found = pw;
    return 0;
}

int getpwnam_r(const char *restrict name, struct passwd *restrict pw, char *restrict buf, size_t n,
               struct passwd **restrict found)
{
    (void)buf;
    (void)n;
    return give_user(name, pw, found);
}

int getpwuid_r(uid_t uid, struct passwd *restrict pw, char *restrict buf, size_t n,
               struct passwd **restrict found)
{
    (void)buf;
    (void)n;
    return give_user(uid == (uid_t)uid_is ? NULL : "", pw, found);
}

static int give_group(const char *name, long gid, struct group *gr, struct group **found)
{
    static char *nobody[] = {NULL}, empty[] = "", kept[64];

    *found = NULL;
    for (int i = 0; member_of[i] != NULL; i++)
        if (name != NULL ? strcmp(name, member_of[i]) == 0 : gid == member_ids[i]) {
            (void)snprintf(kept, sizeof kept, "%s", member_of[i]);
            *gr = (struct group){kept, empty, (gid_t)member_ids[i], nobody};
            *found = gr;
        }
    for (int i = 0; name != NULL && other_groups[i] != NULL; i++)
        if (strcmp(name, other_groups[i]) == 0) {
            (void)snprintf(kept, sizeof kept, "%s", name);
            *gr = (struct group){kept, empty, (gid_t)(100 + i), nobody};
            *found = gr;
        }
    return 0;
}

int getgrnam_r(const char *restrict name, struct group *restrict gr, char *restrict buf, size_t n,
               struct group **restrict found)
{
    (void)buf;
    (void)n;
    return give_group(name, 0, gr, found);
}

int getgrgid_r(gid_t gid, struct group *restrict gr, char *restrict buf, size_t n,
               struct group **restrict found)
{
    (void)buf;
    (void)n;
    return give_group(NULL, (long)gid, gr, found);
}

int getgrouplist(const char *user, gid_t gid, gid_t *list, int *n)
{
    int room = *n, many = 0;

    (void)user;
    (void)gid;
    while (member_of[many] != NULL)
        many++;
    *n = many;
    if (room < many)
        return -1;
    for (int i = 0; i < many; i++)
        list[i] = (gid_t)member_ids[i];
    return many;
}

int innetgr(const char *group, const char *host, const char *user, const char *domain)
{
    (void)host;
    (void)user;
    (void)domain;
    return strlen(group) % 2 == 0;
}

/* An address is found, as it is without a name server; nothing else is. */
int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hint,
                struct addrinfo **restrict res)
{
    struct {
        struct addrinfo info;
        union {
            struct sockaddr any;
            struct sockaddr_in v4;
            struct sockaddr_in6 v6;
        } address;
    } *one = calloc(1, sizeof *one);
    int wanted = hint == NULL ? AF_UNSPEC : hint->ai_family;

    (void)service;
    if (one == NULL)
        return EAI_MEMORY;
    one->info.ai_addr = &one->address.any;
    if (wanted != AF_INET6 && inet_pton(AF_INET, name, &one->address.v4.sin_addr) == 1) {
        one->info.ai_family = AF_INET;
        one->info.ai_addrlen = sizeof one->address.v4;
    } else if (wanted != AF_INET && inet_pton(AF_INET6, name, &one->address.v6.sin6_addr) == 1) {
        one->info.ai_family = AF_INET6;
        one->info.ai_addrlen = sizeof one->address.v6;
    } else {
        free(one);
        return EAI_NONAME;
    }
    one->address.any.sa_family = (sa_family_t)one->info.ai_family;
    *res = &one->info;
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    free(info);
}

time_t time(time_t *t)
{
    if (t != NULL)
        *t = now_is;
    return now_is;
}

#undef syslog /* a macro with clang and _FORTIFY_SOURCE */
void syslog(int priority, const char *fmt, ...)
{
    (void)priority;
    (void)fmt;
}
void __syslog_chk(int priority, int flag, const char *fmt, ...);
void __syslog_chk(int priority, int flag, const char *fmt, ...)
{
    (void)priority;
    (void)flag;
    (void)fmt;
}

/* Files whose names the modules have built in are below our directory. */
static const char *moved(const char *path, char *room, size_t n)
{
    static const char *const fixed[] = {"/etc/securetty", "/proc/cmdline", "/sys/class/tty/console/active",
                                        NULL};

    for (int i = 0; fixed[i] != NULL; i++)
        if (strcmp(path, fixed[i]) == 0) {
            (void)snprintf(room, n, "%s/%s", dir, strrchr(path, '/') + 1);
            return room;
        }
    return path;
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
    char room[512];
    int fd = open(moved(path, room, sizeof room),
                  mode[0] == 'r' ? O_RDONLY | O_CLOEXEC : O_RDWR | O_CREAT | O_TRUNC, 0644);

    return fd < 0 ? NULL : fdopen(fd, mode);
}

FILE *fopen64(const char *restrict path, const char *restrict mode)
{
    return fopen(path, mode);
}

int stat(const char *restrict path, struct stat *restrict st)
{
    char room[512];

    return fstatat(AT_FDCWD, moved(path, room, sizeof room), st, 0);
}

/* ---- the same for us */

static struct bg_pam_source disk;

static enum bg_err our_read(void *arg, const char *path, char **text, size_t *len)
{
    char room[512];

    (void)arg;
    return disk.read(disk.arg, moved(path, room, sizeof room), text, len);
}

static bool our_has(void *arg, const char *path, bool directory)
{
    char room[512];

    (void)arg;
    return disk.has(disk.arg, moved(path, room, sizeof room), directory);
}

static unsigned our_mode(void *arg, const char *path, bool follow)
{
    char room[512];

    (void)arg;
    return disk.mode(disk.arg, moved(path, room, sizeof room), follow);
}

static const struct bg_pam_source ours = {.read = our_read, .has = our_has, .mode = our_mode};

/* ---- chance, the same for the same seed (splitmix64) */

static uint64_t chance_state;

static unsigned below(unsigned n)
{
    uint64_t z = (chance_state += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (unsigned)((z ^ (z >> 31)) % n);
}

static bool one_in(unsigned n)
{
    return below(n) == 0;
}

#define PICK(...) pick((const char *const[]){__VA_ARGS__, NULL})
static const char *pick(const char *const *list)
{
    unsigned n = 0;

    while (list[n] != NULL)
        n++;
    return list[below(n)];
}

/* ---- files and lines */

static char text[TEXT];
static size_t filled;

__attribute__((format(printf, 1, 2))) static void put(const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text + filled, sizeof text - filled, fmt, ap);
    va_end(ap);
    if (n > 0 && (size_t)n < sizeof text - filled)
        filled += (size_t)n;
}

static char arguments[16][300];
static size_t argc;
static const char *tty, *rhost, *service;

__attribute__((format(printf, 1, 2))) static void argument(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(arguments[argc++], sizeof arguments[0], fmt, ap);
    va_end(ap);
}

static void write_file(const char *name, const char *bytes, size_t n, mode_t mode)
{
    char path[512];
    int fd;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || fchmod(fd, mode) != 0)
        perror(path);
    (void)close(fd);
}

static void end_of_lines(void)
{
    if (!one_in(8))
        put("\n");
}

/* ---- pam_access */

static void put_users(bool in_except)
{
    unsigned n = 1 + below(3);

    for (unsigned i = 0; i < n; i++)
        put("%s%s", i > 0 ? PICK(" ", ", ", "\t", "  ") : "",
            PICK("bg1", "ALL", "root", "(sudo)", "(staff)", "sudo", "staff", "BG1", "all", "(bg1)", "bob",
                 "990", "(27)", "(10)", "wheel", "bg1@ALL", "bg1@other", "()", "users", "(ops)", "NONE",
                 "bg1@LOCAL"));
    if (!in_except && one_in(3)) {
        put(" %s ", PICK("EXCEPT", "EXCEPT", "except"));
        put_users(one_in(2));
    }
}

static void put_places(bool in_except)
{
    unsigned n = 1 + below(3);

    for (unsigned i = 0; i < n; i++)
        put("%s%s", i > 0 ? PICK(" ", ", ", "\t") : "",
            PICK("ALL", "LOCAL", "tty1", "pts/0", "10.0.0.0/8", "10.1.0.0/255.255.0.0", "10.", "10.1.",
                 "192.168.1.7", "2001:db8::/32", "2001:db8::1", "::1", "127.0.0.1", ".example.com",
                 "10.0.0.0/33", "10.0.0.0/0", "10.0.0.0/x", "0.0.0.0/1", "::/0", "fe80::/10", "sshd", "ttyS0",
                 "local", "10.1.2.3/32", "10.1.2.3/0x20", "10.1.2.3/010",
                 "2001:db8::/ffff::", "192.168.1.0/24", ":0", "all"));
    if (!in_except && one_in(3)) {
        put(" %s ", PICK("EXCEPT", "EXCEPT", "Except"));
        put_places(one_in(2));
    }
}

static void make_access(void)
{
    unsigned lines = below(6);
    const char *fs = one_in(6) ? PICK("|", ";:", "") : ":";

    for (unsigned i = 0; i < lines; i++) {
        char sep = fs[0] == '\0' ? ':' : fs[0];
        if (one_in(12))
            put("%s", PICK("# note\n", "\n", "   \n", " # -:ALL:ALL\n", "x:ALL:ALL\n", "+:ALL\n", "::\n",
                           ":-:ALL:ALL\n"));
        put("%s%s%c%s", PICK("+", "-", "-", "+ ", "-x"), PICK("", " "), sep, PICK("", " "));
        put_users(false);
        put("%s%c%s", PICK("", " "), sep, PICK("", " "));
        put_places(false);
        put("%s\n", PICK("", "", " ", " # note"));
    }
    if (one_in(2))
        put("-:ALL:ALL");
    if (filled > 0 && text[filled - 1] != '\n')
        end_of_lines();
    write_file("conf", text, filled, 0644);
    if (one_in(2))
        rhost = PICK("10.1.2.3", "192.168.1.7", "2001:db8::1", "::1", "127.0.0.1", "11.0.0.1", "fe80::1",
                     "10.0.0.0");
    argument("accessfile=%s/%s", dir, one_in(40) ? "none" : "conf");
    argument("noaudit");
    if (strcmp(fs, ":") != 0)
        argument("fieldsep=%s", fs);
    if (one_in(8))
        argument("listsep=%s", PICK(",", "|", ", \t"));
    if (one_in(3))
        argument("nodefgroup");
    if (one_in(10))
        argument("nodns");
}

/* ---- pam_time */

static void put_logic(const char *const *words)
{
    unsigned n = 1 + below(3);

    for (unsigned i = 0; i < n; i++)
        put("%s%s%s", i > 0 ? PICK("|", "&", " | ", " & ", " ", "|&") : "",
            one_in(4) ? PICK("!", "! ", "!!") : "", pick(words));
}

static void make_time(void)
{
    static const char *const services[] = {"sshd", "login", "*",     "ss*",   "*d",
                                           "s*d",  "su",    "xsshd", "ssh*d", NULL},
                             *const ttys[] = {"*", "tty1", "tty*", "pts/0", "pts/*", "ttyS0", "tt*1", NULL},
                             *const users[] = {"bg1", "root", "*", "bg*", "b*1", "bg10", "bg", NULL},
                             *const times[] = {
                                 "Al0000-2400",     "Wk0800-1800", "Al0800-1800",   "Wd0000-2400",
                                 "MoTuWe0900-1700", "Al2200-0600", "MoMo0000-2400", "AlFr0000-2400",
                                 "Al0000",          "Xx0000-2400", "0000-2400",     "Su",
                                 "Al800-1800",      "al1200-1200", "SaSu0000-2400", NULL};
    unsigned lines = 1 + below(5);

    for (unsigned i = 0; i < lines; i++) {
        if (one_in(8))
            put("%s", PICK("# note ; x\n", "\n", " \t\n", "a;b\n", ";\n", "sshd;*;bg1;Al0800-1800;x\n",
                           "# x \\\n", "\\\n"));
        put_logic(services);
        put("%s;%s", PICK("", " "), PICK("", " ", "\\\n"));
        put_logic(ttys);
        put(";");
        put_logic(users);
        put("%s;%s", PICK("", " ", "\t"), PICK("", " "));
        put_logic(times);
        put("%s", PICK("", "", " ", " # note"));
        if (i + 1 < lines)
            put("\n");
    }
    end_of_lines();
    write_file("conf", text, filled, 0644);
    argument("conffile=%s/conf", dir);
    argument("noaudit");
}

/* ---- pam_faillock */

static void make_tally(void)
{
    struct {
        char source[52];
        uint16_t reserved, status;
        uint64_t time;
    } record[8];
    unsigned n = below(8);

    memset(record, 0, sizeof record);
    for (unsigned i = 0; i < n; i++) {
        record[i].status = one_in(5) ? 2 : 3;
        record[i].time = (uint64_t)now_is - below(one_in(3) ? 4000 : 900);
    }
    if (one_in(6))
        (void)unlink(strcat(strcpy(arguments[15], dir), "/bg1"));
    else
        write_file("bg1", (const char *)record, n * sizeof record[0] + below(3), 0600);
}

static void make_faillock(void)
{
    unsigned lines = below(6);

    for (unsigned i = 0; i < lines; i++)
        put("%s%s%s",
            PICK("deny = 2", "deny=4", "deny 1", "deny=0", "unlock_time = 60", "unlock_time=never",
                 "unlock_time=0", "fail_interval = 300", "even_deny_root", "root_unlock_time=30",
                 "admin_group = sudo", "admin_group = staff", "local_users_only", "silent", "# deny = 1",
                 "deny == 1", "unlock_time = 604801", "deny = x", "  deny=1", "deny = 65537",
                 "dir = relative", "audit", "deny"),
            PICK("", "", " # note", " "), i + 1 < lines || !one_in(6) ? "\n" : "");
    write_file("conf", text, filled, 0644);
    make_tally();
    argument("%s", PICK("preauth", "preauth", "authfail", "authsucc"));
    argument("conf=%s/%s", dir, one_in(40) ? "none" : "conf");
    argument("dir=%s", dir);
    argument("nodelay");
    argument("silent");
    if (one_in(4))
        argument("%s", PICK("deny=1", "deny=5", "even_deny_root", "unlock_time=1", "fail_interval=10"));
}

/* ---- pam_limits: only what keeps somebody out, in a child */

static void make_limits(void)
{
    unsigned lines = 1 + below(6);

    for (unsigned i = 0; i < lines; i++)
        put("%s%s%s%s\n", PICK("", "", " ", "\t"),
            PICK("bg1", "@sudo", "@staff", "*", "%wheel", "%staff", "%", "990:", ":990", "900:1000",
                 "1000:2000", "@:27", "@:100", "@900:1000", "%:10", "@1000:", "root", "bg1:", "@:", "0:0",
                 "%:990"),
            PICK(" - ", " hard ", "\tsoft  ", " - ", " HARD ", " other "),
            PICK("maxlogins 0", "maxlogins 0", "maxlogins -1", "maxlogins unlimited", "maxlogins -",
                 "maxlogins x", "maxlogins", "", "MAXLOGINS 0", "maxsyslogins 0", "maxsyslogins -1",
                 "priority 0", "nonsense 1", "maxlogins 0 # note", "# maxlogins 0", "maxlogins 0 more",
                 "maxlogins 0x1"));
    write_file("conf", text, filled, 0644);
    argument("conf=%s/%s", dir, one_in(40) ? "none" : "conf");
    argument("noaudit");
}

/* ---- lists */

static void make_listfile(void)
{
    unsigned lines = below(5);
    const char *item = PICK("user", "tty", "rhost", "group", "shell", "user", "group");

    for (unsigned i = 0; i < lines; i++)
        put("%s%s",
            PICK("bg1", "root", "sudo", "staff", "tty1", "/dev/tty1", "pts/0", "10.1.2.3", "/bin/bash",
                 "/bin/sh", "bg1 ", "# bg1", "", "BG1"),
            i + 1 < lines || !one_in(4) ? PICK("\n", "\n", "\n", "\r\n") : "");
    write_file("conf", text, filled, one_in(12) ? 0666 : 0644);
    if (one_in(2))
        rhost = PICK("10.1.2.3", "10.1.2.4");
    argument("file=%s/%s", dir, one_in(20) ? "none" : "conf");
    if (!one_in(20))
        argument("item=%s", one_in(20) ? "cat" : item);
    if (!one_in(20))
        argument("sense=%s", one_in(20) ? "both" : PICK("allow", "deny"));
    if (one_in(3))
        argument("onerr=%s", one_in(10) ? "x" : PICK("succeed", "fail"));
    if (one_in(5))
        argument("apply=%s", PICK("bg1", "root", "@sudo", "@staff", "@"));
    if (one_in(12))
        argument("%s", PICK("quiet", "loud", "nonsense=1"));
}

static void make_securetty(void)
{
    static const char *const empty = "";
    unsigned lines = below(4);
    const char *line = PICK("root=/dev/sda1 console=ttyS0,115200 quiet\n", "console=tty1\n",
                            "xconsole=tty1 a\n", "quiet\n", "console=tty10 console=ttyS0");

    for (unsigned i = 0; i < lines; i++)
        put("%s\n", PICK("tty1", "ttyS0", "pts/0", "/dev/tty1", "tty10", "# tty1", "", "pts/1"));
    if (one_in(12))
        (void)unlink(strcat(strcpy(arguments[15], dir), "/securetty"));
    else
        write_file("securetty", text, filled, one_in(12) ? 0666 : 0644);
    write_file("cmdline", line, strlen(line), 0644);
    line = PICK("tty0 ttyS0\n", "tty1\n", empty, "hvc0");
    write_file("active", line, strlen(line), 0644);
    if (one_in(4))
        argument("noconsole");
}

/* ---- a round */

static const struct module {
    const char *name;
    void (*make)(void);
    enum bg_pam_call call;
    const char *type;
    unsigned ids; /* one in so many is root */
} modules[] = {
    {"pam_access", make_access, BG_PAM_AUTHENTICATE, "auth", 6},
    {"pam_time", make_time, BG_PAM_ACCT_MGMT, "account", 6},
    {"pam_faillock", make_faillock, BG_PAM_AUTHENTICATE, "auth", 3},
    {"pam_limits", make_limits, BG_PAM_OPEN_SESSION, "session", 6},
    {"pam_listfile", make_listfile, BG_PAM_AUTHENTICATE, "auth", 6},
    {"pam_securetty", make_securetty, BG_PAM_AUTHENTICATE, "auth", 1},
};
#define MODULES   (sizeof modules / sizeof *modules)

static int converse(int n, const struct pam_message **m, struct pam_response **r, void *arg)
{
    (void)m;
    (void)arg;
    *r = calloc((size_t)n, sizeof **r);
    return *r == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

/* In a line each argument with a blank, or none, is in brackets. */
static void write_service(const struct module *m)
{
    size_t n = 0;
    char line[TEXT];

    n += (size_t)snprintf(line, sizeof line, "%s [default=die success=ok ignore=ignore] %s.so", m->type,
                          m->name);
    for (size_t i = 0; i < argc; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, " [%s]", arguments[i]);
    n += (size_t)snprintf(line + n, sizeof line - n, "\n%s [default=ok] pam_permit.so\n", m->type);
    write_file(service, line, n, 0644);
}

static int call(pam_handle_t *h, enum bg_pam_call what)
{
    return what == BG_PAM_AUTHENTICATE ? pam_authenticate(h, 0)
           : what == BG_PAM_ACCT_MGMT  ? pam_acct_mgmt(h, 0)
                                       : pam_open_session(h, 0);
}

static int by_libpam(const struct module *m)
{
    const struct pam_conv conv = {.conv = converse};
    pam_handle_t *h = NULL;
    int got;

    write_service(m);
    if (pam_start_confdir(service, "bg1", &conv, dir, &h) != PAM_SUCCESS)
        return -1;
    (void)pam_set_item(h, PAM_TTY, tty);
    if (rhost != NULL)
        (void)pam_set_item(h, PAM_RHOST, rhost);
    got = call(h, m->call);
    (void)pam_end(h, got);
    return got;
}

/* pam_limits sets limits of the process. */
static int in_a_child(const struct module *m)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0)
        _exit(by_libpam(m));
    return pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ? -1 : WEXITSTATUS(status);
}

static uint32_t by_us(const struct module *m, const char *modules_dir)
{
    static char path[400], file[64];
    const char *argv[17] = {NULL};
    struct bg_pam_step step = {.kind = BG_PAM_CALL, .module = file, .path = path, .argc = argc, .argv = argv};
    struct bg_pam_facts f = {.user = "bg1",
                             .service = service,
                             .tty = tty,
                             .rhost = rhost == NULL ? "" : rhost,
                             .shell = "/bin/bash",
                             .home = "/",
                             .uid = uid_is,
                             .gid = 990,
                             .known_ids = true,
                             .groups = member_of,
                             .group_ids = member_ids,
                             .now = now_is,
                             .files = &ours,
                             .ours = BG_PAM_NO,
                             .in_passwd = BG_PAM_NO};
    struct bg_pam_world w = {&f, BG_PAM_NORMAL};
    struct bg_pam_answer a;
    static char host[256];

    (void)gethostname(host, sizeof host - 1);
    f.host = host;
    (void)snprintf(file, sizeof file, "%s.so", m->name);
    (void)snprintf(path, sizeof path, "%s%s", modules_dir, file);
    for (size_t i = 0; i < argc; i++)
        argv[i] = arguments[i];
    bg_pam_model(&w, &step, m->call, &a);
    return a.codes;
}

static struct {
    unsigned long equal, unsure, differ, refused;
} count[MODULES];

static void show(const struct module *m, uint64_t seed, int libpam, uint32_t us)
{
    printf("%s, seed %llu: uid %ld tty %s rhost %s now %lld, libpam says %d, we say", m->name,
           (unsigned long long)seed, (long)uid_is, tty, rhost == NULL ? "-" : rhost, (long long)now_is,
           libpam);
    for (int i = 0; i < BG_PAM_CODES; i++)
        if ((us >> i & 1) != 0)
            printf(" %d", i);
    printf("\n arguments");
    for (size_t i = 0; i < argc; i++)
        printf(" [%s]", arguments[i]);
    printf("\n---\n%.*s\n---\n", (int)filled, text);
}

/* The stack makes ignore of ignore, and pam_permit's success of it. */
static void round_of(size_t which, uint64_t seed, const char *modules_dir)
{
    const struct module *m = &modules[which];
    uint32_t us;
    int libpam;

    chance_state = seed;
    filled = argc = 0;
    memset(text, 0, sizeof text);
    rhost = NULL;
    service = PICK("sshd", "login");
    tty = PICK("tty1", "pts/0", "/dev/tty1", "/dev/pts/0", "ttyS0");
    uid_is = one_in(m->ids) ? 0 : 990;
    now_is = 1767225600 + (time_t)below(7 * 24 * 60) * 60;
    m->make();
    us = by_us(m, modules_dir);
    libpam = m->call == BG_PAM_OPEN_SESSION ? in_a_child(m) : by_libpam(m);
    if ((us >> BG_PAM_IGNORE & 1) != 0)
        us = (us & ~(1U << BG_PAM_IGNORE)) | 1U << BG_PAM_SUCCESS;
    if (libpam < 0 || libpam >= BG_PAM_CODES || (us >> libpam & 1) == 0) {
        if (count[which].differ++ < 3)
            show(m, seed, libpam, us);
    } else {
        *((us & (us - 1)) == 0 ? &count[which].equal : &count[which].unsure) += 1;
        count[which].refused += libpam != PAM_SUCCESS;
    }
}

/* What stays loaded need not be mapped each time. */
static void hold(const char *modules_dir, const char *name)
{
    char path[400];

    (void)snprintf(path, sizeof path, "%s%s.so", modules_dir, name);
    (void)dlopen(path, RTLD_NOW);
}

static void clean(void)
{
    static const char *const names[] = {"conf",   "bg1",  "securetty", "cmdline",
                                        "active", "sshd", "login",     NULL};
    char path[512];

    for (int i = 0; names[i] != NULL; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

int main(int argn, char **argv)
{
    unsigned long rounds = argn > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;
    uint64_t seed = argn > 2 ? strtoull(argv[2], NULL, 10) : 1;
    unsigned long differ = 0, vague = 0;
    const char *tmp = getenv("TMPDIR");
    struct bg_pam_kind kind;

    (void)setenv("TZ", "UTC", 1);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (this_kind(&kind) != BG_OK)
        return 1;
    (void)snprintf(dir, sizeof dir, "%.200s/pam-modules-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(dir) == NULL) {
        perror(dir);
        return 1;
    }
    bg_pam_source_root(&disk, "");
    hold(kind.modules, "pam_permit");
    for (size_t i = 0; i < MODULES; i++)
        hold(kind.modules, modules[i].name);
    for (size_t i = 0; i < rounds; i++)
        round_of(i % MODULES, seed + i, kind.modules);
    clean();
    for (size_t i = 0; i < MODULES; i++) {
        printf("%s: %lu equal (%lu refused), %lu left open, %lu differ\n", modules[i].name, count[i].equal,
               count[i].refused, count[i].unsure, count[i].differ);
        differ += count[i].differ;
        vague += count[i].unsure > (count[i].equal + count[i].unsure) / 5 || count[i].refused == 0;
    }
    return differ == 0 && vague == 0 ? 0 : 1;
}

#endif
