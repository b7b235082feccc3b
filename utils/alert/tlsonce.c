/* SPDX-License-Identifier: ISC */
#include "alert/tlsonce.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>
#include <unistd.h>
#include "alert/dial.h"
#include "base/base64.h"
#include "base/cert.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/text.h"

#define CONNECT_MS  5000
#define ACK_LOOK_MS 10
#define PARTED_MS   250   /* for the end of the connection, of a receiver that leaves it to us */
#define CERT_MAX    65536 /* bytes of a file with a certificate and its key */
#define SPKI_MAX    16384
#define PIN_HEAD    "sha256//"
/* more than one record of TLS holds, so that what remains is in the socket */
#define SPARE_READS 64

struct tlsonce {
    const struct bg_sink *conf;
    char host[BG_SERVER_HOST_MAX + 1], port[6];
    char *bytes;
    size_t len, sent;
    int64_t deadline, connect_by;
    struct dial to;
    unsigned which; /* of the addresses */
    int fd;
    short events;
    SSL_CTX *ctx;
    SSL *ssl; /* NULL: not connected yet */
    int64_t cert_ends;
    bool said_goodbye;
    int64_t calm_by; /* 0: not all is acknowledged yet */
    enum {
        LOOK_UP,
        CONNECT,
        HANDSHAKE,
        WRITE,
        SETTLE,
        CLOSE,
        PARTED,
        HUNG_UP,
        OVER
    } at;
    enum tlsonce_state state;
    char why[SINK_WHY];
};

enum bg_err tlsonce_begin(const struct bg_sink *conf, char *bytes, size_t len, struct tlsonce **out)
{
    struct tlsonce *t = calloc(1, sizeof *t);

    if (t == NULL) {
        free(bytes);
        return BG_E_NOMEM;
    }
    t->conf = conf;
    t->bytes = bytes;
    t->len = len;
    t->fd = -1;
    t->deadline = bg_deadline((int64_t)conf->timeout * 1000);
    *out = t;
    return BG_OK;
}

static void fail(struct tlsonce *t, const char *what, const char *why)
{
    char text[2 * SINK_WHY];

    (void)snprintf(text, sizeof text, "%s%s%s", what, why[0] != '\0' ? ": " : "", why);
    (void)bg_text_ascii(t->why, sizeof t->why, text, strlen(text));
    t->at = OVER;
    t->state = TLSONCE_FAILED;
}

/* What the library says last; of a certificate that is not trusted, what is wrong with it. */
static void fail_tls(struct tlsonce *t, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);
    long verified = t->ssl != NULL ? SSL_get_verify_result(t->ssl) : X509_V_OK;

    if (verified != X509_V_OK)
        fail(t, "certificate", X509_verify_cert_error_string(verified));
    else
        fail(t, what, reason != NULL ? reason : errno != 0 ? strerror(errno) : "");
    ERR_clear_error();
}

/* --- what it is set up with ------------------------------------------------------------------------- */

static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return 0; /* nobody is there to be asked */
}

/* Certificate, those above it, and the key, from one file. */
static bool take_certificate(SSL_CTX *ctx, const char *text, size_t len)
{
    BIO *certs = BIO_new_mem_buf(text, (int)len), *keys = BIO_new_mem_buf(text, (int)len);
    EVP_PKEY *key = keys != NULL ? PEM_read_bio_PrivateKey(keys, NULL, no_passphrase, NULL) : NULL;
    X509 *cert = certs != NULL ? PEM_read_bio_X509(certs, NULL, no_passphrase, NULL) : NULL, *above;
    bool ok = cert != NULL && key != NULL && SSL_CTX_use_certificate(ctx, cert) == 1 &&
              SSL_CTX_use_PrivateKey(ctx, key) == 1;

    while (ok && (above = PEM_read_bio_X509(certs, NULL, no_passphrase, NULL)) != NULL)
        if (SSL_CTX_add0_chain_cert(ctx, above) != 1) {
            X509_free(above);
            ok = false;
        }
    if (ok)
        ERR_clear_error(); /* the end of the file */
    X509_free(cert);
    EVP_PKEY_free(key);
    BIO_free(certs);
    BIO_free(keys);
    return ok;
}

