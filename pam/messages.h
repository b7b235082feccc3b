/* SPDX-License-Identifier: ISC */
/* What the PAM module says by itself. Made from messages.def. */
#ifndef BG_PAM_MESSAGES_H
#define BG_PAM_MESSAGES_H

#include "base/msg.h"

#define BG_MESSAGE BG_MESSAGE_DECLARED
#include "messages.def"
#undef BG_MESSAGE

#endif
