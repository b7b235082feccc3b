/* SPDX-License-Identifier: ISC */
#include "alert/alert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "alert/http.h"
#include "alert/probe.h"
#include "alert/secrets.h"
#include "alert/worker.h"
#include "base/clock.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/sysuser.h"
#include "config/messages.h"
#include "config/sinkcred.h"
#include "delivery/bell.h"
#include "delivery/messages.h"

#define SERVICE_MS 5000 /* another service that is just ending */
#define NEWS_MAX   3    /* rounds that a round's own news may cause */
#define PAUSE_MS   250  /* between two rounds of which the first could not deliver everything */

static struct bg_policy policy;
static bool loaded; /* there is one */
static struct bg_faults faults;
static struct files files;
static const char *credentials; /* directory of those of the unit; NULL: we have none */
static bool resident;
static unsigned left; /* sinks that are the service's, where we are not */
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
    for (unsigned i = 0; credentials != NULL && i < policy.sinks.n; i++)
        bg_sinkcred_resolve(&policy.sinks.sink[i], credentials);
    loaded = loaded || r == BG_OK;
    if (r == BG_OK || !loaded)
        return r;
    alert_say(BG_M_ALERT_KEPT, BG_ARGS(BG_POLICY_PATH));
    return BG_OK;
}

/* The secret of this sink is a credential that we do not have. */
static enum bg_err leave(const struct bg_sink *s, const char *credential)
{
    left += !resident;
    alert_say(resident ? BG_M_ALERT_NO_CREDENTIAL : BG_M_SINK_CREDENTIAL, BG_ARGS(s->name, credential));
    return BG_E_NOENT;
}

/* With its secrets; a sink without one is left out, and that is said. */
static enum bg_err make_job(const struct bg_sink *s, struct job *job)
{
    const char *credential = bg_sinkcred_of(s);
    struct secrets_fault why;
    enum bg_err r;

    if (credential != NULL)
        return leave(s, credential);

    *job = (struct job){.conf = s, .type = sink_type_of(s->type), .dirs = &worker_dirs, .service = -1};
    files_add(&files, s->secret_file);
    files_add(&files, s->url_file);
    files_add(&files, s->token_file);
    files_add(&files, s->certificate_file);
    files_add(&files, s->login_file);
    if (bg_sink_by_tls(s))
        files_add(&files, s->ca_file[0] != '\0' ? s->ca_file : http_authorities());
    if ((r = secrets_of(s, &job->secrets, &why)) != BG_OK)
        alert_say(BG_M_ALERT_SECRET, BG_ARGS(s->name, why.path, bg_strerror(r)));
    else if (why.why != BG_OK)
        alert_say(BG_M_ALERT_OLD_SECRET, BG_ARGS(s->name, why.path, bg_strerror(why.why)));
    return r;
}

static unsigned make_jobs(void)
{
    unsigned n = 0;

    left = 0;
    for (unsigned i = 0; i < policy.sinks.n; i++)
        if (make_job(&policy.sinks.sink[i], &jobs[n]) == BG_OK)
            n++;
        else if (geteuid() != 0) /* else the file would be root's, and its worker could not read it */
            worker_introduce(&policy.sinks.sink[i], &worker_dirs);
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

static enum bg_err prepare(unsigned n, int lock, int64_t deadline)
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

static void sign_of_life(void)
{
    struct bg_recorder rec;

    alert_recorder(&policy, &rec);
    heartbeat_record(&policy, &rec);
    if (faults.n == 0) /* else there may be a sink whose section has a fault, and that has not all of it */
        (void)keep_bounded(&policy, &rec, NULL);
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
    limits_record(&policy);
    (void)late_reviews_record(&policy);
    (void)probe_bring_home(&policy);
    sign_of_life();
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

/* Of what looks around after a grant, in the process that does. */
static void forget(void)
{
    bg_wipe(jobs, sizeof jobs);
    secrets_wipe();
}

/* Whoever delivers also looks at what was dead when an account was opened. */
static bool chore(void)
{
    bool news = probe_step(&policy, forget);

    if (geteuid() != 0)
        return false;
    takeover_once(&policy);
    counts_record(&policy);
    sign_of_life();
    news = late_reviews_record(&policy) || news;
    return record_refusals() || news;
}

static bool round_chore(void)
{
    bool news = probe_step(&policy, forget);

    return record_refusals() || news;
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
        if (prepare(n, lock, 0) != BG_OK)
            return ALERT_CANNOT;
        rc = supervise(jobs, n, &files, secrets_until(), chore, NULL);
        bg_wipe(jobs, sizeof jobs);
    }
    return rc;
}

int service_run(void)
{
    int lock = -1, rc = ALERT_CANNOT;
    enum bg_err r = lock_service(&lock);

    resident = true;
    credentials = getenv("CREDENTIALS_DIRECTORY"); /* systemd.exec(5): the one way to learn it */
    if (r == BG_OK)
        rc = serve(lock);
    secrets_wipe();
    return r == BG_E_BUSY ? ALERT_BUSY : rc;
}

/* --- a round ------------------------------------------------------------------------------------ */

static struct bg_round bell;

static bool rung(void)
{
    return bg_round_rung(&bell);
}

static int once(int64_t ms)
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
        return n + left < policy.sinks.n || faults.n > 0 ? ALERT_CONFIG
               : left > 0 && !bg_bell_served()           ? ALERT_LEFT
                                                         : ALERT_DONE;
    if (prepare(n, bell.lock, deadline) != BG_OK)
        return ALERT_CANNOT;
    return supervise(jobs, n, &files, deadline, geteuid() == 0 ? round_chore : NULL, rung);
}

/* A service or another round delivers. What a sweep came for, and only root can do, does not wait for its
 * end: what that brings is delivered there. */
static int elsewhere(void)
{
    if (bg_bell_served())
        return ALERT_DONE;
    (void)load_policy();
    bring_home();
    return ALERT_BUSY;
}

/* When all is delivered that was there: wait for what is being looked at, unless somebody rings. True: there
 * is something new to deliver. */
static bool look_around(void)
{
    int64_t end = bg_deadline(2 * PROBE_ALL_MS);
    bool news = false;

    if (geteuid() != 0 || bg_bell_served())
        return false;
    (void)alarm((unsigned)(2 * PROBE_ALL_MS / 1000 + 5));
    do
        news = probe_step(&policy, forget) || news;
    while (probe_busy() && bg_left_ms(end) > 0 && !rung() && (bg_sleep_ms(20), true));
    return news;
}

int service_round(int64_t ms, bool locked)
{
    unsigned told = 0;
    int rc;

    if (bg_round_begin(&bell, locked, bg_deadline(ms)) != BG_OK)
        return elsewhere();
    do {
        (void)alarm((unsigned)(ms / 1000 + 5)); /* for a disk that hangs before the deadline is looked at */
        rc = once(ms);
        bg_wipe(jobs, sizeof jobs);
        if (rc != ALERT_DONE && rc != ALERT_BUSY)
            bg_sleep_ms(PAUSE_MS);
    } while ((told++ < NEWS_MAX && (record_news() || look_around())) ||
             bg_round_again(&bell)); /* alarms that wait go first */
    secrets_wipe();
    return rc;
}
