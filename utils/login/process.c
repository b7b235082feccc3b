#include "login/process.h"

#include <grp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/secret.h"

enum bg_err process_become_plain_root(void)
{
    uid_t r, e, s;
    gid_t rg, eg, sg;

    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a write past RLIMIT_FSIZE is then an error, not a death */
    if (setgroups(0, NULL) != 0 || setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0)
        return BG_E_REFUSED;
    if (getresuid(&r, &e, &s) != 0 || getresgid(&rg, &eg, &sg) != 0 || r || e || s || rg || eg || sg)
        return BG_E_REFUSED;
    if (chdir("/") != 0)
        return BG_E_IO;
    bg_secret_process();
    return BG_OK;
}

/* A limit, and the least of it that this program can live with. */
struct need {
    __rlimit_resource_t what;
    rlim_t least;
    const char *name;
};

static const struct need needs[] = {
    {RLIMIT_FSIZE, 64 << 20, "RLIMIT_FSIZE"}, {RLIMIT_NOFILE, 16, "RLIMIT_NOFILE"},
    {RLIMIT_AS, 128 << 20, "RLIMIT_AS"},      {RLIMIT_DATA, 64 << 20, "RLIMIT_DATA"},
    {RLIMIT_STACK, 1 << 20, "RLIMIT_STACK"},  {RLIMIT_CPU, 120, "RLIMIT_CPU"},
};

static enum bg_err raise_one(const struct need *n)
{
    struct rlimit lim;

    if (getrlimit(n->what, &lim) != 0)
        return BG_E_REFUSED;
    if (lim.rlim_cur != RLIM_INFINITY && lim.rlim_cur < n->least) {
        lim.rlim_cur = n->least;
        if (lim.rlim_max != RLIM_INFINITY && lim.rlim_max < n->least)
            lim.rlim_max = n->least; /* needs CAP_SYS_RESOURCE: a container may not have it */
        if (setrlimit(n->what, &lim) != 0)
            return BG_E_REFUSED;
    }
    return BG_OK;
}

enum bg_err process_raise_limits(const char **which)
{
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (raise_one(&needs[i]) != BG_OK) {
            *which = needs[i].name;
            return BG_E_REFUSED;
        }
    return BG_OK;
}
