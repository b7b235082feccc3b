/* SPDX-License-Identifier: ISC */
#include "delivery/code.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/hash.h"
#include "base/safefile.h"
#include "base/secret.h"
#include "base/text.h"

#define SECRET   32
#define TEXT     (BG_CODE_NAME + 1 + 2 * SECRET + 1)
#define CODE_MOD 1000000u

bool bg_code_path(const char *base, const char *account, char *out, size_t cap)
{
    int n = bg_name_valid(account) ? snprintf(out, cap, "%s-%s", base, account) : -1;

    return n > 0 && (size_t)n < cap;
}

enum bg_err bg_code_begin(const char *path, uid_t uid, gid_t gid, char name[BG_CODE_NAME + 1])
{
    uint8_t secret[SECRET], id[BG_CODE_NAME / 2];
    char text[TEXT + 1], given[BG_CODE_NAME + 1];
    enum bg_err r;

    if ((r = bg_random(secret, sizeof secret)) != BG_OK || (r = bg_random(id, sizeof id)) != BG_OK)
        return r;
    bg_hex(given, id, sizeof id);
    memcpy(text, given, BG_CODE_NAME);
    text[BG_CODE_NAME] = ' ';
    bg_hex(text + BG_CODE_NAME + 1, secret, sizeof secret);
    text[TEXT - 1] = '\n';
    if ((r = bg_file_replace(path, text, TEXT, 0400, uid, gid)) == BG_OK)
        memcpy(name, given, sizeof given);
    bg_wipe(text, sizeof text);
    bg_wipe(secret, sizeof secret);
    return r;
}

/* Not bg_file_read: it belongs to the service's user, and root reads it as well. Only root can put it there.
 */
static bool read_text(const char *path, char text[TEXT + 1])
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    bool whole;

    if (fd < 0)
        return false;
    whole = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0 &&
            read(fd, text, TEXT + 1) == TEXT && text[TEXT - 1] == '\n' && text[BG_CODE_NAME] == ' ';
    bg_close(fd);
    return whole;
}

/* The last digits of HMAC-SHA-256 with the secret over the sink's name. */
static bool compute(const uint8_t secret[SECRET], const char *sink, char out[BG_CODE_LEN + 1])
{
    struct bg_part part = {sink, strlen(sink)};
    uint8_t mac[BG_HASH];
    uint64_t n = 0;

    if (bg_hmac_sha256(secret, SECRET, &part, 1, mac) != BG_OK)
        return false;
    for (int i = 0; i < 8; i++)
        n = n << 8 | mac[i];
    (void)snprintf(out, BG_CODE_LEN + 1, "%06u", (unsigned)(n % CODE_MOD));
    return true;
}

bool bg_code_of(const char *path, const char *name, const char *sink, char out[BG_CODE_LEN + 1])
{
    char text[TEXT + 1];
    uint8_t secret[SECRET];
    bool good = read_text(path, text);

    text[TEXT - 1] = '\0';
    good = good && (name == NULL || (strlen(name) == BG_CODE_NAME && memcmp(name, text, BG_CODE_NAME) == 0));
    good = good && bg_unhex(text + BG_CODE_NAME + 1, secret, sizeof secret) && compute(secret, sink, out);
    bg_wipe(text, sizeof text);
    bg_wipe(secret, sizeof secret);
    return good;
}
