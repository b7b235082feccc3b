/* SPDX-License-Identifier: ISC */
#include "alert/probe.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <nss.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/hash.h"
#include "base/host.h"
#include "base/secret.h"
#include "base/text.h"
#include "config/probe.h"

#define PROBES_MAX  24
#define ONE_MS      1000
#define DIRECTORY_S "libnss_%s.so.2"
#define NOBODY      "breakglass-probe" /* a name that no directory has */

/* What one process looks at. */
struct probe {
    void (*look)(const char *arg, struct probe_found *f);
    char arg[256];
};

struct probes {
    struct probe probe[PROBES_MAX];
    struct probe_found *found; /* of each; shared with the processes */
    size_t n;
};

static void add(struct probes *all, void (*look)(const char *, struct probe_found *), const char *kind,
                const char *arg)
{
    struct probe_found *f;

    if (all->n == PROBES_MAX || strlen(arg) >= sizeof all->probe[0].arg)
        return;
    f = &all->found[all->n];
    all->probe[all->n].look = look;
    (void)snprintf(all->probe[all->n++].arg, sizeof all->probe[0].arg, "%s", arg);
    (void)snprintf(f->what, sizeof f->what, "%s%s%.80s", kind, *kind != '\0' && *arg != '\0' ? " " : "", arg);
    (void)snprintf(f->said, sizeof f->said, "no answer in %d s", PROBE_MS / 1000);
    f->dead = true;
}

static void well(struct probe_found *f, int64_t began)
{
    (void)snprintf(f->said, sizeof f->said, "ok %" PRId64 " ms", bg_now_ms() - began);
    f->dead = false;
}

static void silent(struct probe_found *f)
{
    (void)snprintf(f->said, sizeof f->said, "no answer in %d s", ONE_MS / 1000);
}

static void failed(struct probe_found *f, const char *why)
{
    (void)bg_text_ascii(f->said, sizeof f->said, why, strlen(why));
}

/* --- directories ------------------------------------------------------------------------------- */

typedef enum nss_status (*getpwnam_fn)(const char *, struct passwd *, char *, size_t, int *);

/* By the module itself: getent(1) cannot tell "not there" from "nobody answers". */
static void look_directory(const char *service, struct probe_found *f)
{
    char name[320], room[4096];
    int64_t began = bg_now_ms();
    enum nss_status s;
    getpwnam_fn fn;
    struct passwd pw;
    void *module;
    int e = 0;

    (void)snprintf(name, sizeof name, DIRECTORY_S, service);
    module = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    (void)snprintf(name, sizeof name, "_nss_%s_getpwnam_r", service);
    if (module == NULL || (*(void **)&fn = dlsym(module, name)) == NULL) {
        failed(f, "its module is missing");
        return;
    }
    s = fn(NOBODY, &pw, room, sizeof room, &e);
    if (s == NSS_STATUS_NOTFOUND || s == NSS_STATUS_SUCCESS)
        well(f, began);
    else
        failed(f, s == NSS_STATUS_TRYAGAIN ? "does not answer now" : "cannot be reached");
}

/* Those that may ask somebody else. */
static bool is_directory(const char *service)
{
    static const char *const local[] = {"files",      "compat",     "db",     "systemd",
                                        "breakglass", "mymachines", "hesiod", NULL};

    return !bg_among(local, service) &&
           strspn(service, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(service);
}

static void add_directories(struct probes *all)
{
    char line[512], *next, *word;
    FILE *in = fopen(BG_SYSCONFDIR "/nsswitch.conf", "re");

    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        if (strncmp(line, "passwd:", 7) != 0)
            continue;
        line[strcspn(line, "#\n")] = '\0';
        for (word = strtok_r(line + 7, " \t", &next); word != NULL; word = strtok_r(NULL, " \t", &next))
            if (is_directory(word))
                add(all, look_directory, "directory", word);
    }
    if (in != NULL)
        (void)fclose(in);
}

/* --- name servers ------------------------------------------------------------------------------ */

static socklen_t address(const char *text, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    const char *link = strchr(text, '%'); /* RFC 4007: the interface that a link-local one is of */
    char host[INET6_ADDRSTRLEN];

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        return sizeof *four;
    }
    (void)snprintf(host, sizeof host, "%s", text);
    if (link != NULL) {
        host[link - text < (ptrdiff_t)sizeof host ? link - text : 0] = '\0';
        six->sin6_scope_id = if_nametoindex(link + 1);
    }
    if (inet_pton(AF_INET6, host, &six->sin6_addr) != 1 || (link != NULL && six->sin6_scope_id == 0))
        return 0;
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    return sizeof *six;
}

/* Send, and wait for what comes back within ONE_MS. Its length, -1 with errno (EAGAIN: nothing came). */
static ssize_t ask(int fd, const void *q, size_t n, void *answer, size_t cap)
{
    struct pollfd pf = {.fd = fd, .events = POLLIN};

    if (send(fd, q, n, MSG_NOSIGNAL) != (ssize_t)n)
        return -1;
    if (poll(&pf, 1, ONE_MS) != 1) {
        errno = EAGAIN;
        return -1;
    }
    return recv(fd, answer, cap, MSG_DONTWAIT);
}

