/* SPDX-License-Identifier: ISC */
#include "respond/messages.h"

#define BG_MESSAGE BG_MESSAGE_DEFINED
#include "respond/messages.def"
