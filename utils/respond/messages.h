/* SPDX-License-Identifier: ISC */
/* Made from messages.def. */
#ifndef BG_RESPOND_MESSAGES_H
#define BG_RESPOND_MESSAGES_H

#include "base/msg.h"

#define BG_MESSAGE BG_MESSAGE_DECLARED
#include "respond/messages.def"
#undef BG_MESSAGE

#endif
