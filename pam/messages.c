/* SPDX-License-Identifier: ISC */
#include "messages.h"

#define BG_MESSAGE BG_MESSAGE_DEFINED
#include "messages.def"
#undef BG_MESSAGE
