/* SPDX-License-Identifier: ISC */
/* Options, signals, and the one loop that everything runs in. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "ctap.h"

static const char usage[] =
    "usage: softkey [options]                 be a FIDO2 key until killed; prints its device path\n"
    "       softkey --tell SOCKET COMMAND...  command a running one (control.h lists the commands)\n"
    "\n"
    "  --state FILE             the key's memory (JSON, made if missing); without it: none\n"
    "  --link PATH              a symbolic link to the device\n"
    "  --control SOCKET         listen for commands here\n"
    "  --touch auto|never|after:MS\n"
    "  --touch-timeout MS       how long the key itself waits (30000)\n"
    "  --uv none|yes|no|never   built-in user verification: none, right, wrong, or no finger\n"
    "  --pin PIN                set this PIN when none is set (a test's PIN: it shows in ps)\n"
    "  --pin-protocol 1|2       offer only this one\n"
    "  --counter-step N|back|frozen|none\n"
    "  --unplug-after CMD[:N]   hang up when the N-th CMD has come, before its answer\n"
    "  --mode NAME[:CMD]        be hostile, to CMD or to every command\n"
    "  --id-bytes N             credential ids as long as that (75 to 1024)\n"
    "  --list N                 takes so many credential ids at once (8); 0: one, and it does not say so\n"
    "  --work MS                takes so long for each command\n"
    "  --min-pin N              a new PIN has at least so many characters (4)\n"
    "  --change-pin             want a new PIN before anything else\n"
    "  --u2f                    know nothing newer than U2F; needs --attest\n"
    "  --rsa KEY.pem            sign with this key alone (RS256)\n"
    "  --attest BASE            attest with the certificate BASE.crt and its key BASE.key\n"
    "  --orphans                go on telling the next client of a request whose client is gone\n"
    "  --verbose\n"
    "\n"
    "CMD: any init ping info make get next pin reset select credman other\n"
    "Modes:\n";

void sk_trace(const struct softkey *sk, const char *fmt, ...)
{
    va_list ap;

    if (!sk->verbose)
        return;
    va_start(ap, fmt);
    (void)fprintf(stderr, "softkey %lld ", (long long)bg_now_ms());
    (void)vfprintf(stderr, fmt, ap);
    (void)fputc('\n', stderr);
    va_end(ap);
}

bool sk_plug(struct softkey *sk)
{
    if (!sk_port_plug(&sk->port))
        return false;
    sk_hid_power_up(&sk->hid);
    sk_pin_power_up(&sk->pin);
    sk->found.n = 0;
    sk->walk.next_rp = sk->walk.next_cred = SK_RESIDENT;
    sk->powered_ms = bg_now_ms();
    printf("%s\n", sk->port.path);
    (void)fflush(stdout);
    return true;
}

void sk_unplug(struct softkey *sk)
{
    sk_trace(sk, "unplugged");
    sk_port_unplug(&sk->port);
}

/* ---- loop ------------------------------------------------------------------------------------------ */

enum {
    P_SIGNAL,
    P_PORT,
    P_WATCH,
    P_CONTROL,
    P_ALL = P_CONTROL + SK_CLIENTS + 1
};

void sk_pump(struct softkey *sk, int ms)
{
    struct pollfd p[P_ALL];
    int expire = sk_hid_expire(sk);

    if (expire >= 0 && (ms < 0 || expire < ms))
        ms = expire;
    p[P_SIGNAL] = (struct pollfd){.fd = sk->signal_fd, .events = POLLIN};
    p[P_PORT] = (struct pollfd){.fd = sk->port.master, .events = POLLIN};
    p[P_WATCH] = (struct pollfd){.fd = sk->port.watch, .events = POLLIN};
    sk_control_poll(&sk->control, p + P_CONTROL);
    if (poll(p, P_ALL, ms) <= 0)
        return;
    if (p[P_SIGNAL].revents != 0)
        sk->stop = true;
    if (p[P_PORT].revents != 0 || p[P_WATCH].revents != 0)
        sk_hid_receive(sk);
    sk_control_serve(sk, p + P_CONTROL);
}

