/* SPDX-License-Identifier: ISC */
#include "admin/messages.h"

#define BG_MESSAGE BG_MESSAGE_DEFINED
#include "admin/messages.def"
#undef BG_MESSAGE
