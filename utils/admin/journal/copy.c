/* SPDX-License-Identifier: ISC */
#include "admin/journal/copy.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/base64.h"
#include "base/safefile.h"
#include "record/journal.h"

#define HEAD       "{\"specversion\":\"1.0\","
#define DEPTH_MAX  4
#define BOUNDARIES 8
#define BOUND_MAX  72                /* RFC 2046 5.1.1: 70 characters */
#define PIECE      (4 * BG_LINE_MAX) /* of a text without a newline that is looked at together */

enum encoding {
    PLAIN,
    BASE64,
    QUOTED
};

/* A file of mails, line by line. */
struct mail {
    enum encoding coming, now; /* of the part whose header is read, of the one whose body is */
    char bound[BOUNDARIES][BOUND_MAX];
    unsigned bounds;
    char body[2 * PIECE + 8]; /* decoded, not looked at so far */
    size_t len;
};

struct reading {
    copy_fn fn;
    void *arg;
    char *at; /* what could not be read */
    struct mail mail;
    char text[PIECE + 1]; /* read, not looked at so far */
};

/* Length of the object that begins at p, 0 when it does not end. */
static size_t object_length(const char *p, size_t n)
{
    unsigned depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < n; i++) {
        if (quoted && p[i] == '\\')
            i++;
        else if (p[i] == '"')
            quoted = !quoted;
        else if (!quoted && p[i] == '{')
            depth++;
        else if (!quoted && p[i] == '}' && --depth == 0)
            return i + 1;
    }
    return 0;
}

/* How far the line at p may reach: to the next beginning, which stands in no line (its quotes would have
 * backslashes there), and no further than a line is long. So nothing is looked at again and again. */
static size_t reach(const char *p, size_t n)
{
    const char *next;

    n = n < BG_LINE_MAX ? n : BG_LINE_MAX;
    next = memmem(p + 1, n - 1, HEAD, sizeof HEAD - 1);
    return next != NULL ? (size_t)(next - p) : n;
}

static void find_lines(struct reading *r, const char *text, size_t n, bool only_whole)
{
    const char *p = text, *end = text + n;

    while ((p = memmem(p, (size_t)(end - p), HEAD, sizeof HEAD - 1)) != NULL) {
        size_t most = reach(p, (size_t)(end - p)), len = object_length(p, most);
        if (len > 0 || !only_whole)
            r->fn(r->arg, p, len > 0 ? len : most, len > 0);
        p += len > 0 ? len : most;
    }
}

/* How much of a text that goes on can be looked at now: a line that has begun in the rest may end later. */
static size_t settled(const char *text, size_t n)
{
    size_t rest = n < sizeof HEAD ? 0 : n - sizeof HEAD + 1;
    size_t from = rest < BG_LINE_MAX ? 0 : rest - BG_LINE_MAX; /* what begins before ends before rest */
    size_t over = 0;                                           /* a line that is whole ends there */
    const char *p = text + from;

    while ((p = memmem(p, (size_t)(text + n - p), HEAD, sizeof HEAD - 1)) != NULL) {
        size_t most = reach(p, (size_t)(text + n - p)), len = object_length(p, most);
        if (len == 0 && p + most == text + n)
            return (size_t)(p - text);
        p += len > 0 ? len : most;
        over = (size_t)(p - text);
    }
    return over > rest ? over : rest;
}

/* --- mail --------------------------------------------------------------------------------------- */

/* The value of a header field of that name, NULL when the line is another one. */
static const char *field(const char *line, const char *name)
{
    size_t n = strlen(name);

    if (strncasecmp(line, name, n) != 0 || line[n] != ':')
        return NULL;
    line += n + 1;
    return line + strspn(line, " \t");
}

static void note_boundary(struct mail *m, const char *line)
{
    const char *p = strcasestr(line, "boundary=");
    size_t n;

    if (p == NULL)
        return;
    p += sizeof "boundary=" - 1;
    p += *p == '"';
    n = strcspn(p, "\"; \t\r\n");
    if (n == 0 || n >= BOUND_MAX)
        return;
    memcpy(m->bound[m->bounds % BOUNDARIES], p, n);
    m->bound[m->bounds++ % BOUNDARIES][n] = '\0';
}

static bool ends_part(const struct mail *m, const char *line)
{
    if (strncmp(line, "From ", 5) == 0)
        return true;
    if (strncmp(line, "--", 2) != 0)
        return false;
    for (unsigned i = 0; i < BOUNDARIES && i < m->bounds; i++)
        if (strncmp(line + 2, m->bound[i], strlen(m->bound[i])) == 0)
            return true;
    return m->bounds == 0;
}