static int catch_signals(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void serve(struct softkey *sk)
{
    while (!sk->stop) {
        if (sk->hid.ready)
            sk_ctap_run(sk);
        else
            sk_pump(sk, -1);
    }
}

/* ---- options --------------------------------------------------------------------------------------- */

struct settings {
    const char *state, *link, *control, *pin;
};

enum {
    O_STATE,
    O_LINK,
    O_CONTROL,
    O_TOUCH,
    O_TIMEOUT,
    O_UV,
    O_PIN,
    O_PROTOCOL,
    O_COUNTER,
    O_UNPLUG,
    O_MODE,
    O_IDS,
    O_LIST,
    O_WORK,
    O_MIN,
    O_CHANGE,
    O_U2F,
    O_RSA,
    O_ATTEST,
    O_ORPHANS
};

static const struct option options[] = {
    {"state", required_argument, NULL, O_STATE},
    {"link", required_argument, NULL, O_LINK},
    {"control", required_argument, NULL, O_CONTROL},
    {"touch", required_argument, NULL, O_TOUCH},
    {"touch-timeout", required_argument, NULL, O_TIMEOUT},
    {"uv", required_argument, NULL, O_UV},
    {"pin", required_argument, NULL, O_PIN},
    {"pin-protocol", required_argument, NULL, O_PROTOCOL},
    {"counter-step", required_argument, NULL, O_COUNTER},
    {"unplug-after", required_argument, NULL, O_UNPLUG},
    {"mode", required_argument, NULL, O_MODE},
    {"id-bytes", required_argument, NULL, O_IDS},
    {"list", required_argument, NULL, O_LIST},
    {"work", required_argument, NULL, O_WORK},
    {"min-pin", required_argument, NULL, O_MIN},
    {"change-pin", no_argument, NULL, O_CHANGE},
    {"u2f", no_argument, NULL, O_U2F},
    {"rsa", required_argument, NULL, O_RSA},
    {"attest", required_argument, NULL, O_ATTEST},
    {"orphans", no_argument, NULL, O_ORPHANS},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static bool number(const char *s, int64_t max, int64_t *v)
{
    char *end;
    long n = strtol(s, &end, 10);

    *v = n;
    return end != s && *end == '\0' && n > 0 && n <= max;
}

static bool attest_with(const char *base)
{
    char cert[PATH_MAX], key[PATH_MAX];

    (void)snprintf(cert, sizeof(cert), "%s.crt", base);
    (void)snprintf(key, sizeof(key), "%s.key", base);
    return sk_attest_load(cert, key);
}

static bool take_option(struct softkey *sk, struct settings *set, int option)
{
    int64_t n;

    switch (option) {
    case O_STATE:
        set->state = optarg;
        return true;
    case O_LINK:
        set->link = optarg;
        return true;
    case O_CONTROL:
        set->control = optarg;
        return true;
    case O_PIN:
        set->pin = optarg;
        return strlen(optarg) >= 4 && strlen(optarg) < 64;
    case O_TOUCH:
        return sk_user_set_touch(&sk->user, optarg);
    case O_TIMEOUT:
        return number(optarg, 600000, &sk->user.patience_ms);
    case O_UV:
        return sk_user_set_uv(&sk->user, optarg);
    case O_PROTOCOL:
        return number(optarg, 2, &sk->pin_protocol);
    case O_COUNTER:
        return sk_store_set_count(&sk->store, optarg);
    case O_UNPLUG:
        return sk_fault_set_unplug(&sk->fault, optarg);
    case O_MODE:
        return sk_fault_set_mode(&sk->fault, optarg);
    case O_IDS:
        if (!number(optarg, SK_ID_MAX, &n) || n < SK_CRED_ID)
            return false;
        sk_id_bytes = (size_t)n;
        return true;
    case O_LIST:
        sk->list = 0;
        return strcmp(optarg, "0") == 0 || number(optarg, 255, &sk->list);
    case O_WORK:
        return number(optarg, 60000, &sk->work_ms);
    case O_MIN:
        if (!number(optarg, 63, &n))
            return false;
        sk->pin.min = (size_t)n;
        return true;
    case O_CHANGE:
        sk->pin.change = true;
        return true;
    case O_U2F:
        sk->u2f = true;
        return true;
    case O_RSA:
        sk->rsa = true;
        return sk_rsa_load(optarg);
    case O_ATTEST:
        return attest_with(optarg);
    case O_ORPHANS:
        sk->orphans = true;
        return true;
    case 'v':
        sk->verbose = true;
        return true;
    default:
        return false;
    }
}

/* -1: continue; else the exit status. */
static int read_options(struct softkey *sk, struct settings *set, int argc, char **argv)
{
    int c;

    if (argc > 3 && strcmp(argv[1], "--tell") == 0)
        return sk_control_tell(argv[2], argv + 3);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(usage, stdout);
            sk_fault_list_modes();
            return 0;
        }
        if (!take_option(sk, set, c)) {
            if (c != '?')
                (void)fprintf(stderr, "softkey: bad argument: %s\n", optarg);
            (void)fprintf(stderr, "try softkey --help\n");
            return 2;
        }
    }
    return optind == argc ? -1 : 2;
}

static bool start(struct softkey *sk, const struct settings *set)
{
    if (!sk_store_load(&sk->store, set->state))
        return false;
    if (set->pin != NULL && !sk->store.has_pin)
        sk_store_set_pin(&sk->store, set->pin, strlen(set->pin));
    sk->signal_fd = catch_signals();
    sk->port.link = set->link;
    if (!sk_control_open(&sk->control, set->control)) {
        perror(set->control);
        return false;
    }
    if (!sk_plug(sk)) {
        perror("softkey: pty");
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct softkey sk = {
        .user = {.patience_ms = 30000}, .store = {.step = 1}, .pin = {.min = 4}, .list = 8};
    struct settings set = {0};
    int r;

    (void)umask(077);
    (void)sk_fault_set_mode(&sk.fault, "normal");
    if ((r = read_options(&sk, &set, argc, argv)) >= 0)
        return r;
    sk.port.master = sk.port.slave = sk.port.watch = -1;
    sk.port.holder = -1;
    if (!start(&sk, &set))
        return 1;
    serve(&sk);
    sk_unplug(&sk);
    sk_control_close(&sk.control);
    return 0;
}
