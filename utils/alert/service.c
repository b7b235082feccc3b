/* SPDX-License-Identifier: ISC */
#include "alert/alert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "alert/secrets.h"
#include "alert/worker.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/sysuser.h"
#include "config/messages.h"
#include "delivery/bell.h"
#include "delivery/messages.h"

#define SERVICE_MS 5000 /* another service that is just ending */
#define NEWS_MAX   3    /* rounds that a round's own news may cause */
#define PAUSE_MS   250  /* between two rounds of which the first could not deliver everything */

static struct bg_policy policy;
static bool loaded; /* there is one */
static struct bg_faults faults;
static struct files files;
static struct job jobs[BG_SINKS_MAX];

static void tell_faults(void)
{
    for (unsigned i = 0; i < faults.n; i++)
        alert_say(BG_M_FILE_SYNTAX,
                  BG_ARGS(BG_POLICY_PATH, BG_DIGITS(faults.fault[i].line), faults.fault[i].text));
}

/* The sinks without a fault are served. A file that cannot be read at all takes nothing from a service that
 * runs. */
static enum bg_err load_policy(void)
{
    static struct bg_policy now;
    enum bg_err r;

    files.n = 0;
    files_add(&files, BG_POLICY_PATH);
    r = bg_policy_load(BG_POLICY_PATH, &now, &faults);
    tell_faults();
    if (r == BG_E_SYNTAX)
        r = BG_OK;
    if (r == BG_OK || !loaded)
        policy = now;
    loaded = loaded || r == BG_OK;
    if (r == BG_OK || !loaded)
        return r;
    alert_say(BG_M_ALERT_KEPT, BG_ARGS(BG_POLICY_PATH));
    return BG_OK;
}

static const struct sink_type *const types[] = {
    [BG_SINK_WEBHOOK] = &sink_webhook, [BG_SINK_SYSLOG] = &sink_syslog};

/* With its secret; a sink without one is left out, and that is said. */
static enum bg_err make_job(const struct bg_sink *s, struct job *job)
{
    enum bg_err r = BG_OK, why = BG_OK;

    *job = (struct job){.conf = s, .type = types[s->type], .dirs = &worker_dirs, .service = -1};
    files_add(&files, s->secret_file);
    if (s->type == BG_SINK_WEBHOOK)
        files_add(&files, s->ca_file[0] != '\0' ? s->ca_file : webhook_authorities());
    if (s->type == BG_SINK_WEBHOOK)
        r = secrets_of(s, &job->keys, &why);
    if (r != BG_OK)
        alert_say(BG_M_ALERT_SECRET, BG_ARGS(s->name, s->secret_file, bg_strerror(r)));
    else if (why != BG_OK)
        alert_say(BG_M_ALERT_OLD_SECRET, BG_ARGS(s->name, s->secret_file, bg_strerror(why)));
    return r;
}

static unsigned make_jobs(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < policy.sinks.n; i++)
        if (make_job(&policy.sinks.sink[i], &jobs[n]) == BG_OK)
            n++;
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

/* Whom the workers become: the service's user, if this machine has one and we may choose. */
static void choose_user(uid_t *uid, gid_t *gid)
{
    *uid = geteuid();
    *gid = getegid();
    if (*uid == 0)
        (void)!bg_sysuser(BG_ALERT_USER, uid, gid);
}

static enum bg_err prepare(unsigned n, int lock, bool resident, int64_t deadline)
{
    uid_t uid;
    gid_t gid;
    enum bg_err r;

    choose_user(&uid, &gid);
    if ((r = make_dirs(uid, gid)) != BG_OK) {
        alert_say(BG_M_ALERT_START, BG_ARGS("*", bg_strerror(r)));
        return r;
    }
    for (unsigned i = 0; i < n; i++) {
        jobs[i].uid = geteuid() == 0 ? uid : 0;
        jobs[i].gid = gid;
        jobs[i].service = lock;
        jobs[i].resident = resident;
        jobs[i].deadline = deadline;
    }
    return BG_OK;
}

/* What only root can do, in two parts: what brings events, and what looks for something to say, through the
 * whole journal if need be. True when it had: that is delivered like everything else. */
