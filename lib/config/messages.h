/* SPDX-License-Identifier: ISC */
/* What is said of a configuration file. Made from messages.def. */
#ifndef BG_CONFIG_MESSAGES_H
#define BG_CONFIG_MESSAGES_H

#include "base/msg.h"

#define BG_MESSAGE BG_MESSAGE_DECLARED
#include "config/messages.def"
#undef BG_MESSAGE

#endif
