/* SPDX-License-Identifier: ISC */
#include "share/slip39.h"

uint32_t slip39_public(uint32_t v)
{
    return v;
}
