/* SPDX-License-Identifier: ISC */
/*
 * Which libpam it is: versions and distributions differ in how they read a file, where they look, and in
 * one rule of the frozen chain. What differs is told by the library's own file.
 */
#ifndef BG_PAMSIM_KIND_H
#define BG_PAMSIM_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

#define BG_PAM_PATH 256
#define BG_PAM_DIRS 3

struct bg_pam_kind {
    /*
     * Up to 1.5.3: a line has at most 1023 bytes, what follows them is another; blank lines and comments
     * between a line and its continuation are passed over; includes may nest as deep as there are
     * descriptors, only substacks are counted. From 1.6 on all three are gone, and 16 is for both.
     */
    bool old;
    /*
     * Debian's: @include FILE is known, an include is looked for in /etc/pam.d only, a module also in the
     * ISA directory, and where a frozen chain jumps the module's answer does not count.
     */
    bool debian;
    char dir[BG_PAM_DIRS][BG_PAM_PATH]; /* of service files, the first that has it wins; "" after the last */
    char modules[BG_PAM_PATH];          /* where relative modules are, with its slash */
    char isa[BG_PAM_PATH];              /* what $ISA means */
};

/* Debian 12's and 13's on this machine's architecture, and Linux-PAM 1.7 as Fedora builds it: for tests, and
 * when no file is at hand. */
void bg_pam_kind_debian(struct bg_pam_kind *k, bool old, const char *multiarch);
void bg_pam_kind_plain(struct bg_pam_kind *k, const char *libdir);

/* The kind of the library whose file these n bytes are. BG_E_SYNTAX: they are no libpam's. */
BG_MUST_CHECK enum bg_err bg_pam_kind_of(const void *file, size_t n, struct bg_pam_kind *k);

#endif
