/* SPDX-License-Identifier: ISC */
#include "delivery/messages.h"

#define BG_MESSAGE BG_MESSAGE_DEFINED
#include "delivery/messages.def"
#undef BG_MESSAGE
