/* SPDX-License-Identifier: ISC */
/* The private programs that others start, by their paths. */
#ifndef BG_PROGRAMS_H
#define BG_PROGRAMS_H

#define PROGRAM_ALERT BG_HELPERDIR "/breakglass-alert"
#define PROGRAM_FIDO  BG_HELPERDIR "/breakglass-fido"
#define PROGRAM_LOGIN BG_HELPERDIR "/breakglass-login"

#endif
