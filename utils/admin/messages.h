/* SPDX-License-Identifier: ISC */
/* What the administrator's command says. Made from messages.def. */
#ifndef BG_ADMIN_MESSAGES_H
#define BG_ADMIN_MESSAGES_H

#include "base/msg.h"

#define BG_MESSAGE BG_MESSAGE_DECLARED
#include "admin/messages.def"
#undef BG_MESSAGE

#endif
