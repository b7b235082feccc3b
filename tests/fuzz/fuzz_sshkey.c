/* SPDX-License-Identifier: ISC */
/*
 * What sshd says of the key that it has verified, and lines of key files. Any text: no crash, what is taken
 * is one of the two kinds, and printed again it is in the text. A blob's own bytes are tried too, for
 * mutations rarely keep base64 whole.
 */
#include <stdlib.h>
#include <string.h>
#include "key/sshkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_stand(const struct bg_ssh_blob *b, const char *in)
{
    char text[BG_SSH_TEXT];

    bg_ssh_print(b, text);
    if (bg_ssh_kind(b) == NULL || strstr(in, text) == NULL || strstr(in, bg_ssh_kind(b)) == NULL)
        abort();
}

static void as_blob(const uint8_t *data, size_t size)
{
    struct bg_ssh_blob b = {0}, again;
    char text[BG_SSH_TEXT];

    if (size > sizeof b.bytes)
        return;
    memcpy(b.bytes, data, size);
    b.len = (uint16_t)size;
    bg_ssh_print(&b, text);
    if (bg_ssh_read(text, strlen(text), &again) != (bg_ssh_kind(&b) != NULL))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    const char *at = text;
    struct bg_ssh_blob b;

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    while (bg_ssh_verified(&at, &b))
        must_stand(&b, text);
    if (bg_ssh_line(text, &b) == BG_OK)
        must_stand(&b, text);
    free(text);
    as_blob(data, size);
    return 0;
}
