/* SPDX-License-Identifier: ISC */
/* breakglass-alert: arguments. See alert/alert.h. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "alert/alert.h"
#include "config/ini.h"
#include "base/text.h"

#define ONCE_MS     30000
#define ONCE_MAX_MS 3600000

static int usage(void)
{
    (void)fprintf(stderr, "usage: breakglass-alert --once [--deadline MILLISECONDS]\n"
                          "       breakglass-alert --take-over [--last] [--deadline MILLISECONDS]\n"
                          "       breakglass-alert --service\n");
    return ALERT_USAGE;
}

/* Of the environment only what systemd says of its service: no file of authorities, of keys or of options. */
static bool keep_of_environment(void)
{
    static const char *const kept[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
                                       "CREDENTIALS_DIRECTORY"};
    char *value[sizeof kept / sizeof kept[0]];
    bool ok = true;

    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        const char *v = getenv(kept[i]);
        value[i] = v != NULL ? strdup(v) : NULL;
        ok = ok && (v == NULL) == (value[i] == NULL);
    }
    ok = ok && clearenv() == 0;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        ok = ok && (value[i] == NULL || setenv(kept[i], value[i], 1) == 0);
        free(value[i]);
    }
    return ok;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"once", no_argument, NULL, 'o'},
                                            {"service", no_argument, NULL, 's'},
                                            {"take-over", no_argument, NULL, 't'},
                                            {"last", no_argument, NULL, 'L'},
                                            {"deadline", required_argument, NULL, 'd'},
                                            {"locked", no_argument, NULL, 'l'}, /* bg_bell_ring's */
                                            {NULL, 0, NULL, 0}};
    bool once = false, service = false, locked = false, take_over = false, last = false;
    unsigned ms = ONCE_MS;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        once = once || c == 'o';
        service = service || c == 's';
        locked = locked || c == 'l';
        take_over = take_over || c == 't';
        last = last || c == 'L';
        if (c == '?' || (c == 'd' && !bg_number(optarg, 1, ONCE_MAX_MS, &ms)))
            return usage();
    }
    if (once + service + take_over != 1 || (locked && !once) || (last && !take_over) || optind < argc)
        return usage();
    if (!keep_of_environment())
        return ALERT_CANNOT;
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)prctl(PR_SET_DUMPABLE, 0); /* it holds the secrets of the web hooks */
    if (take_over)
        return takeover_run(ms, last);
    return service ? service_run() : service_round(ms, locked);
}
