/* SPDX-License-Identifier: ISC */
/* What is said of a security key. Made from messages.def. */
#ifndef BG_KEY_MESSAGES_H
#define BG_KEY_MESSAGES_H

#include "base/msg.h"

#define BG_MESSAGE BG_MESSAGE_DECLARED
#include "key/messages.def"
#undef BG_MESSAGE

#endif