static int nibble(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

/* RFC 2045 6.7: =XX is a byte, = at the end joins the next line. */
static void unquote(struct mail *m, const char *line, size_t n)
{
    while (n > 0 && isspace((unsigned char)line[n - 1]))
        n--;
    for (size_t i = 0; i < n; i++) {
        if (line[i] != '=')
            m->body[m->len++] = line[i];
        else if (i + 2 < n && nibble(line[i + 1]) >= 0 && nibble(line[i + 2]) >= 0) {
            m->body[m->len++] = (char)(nibble(line[i + 1]) * 16 + nibble(line[i + 2]));
            i += 2;
        }
    }
    if (n == 0 || line[n - 1] != '=')
        m->body[m->len++] = '\n';
}

/* One more line of a body that is encoded, no longer than a piece. */
static void decode(struct mail *m, const char *line, size_t n)
{
    size_t got = 0;

    if (m->now == QUOTED) {
        unquote(m, line, n);
        return;
    }
    while (n > 0 && isspace((unsigned char)line[n - 1]))
        n--;
    if (bg_base64_read(line, n, (uint8_t *)m->body + m->len, n, &got))
        m->len += got;
    else
        m->body[m->len++] = '\n'; /* nothing reaches across what is none */
}

/* What of a long body can be looked at makes room. */
static void drain(struct reading *r)
{
    struct mail *m = &r->mail;
    size_t done;

    if (m->len < PIECE)
        return;
    done = settled(m->body, m->len);
    find_lines(r, m->body, done, false);
    m->len -= done;
    memmove(m->body, m->body + done, m->len);
}

static void end_part(struct reading *r)
{
    struct mail *m = &r->mail;

    if (m->now != PLAIN && m->len > 0)
        find_lines(r, m->body, m->len, false);
    m->len = 0;
    m->now = m->coming = PLAIN;
}

static void header_line(struct mail *m, const char *line, size_t n)
{
    const char *how = field(line, "Content-Transfer-Encoding");

    note_boundary(m, line);
    if (how != NULL)
        m->coming = strncasecmp(how, "base64", 6) == 0              ? BASE64
                    : strncasecmp(how, "quoted-printable", 16) == 0 ? QUOTED
                                                                    : PLAIN;
    else if (line[strspn(line, "\r\n")] == '\0' && n > 0) {
        m->now = m->coming;
        m->coming = PLAIN;
    }
}

static void text_line(struct reading *r, const char *line, size_t n)
{
    if (r->mail.now != PLAIN && ends_part(&r->mail, line))
        end_part(r);
    find_lines(r, line, n, r->mail.now != PLAIN); /* whatever the lines around it pretend */
    if (r->mail.now != PLAIN) {
        decode(&r->mail, line, n);
        drain(r);
    } else {
        header_line(&r->mail, line, n);
    }
}

/* --- files -------------------------------------------------------------------------------------- */

/* n bytes of r->text as a line, with a NUL behind them meanwhile. */
static void one_line(struct reading *r, char *line, size_t n)
{
    char behind = line[n];

    line[n] = '\0';
    text_line(r, line, n);
    line[n] = behind;
}

/* The lines in the first n bytes of r->text; how many bytes are left, which then stand at its beginning. */
static size_t whole_lines(struct reading *r, size_t n, bool end)
{
    char *p = r->text, *newline;
    size_t left = n;

    while ((newline = memchr(p, '\n', left)) != NULL) {
        one_line(r, p, (size_t)(newline + 1 - p));
        left -= (size_t)(newline + 1 - p);
        p = newline + 1;
    }
    if (left > 0 && (end || left == PIECE)) {
        size_t done = end ? left : settled(p, left);
        one_line(r, p, done);
        p += done;
        left -= done;
    }
    memmove(r->text, p, left);
    return left;
}

static enum bg_err read_file(int fd, struct reading *r)
{
    size_t have = 0;
    ssize_t n;
    int error;

    memset(&r->mail, 0, sizeof r->mail);
    while ((n = read(fd, r->text + have, PIECE - have)) > 0 || (n < 0 && errno == EINTR))
        have = whole_lines(r, have + (n > 0 ? (size_t)n : 0), false);
    error = errno;
    (void)whole_lines(r, have, true);
    end_part(r);
    bg_close(fd);
    errno = error;
    return n == 0 ? BG_OK : BG_E_IO;
}

static enum bg_err read_at(int dir, const char *name, unsigned depth, struct reading *r);

/* One more part of the name of what could not be read, before those that there are. */
static void blame(struct reading *r, const char *name)
{
    char below[COPY_AT];

    (void)snprintf(below, sizeof below, "%s", r->at);
    if ((size_t)snprintf(r->at, COPY_AT, "%s%s%s", name, *below != '\0' ? "/" : "", below) >= COPY_AT)
        r->at[COPY_AT - 1] = '\0';
}

/* A socket, a link to nowhere, a device without a driver, what has just gone: there is nothing to be read. */
static bool holds_nothing(int error)
{
    return error == ENOENT || error == ENXIO || error == ENODEV || error == ELOOP;
}

static enum bg_err read_directory(int fd, unsigned depth, struct reading *r)
{
    DIR *d = fdopendir(fd);
    struct dirent *de;
    enum bg_err rc = BG_OK;
    int error;

    if (d == NULL) {
        bg_close(fd);
        return BG_E_IO;
    }
    while (rc == BG_OK && (de = readdir(d)) != NULL)
        if (de->d_name[0] != '.' && (rc = read_at(fd, de->d_name, depth + 1, r)) != BG_OK)
            blame(r, de->d_name);
    error = errno;
    (void)closedir(d);
    errno = error;
    return rc;
}

static enum bg_err read_at(int dir, const char *name, unsigned depth, struct reading *r)
{
    int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 && depth > 0 && holds_nothing(errno))
        return BG_OK;
    if (fd < 0)
        return errno == ENOENT ? BG_E_NOENT : BG_E_IO;
    if (fstat(fd, &st) != 0) {
        bg_close(fd);
        return BG_E_IO;
    }
    if (S_ISREG(st.st_mode))
        return read_file(fd, r);
    if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
        return read_directory(fd, depth, r);
    (void)close(fd);
    return BG_OK;
}

enum bg_err copy_read(const char *path, copy_fn fn, void *arg, char at[COPY_AT])
{
    static struct reading r;
    enum bg_err rc;

    r.fn = fn;
    r.arg = arg;
    r.at = at;
    *at = '\0';
    if ((rc = read_at(AT_FDCWD, path, 0, &r)) != BG_OK)
        blame(&r, path);
    return rc;
}
