/* SPDX-License-Identifier: ISC */
#include "config/messages.h"

#define BG_MESSAGE BG_MESSAGE_DEFINED
#include "config/messages.def"
#undef BG_MESSAGE
