/* SPDX-License-Identifier: ISC */
#include "base/source.h"

#include <string.h>

const char *bg_source_name(enum bg_source s)
{
    switch (s) {
    case BG_SOURCE_CONSOLE:
        return "console";
    case BG_SOURCE_LOCAL:
        return "local";
    case BG_SOURCE_NETWORK:
        return "network";
    }
    return "unknown";
}

enum bg_source bg_source_by_name(const char *name)
{
    for (enum bg_source s = BG_SOURCE_CONSOLE; s <= BG_SOURCE_NETWORK; s++)
        if (strcmp(name, bg_source_name(s)) == 0)
            return s;
    return 0;
}
