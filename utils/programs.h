/* SPDX-License-Identifier: ISC */
/* What our programs must find of each other. Private programs that others start, by their paths; NULL: this
 * build has none (configure --disable-alert, --without-fido), as BG_WITH_ALERT and BG_WITH_FIDO say. */
#ifndef BG_PROGRAMS_H
#define BG_PROGRAMS_H

#include <stddef.h>

#define PROGRAM_LOGIN   BG_HELPERDIR "/breakglass-login"
#define PROGRAM_RESPOND BG_BINDIR "/breakglass-respond" /* may come from a package of its own */
#if BG_WITH_ALERT
#define PROGRAM_ALERT BG_HELPERDIR "/breakglass-alert"
#else
#define PROGRAM_ALERT NULL
#endif
#if BG_WITH_FIDO
#define PROGRAM_FIDO BG_HELPERDIR "/breakglass-fido"
#else
#define PROGRAM_FIDO NULL
#endif

/* Where the login leaves the recordings of sessions, and the command finds them. */
#define RECORDINGS_DIR BG_STATEDIR "/sessions"

#endif
