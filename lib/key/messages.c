/* SPDX-License-Identifier: ISC */
#include "key/messages.h"

#define BG_MESSAGE BG_MESSAGE_DEFINED
#include "key/messages.def"
#undef BG_MESSAGE
