/* SPDX-License-Identifier: ISC */
#include "alert/alert.h"

#include <string.h>
#include <time.h>

bool http_date(const char *text, int64_t *seconds)
{
    /* as everybody writes it; as before 1990, with two digits of the year; as C's asctime() */
    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                        "%a %b %d %H:%M:%S %Y"};

    text += strspn(text, " \t");
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm tm = {0};
        const char *end = strptime(text, forms[i], &tm);
        if (end != NULL && end[strspn(end, " \t\r\n")] == '\0') {
            *seconds = (int64_t)timegm(&tm);
            return true;
        }
    }
    return false;
}
