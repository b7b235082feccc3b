/* SPDX-License-Identifier: ISC */
#include "alert/messages.h"

#define BG_MESSAGE BG_MESSAGE_DEFINED
#include "alert/messages.def"
#undef BG_MESSAGE
