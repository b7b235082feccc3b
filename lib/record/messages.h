/* SPDX-License-Identifier: ISC */
/* What the journal says of itself. Made from messages.def. */
#ifndef BG_RECORD_MESSAGES_H
#define BG_RECORD_MESSAGES_H

#include "base/msg.h"

#define BG_MESSAGE BG_MESSAGE_DECLARED
#include "record/messages.def"
#undef BG_MESSAGE

#endif