static int open_to(const char *text, uint16_t port, int type, int protocol)
{
    struct sockaddr_storage to;
    socklen_t len = address(text, port, &to);
    int fd = len == 0 ? -1 : socket(to.ss_family, type | SOCK_CLOEXEC, protocol);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, len) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* RFC 1035: who serves the root? A resolver that reaches nobody says so, or nothing. */
static void look_dns(const char *server, struct probe_found *f)
{
    uint8_t q[17] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1}, a[1500];
    int64_t began = bg_now_ms();
    int fd = open_to(server, 53, SOCK_DGRAM, 0);
    ssize_t n = -1;

    if (bg_random(q, 2) == BG_OK && fd >= 0)
        n = ask(fd, q, sizeof q, a, sizeof a);
    if (n < 0 && errno == EAGAIN)
        silent(f);
    else if (n < 0)
        failed(f, strerror(errno));
    else if (n < 12 || memcmp(a, q, 2) != 0 || (a[2] & 0x80) == 0)
        failed(f, "answers, but not with DNS");
    else if ((a[3] & 15) == 0)
        well(f, began);
    else
        (void)snprintf(f->said, sizeof f->said, "answers with error %d", a[3] & 15);
}

static void add_dns(struct probes *all)
{
    char line[512], server[64];
    FILE *in = fopen(BG_SYSCONFDIR "/resolv.conf", "re");
    unsigned n = 0;

    while (in != NULL && n < 3 && fgets(line, sizeof line, in) != NULL)
        if (sscanf(line, " nameserver %63s", server) == 1) {
            add(all, look_dns, "dns", server);
            n++;
        }
    if (in != NULL)
        (void)fclose(in);
}

/* --- the way out ------------------------------------------------------------------------------- */

/* Is it in the ARP table with an address? */
static bool is_neighbour(const char *gateway)
{
    char line[256], ip[64];
    unsigned type, flags;
    bool found = false;
    FILE *in = fopen("/proc/net/arp", "re");

    while (in != NULL && fgets(line, sizeof line, in) != NULL)
        if (sscanf(line, "%63s 0x%x 0x%x", ip, &type, &flags) == 3 && strcmp(ip, gateway) == 0)
            found = (flags & 2) != 0;
    if (in != NULL)
        (void)fclose(in);
    return found;
}

/* A socket that may send nothing but an echo request (icmp(7), ping_group_range). */
static void look_gateway(const char *gateway, struct probe_found *f)
{
    bool six = strchr(gateway, ':') != NULL;
    struct icmphdr q = {.type = six ? ICMP6_ECHO_REQUEST : ICMP_ECHO};
    int64_t began = bg_now_ms();
    int fd = open_to(gateway, 0, SOCK_DGRAM, six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    uint8_t a[256];
    ssize_t n = fd < 0 ? -1 : ask(fd, &q, sizeof q, a, sizeof a);

    if (n >= 0)
        well(f, began);
    else if (fd >= 0 && errno == EAGAIN)
        silent(f);
    else if (fd >= 0 || (errno != EACCES && errno != EPERM && errno != EPROTONOSUPPORT))
        failed(f, strerror(errno));
    else if (six) { /* its neighbours are in no file */
        failed(f, "not asked: no echo request may be sent here");
        f->dead = false;
    } else if (is_neighbour(gateway)) {
        failed(f, "ok, by ARP");
        f->dead = false;
    } else
        failed(f, "not in the ARP table");
}

static void add_gateways(struct probes *all)
{
    char line[256], text[INET_ADDRSTRLEN];
    unsigned to, by, flags;
    FILE *in = fopen("/proc/net/route", "re");

    while (in != NULL && fgets(line, sizeof line, in) != NULL)
        if (sscanf(line, "%*s %x %x %x", &to, &by, &flags) == 3 && to == 0 && by != 0 && (flags & 1) != 0 &&
            inet_ntop(AF_INET, &(struct in_addr){.s_addr = by}, text, sizeof text) != NULL)
            add(all, look_gateway, "gateway", text);
    if (in != NULL)
        (void)fclose(in);
}

/* The 32 hex digits of /proc/net/ipv6_route. */
static bool six_of(const char *hex, struct in6_addr *out)
{
    return strlen(hex) == 32 && bg_unhex(hex, out->s6_addr, sizeof out->s6_addr);
}

/* The same by IPv6: destination, source and next hop with their lengths, metric, counts, flags, interface. */
static void add_six_gateways(struct probes *all)
{
    char line[256], to[33], by[33], device[IF_NAMESIZE], text[INET6_ADDRSTRLEN],
        word[sizeof text + 1 + sizeof device];
    unsigned length, flags;
    struct in6_addr to_addr, by_addr;
    FILE *in = fopen("/proc/net/ipv6_route", "re");

    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        if (sscanf(line, "%32s %x %*s %*s %32s %*s %*s %*s %x %15s", to, &length, by, &flags, device) != 5 ||
            !six_of(to, &to_addr) || !six_of(by, &by_addr) || length != 0 ||
            !IN6_IS_ADDR_UNSPECIFIED(&to_addr) || IN6_IS_ADDR_UNSPECIFIED(&by_addr) || (flags & 1) == 0 ||
            inet_ntop(AF_INET6, &by_addr, text, sizeof text) == NULL)
            continue;
        (void)snprintf(word, sizeof word, "%s%s%s", text, IN6_IS_ADDR_LINKLOCAL(&by_addr) ? "%" : "",
                       IN6_IS_ADDR_LINKLOCAL(&by_addr) ? device : "");
        add(all, look_gateway, "gateway", word);
    }
    if (in != NULL)
        (void)fclose(in);
}

