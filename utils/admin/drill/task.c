/* SPDX-License-Identifier: ISC */
/* breakglass drill task: what only root can do, done inside the session of a use. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "admin/drill/drill.h"
#include "admin/messages.h"
#include "admin/rows.h"
#include "admin/ui.h"
#include "base/host.h"
#include "config/sshdconf.h"
#include "record/drilled.h"
#include "record/state.h"
#include "record/tally.h"

#define ANCESTORS 64
#define NOBODY    65534u

const struct command_option drill_task_options[] = {{0}};

struct here {
    char account[32], use[BG_ULID_LEN + 1];
    bool in_instance; /* below the sshd of the emergency accounts */
};

/* Was it started with the own file of that sshd? */
static bool is_instance(int64_t pid)
{
    char path[48], text[512];
    int fd;
    ssize_t n;

    (void)snprintf(path, sizeof path, "/proc/%lld/cmdline", (long long)pid);
    if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return false;
    n = read(fd, text, sizeof text);
    (void)close(fd);
    return n > 0 && memmem(text, (size_t)n, BG_SSHD_CONFIG, sizeof BG_SSHD_CONFIG - 1) != NULL;
}

/* The use whose session the process holds. */
static bool holds(const struct bg_tally *t, int64_t pid, char use[BG_ULID_LEN + 1])
{
    uint64_t start = bg_host_pid_start(pid), boot = bg_boot_number();

    for (size_t i = 0; i < t->uses && i < BG_TALLY_USES; i++) {
        const struct bg_tally_use *u = &t->use[i];
        if (u->opened && !u->closed && u->pid == pid && u->pid_start == start && u->boot == boot &&
            bg_ulid_valid(u->id)) {
            memcpy(use, u->id, BG_ULID_LEN + 1);
            return true;
        }
    }
    return false;
}

/* Is this process below one that holds a session of that account? The kernel tells who started whom. */
static bool is_below(const struct bg_tally *t, struct here *h)
{
    bool found = false;
    int64_t pid = getpid();

    for (int i = 0; i < ANCESTORS && pid > 1; i++, pid = bg_host_parent(pid)) {
        found = found || holds(t, pid, h->use);
        h->in_instance = h->in_instance || is_instance(pid);
    }
    return found;
}

static bool find(struct here *h)
{
    static struct account_rows rows;
    static struct bg_tally t;

    if (!rows_load(&rows))
        return false;
    for (size_t i = 0; i < rows.n; i++) {
        memset(h, 0, sizeof *h);
        (void)snprintf(h->account, sizeof h->account, "%s", rows.row[i].name);
        if (rows.row[i].wrong[0] == '\0' && bg_state_tally(NULL, NULL, h->account, &t) == BG_OK &&
            is_below(&t, h))
            return true;
    }
    ui_finding(BG_M_DRILL_NOT_INSIDE, BG_NOARGS);
    return false;
}

/* A file where only root may make one, given away as only root may: it proves the right to do both. errno. */
static int use_rights(void)
{
    char path[] = BG_CONFDIR "/.drill-XXXXXX";
    struct stat st;
    int fd = mkostemp(path, O_CLOEXEC), e = 0;

    if (fd < 0)
        return errno;
    if (fchown(fd, NOBODY, NOBODY) < 0 || fsync(fd) < 0 || fstat(fd, &st) < 0)
        e = errno;
    else if (st.st_uid != NOBODY)
        e = EPERM;
    if (unlink(path) < 0 && e == 0)
        e = errno;
    (void)close(fd);
    return e;
}

enum admin_exit drill_task(char *const words[], json_t *root)
{
    static struct drill d;
    char drill[BG_ULID_LEN + 1] = "", why[DRILL_WHY];
    struct bg_drilled of;
    struct here h;
    enum admin_exit x;
    int e;

    (void)words;
    if (!find(&h))
        return ADMIN_FINDING;
    (void)json_object_set_new(root, "use", json_string(h.use));
    if (!bg_drilled_use(NULL, NULL, h.account, h.use, &of)) {
        ui_finding(BG_M_DRILL_REAL, BG_ARGS(h.use));
        return ADMIN_FINDING;
    }
    memcpy(drill, of.id, sizeof drill);
    if (drill_read(drill, &d) != ADMIN_GOOD)
        return ADMIN_CANNOT;
    if ((e = use_rights()) != 0) {
        (void)snprintf(why, sizeof why, "in use %s root's rights were not there: %s", h.use, strerror(e));
        (void)drill_mark(&d, "task", false, why, NULL, NULL, h.use);
        ui_finding(BG_M_DRILL_TASK, BG_ARGS(strerror(e)));
        return ADMIN_FINDING;
    }
    (void)snprintf(why, sizeof why, "made, gave away and removed a file in " BG_CONFDIR " as root, in use %s",
                   h.use);
    x = drill_mark(&d, "task", true, why, NULL, NULL, h.use);
    if (x == ADMIN_GOOD && h.in_instance)
        x = drill_mark(&d, DRILL_INSTANCE, true, "seen below the sshd of the emergency accounts", NULL, NULL,
                       h.use);
    if (x == ADMIN_GOOD)
        ui_text("Done: root's rights are there, and that is on record for the drill.\n");
    return x;
}
