/* SPDX-License-Identifier: ISC */
/*
 * Cards as pages of a PDF (libharu), the words as a code for scanners too (libqrencode). A page has three
 * parts of one height, as a letter for a long envelope: the top is what everybody may read, the middle has
 * the words, the bottom is full of letters that mean nothing and is folded up over the words, so that they
 * cannot be read against the light. Then the top is folded behind, and stays outside.
 */
#include "admin/share/share.h"

#include <hpdf.h>
#include <iconv.h>
#include <malloc.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>
#include "base/secret.h"

#define MARGIN     40.0f
#define COLUMNS    4u
#define COLUMN     98.0f /* points, from one word to the next */
#define QR_SIZE    118.0f
#define QR_QUIET   4u /* modules around the code, as ISO/IEC 18004 asks */
#define NOISE_SIZE 13.0f
#define TEXT_MAX   160

struct book {
    HPDF_Doc doc;
    HPDF_Font plain, bold, words;
    HPDF_Page page;
    float width, height, third;
    iconv_t latin;
    bool failed;
    const char *bad; /* a text that the fonts cannot show */
};

/* --- drawing -------------------------------------------------------------------------------------------- */

/* From UTF-8 into what the fonts of every reader have. */
static void put(struct book *b, HPDF_Font font, float size, float x, float y, const char *text)
{
    char in[TEXT_MAX], out[TEXT_MAX], *from = in, *to = out;
    size_t left = (size_t)snprintf(in, sizeof in, "%s", text), room = sizeof out - 1;

    if (left >= sizeof in || iconv(b->latin, &from, &left, &to, &room) != 0) {
        (void)iconv(b->latin, NULL, NULL, NULL, NULL);
        b->bad = text;
        return;
    }
    *to = '\0';
    (void)HPDF_Page_BeginText(b->page);
    (void)HPDF_Page_SetFontAndSize(b->page, font, size);
    (void)HPDF_Page_TextOut(b->page, x, y, out);
    (void)HPDF_Page_EndText(b->page);
    bg_wipe(in, sizeof in);
    bg_wipe(out, sizeof out);
}

static void put_field(struct book *b, float x, float y, const char *name, const char *value)
{
    put(b, b->plain, 8, x, y, name);
    if (value[0] != '\0') {
        put(b, b->bold, 11, x + 52, y, value);
        return;
    }
    (void)HPDF_Page_SetLineWidth(b->page, 0.5f);
    (void)HPDF_Page_MoveTo(b->page, x + 52, y - 2);
    (void)HPDF_Page_LineTo(b->page, x + 220, y - 2);
    (void)HPDF_Page_Stroke(b->page);
}

static void put_fold(struct book *b, float y, const char *what)
{
    static const HPDF_UINT16 dashes[] = {4, 3};

    (void)HPDF_Page_SetLineWidth(b->page, 0.7f);
    (void)HPDF_Page_SetDash(b->page, dashes, 2, 0);
    (void)HPDF_Page_MoveTo(b->page, 0, y);
    (void)HPDF_Page_LineTo(b->page, b->width, y);
    (void)HPDF_Page_Stroke(b->page);
    (void)HPDF_Page_SetDash(b->page, NULL, 0, 0);
    put(b, b->plain, 8, MARGIN, y + 4, what);
}

/* --- the parts of a page -------------------------------------------------------------------------------- */