static void bring_home(void)
{
    if (geteuid() != 0)
        return;
    takeover_once(&policy);
    counts_record(&policy);
    lost_sessions_record(&policy);
}

static bool record_refusals(void)
{
    struct bg_recorder rec;
    bool lost;

    if (geteuid() != 0)
        return false;
    alert_recorder(&policy, &rec);
    lost = lost_lines_record(&policy, &rec, NULL);
    return refusals_record(&policy) || lost;
}

static bool record_news(void)
{
    bool news = record_refusals();

    return (geteuid() == 0 && policy_faults_record(&policy, &faults)) || news;
}

static void chore(void)
{
    takeover_once(&policy);
    counts_record(&policy);
    (void)record_refusals();
}

/* --- the resident service ----------------------------------------------------------------------- */

/* One resident service; bg_bell_served() tells who asks. The file is its user's, whoever starts it. */
static enum bg_err lock_service(int *lock)
{
    uid_t uid;
    gid_t gid;
    bool other;
    enum bg_err r;

    choose_user(&uid, &gid);
    if ((r = make_dirs(uid, gid)) != BG_OK) {
        alert_say(BG_M_ALERT_START, BG_ARGS("*", bg_strerror(r)));
        return r;
    }
    other = uid != geteuid(); /* else the call itself may be forbidden */
    if (other && seteuid(uid) != 0)
        return BG_E_REFUSED;
    r = bg_lock(AT_FDCWD, BG_SERVICE_LOCK, bg_deadline(SERVICE_MS), lock);
    if (other && seteuid(0) != 0)
        r = BG_E_REFUSED;
    if (r == BG_E_BUSY)
        alert_say(BG_M_ALERT_TWICE, BG_NOARGS);
    return r;
}

static int serve(int lock)
{
    int rc = SUPERVISE_AGAIN;

    while (rc == SUPERVISE_AGAIN) {
        enum bg_err r = load_policy();
        unsigned n = r == BG_OK ? make_jobs() : 0;
        bring_home();
        (void)record_news();
        if (r != BG_OK)
            return ALERT_CONFIG;
        if (prepare(n, lock, true, 0) != BG_OK)
            return ALERT_CANNOT;
        rc = supervise(jobs, n, true, &files, secrets_until(), geteuid() == 0 ? chore : NULL);
        bg_wipe(jobs, sizeof jobs);
    }
    return rc;
}

int service_run(void)
{
    int lock = -1, rc = ALERT_CANNOT;
    enum bg_err r = lock_service(&lock);

    if (r == BG_OK)
        rc = serve(lock);
    secrets_wipe();
    return r == BG_E_BUSY ? ALERT_BUSY : rc;
}

/* --- a round ------------------------------------------------------------------------------------ */

static int once(int64_t ms, int lock)
{
    int64_t deadline = bg_deadline(ms);
    unsigned n = 0;
    enum bg_err r;

    if ((r = load_policy()) == BG_OK)
        n = make_jobs();
    bring_home();
    if (r != BG_OK)
        return ALERT_CONFIG;
    if (n == 0 || bg_bell_served())
        return n < policy.sinks.n || faults.n > 0 ? ALERT_CONFIG : ALERT_DONE;
    if (prepare(n, lock, false, deadline) != BG_OK)
        return ALERT_CANNOT;
    return supervise(jobs, n, false, &files, deadline, NULL);
}

int service_round(int64_t ms, bool locked)
{
    struct bg_round round;
    unsigned told = 0;
    int rc;

    if (bg_round_begin(&round, locked, bg_deadline(ms)) != BG_OK)
        return bg_bell_served() ? ALERT_DONE : ALERT_BUSY;
    do {
        (void)alarm((unsigned)(ms / 1000 + 5)); /* for a disk that hangs before the deadline is looked at */
        rc = once(ms, round.lock);
        bg_wipe(jobs, sizeof jobs);
        if (rc != ALERT_DONE && rc != ALERT_BUSY)
            bg_sleep_ms(PAUSE_MS);
    } while ((told++ < NEWS_MAX && record_news()) || bg_round_again(&round)); /* alarms that wait go first */
    secrets_wipe();
    return rc;
}
