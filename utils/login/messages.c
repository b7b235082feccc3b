/* SPDX-License-Identifier: ISC */
#include "login/messages.h"

#define BG_MESSAGE BG_MESSAGE_DEFINED
#include "login/messages.def"
#undef BG_MESSAGE