static void put_public(struct book *b, const struct sharecard *c)
{
    float top = b->height - MARGIN, right = b->width / 2 + 10;
    char number[128], made[11];

    sharecard_number(c, number, sizeof number);
    (void)snprintf(made, sizeof made, "%.10s", c->set->created);
    put(b, b->bold, 18, MARGIN, top - 12, "BREAK-GLASS CARD");
    put(b, b->bold, 18, right, top - 12, bg_shareset_title(c->set));
    put(b, b->bold, 11, MARGIN, top - 36, number);
    put_field(b, MARGIN, top - 60, c->fleet ? "Fleet" : "Host", c->host);
    put_field(b, MARGIN, top - 80, "Account", c->account);
    put_field(b, MARGIN, top - 100, "Set made", made);
    if (*sharecard_phone(c) != '\0')
        put_field(b, right, top - 36, "Call", sharecard_phone(c));
    put_field(b, right, top - 60, "Kept by", c->card->custodian);
    put_field(b, right, top - 80, "Envelope", c->card->envelope);
    put_field(b, right, top - 100, "Seal", c->card->seal);
    put(b, b->plain, 9, MARGIN, top - 128,
        c->fleet
            ? "Never type it on a host. Where no network is, run \"breakglass fleet derive\". When cards are "
              "asked for, unfold it"
            : "In an emergency: log in on the host with the name of the account. When cards are asked for, "
              "unfold this one");
    put(b, b->plain, 9, MARGIN, top - 140,
        "and type its words in the order of their numbers; the first four letters of each are enough.");
    put(b, b->bold, 9, MARGIN, top - 160,
        c->fleet
            ? "This envelope was opened? Tell whoever runs the fleet, at once: all of it has to be replaced."
            : "This envelope was opened? Tell whoever runs the host, at once: the set has to be replaced.");
    put(b, b->plain, 9, MARGIN, top - 172,
        "After an inspection (breakglass share verify): a new envelope, a new seal, and its number noted.");
}

