/* SPDX-License-Identifier: ISC */
/*
 * One error enum for the whole project.
 *
 * Functions return BG_OK or one of these and set their outputs only on BG_OK. The usual shape is
 * if ((r = f()) != BG_OK) goto out. Whoever returns BG_E_IO leaves errno as the call that failed has set it:
 * what is closed or removed afterwards must not change it (bg_close, bg_remove in base/safefile.h).
 */
#ifndef BG_BASE_ERR_H
#define BG_BASE_ERR_H

enum bg_err {
    BG_OK = 0,
    BG_E_NOMEM,    /* out of memory */
    BG_E_IO,       /* a system call failed: errno says why */
    BG_E_NOENT,    /* no such file, account, record */
    BG_E_UNSAFE,   /* wrong owner, mode, type or a link in the way */
    BG_E_SYNTAX,   /* a file or a typed line is not of the expected form */
    BG_E_RANGE,    /* a number or a length is out of bounds */
    BG_E_TIMEOUT,  /* a stated bound ran out */
    BG_E_EOF,      /* the other side is gone */
    BG_E_PROTO,    /* the other side did not follow the protocol */
    BG_E_CRYPTO,   /* the crypto library or the random source failed */
    BG_E_MISMATCH, /* a proof did not verify */
    BG_E_EXIST,    /* it is there already */
    BG_E_BUSY,     /* somebody else holds it */
    BG_E_REFUSED,  /* policy says no */
    BG_E_CANCEL,   /* the person gave up */
    BG_E_HANGUP,   /* the person's connection was lost */
};

#define BG_MUST_CHECK __attribute__((warn_unused_result))

/* A short English phrase for r, never NULL; static storage. For BG_E_IO what errno means: ask at once. */
const char *bg_strerror(enum bg_err r);

#endif