static bool set_certificate(struct tlsonce *t)
{
    const char *path = t->conf->certificate_file;
    char *text = NULL;
    size_t len = 0;
    enum bg_err r;
    bool ok;

    if (path[0] == '\0')
        return true;
    if ((r = bg_file_slurp(path, CERT_MAX, &text, &len)) != BG_OK) {
        fail(t, "certificate-file", bg_strerror(r));
        return false;
    }
    ok = take_certificate(t->ctx, text, len);
    bg_wipe(text, len);
    free(text);
    if (!ok)
        fail_tls(t, "certificate-file");
    return ok;
}

static bool set_context(struct tlsonce *t)
{
    const char *ca = t->conf->ca_file;

    if ((t->ctx = SSL_CTX_new(TLS_client_method())) == NULL ||
        SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION) != 1) {
        fail_tls(t, "TLS");
        return false;
    }
    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if ((ca[0] != '\0' ? SSL_CTX_load_verify_locations(t->ctx, ca, NULL)
                       : SSL_CTX_set_default_verify_paths(t->ctx)) != 1) {
        fail_tls(t, "ca-file");
        return false;
    }
    return set_certificate(t);
}

/* Whom the certificate must name; the name is also what the receiver is told. */
static bool set_peer(const struct tlsonce *t)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);

    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, t->host) == 1)
        return true;
    ERR_clear_error();
    return X509_VERIFY_PARAM_set1_host(param, t->host, 0) == 1 &&
           SSL_set_tlsext_host_name(t->ssl, t->host) == 1;
}

static void note_certificate(struct tlsonce *t)
{
    X509 *cert = SSL_get_peer_certificate(t->ssl);

    if (cert != NULL)
        (void)bg_cert_ends(cert, &t->cert_ends);
    X509_free(cert);
}

/* As libcurl's: the hash of its public key is one of the list. */
static bool pinned(const struct tlsonce *t)
{
    unsigned char spki[SPKI_MAX], *end = spki, hash[BG_HASH];
    char text[BG_BASE64_LEN(BG_HASH) + 1];
    X509 *cert = SSL_get_peer_certificate(t->ssl);
    int len = cert != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), NULL) : -1;
    bool any = false, ok = len > 0 && (size_t)len <= sizeof spki &&
                           i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &end) == len &&
                           bg_sha256(spki, (size_t)len, hash) == BG_OK;

    if (ok)
        bg_base64_print(hash, sizeof hash, text);
    for (const char *p = t->conf->pin; ok && *p != '\0';) {
        size_t n = strcspn(p, ";"), head = strlen(PIN_HEAD);
        any = any || (n == head + strlen(text) && strncmp(p, PIN_HEAD, head) == 0 &&
                      strncmp(p + head, text, n - head) == 0);
        p += n + (p[n] == ';');
    }
    X509_free(cert);
    return any;
}

/* --- step by step ----------------------------------------------------------------------------------- */

static void look_up(struct tlsonce *t)
{
    int left = bg_left_ms(t->deadline);
    enum bg_err r;

    if (!bg_sink_server(t->conf, t->host, t->port)) {
        fail(t, "server", bg_strerror(BG_E_SYNTAX));
        return;
    }
    if (!set_context(t))
        return;
    r = dial_look_up(t->conf, t->host, t->port, left < TLSONCE_LOOK_UP_MS ? left : TLSONCE_LOOK_UP_MS,
                     &t->to);
    if (r != BG_OK)
        fail(t, "name server", r == BG_E_NOENT ? "it knows no such host" : bg_strerror(r));
    else
        t->at = CONNECT;
}

/* To the next address, if there is one. */
static void dial_next(struct tlsonce *t, int error)
{
    bg_close(t->fd);
    t->fd = -1;
    for (; t->which < t->to.n; errno = error) {
        enum bg_err r = dial_begin(t->conf, &t->to, t->which++, &t->fd);
        if (r == BG_OK) {
            t->events = POLLOUT;
            t->connect_by = bg_deadline(CONNECT_MS);
            return;
        }
        error = errno;
    }
    fail(t, "connect", strerror(error));
}

