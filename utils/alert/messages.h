/* SPDX-License-Identifier: ISC */
/* What breakglass-alert says. Made from messages.def. */
#ifndef BG_ALERT_MESSAGES_H
#define BG_ALERT_MESSAGES_H

#include "base/msg.h"

#define BG_MESSAGE BG_MESSAGE_DECLARED
#include "alert/messages.def"
#undef BG_MESSAGE

#endif
