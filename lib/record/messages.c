/* SPDX-License-Identifier: ISC */
#include "record/messages.h"

#define BG_MESSAGE BG_MESSAGE_DEFINED
#include "record/messages.def"
#undef BG_MESSAGE
