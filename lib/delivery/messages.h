/* SPDX-License-Identifier: ISC */
/* What is said of a sink. Made from messages.def. */
#ifndef BG_DELIVERY_MESSAGES_H
#define BG_DELIVERY_MESSAGES_H

#include "base/msg.h"

#define BG_MESSAGE BG_MESSAGE_DECLARED
#include "delivery/messages.def"
#undef BG_MESSAGE

#endif
