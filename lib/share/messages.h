/* SPDX-License-Identifier: ISC */
/* What is said while cards are typed. Made from messages.def. */
#ifndef BG_SHARE_MESSAGES_H
#define BG_SHARE_MESSAGES_H

#include "base/msg.h"

#define BG_MESSAGE BG_MESSAGE_DECLARED
#include "share/messages.def"
#undef BG_MESSAGE

#endif
