/* breakglass-alert: see alert.h. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alert/alert.h"
#include "base/clock.h"
#include "base/msg.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/sysuser.h"
#include "delivery/cursor.h"
#include "delivery/bell.h"
#include "config/messages.h"
#include "delivery/messages.h"
#include "alert/messages.h"

#define ONCE_MS     30000
#define ONCE_MAX_MS 3600000
#define SERVICE_MS  5000 /* another service that is just ending */

static struct bg_policy policy;
static struct job jobs[BG_SINKS_MAX];

void alert_say(const struct bg_message *id, const char *const *args)
{
    char text[BG_MSG_MAX];

    (void)bg_msg_full(text, sizeof text, id, args);
    (void)fprintf(stderr, "breakglass-alert: %s\n", text);
}

enum bg_err alert_fingerprint(const struct bg_sink *conf, char out[65])
{
    return bg_sha256_hex(conf, sizeof *conf, out); /* cleared before it was filled: no stray bytes */
}

static enum bg_err load_policy(void)
{
    struct bg_ini_error bad;
    char line[16];
    enum bg_err r = bg_policy_load(BG_POLICY_PATH, &policy, &bad);

    (void)snprintf(line, sizeof line, "%u", bad.line);
    if (r != BG_OK)
        alert_say(BG_M_FILE_SYNTAX, BG_ARGS(BG_POLICY_PATH, line, bad.text));
    return r;
}

/* The secrets, as long as they can be read. A sink without its secret is left out and told. */
static unsigned make_jobs(bool resident, int64_t deadline)
{
    unsigned n = 0;

    for (unsigned i = 0; i < policy.sinks.n; i++) {
        const struct bg_sink *s = &policy.sinks.sink[i];
        enum bg_err r = BG_OK;
        jobs[n] = (struct job){.conf = s, .resident = resident, .deadline = deadline};
        if (s->type == BG_SINK_WEBHOOK && (r = sign_load(s->secret_file, &jobs[n].keys)) != BG_OK)
            alert_say(BG_M_ALERT_SECRET, BG_ARGS(s->name, s->secret_file, bg_strerror(r)));
        else
            n++;
    }
    return n;
}

/* A directory for the cursors, of the service's user if there is one. */
static enum bg_err make_dir(const char *path, uid_t uid, gid_t gid)
{
    struct stat st;

    if (mkdir(path, 0750) != 0 && errno != EEXIST)
        return BG_E_IO;
    if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return BG_E_UNSAFE;
    if (st.st_uid == uid && st.st_gid == gid)
        return BG_OK;
    return lchown(path, uid, gid) == 0 ? BG_OK : BG_E_IO;
}

/* The directory above is root's alone, so nobody else can put anything in the place of ours. */
static enum bg_err make_dirs(uid_t uid, gid_t gid)
{
    enum bg_err r, s;

    if (geteuid() == 0 && (r = bg_dir_make(BG_RUNDIR, 0755)) != BG_OK)
        return r;
    r = make_dir(BG_CURSORS_RUN, uid, gid);
    s = make_dir(BG_CURSORS_STATE, uid,
                 gid); /* a full disk may refuse this one: it is told when it matters */
    if (s != BG_OK)
        alert_say(BG_M_ALERT_CURSOR, BG_ARGS("*", bg_strerror(s)));
    return r;
}

/* As root: what only root can do, then the service's user, if this machine has one. */
static enum bg_err prepare(void)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    enum bg_err r;

    if (uid == 0) {
        deadletters_record(&policy);
        (void)!bg_sysuser(BG_ALERT_USER, &uid, &gid);
    }
    if ((r = make_dirs(uid, gid)) != BG_OK)
        return r;
    return geteuid() == 0 && uid != 0 ? bg_become_user(uid, gid) : BG_OK;
}

/* One resident service: who holds this is told of by bg_bell_served(). */
static bool hold_service(int *held)
{
    int64_t until = bg_deadline(SERVICE_MS);
    int fd = open(BG_SERVICE_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);

    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (bg_left_ms(until) == 0)
            return false;
        bg_sleep_ms(20);
    }
    *held = fd; /* open until the end */
    return fd >= 0;
}

static int run(bool resident, int64_t ms)
{
    int64_t deadline = bg_deadline(ms);
    int lock = -1;
    unsigned n;
    enum bg_err r;

    if (load_policy() != BG_OK)
        return WORKER_CANNOT;
    n = make_jobs(resident, deadline);
    if ((r = prepare()) != BG_OK) {
        alert_say(BG_M_ALERT_START, BG_ARGS("*", bg_strerror(r)));
        return WORKER_CANNOT;
    }
    if (resident && !hold_service(&lock)) {
        alert_say(BG_M_ALERT_TWICE, BG_NOARGS);
        return WORKER_CANNOT;
    }
    if (!resident && (n == 0 || bg_bell_served()))
        return n < policy.sinks.n ? WORKER_CANNOT : 0;
    for (unsigned i = 0; i < n; i++)
        jobs[i].service = lock;
    return supervise(jobs, n, resident);
}

static int usage(void)
{
    (void)fprintf(stderr, "usage: breakglass-alert --once [--deadline MILLISECONDS]\n"
                          "       breakglass-alert --service\n");
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"once", no_argument, NULL, 'o'},
                                            {"service", no_argument, NULL, 's'},
                                            {"deadline", required_argument, NULL, 'd'},
                                            {NULL, 0, NULL, 0}};
    bool once = false, service = false;
    unsigned ms = ONCE_MS;
    int c, rc;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        once = once || c == 'o';
        service = service || c == 's';
        if (c == '?' || (c == 'd' && !bg_ini_number(optarg, 1, ONCE_MAX_MS, &ms)))
            return usage();
    }
    if (once == service || optind < argc)
        return usage();
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)prctl(PR_SET_DUMPABLE, 0); /* it holds the secrets of the web hooks */
    if (once)
        (void)alarm(ms / 1000 +
                    5); /* the last resort, for a disk that hangs before the deadline is looked at */
    rc = run(service, ms);
    bg_wipe(jobs, sizeof jobs);
    return rc;
}
