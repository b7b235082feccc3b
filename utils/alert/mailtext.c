/* SPDX-License-Identifier: ISC */
#include "alert/mailtext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "alert/text.h"
#include "base/base64.h"
#include "base/text.h"

#define SUBJECT_MAX   180 /* characters */
#define WORD_BYTES    39  /* of an encoded word: with its name the first line has 73 characters */
#define LINE_BYTES    54  /* that are 72 digits */
#define ADDRESSES     " ,"
#define CHARACTER_MAX 4 /* bytes */

/* What may stand in an id or a domain; anything else is a dash. */
static void atom(char *out, size_t cap, const char *s)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
    size_t n = 0;

    for (; s[n] != '\0' && n < cap - 1; n++)
        out[n] = strchr(set, s[n]) != NULL ? s[n] : '-';
    out[n] = '\0';
}

/* Lines of base64. */
static void put_base64(FILE *f, const char *bytes, size_t len)
{
    char text[BG_BASE64_LEN(LINE_BYTES) + 1];

    for (size_t at = 0; at < len; at += LINE_BYTES) {
        size_t n = len - at < LINE_BYTES ? len - at : LINE_BYTES;
        bg_base64_print((const uint8_t *)bytes + at, n, text);
        (void)fprintf(f, "%s\r\n", text);
    }
}

/* As encoded words, each of whole characters. */
static void put_subject(FILE *f, const char *summary)
{
    char cut[SUBJECT_MAX * CHARACTER_MAX + 1], text[BG_BASE64_LEN(WORD_BYTES) + 1];
    size_t len = alert_text_cut(cut, sizeof cut, summary, SUBJECT_MAX), n;
    uint32_t cp;

    (void)fputs("Subject:", f);
    for (size_t at = 0; at < len; at += n) {
        size_t one;
        for (n = 0; (one = bg_utf8_next(cut + at + n, len - at - n, &cp)) > 0 && n + one <= WORD_BYTES;)
            n += one;
        if (n == 0) /* no character at all: it was cleaned, so this does not happen */
            break;
        bg_base64_print((const uint8_t *)cut + at, n, text);
        (void)fprintf(f, " =?UTF-8?B?%s?=\r\n", text);
    }
    if (len == 0)
        (void)fputs("\r\n", f);
}

/* RFC 5322, section 3.3, in UTC whatever the locale; the event's own time, or none if it has none. */
static void put_date(FILE *f, const char *time)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm = {0};

    if (strptime(time, "%Y-%m-%dT%H:%M:%S", &tm) != NULL) /* it finds the day of the week as well */
        (void)fprintf(f, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday,
                      months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* One address a line. */
static void put_to(FILE *f, const char *to)
{
    bool first = true;

    (void)fputs("To: ", f);
    for (const char *p = to + strspn(to, ADDRESSES); *p != '\0'; first = false) {
        size_t n = strcspn(p, ADDRESSES);
        (void)fprintf(f, "%s%.*s", first ? "" : ",\r\n ", (int)n, p);
        p += n;
        p += strspn(p, ADDRESSES);
    }
    (void)fputs("\r\n", f);
}

static void put_headers(FILE *f, const struct bg_sink *conf, const struct alert_text *t, const char *id)
{
    char host[128], key[64];

    atom(host, sizeof host, t->host[0] != '\0' ? t->host : "localhost");
    atom(key, sizeof key, t->key);
    (void)fprintf(f, "From: %s\r\n", conf->from);
    put_to(f, conf->to);
    put_subject(f, t->summary);
    put_date(f, t->time);
    (void)fprintf(f, "Message-ID: <%s@%s>\r\n", id, host);
    if (t->of_use) /* a reader that shows threads has those of one use together */
        (void)fprintf(f, "References: <use.%s@%s>\r\n", key, host);
    (void)fputs("Importance: high\r\nX-Priority: 1 (Highest)\r\nAuto-Submitted: auto-generated\r\n", f);
    (void)fprintf(f, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_%s\"\r\n\r\n", id);
}

static void put_parts(FILE *f, const struct alert_text *t, const char *id, const char *line, size_t len)
{
    (void)fprintf(f,
                  "--=_%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: base64\r\n\r\n",
                  id);
    put_base64(f, t->body, strlen(t->body));
    (void)fprintf(f,
                  "--=_%s\r\nContent-Type: application/cloudevents+json\r\n"
                  "Content-Disposition: attachment; filename=\"%s.json\"\r\n"
                  "Content-Transfer-Encoding: base64\r\n\r\n",
                  id, id);
    put_base64(f, line, len);
    (void)fprintf(f, "--=_%s--\r\n", id);
}

enum bg_err mail_text(const struct bg_sink *conf, const char *line, size_t len, char **out, size_t *n)
{
    struct alert_text *t = malloc(sizeof *t);
    char *text = NULL, id[64];
    size_t size;
    FILE *f;
    enum bg_err r = t == NULL ? BG_E_NOMEM : alert_text_of(line, len, t);

    if (r != BG_OK)
        goto out;
    if ((f = open_memstream(&text, &size)) == NULL) {
        r = BG_E_NOMEM;
        goto out;
    }
    atom(id, sizeof id, t->id);
    put_headers(f, conf, t, id);
    put_parts(f, t, id, line, len);
    if (fclose(f) != 0) {
        free(text);
        r = BG_E_NOMEM;
        goto out;
    }
    *out = text;
    *n = size;
out:
    free(t);
    return r;
}
