/* SPDX-License-Identifier: ISC */
/*
 * The text challenge: answers and challenges of any bytes, as they are typed and, since nearly none has a
 * check that fits, with their checks put right; and lines of keys, with a proof of the right length. What is
 * taken is within every bound of its header.
 */
#include <stdlib.h>
#include <string.h>
#include "key/textkey.h"
#include "key/texttyper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
    if (!holds)
        abort();
}

static void example(struct bg_challenge *c)
{
    static const uint8_t nonce[BG_FIDO_HASH] = {1, 2, 3};

    need(bg_challenge_make(c, "web01", "bg1", "sshd", 0, nonce) == BG_OK);
}

/* Lines of any bytes: rows that are in are sound, and no more than there are. */
static void type(struct bg_texttyper *t, const char *line, size_t n)
{
    struct bg_texttyper_reply reply;
    struct bg_row_place p = {.number = t->first};
    struct bg_row_look look;
    char prompt[64];

    memcpy(p.tag, t->tag, sizeof p.tag);
    bg_texttyper_feed(t, line, n, &reply);
    bg_texttyper_prompt(t, prompt, sizeof prompt);
    need(t->have <= t->count && reply.done == (t->have == t->count) && strlen(prompt) < sizeof prompt);
    for (size_t i = 0; i < t->have; i++, p.number++) {
        bg_row_look(&p, t->row[i], BG_ROW, &look);
        need(look.state == BG_ROW_GOOD);
    }
}

static void lines(struct bg_texttyper *t, const uint8_t *data, size_t size)
{
    while (size > 0 && t->have < t->count) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t n = end == NULL ? size : (size_t)(end - data);
        type(t, (const char *)data, n);
        n += end != NULL;
        data += n;
        size -= n;
    }
}

/* Every answer whose checks fit is read and judged, and comes back as it was written. */
static void repaired(const struct bg_challenge *c, const uint8_t *data, size_t size)
{
    struct bg_fido_public pub = {.type = size > 0 && (data[0] & 1) != 0 ? BG_FIDO_EDDSA : BG_FIDO_ES256};
    uint8_t rows[BG_RESPONSE_ROWS][BG_ROW] = {{0}}, again[BG_RESPONSE_ROWS][BG_ROW], hash[BG_FIDO_HASH];
    enum bg_fido_fault fault = BG_FF_FORM;
    struct bg_row_place p;
    struct bg_response a;
    struct bg_fido_said said;
    enum bg_err r;

    for (size_t i = 0; i < size && i < BG_RESPONSE_ROWS * BG_ROW_DATA; i++)
        rows[i / BG_ROW_DATA][i % BG_ROW_DATA] = data[i] & 31;
    for (unsigned i = 0; i < BG_RESPONSE_ROWS; i++) {
        need(bg_response_place(c, i + 1, &p) == BG_OK);
        bg_row_seal(&p, rows[i]);
    }
    bg_response_read((const uint8_t(*)[BG_ROW])rows, &a);
    need(a.flags < 64 && bg_response_write(c, &a, again) == BG_OK && memcmp(rows, again, sizeof rows) == 0);
    memset(pub.bytes, 7, sizeof pub.bytes);
    need(bg_challenge_hash(c, hash) == BG_OK);
    r = bg_response_verify(&a, &pub, hash, &said, &fault);
    need(r == BG_E_MISMATCH || r == BG_E_RANGE || r == BG_E_CRYPTO); /* nobody has such a key */
}

static void one_key(const char *text)
{
    char again[BG_TEXTKEY_LINE];
    struct bg_textkey k, same;
    struct bg_fido_said said;
    enum bg_fido_fault fault;

    if (bg_textkey_read(text, &k) != BG_OK)
        return;
    need(bg_key_label_valid(k.name) && k.id.len >= 1 && k.id.len <= BG_FIDO_ID && k.proof.flags < 64);
    bg_textkey_print(&k, again);
    need(bg_textkey_read(again, &same) == BG_OK && same.firmware == k.firmware && same.id.len == k.id.len);
    (void)!bg_textkey_verify(&k, &said, &fault);
}

/* What a laptop is shown: three words and a row, the row also with its check put right. */
static void shown(const uint8_t *data, size_t size)
{
    char word[3][80] = {"", "", ""};
    struct bg_challenge c = {.row = {0}};
    struct bg_texttyper t;
    struct bg_row_place p;
    char row[BG_ROW_TEXT];

    for (size_t i = 0, at = 0; i < 3; i++, at++)
        for (size_t n = 0; at < size && data[at] != ' ' && data[at] != '\0' && n < sizeof word[i] - 1; at++)
            word[i][n++] = (char)data[at];
    if (!bg_challenge_names(&c, word[0], word[1], word[2]))
        return;
    for (size_t i = 0; i < BG_ROW_DATA && i < size; i++)
        c.row[i] = data[size - 1 - i] & 31;
    need(bg_challenge_place(&c, &p) == BG_OK && bg_texttyper_challenge(&t, &c) == BG_OK);
    bg_row_seal(&p, c.row);
    bg_row_print(c.row, row);
    type(&t, row, strlen(row));
    need(t.have == 1 && bg_challenge_seconds(&c) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bg_texttyper t;
    struct bg_challenge c;
    char *text = malloc(size + 1);

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    example(&c);
    need(bg_texttyper_answer(&t, &c) == BG_OK);
    lines(&t, data, size);
    repaired(&c, data, size);
    shown(data, size);
    one_key(text);
    free(text);
    return 0;
}
