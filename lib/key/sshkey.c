/* SPDX-License-Identifier: ISC */
#include "key/sshkey.h"

#include <string.h>

#define ED25519_BYTES 32
#define POINT_BYTES   65 /* 04 x y */
#define BLANKS        " \t"

/* --- a key as bytes: strings of ssh (RFC 4251, section 5), each behind its length */

bool bg_ssh_take(struct bg_ssh_piece *r, struct bg_ssh_piece *out)
{
    size_t len;

    if (r->n < 4)
        return false;
    len = (size_t)r->at[0] << 24 | (size_t)r->at[1] << 16 | (size_t)r->at[2] << 8 | r->at[3];
    if (len > r->n - 4)
        return false;
    *out = (struct bg_ssh_piece){r->at + 4, len};
    *r = (struct bg_ssh_piece){r->at + 4 + len, r->n - 4 - len};
    return true;
}

bool bg_ssh_is(const struct bg_ssh_piece *s, const char *text)
{
    return s->n == strlen(text) && memcmp(s->at, text, s->n) == 0;
}

const char *bg_ssh_parts(const struct bg_ssh_blob *b, struct bg_ssh_piece *point,
                         struct bg_ssh_piece *application)
{
    struct bg_ssh_piece r = {b->bytes, b->len}, type, curve;
    const char *kind;

    if (b->len > BG_SSH_BLOB || !bg_ssh_take(&r, &type))
        return NULL;
    if (bg_ssh_is(&type, BG_SSH_ED25519))
        kind = bg_ssh_take(&r, point) && point->n == ED25519_BYTES ? BG_SSH_ED25519 : NULL;
    else
        kind = bg_ssh_is(&type, BG_SSH_ECDSA) && bg_ssh_take(&r, &curve) && bg_ssh_is(&curve, "nistp256") &&
                       bg_ssh_take(&r, point) && point->n == POINT_BYTES && point->at[0] == 4
                   ? BG_SSH_ECDSA
                   : NULL;
    return kind != NULL && bg_ssh_take(&r, application) && application->n > 0 && r.n == 0 ? kind : NULL;
}

const char *bg_ssh_kind(const struct bg_ssh_blob *b)
{
    struct bg_ssh_piece point, application;

    return bg_ssh_parts(b, &point, &application);
}

bool bg_ssh_same(const struct bg_ssh_blob *a, const struct bg_ssh_blob *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* --- as text */

void bg_ssh_print(const struct bg_ssh_blob *b, char out[BG_SSH_TEXT])
{
    bg_base64_print(b->bytes, b->len <= BG_SSH_BLOB ? b->len : 0, out);
}

bool bg_ssh_read(const char *text, size_t n, struct bg_ssh_blob *out)
{
    struct bg_ssh_blob b = {0};
    char again[BG_SSH_TEXT];
    size_t len;

    if (!bg_base64_read(text, n, b.bytes, sizeof b.bytes, &len))
        return false;
    b.len = (uint16_t)len;
    bg_ssh_print(&b, again);
    if (bg_ssh_kind(&b) == NULL || memcmp(again, text, n) != 0)
        return false;
    *out = b;
    return true;
}

/* The next word of a line; false at its end. */
static bool word(struct bg_ssh_piece *line, struct bg_ssh_piece *out)
{
    const char *at = (const char *)line->at;
    size_t from = 0, n;

    while (from < line->n && strchr(BLANKS, at[from]) != NULL)
        from++;
    for (n = from; n < line->n && strchr(BLANKS, at[n]) == NULL;)
        n++;
    *out = (struct bg_ssh_piece){line->at + from, n - from};
    *line = (struct bg_ssh_piece){line->at + n, line->n - n};
    return out->n > 0;
}

/* Does it look like the name of a kind that is not ours? */
static bool other_kind(const struct bg_ssh_piece *type)
{
    static const char *const begins[] = {"ssh-", "ecdsa-", "sk-", "rsa-sha2-", "webauthn-"};

    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
        if (type->n > strlen(begins[i]) && memcmp(type->at, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

static enum bg_err read_line(struct bg_ssh_piece line, struct bg_ssh_blob *out)
{
    struct bg_ssh_piece type, blob;
    struct bg_ssh_blob b;

    if (!word(&line, &type) || !word(&line, &blob))
        return BG_E_SYNTAX;
    if (!bg_ssh_is(&type, BG_SSH_ED25519) && !bg_ssh_is(&type, BG_SSH_ECDSA))
        return other_kind(&type) ? BG_E_MISMATCH : BG_E_SYNTAX;
    if (!bg_ssh_read((const char *)blob.at, blob.n, &b) || !bg_ssh_is(&type, bg_ssh_kind(&b)))
        return BG_E_SYNTAX;
    *out = b;
    return BG_OK;
}

enum bg_err bg_ssh_line(const char *line, struct bg_ssh_blob *out)
{
    return read_line((struct bg_ssh_piece){(const uint8_t *)line, strcspn(line, "\r\n")}, out);
}

bool bg_ssh_verified(const char **at, struct bg_ssh_blob *out)
{
    static const char method[] = "publickey ";
    const char *line, *end;

    while ((end = strchr(line = *at, '\n')) != NULL) {
        *at = end + 1;
        if (strncmp(line, method, sizeof method - 1) != 0)
            continue;
        line += sizeof method - 1;
        if (read_line((struct bg_ssh_piece){(const uint8_t *)line, (size_t)(end - line)}, out) == BG_OK)
            return true;
    }
    return false;
}
