#include "admin/opts.h"

#include <stdlib.h>
#include <string.h>
#include "admin/admin.h"
#include "base/msg.h"
#include "admin/ui.h"
#include "admin/messages.h"

int opts_next(int argc, char **argv, const struct option *table, const char *command)
{
    int at = optind == 0 ? 1 : optind, c;

    opterr = 0;
    c = getopt_long(argc, argv, "h", table, NULL);
    if (c == 'h')
        return OPT_HELP;
    if (c != '?' && c != ':')
        return c;
    /* getopt moves operands back, so the bad word is the one it just passed */
    ui_finding(BG_M_CMD_OPTION, BG_ARGS(optind > at ? argv[optind - 1] : argv[at], command));
    return 0;
}

bool opts_number(const char *text, uint32_t max, uint32_t *out)
{
    size_t n = strlen(text);
    unsigned long long v;

    if (n == 0 || n > 10 || strspn(text, "0123456789") != n)
        return false;
    v = strtoull(text, NULL, 10);
    if (v > max)
        return false;
    *out = (uint32_t)v;
    return true;
}

int opts_bad_value(const char *value, const char *option, const char *expected)
{
    ui_finding(BG_M_CMD_VALUE, BG_ARGS(value, option, expected));
    return ADMIN_USAGE;
}
