#include "alert/alert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alert/worker.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/sysuser.h"
#include "config/messages.h"
#include "delivery/bell.h"
#include "delivery/messages.h"

#define SERVICE_MS 5000 /* another service that is just ending */

static struct bg_policy policy;
static struct bg_faults faults;
static struct job jobs[BG_SINKS_MAX];

static enum bg_err load_policy(void)
{
    enum bg_err r = bg_policy_load(BG_POLICY_PATH, &policy, &faults);

    for (unsigned i = 0; i < faults.n; i++)
        alert_say(BG_M_FILE_SYNTAX,
                  BG_ARGS(BG_POLICY_PATH, BG_DIGITS(faults.fault[i].line), faults.fault[i].text));
    return r == BG_E_SYNTAX ? BG_OK : r; /* the sinks without a fault are served */
}

/* With the secrets, while they can be read. A sink without its secret is left out, and that is said. */
static unsigned make_jobs(bool resident, int64_t deadline)
{
    unsigned n = 0;

    for (unsigned i = 0; i < policy.sinks.n; i++) {
        const struct bg_sink *s = &policy.sinks.sink[i];
        enum bg_err r = BG_OK;
        jobs[n] = (struct job){.conf = s,
                               .type = s->type == BG_SINK_WEBHOOK ? &sink_webhook : &sink_syslog,
                               .dirs = &worker_dirs,
                               .resident = resident,
                               .deadline = deadline};
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

/* Only root can write the directory above, so nobody can exchange ours. */
static enum bg_err make_dirs(uid_t uid, gid_t gid)
{
    enum bg_err r, s;

    if (geteuid() == 0 && (r = bg_dir_make(BG_RUNDIR, 0755)) != BG_OK)
        return r;
    r = make_dir(BG_CURSORS_RUN, uid, gid);
    s = make_dir(BG_CURSORS_STATE, uid, gid); /* a full disk may refuse this one; /run is enough to deliver */
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
        policy_faults_record(&policy, &faults);
        (void)!bg_sysuser(BG_ALERT_USER, &uid, &gid);
    }
    if ((r = make_dirs(uid, gid)) != BG_OK)
        return r;
    return geteuid() == 0 && uid != 0 ? bg_become_user(uid, gid) : BG_OK;
}

static int run(bool resident, int64_t ms)
{
    int64_t deadline = bg_deadline(ms);
    struct stat loaded;
    int lock = -1;
    unsigned n;
    enum bg_err r;

    supervise_look(&loaded);
    if (load_policy() != BG_OK)
        return WORKER_CANNOT;
    n = make_jobs(resident, deadline);
    if ((r = prepare()) != BG_OK) {
        alert_say(BG_M_ALERT_START, BG_ARGS("*", bg_strerror(r)));
        return WORKER_CANNOT;
    }
    /* one resident service; bg_bell_served() tells who asks */
    if (resident && bg_lock(AT_FDCWD, BG_SERVICE_LOCK, bg_deadline(SERVICE_MS), &lock) != BG_OK) {
        alert_say(BG_M_ALERT_TWICE, BG_NOARGS);
        return WORKER_CANNOT;
    }
    if (!resident && (n == 0 || bg_bell_served()))
        return n < policy.sinks.n || faults.n > 0 ? WORKER_CANNOT : 0;
    for (unsigned i = 0; i < n; i++)
        jobs[i].service = lock;
    return supervise(jobs, n, resident, &loaded);
}

int service_run(bool resident, int64_t ms)
{
    int rc = run(resident, ms);

    bg_wipe(jobs, sizeof jobs);
    return rc;
}
