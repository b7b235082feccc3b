/* SPDX-License-Identifier: ISC */
/* What a login says. Made from messages.def. */
#ifndef BG_LOGIN_MESSAGES_H
#define BG_LOGIN_MESSAGES_H

#include "base/msg.h"

#define BG_MESSAGE BG_MESSAGE_DECLARED
#include "login/messages.def"
#undef BG_MESSAGE

#endif
