/* SPDX-License-Identifier: ISC */
/*
 * Keys that sshd verifies: the two kinds of OpenSSH public keys whose private half is in a FIDO2 key
 * (OpenSSH's PROTOCOL.u2f), as bytes and as text, and what sshd says of the one it has just verified. Nothing
 * is verified here.
 */
#ifndef BG_KEY_SSHKEY_H
#define BG_KEY_SSHKEY_H

#include "base/base64.h"
#include "base/clock.h"
#include "base/identity.h"
#include "key/key.h"

#define BG_SSH_KEYS_MAX 64 /* of one account */
#define BG_SSH_BLOB     256 /* bytes: 74 with Ed25519, 127 with P-256, and what an application adds to "ssh:" */
#define BG_SSH_TEXT     (BG_BASE64_LEN(BG_SSH_BLOB) + 1)
#define BG_SSH_ED25519  "sk-ssh-ed25519@openssh.com"
#define BG_SSH_ECDSA    "sk-ecdsa-sha2-nistp256@openssh.com"

/* A public key as ssh puts it on the wire: one of the two kinds, whole. */
struct bg_ssh_blob {
    uint16_t len;
    uint8_t bytes[BG_SSH_BLOB];
};

/* Bytes that are somebody else's. */
struct bg_ssh_piece {
    const uint8_t *at;
    size_t n;
};

/* A string of ssh (RFC 4251, section 5) from the front of r: *out is what is in it, and r what is behind it.
 * False, and nothing is changed: there is none. */
bool bg_ssh_take(struct bg_ssh_piece *r, struct bg_ssh_piece *out);
bool bg_ssh_is(const struct bg_ssh_piece *s, const char *text);

/* An enrolled one. */
struct bg_ssh_key {
    char label[BG_KEY_LABEL];
    struct bg_ssh_blob blob;
    char from[BG_FROM_MAX];       /* where it may be used (config/from.h); "": everywhere */
    char host[BG_HOST_PRINT + 1]; /* that enrolled it (bg_identity_print); "": not kept */
    char created[BG_TIME_LEN];
    char custodian[BG_CUSTODIAN_MAX]; /* who keeps it; "": not told */
    bool suspended;                   /* it opens nothing until an administrator has looked */
};

/* The name of its kind, NULL for anything that is not exactly one of the two: a certificate is none of them.
 */
const char *bg_ssh_kind(const struct bg_ssh_blob *b);

/* The same, with where its point (EdDSA: 32 bytes; P-256: 04, x, y) and its application are. Borrowed from b;
 * neither is set for NULL. */
const char *bg_ssh_parts(const struct bg_ssh_blob *b, struct bg_ssh_piece *point,
                         struct bg_ssh_piece *application);

/* Its base64 in the one spelling that there is, n characters. False for anything else. */
bool bg_ssh_read(const char *text, size_t n, struct bg_ssh_blob *out);
void bg_ssh_print(const struct bg_ssh_blob *b, char out[BG_SSH_TEXT]);

/* Equal, byte for byte. */
bool bg_ssh_same(const struct bg_ssh_blob *a, const struct bg_ssh_blob *b);

/*
 * A line of a public key file, or the end of one of an authorized_keys file: TYPE BASE64 [COMMENT]. BG_OK;
 * BG_E_MISMATCH: it is a key of another kind, or a certificate; BG_E_SYNTAX: it is no key.
 */
BG_MUST_CHECK enum bg_err bg_ssh_line(const char *line, struct bg_ssh_blob *out);

/*
 * SSH_AUTH_INFO_0 (sshd's auth2.c): a line for each method that has succeeded, and behind "publickey" the
 * key. *at goes to the next line each time. False: there is no further key of the two kinds. A line without
 * its newline was cut, and counts for nothing.
 */
bool bg_ssh_verified(const char **at, struct bg_ssh_blob *out);

#endif