/* True when it stands. */
static bool is_connected(struct tlsonce *t)
{
    struct pollfd pf = {.fd = t->fd, .events = POLLOUT};
    int error = 0;
    socklen_t n = sizeof error;

    if (t->fd < 0)
        dial_next(t, 0);
    pf.fd = t->fd;
    if (t->at != CONNECT)
        return false;
    if (poll(&pf, 1, 0) == 0) {
        if (bg_left_ms(t->connect_by) == 0)
            dial_next(t, ETIMEDOUT);
        return false;
    }
    if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0)
        return true;
    dial_next(t, error);
    return false;
}

static void begin_tls(struct tlsonce *t)
{
    if ((t->ssl = SSL_new(t->ctx)) != NULL && set_peer(t) && SSL_set_fd(t->ssl, t->fd) == 1)
        t->at = HANDSHAKE;
    else
        fail_tls(t, "TLS");
}

/* Of a call that returned rc: whether it can go on later, with t->events as what it waits for. */
static bool must_wait(struct tlsonce *t, int rc)
{
    int e = SSL_get_error(t->ssl, rc);

    t->events = e == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
    return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE;
}

static void shake_hands(struct tlsonce *t)
{
    int rc;

    errno = 0;
    if ((rc = SSL_connect(t->ssl)) == 1) {
        note_certificate(t);
        if (t->conf->pin[0] == '\0' || pinned(t))
            t->at = WRITE;
        else
            fail(t, "certificate", "it has another key than pin says");
    } else if (!must_wait(t, rc)) {
        fail_tls(t, "TLS handshake");
    }
}

static void write_bytes(struct tlsonce *t)
{
    size_t left = t->len - t->sent;
    int rc;

    errno = 0;
    if (left == 0)
        t->at = SETTLE;
    else if ((rc = SSL_write(t->ssl, t->bytes + t->sent, left < INT32_MAX ? (int)left : INT32_MAX)) > 0)
        t->sent += (size_t)rc;
    else if (!must_wait(t, rc))
        fail_tls(t, "TLS");
}

/* The connection has ended without a close_notify: OpenSSL 1.1.1 says so by an errno of 0. */
static bool cut_off(int e)
{
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
    if (e == SSL_ERROR_SSL)
        return ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
#endif
    return e == SSL_ERROR_SYSCALL && errno == 0;
}

static void fail_early(struct tlsonce *t)
{
    fail(t, "TLS", "it closed the connection before it had read everything");
}

/* What it may send before its own close_notify is read and is nothing to us; what SSL_read said last. */
static int read_away(struct tlsonce *t)
{
    char ignored[512];
    unsigned n = 0;
    int rc;

    while ((rc = SSL_read(t->ssl, ignored, sizeof ignored)) > 0 && n++ < SPARE_READS)
        continue;
    return rc;
}

/*
 * A close_notify that it has sent before it had everything answers nothing. So ours goes out only when every
 * byte is acknowledged, and a look after that, which what its program had sent by then has reached, finds
 * the session open.
 */
static void settle(struct tlsonce *t)
{
    int rc, e, left = 0;

    errno = 0;
    if ((rc = read_away(t)) <= 0 && !must_wait(t, rc)) {
        e = SSL_get_error(t->ssl, rc);
        if (e == SSL_ERROR_ZERO_RETURN || cut_off(e))
            fail_early(t);
        else
            fail_tls(t, "TLS");
        return;
    }
    t->events = 0;
    if (ioctl(t->fd, SIOCOUTQ, &left) != 0 || left > 0)
        return;
    if (t->calm_by == 0)
        t->calm_by = bg_deadline(ACK_LOOK_MS);
    else if (bg_left_ms(t->calm_by) == 0)
        t->at = CLOSE;
}

