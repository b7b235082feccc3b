/* SPDX-License-Identifier: ISC */
/*
 * A signature that "ssh-keygen -Y sign" made with a key of sshkey.h (OpenSSH's PROTOCOL.sshsig, version 1,
 * SHA-512, and PROTOCOL.u2f). It opens nothing: what sshd has a key sign begins otherwise.
 */
#ifndef BG_KEY_SSHSIG_H
#define BG_KEY_SSHSIG_H

#include "key/sshkey.h"
#include "key/verify.h"

/* The lines around it. */
#define BG_SSHSIG_BEGIN "-----BEGIN SSH SIGNATURE-----"
#define BG_SSHSIG_END   "-----END SSH SIGNATURE-----"

/* Bytes between the lines, without newlines, and a NUL. */
#define BG_SSHSIG_TEXT 2048

/*
 * Is the base64 between the lines a signature over message for that namespace, by a key that was touched by a
 * person whom it verified? BG_OK, with *by, which may be anybody's, and *said; BG_E_MISMATCH, and *fault says
 * why; BG_E_SYNTAX: it is no such signature; BG_E_CRYPTO.
 */
BG_MUST_CHECK enum bg_err bg_sshsig_verify(const char *text, const char *space, const char *message,
                                           struct bg_ssh_blob *by, struct bg_fido_said *said,
                                           enum bg_fido_fault *fault);

#endif
