/* SPDX-License-Identifier: ISC */
/*
 * Cards as pages of a PDF (libharu), the secret as a code for scanners too (libqrencode). A page has three
 * parts of one height, as a letter for a long envelope: the top is what everybody may read, the middle has
 * the secret, the bottom is full of letters that mean nothing and is folded up over it, so that it cannot be
 * read against the light. Then the top is folded behind, and stays outside.
 */
#include "admin/paper/paper.h"

#include <hpdf.h>
#include <iconv.h>
#include <malloc.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>
#include "base/secret.h"

#define MARGIN     40.0f
#define COLUMNS    4u
#define COLUMN     98.0f /* points, from one item to the next */
#define FULL       24u   /* items that leave room between the lines */
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
    char *bad; /* a text that the fonts cannot show; TEXT_MAX bytes, "" as long as there is none */
};

/* --- drawing -------------------------------------------------------------------------------------------- */

/* From UTF-8 into what the fonts of every reader have. */
static void put(struct book *b, HPDF_Font font, float size, float x, float y, const char *text)
{
    char in[TEXT_MAX], out[TEXT_MAX], *from = in, *to = out;
    size_t left = (size_t)snprintf(in, sizeof in, "%s", text), room = sizeof out - 1;

    if (left >= sizeof in || iconv(b->latin, &from, &left, &to, &room) != 0) {
        (void)iconv(b->latin, NULL, NULL, NULL, NULL);
        (void)snprintf(b->bad, TEXT_MAX, "%s", text);
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

static void put_public(struct book *b, const struct paper_page *p)
{
    float top = b->height - MARGIN, right = b->width / 2 + 10;

    put(b, b->bold, 18, MARGIN, top - 12, p->title);
    put(b, b->bold, 18, right, top - 12, p->name);
    put(b, b->bold, 11, MARGIN, top - 36, p->number);
    if (p->phone[0] != '\0')
        put_field(b, right, top - 36, "Call", p->phone);
    for (size_t i = 0; i < 6; i++)
        put_field(b, i < 3 ? MARGIN : right, top - 60 - 20 * (float)(i % 3), p->field[i].name,
                  p->field[i].value);
    put(b, b->plain, 9, MARGIN, top - 128, p->how[0]);
    put(b, b->plain, 9, MARGIN, top - 140, p->how[1]);
    put(b, b->bold, 9, MARGIN, top - 160, p->opened);
    put(b, b->plain, 9, MARGIN, top - 172, p->after);
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

static void put_secret(struct book *b, const struct paper_page *p)
{
    float top = 2 * b->third - 34, pitch = p->items > FULL ? 20 : 28;

    put(b, b->plain, 9, MARGIN, top, p->caption);
    for (size_t i = 0; i < p->items; i++)
        put(b, b->words, 13, MARGIN + COLUMN * (float)(i % COLUMNS), top - 26 - pitch * (float)(i / COLUMNS),
            p->item[i]);
    put_code(b, p->code, b->width - MARGIN - QR_SIZE + 8, top - 10 - QR_SIZE);
}

/* Letters in the size and weight of the secret, of its own, and as dense. */
static void put_noise(struct book *b, const char *letters)
{
    char line[128];
    size_t n = (size_t)((b->width - 2 * MARGIN) / (NOISE_SIZE * 0.6f)) + 2, kinds = strlen(letters);

    for (float y = 30; y < b->third - 16; y += NOISE_SIZE * 0.62f) {
        if (n >= sizeof line || bg_random(line, n) != BG_OK)
            return;
        for (size_t i = 0; i < n; i++)
            line[i] = letters[(unsigned char)line[i] % kinds];
        line[n] = '\0';
        put(b, b->words, NOISE_SIZE, MARGIN - 8, y, line);
    }
}

static void put_page(struct book *b, const struct paper_page *p, bool letter)
{
    b->page = HPDF_AddPage(b->doc);
    (void)HPDF_Page_SetSize(b->page, letter ? HPDF_PAGE_SIZE_LETTER : HPDF_PAGE_SIZE_A4, HPDF_PAGE_PORTRAIT);
    b->width = HPDF_Page_GetWidth(b->page);
    b->height = HPDF_Page_GetHeight(b->page);
    b->third = b->height / 3;
    put_public(b, p);
    put_fold(b, 2 * b->third, "Second fold: backwards, so that this part stays outside.");
    put_secret(b, p);
    put_fold(b, b->third, "First fold: the part below goes up, over the secret.");
    put_noise(b, p->letters);
    put(b, b->plain, 8, MARGIN, 14, "These letters mean nothing: folded up, they hide the secret.");
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

static enum bg_err put_cards(struct book *b, const struct paper_cards *c, bool letter)
{
    struct paper_page p;
    enum bg_err r = BG_OK;

    for (size_t i = 0; r == BG_OK && i < c->n && b->bad[0] == '\0'; i++) {
        memset(&p, 0, sizeof p);
        if ((r = c->page(c->cards, i, &p)) == BG_OK)
            put_page(b, &p, letter);
        bg_wipe(&p, sizeof p);
    }
    return r;
}

enum bg_err paper_pdf(const struct paper_cards *cards, bool letter, char **bytes, size_t *len,
                      const char **which)
{
    static char bad[TEXT_MAX];
    struct book b = {.bad = bad};
    enum bg_err r = open_book(&b) ? BG_OK : BG_E_NOMEM;

    bad[0] = '\0';
    for (const struct paper_cards *c = cards; r == BG_OK && c != NULL; c = c->next)
        r = put_cards(&b, c, letter);
    if (r == BG_OK && bad[0] != '\0') {
        *which = bad;
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