/* Upper case and blanks: the densest way for a code that is still text to be typed. */
static void words_text(const struct slip39_share *share, char *out, size_t cap, uint16_t *words, size_t *n)
{
    size_t at = 0;

    out[0] = '\0';
    *n = 0;
    if (slip39_encode(share, words, n) != BG_OK)
        return;
    for (size_t i = 0; i < *n; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s%s", i > 0 ? " " : "", slip39_word(words[i]));
    for (size_t i = 0; i < at; i++)
        if (out[i] >= 'a' && out[i] <= 'z')
            out[i] = (char)(out[i] - 'a' + 'A');
}

static void put_code(struct book *b, const char *text, float x, float y)
{
    QRcode *qr = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    float module;

    if (qr == NULL) {
        b->failed = true;
        return;
    }
    module = QR_SIZE / (float)((unsigned)qr->width + 2 * QR_QUIET);
    for (int row = 0; row < qr->width; row++)
        for (int i = 0; i < qr->width; i++)
            if ((qr->data[row * qr->width + i] & 1) != 0)
                (void)HPDF_Page_Rectangle(b->page, x + module * (float)(i + (int)QR_QUIET),
                                          y + QR_SIZE - module * (float)(row + 1 + (int)QR_QUIET), module,
                                          module);
    (void)HPDF_Page_Fill(b->page);
    bg_wipe(qr->data, (size_t)(qr->width * qr->width));
    QRcode_free(qr);
}

static void put_secret(struct book *b, const struct sharecard *c)
{
    float top = 2 * b->third - 34, pitch = c->share->bytes > 16 ? 20 : 28;
    char text[SLIP39_MAX_WORDS * 9 + 1], word[12], line[24];
    uint16_t words[SLIP39_MAX_WORDS];
    size_t n;

    words_text(c->share, text, sizeof text, words, &n);
    put(b, b->plain, 9, MARGIN, top, "The words, from left to right and line by line:");
    for (size_t i = 0; i < n; i++) {
        sharecard_word(slip39_word(words[i]), word);
        (void)snprintf(line, sizeof line, "%2zu %s", i + 1, word);
        put(b, b->words, 13, MARGIN + COLUMN * (float)(i % COLUMNS), top - 26 - pitch * (float)(i / COLUMNS),
            line);
    }
    put_code(b, text, b->width - MARGIN - QR_SIZE + 8, top - 10 - QR_SIZE);
    bg_wipe(text, sizeof text);
    bg_wipe(words, sizeof words);
    bg_wipe(word, sizeof word);
    bg_wipe(line, sizeof line);
}

/* Letters in the size and weight of the words, and as dense. */
static void put_noise(struct book *b)
{
    char line[128];
    size_t n = (size_t)((b->width - 2 * MARGIN) / (NOISE_SIZE * 0.6f)) + 2;

    for (float y = 30; y < b->third - 16; y += NOISE_SIZE * 0.62f) {
        if (n >= sizeof line || bg_random(line, n) != BG_OK)
            return;
        for (size_t i = 0; i < n; i++)
            line[i] = (char)('A' + (unsigned char)line[i] % 26);
        line[n] = '\0';
        put(b, b->words, NOISE_SIZE, MARGIN - 8, y, line);
    }
}

static void put_page(struct book *b, const struct sharecard *c, bool letter)
{
    b->page = HPDF_AddPage(b->doc);
    (void)HPDF_Page_SetSize(b->page, letter ? HPDF_PAGE_SIZE_LETTER : HPDF_PAGE_SIZE_A4, HPDF_PAGE_PORTRAIT);
    b->width = HPDF_Page_GetWidth(b->page);
    b->height = HPDF_Page_GetHeight(b->page);
    b->third = b->height / 3;
    put_public(b, c);
    put_fold(b, 2 * b->third, "Second fold: backwards, so that this part stays outside.");
    put_secret(b, c);
    put_fold(b, b->third, "First fold: the part below goes up, over the words.");
    put_noise(b);
    put(b, b->plain, 8, MARGIN, 14, "These letters mean nothing: folded up, they hide the words.");
}

/* --- the document --------------------------------------------------------------------------------------- */

static void *take(HPDF_UINT n)
{
    return malloc(n);
}

static void wipe_and_free(void *p)
{
    if (p != NULL)
        bg_wipe(p, malloc_usable_size(p));
    free(p);
}

static bool open_book(struct book *b)
{
    b->latin = iconv_open("CP1252", "UTF-8");
    b->doc = HPDF_NewEx(NULL, take, wipe_and_free, 0, NULL);
    if (b->doc == NULL || b->latin == (iconv_t)-1)
        return false;
    b->plain = HPDF_GetFont(b->doc, "Helvetica", "WinAnsiEncoding");
    b->bold = HPDF_GetFont(b->doc, "Helvetica-Bold", "WinAnsiEncoding");
    b->words = HPDF_GetFont(b->doc, "Courier-Bold", "WinAnsiEncoding");
    (void)HPDF_SetInfoAttr(b->doc, HPDF_INFO_TITLE, "Break-glass cards");
    return true;
}

static enum bg_err close_book(struct book *b, char **bytes, size_t *len)
{
    HPDF_UINT32 n;
    char *copy;

    if (b->failed || HPDF_GetError(b->doc) != HPDF_OK || HPDF_SaveToStream(b->doc) != HPDF_OK)
        return BG_E_NOMEM;
    n = HPDF_GetStreamSize(b->doc);
    if ((copy = malloc(n)) == NULL)
        return BG_E_NOMEM;
    if (HPDF_ReadFromStream(b->doc, (HPDF_BYTE *)copy, &n) != HPDF_OK) {
        wipe_and_free(copy);
        return BG_E_NOMEM;
    }
    *bytes = copy;
    *len = n;
    return BG_OK;
}

enum bg_err sharepdf_make(const struct sharecard *cards, size_t n, bool letter, char **bytes, size_t *len,
                          const char **which)
{
    struct book b = {.bad = NULL};
    enum bg_err r = open_book(&b) ? BG_OK : BG_E_NOMEM;

    for (size_t i = 0; r == BG_OK && i < n && b.bad == NULL; i++)
        put_page(&b, &cards[i], letter);
    if (b.bad != NULL) {
        *which = b.bad;
        r = BG_E_RANGE;
    }
    if (r == BG_OK)
        r = close_book(&b, bytes, len);
    if (b.doc != NULL)
        HPDF_Free(b.doc);
    if (b.latin != (iconv_t)-1)
        (void)iconv_close(b.latin);
    return r;
}