static void look_clock(const char *arg, struct probe_found *f)
{
    int64_t error;

    (void)arg;
    f->dead = !bg_host_clock_synced(&error);
    failed(f, f->dead ? "not synchronised" : "ok");
}

/* --- end points -------------------------------------------------------------------------------- */

/* libcurl for the connection and its TLS alone: nothing is said. */
static void look_endpoint(const char *word, struct probe_found *f)
{
    struct bg_probe p;
    char url[320];
    int64_t began = bg_now_ms();
    CURLcode r = CURLE_FAILED_INIT;
    CURL *c = bg_probe_parse(word, &p) ? curl_easy_init() : NULL;
    bool six = c != NULL && strchr(p.host, ':') != NULL;

    if (c != NULL) {
        (void)snprintf(url, sizeof url, "%s://%s%s%s:%s/", p.tls ? "https" : "http", six ? "[" : "", p.host,
                       six ? "]" : "", p.port);
        (void)curl_easy_setopt(c, CURLOPT_URL, url);
        (void)curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
        (void)curl_easy_setopt(c, CURLOPT_PROXY, "");
        (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
        (void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)PROBE_MS - 500);
        r = curl_easy_perform(c);
        curl_easy_cleanup(c);
    }
    if (r == CURLE_OK)
        well(f, began);
    else
        failed(f, r == CURLE_OPERATION_TIMEDOUT ? "no answer in 4 s" : curl_easy_strerror(r));
}

static void add_endpoints(struct probes *all, const char *list)
{
    char text[512], *next, *word;

    (void)snprintf(text, sizeof text, "%s", list);
    for (word = strtok_r(text, " \t", &next); word != NULL; word = strtok_r(NULL, " \t", &next))
        add(all, look_endpoint, "", word);
}

/* --- all of them ------------------------------------------------------------------------------- */

static void put(char out[PROBE_TEXT], size_t *at, const struct probe_found *f)
{
    char piece[sizeof f->what + sizeof f->said + 8];
    int n = snprintf(piece, sizeof piece, "%s%s: %s", *at > 0 ? "; " : "", f->what, f->said);

    if (n <= 0 || *at + (size_t)n + sizeof "; ..." > PROBE_TEXT) {
        if (*at + sizeof "; ..." <= PROBE_TEXT && strcmp(out + (*at > 3 ? *at - 3 : 0), "...") != 0)
            *at += (size_t)snprintf(out + *at, PROBE_TEXT - *at, "; ...");
        return;
    }
    *at += (size_t)snprintf(out + *at, PROBE_TEXT - *at, "%s", piece);
}

void probe_text(const struct probe_found *found, size_t n, char out[PROBE_TEXT])
{
    size_t at = 0;

    out[0] = '\0';
    for (int dead = 1; dead >= 0; dead--)
        for (size_t i = 0; i < n; i++)
            if (found[i].dead == (dead != 0))
                put(out, &at, &found[i]);
}

static pid_t start(const struct probe *p, struct probe_found *f)
{
    pid_t parent = getpid(), pid = fork();
    struct probe_found mine = *f;

    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    p->look(p->arg, &mine);
    *f = mine; /* killed before: it did not answer */
    _exit(0);
}

static void run(struct probes *all)
{
    pid_t pid[PROBES_MAX];
    int64_t end = bg_deadline(PROBE_MS);
    size_t left = 0;

    for (size_t i = 0; i < all->n; i++) {
        pid[i] = start(&all->probe[i], &all->found[i]);
        left += pid[i] > 0;
    }
    while (left > 0 && bg_left_ms(end) > 0) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            left--;
        bg_sleep_ms(5);
    }
    for (size_t i = 0; i < all->n; i++)
        if (pid[i] > 0)
            (void)kill(pid[i], SIGKILL);
}

void probe_all(const char *endpoints, char out[PROBE_TEXT])
{
    static struct probes all;
    static struct probe_found seen[PROBES_MAX];

    out[0] = '\0';
    all.n = 0;
    all.found = mmap(NULL, sizeof seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (all.found == MAP_FAILED)
        return;
    add_directories(&all);
    add_dns(&all);
    add_gateways(&all);
    add_six_gateways(&all);
    add_endpoints(&all, endpoints);
    add(&all, look_clock, "clock", "");
    run(&all);
    memcpy(seen, all.found, sizeof seen);
    (void)munmap(all.found, sizeof seen);
    probe_text(seen, all.n, out);
}