/* True when our close_notify is on its way. */
static bool say_goodbye(struct tlsonce *t)
{
    int rc = t->said_goodbye ? 0 : SSL_shutdown(t->ssl);

    t->said_goodbye = t->said_goodbye || rc >= 0;
    if (rc < 0 && !must_wait(t, rc))
        fail_tls(t, "TLS");
    return rc >= 0;
}

static void close_session(struct tlsonce *t)
{
    int rc, e;

    errno = 0;
    if (!say_goodbye(t) || (rc = read_away(t)) > 0 || must_wait(t, rc))
        return;
    e = SSL_get_error(t->ssl, rc);
    if (e == SSL_ERROR_ZERO_RETURN) {
        t->at = PARTED;
        t->calm_by = bg_deadline(PARTED_MS);
    } else if (!cut_off(e)) {
        fail_tls(t, "TLS");
    } else if (t->conf->close == BG_CLOSE_NOTIFY) {
        fail(t, "TLS", "it closed the connection without a close_notify");
    } else {
        t->at = HUNG_UP;
    }
}

/*
 * Whether it had read everything when it closed: a system resets a connection that its program closes before
 * that. One that has sent its close_notify may leave the connection to us.
 */
static void weigh_end(struct tlsonce *t)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof info;
    bool stands, late = t->at == PARTED && bg_left_ms(t->calm_by) == 0;

    t->events = 0;
    if (getsockopt(t->fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
        info.tcpi_state = TCP_CLOSE;
    stands = t->at == PARTED && info.tcpi_state == TCP_ESTABLISHED;
    if (!stands && info.tcpi_state != TCP_CLOSE_WAIT) {
        fail_early(t);
    } else if (info.tcpi_unacked == 0 && (!stands || late)) {
        t->at = OVER;
        t->state = TLSONCE_DONE;
    }
}

/* One step; false when it has to wait, or is over. */
static bool step(struct tlsonce *t)
{
    int before = (int)t->at;
    size_t sent = t->sent;

    if (t->at == LOOK_UP)
        look_up(t);
    else if (t->at == CONNECT && is_connected(t))
        begin_tls(t);
    else if (t->at == HANDSHAKE)
        shake_hands(t);
    else if (t->at == WRITE)
        write_bytes(t);
    else if (t->at == SETTLE)
        settle(t);
    else if (t->at == CLOSE)
        close_session(t);
    else if (t->at == HUNG_UP || t->at == PARTED)
        weigh_end(t);
    return t->at != OVER && ((int)t->at != before || t->sent != sent);
}

enum tlsonce_state tlsonce_step(struct tlsonce *t)
{
    static const char *const late[] = {
        [LOOK_UP] = "name server",          [CONNECT] = "connect",
        [HANDSHAKE] = "TLS handshake",      [WRITE] = "it takes no more",
        [SETTLE] = "it takes no more",      [HUNG_UP] = "it closed the connection",
        [PARTED] = "it closed the session", [CLOSE] = "it does not confirm that it has read everything"};

    while (t->at != OVER && step(t))
        continue;
    if (t->at != OVER && bg_left_ms(t->deadline) == 0)
        fail(t, late[t->at], "no answer in time");
    return t->state;
}

int64_t tlsonce_wants(const struct tlsonce *t, struct pollfd *pf)
{
    *pf = (struct pollfd){.fd = t->fd, .events = t->events};
    if (t->at == SETTLE || t->at == HUNG_UP || t->at == PARTED)
        return bg_deadline(ACK_LOOK_MS); /* nothing tells of an acknowledgement */
    return t->at == CONNECT && t->connect_by < t->deadline ? t->connect_by : t->deadline;
}

int64_t tlsonce_cert_ends(const struct tlsonce *t)
{
    return t->cert_ends;
}

const char *tlsonce_why(const struct tlsonce *t)
{
    return t->why;
}

void tlsonce_end(struct tlsonce *t)
{
    if (t == NULL)
        return;
    SSL_free(t->ssl);
    SSL_CTX_free(t->ctx);
    bg_close(t->fd);
    free(t->bytes);
    free(t);
}
