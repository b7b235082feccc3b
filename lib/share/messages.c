/* SPDX-License-Identifier: ISC */
#include "share/messages.h"

#define BG_MESSAGE BG_MESSAGE_DEFINED
#include "share/messages.def"
#undef BG_MESSAGE
