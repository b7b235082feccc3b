/* SPDX-License-Identifier: ISC */
/* Typing shares: every message, every way to write a share, and nothing of it in what comes back. */
#include "help.h"

#include "base/secret.h"
#include "share/sharetyper.h"
#include "share/messages.h"

#define LINE 600

static struct bg_sharetyper typer;
static struct bg_shareset set;
static const struct bg_identity here = {.machine = "0123456789abcdef0123456789abcdef", .name = "host"};
static struct slip39_share shares[16];
static struct bg_sharetyper_reply reply;
static bool seen[1000]; /* messages that some test has met */

/* --- a set and its cards ---------------------------------------------------------------------- */

static void enroll(const struct slip39_params *p)
{
    uint8_t secret[SLIP39_MAX_BYTES];
    size_t n;

    assert_int_equal(bg_random(secret, sizeof secret), BG_OK);
    assert_int_equal(slip39_split(p, secret, "", shares, 16, &n), BG_OK);
    set = (struct bg_shareset){.id = p->id,
                               .extendable = p->extendable,
                               .exponent = p->exponent,
                               .group_threshold = p->group_threshold,
                               .group_count = p->group_count,
                               .bytes = p->bytes,
                               .host = "0123456789abcdef0123456789abcdef",
                               .salt = "salt"};
    for (unsigned g = 0; g < p->group_count; g++)
        set.group[g] = (struct bg_share_group){p->member_threshold[g], p->member_count[g]};
    assert_int_equal(bg_shareset_verifier(secret, p->bytes, set.salt, set.verifier), BG_OK);
    bg_sharetyper_start(&typer, &set);
}

static int two_of_three(void **state)
{
    struct slip39_params p = one_group(2, 3, 16);

    (void)state;
    enroll(&p);
    return 0;
}

/* Groups 1-of-1, 2-of-3, 3-of-3; any two. Shares 0 | 1 2 3 | 4 5 6. */
static int three_groups(void **state)
{
    struct slip39_params p = {.id = 9, .bytes = 16, .group_threshold = 2, .group_count = 3};

    (void)state;
    memcpy(p.member_threshold, (uint8_t[]){1, 2, 3}, 3);
    memcpy(p.member_count, (uint8_t[]){1, 3, 3}, 3);
    enroll(&p);
    return 0;
}

static size_t card(size_t i, uint16_t *words)
{
    size_t n;

    assert_int_equal(slip39_encode(&shares[i], words, &n), BG_OK);
    return n;
}

/* --- feeding ------------------------------------------------------------------------------------- */

/* Digits and words of the phrases, nothing else: no letter of a card can be among them. */
static void assert_public(const char *arg)
{
    static const char known[] =
        " word words is are kept nothing of a card cards more needed group groups Still All in or ";
    char copy[BG_SHARE_TEXT + 2], *rest = copy, *piece, padded[BG_SHARE_TEXT + 4];

    (void)snprintf(copy, sizeof copy, "%s", arg);
    while ((piece = strsep(&rest, " ,:-0123456789")) != NULL) {
        (void)snprintf(padded, sizeof padded, " %s ", piece);
        if (*piece != '\0' && strstr(known, padded) == NULL)
            fail_msg("%s in %s", piece, arg);
    }
}

static void feed(const char *line)
{
    char text[BG_MSG_MAX];

    memset(&reply, 0xee, sizeof reply);
    bg_sharetyper_feed(&typer, line, strlen(line), &reply);
    for (size_t i = 0; reply.msg != NULL && i < 3; i++)
        assert_public(reply.arg[i]);
    if (reply.msg == NULL)
        return;
    seen[reply.msg->number] = true;
    assert_true(bg_msg_full(text, sizeof text, reply.msg, BG_ARGS(reply.arg[0], reply.arg[1], reply.arg[2])) >
                0);
    assert_null(strchr(text, '%'));
    assert_null(strstr(text, "unknown message"));
}

static void expect(enum bg_sharetyper_state s, const struct bg_message *msg)
{
    assert_int_equal(reply.state, s);
    assert_ptr_equal(reply.msg, msg);
}

static void expect_arg(size_t i, const char *value)
{
    assert_string_equal(reply.arg[i], value);
}

static void feed_words(const uint16_t *words, size_t n)
{
    char line[2 * LINE];

    text_of(words, n, 4, " ", line, sizeof line);
    feed(line);
}

static void feed_card(size_t i)
{
    uint16_t words[SLIP39_MAX_WORDS];

    feed_words(words, card(i, words));
}

static void feed_word(uint16_t word)
{
    feed(slip39_word(word));
}

/* Some other word than w. */
static uint16_t other(uint16_t w)
{
    return w ^ 0x155;
}

/* --- ways to write a share --------------------------------------------------------------------------- */

static void written(int letters, const char *between, const char *before, bool upper)
{
    char line[LINE], text[LINE];
    uint16_t words[SLIP39_MAX_WORDS];

    two_of_three(NULL);
    text_of(words, card(1, words), letters, between, text, sizeof text);
    (void)snprintf(line, sizeof line, "%s%s", before, text);
    for (char *p = line; *p != '\0' && upper; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 32);
    feed(line);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
    expect_arg(0, "2");
    expect_arg(1, "1 more card is needed");
    assert_memory_equal(&typer.shares[0], &shares[1], sizeof shares[1]);
}

static void every_way_to_write(void **state)
{
    (void)state;
    written(0, " ", "", false);
    written(4, " ", "", false);
    written(5, " ", "", false);
    written(0, " ", "", true);
    written(4, "", "", false);
    written(4, "", "", true);
    written(4, "\t\t", "  ", false);
    written(0, "-", "-", false);
    written(0, " 12. ", "1. ", false);
    written(0, " 12.", "1.", false);
    written(0, "   7) ", "\r\n", true);
    written(4, " - ", "01 ", false);
}

static void numbered_lines(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    char line[LINE], expected[24];
    size_t n = card(0, words);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(line, sizeof line, " %zu. %s\r", i + 1, slip39_word(words[i]));
        feed(line);
        if (i + 1 == n)
            break;
        expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
        (void)snprintf(expected, sizeof expected, "%zu word%s", i + 1, i == 0 ? "" : "s");
        expect_arg(0, expected);
        (void)snprintf(expected, sizeof expected, "%zu", i + 2);
        expect_arg(1, expected);
    }
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
}

/* "document" could be "docu" and "ment": what is printed in full wins. */
static void a_full_word_is_one_word(void **state)
{
    struct bg_shareline l;

    (void)state;
    for (uint16_t i = 0; i < 1024; i++) {
        bg_shareline_read(slip39_word(i), strlen(slip39_word(i)), &l);
        assert_int_equal(l.count, 1);
        assert_false(l.unknown[0]);
        assert_int_equal(l.word[0], i);
    }
}

static void two_words_in_one_run(void **state)
{
    struct bg_shareline l;

    (void)state;
    bg_shareline_read("acidacad", 8, &l);
    assert_int_equal(l.count, 2);
    assert_int_equal(l.word[1], 0); /* academic */
    bg_shareline_read("academic", 8, &l);
    assert_int_equal(l.count, 1);
    bg_shareline_read("acadxxxx", 8, &l);
    assert_int_equal(l.count, 1);
    assert_true(l.unknown[0]);
    bg_shareline_read("ac1d 12acid 5 17.", 17, &l);
    assert_int_equal(l.count, 2);
    assert_true(l.unknown[0]);
    assert_false(l.unknown[1]);
    bg_shareline_read(" 17 ", 4, &l);
    assert_int_equal(l.count, 0);
    assert_int_equal(l.number, 17);
    bg_shareline_read("1 7", 3, &l);
    assert_int_equal(l.number, 0);
    bg_shareline_read("ac\0id", 5, &l);
    assert_true(l.unknown[0]);
}

/* --- layouts ----------------------------------------------------------------------------------------- */

/* Type `in` where the keys stand as in the table: what arrives. */
static void type_on(const char *in, const char *const *table, char *out)
{
    for (; *in != '\0'; in++, out++) {
        *out = *in;
        for (size_t k = 0; table[k] != NULL; k++)
            if (*in == table[k][0])
                *out = table[k][1];
    }
    *out = '\0';
}

static const char *const german[] = {"yz", "zy", "YZ", "ZY", NULL};
static const char *const french[] = {"aq", "qa", "zw", "wz", "m,", "AQ", "QA", "ZW", "WZ", "M?", NULL};
static const char *const french_typist[] = {"aq", "qa", "zw", "wz", "m;", "AQ", "QA", "ZW", "WZ", "M:", NULL};

static void layout_over_the_list(const char *const *table, enum bg_shareline_layout layout, size_t affected)
{
    char word[16], typed[16];
    struct bg_shareline l;
    size_t changed = 0, plain;

    for (uint16_t i = 0; i < 1024; i++) {
        for (int letters = 4; letters <= 8; letters += 4) {
            (void)snprintf(word, sizeof word, "%.*s", letters, slip39_word(i));
            type_on(word, table, typed);
            bg_shareline_read(typed, strlen(typed), &l);
            assert_int_equal(l.count, 1);
            assert_false(l.unknown[0]);
            assert_int_equal(l.word[0], i); /* what was meant, never another word */
            /* "albu," is album, whether the comma was an m or not */
            plain = strlen(typed) - (strlen(typed) > 4 && strchr(",?;:", typed[strlen(typed) - 1]) != NULL);
            assert_int_equal(l.layout, strncmp(word, typed, plain) == 0 ? BG_SHARELINE_PLAIN : layout);
            changed += letters == 4 && strcmp(word, typed) != 0;
        }
    }
    assert_int_equal(changed, affected);
}

static void layouts_keep_words_apart(void **state)
{
    (void)state;
    layout_over_the_list(german, BG_SHARELINE_QWERTZ, 62);
    layout_over_the_list(french, BG_SHARELINE_AZERTY, 551);
    layout_over_the_list(french_typist, BG_SHARELINE_AZERTY, 551);
}

/* A 2-of-3 set until card 0 has a word that the layout touches; then type it so. */
static void typed_on(const char *const *table, int letters, const char *between, bool upper,
                     const struct bg_message *msg)
{
    char line[LINE], typed[LINE];
    uint16_t words[SLIP39_MAX_WORDS];

    do {
        two_of_three(NULL);
        text_of(words, card(0, words), letters, between, line, sizeof line);
        for (char *p = line; *p != '\0' && upper; p++)
            if (*p >= 'a' && *p <= 'z')
                *p = (char)(*p - 32);
        type_on(line, table, typed);
    } while (strcmp(line, typed) == 0);
    feed(typed);
    expect(BG_SHARETYPER_TAKEN, msg);
    assert_memory_equal(&typer.shares[0], &shares[0], sizeof shares[0]);
    feed_card(1);
    expect(BG_SHARETYPER_READY, BG_M_SHARE_TAKEN);
}

static void layouts_are_tried(void **state)
{
    (void)state;
    typed_on(german, 4, " ", false, BG_M_SHARE_TAKEN_QWERTZ);
    typed_on(german, 0, " ", true, BG_M_SHARE_TAKEN_QWERTZ);
    typed_on(german, 4, "", false, BG_M_SHARE_TAKEN_QWERTZ);
    typed_on(french, 4, " ", false, BG_M_SHARE_TAKEN_AZERTY);
    typed_on(french, 0, " ", true, BG_M_SHARE_TAKEN_AZERTY);
    typed_on(french, 4, "", true, BG_M_SHARE_TAKEN_AZERTY);
    typed_on(french_typist, 0, " ", false, BG_M_SHARE_TAKEN_AZERTY);
    typed_on(french_typist, 4, " ", true, BG_M_SHARE_TAKEN_AZERTY);
}

/* --- what stands between words ------------------------------------------------------------------------- */

/* Everything of Unicode 14 that separates, dashes, quotes or marks without a width: the categories Zs, Zl,
 * Zp, Pd, Pi, Pf and Cf, from...to; then what else is seen in lists: Po, So, No, Co. */
static const uint32_t apart[][2] = {
    {0xa0, 0xa0},       {0xab, 0xab},       {0xad, 0xad},       {0xbb, 0xbb},       {0x58a, 0x58a},
    {0x5be, 0x5be},     {0x600, 0x605},     {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},
    {0x890, 0x891},     {0x8e2, 0x8e2},     {0x1400, 0x1400},   {0x1680, 0x1680},   {0x1806, 0x1806},
    {0x180e, 0x180e},   {0x2000, 0x2015},   {0x2018, 0x2019},   {0x201b, 0x201d},   {0x201f, 0x201f},
    {0x2028, 0x202f},   {0x2039, 0x203a},   {0x205f, 0x2064},   {0x2066, 0x206f},   {0x2e02, 0x2e05},
    {0x2e09, 0x2e0a},   {0x2e0c, 0x2e0d},   {0x2e17, 0x2e17},   {0x2e1a, 0x2e1a},   {0x2e1c, 0x2e1d},
    {0x2e20, 0x2e21},   {0x2e3a, 0x2e3b},   {0x2e40, 0x2e40},   {0x2e5d, 0x2e5d},   {0x3000, 0x3000},
    {0x301c, 0x301c},   {0x3030, 0x3030},   {0x30a0, 0x30a0},   {0xfe31, 0xfe32},   {0xfe58, 0xfe58},
    {0xfe63, 0xfe63},   {0xfeff, 0xfeff},   {0xff0d, 0xff0d},   {0xfff9, 0xfffb},   {0x10ead, 0x10ead},
    {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x13438}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0001, 0xe0001}, {0xe0020, 0xe007f}, {0xb4, 0xb4},       {0xb7, 0xb7},       {0x34f, 0x34f},
    {0x3001, 0x3002},   {0xfe0f, 0xfe0f},   {0x2022, 0x2022},   {0x2460, 0x2473},   {0x2500, 0x257f},
    {0xf0b7, 0xf0b7},   {0xff0c, 0xff0c},   {0xff0e, 0xff0e},   {0xff1b, 0xff1b},   {0xfffc, 0xfffd},
};

static void utf8(uint32_t cp, char out[5])
{
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

    out[n] = '\0';
    for (size_t i = n; i-- > 1; cp >>= 6)
        out[i] = (char)(0x80 | (cp & 0x3f));
    out[0] = (char)(n == 1 ? cp : lead[n] | cp);
}

static void three_words(const char *line, size_t len)
{
    struct bg_shareline l;

    bg_shareline_read(line, len, &l);
    assert_int_equal(l.count, 3);
    assert_int_equal(l.layout, BG_SHARELINE_PLAIN);
    assert_false(l.unknown[0] || l.unknown[1] || l.unknown[2] || l.cut || l.overflow);
    assert_int_equal(l.word[0], 1);
    assert_int_equal(l.word[1], 0);
    assert_int_equal(l.word[2], 1023);
}

/* Around words, between them, twice, and beside blanks. */
static void all_around(const char *mark)
{
    static const char *const forms[] = {"acid%sacademic%szero", "%sacid%s %sacademic%s %szero%s",
                                        "acid%s%sacademic %s%szero", "%s%s ACID %s%s acad %s zero"};
    char line[LINE];

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t n = 0;
        for (const char *f = forms[i]; *f != '\0'; f += f[0] == '%' ? 2 : 1)
            n += (size_t)(f[0] == '%' ? snprintf(line + n, sizeof line - n, "%s", mark)
                                      : snprintf(line + n, sizeof line - n, "%c", *f));
        three_words(line, n);
    }
}

static void whatever_is_no_letter_separates(void **state)
{
    static const char *const ascii[] = {
        " ",         "\t",    "\r",    "\n",        ",",    ";",    ".",   "-",   "--",  "\"",
        "'",         "`",     ":",     "/",         "|",    "_",    "*",   "(",   ")",   "[",
        "]",         "#",     "&",     "+",         "=",    "~",    ", ",  " - ", "...", "\033[200~",
        "\033[201~", "[200~", "[201~", "\033[0;1m", "\xa0", "\x96", "\x93"};
    char mark[5];

    (void)state;
    for (size_t i = 0; i < sizeof ascii / sizeof ascii[0]; i++)
        all_around(ascii[i]);
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++)
        for (uint32_t cp = apart[i][0]; cp <= apart[i][1]; cp++) {
            utf8(cp, mark);
            all_around(mark);
        }
}

static void numberings_separate(void **state)
{
    static const char *const lines[] = {
        "1. acid 2. academic 3. zero",
        "1) acid 2) academic 3) zero",
        "1.acid 2.academic 3.zero",
        "(1) acid, (2) academic, (3) zero",
        "1: acid; 2: academic; 3: zero.",
        "[1] acid [2] academic [3] zero",
        "   1  ACID         2  ACADemic     3  ZERO",
        "#1 acid #2 academic #3 zero",
        "\"1. acid\",\"2. academic\",\"3. zero\"",
        "1.\xc2\xa0"
        "acid 2.\xc2\xa0"
        "academic 3.\xc2\xa0zero",
        "\xe2\x91\xa0 acid \xe2\x91\xa1 academic \xe2\x91\xa2 zero",
        "\xef\xbc\x91\xef\xbc\x8e acid 2 academic 3 zero",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        three_words(lines[i], strlen(lines[i]));
}

/* A slip is one word that is not in the list, in its place, whatever the finger hit. */
static void a_slip_stays_one_word(void **state)
{
    static const char *const slips[] = {"aca,emic",
                                        "aca;emic",
                                        "ac[demic",
                                        "aca.emic",
                                        "ac'demic",
                                        "aca\xc3\xa9mic",
                                        "aca\xd0\xb4"
                                        "emic",
                                        "aca?emic",
                                        "ac/demic",
                                        "ac4demic",
                                        "aca\xef\xbc\x8c"
                                        "emic"};
    struct bg_shareline l;
    char line[LINE];

    (void)state;
    for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
        (void)snprintf(line, sizeof line, "acid %s zero", slips[i]);
        bg_shareline_read(line, strlen(line), &l);
        assert_int_equal(l.count, 3);
        assert_true(!l.unknown[0] && l.unknown[1] && !l.unknown[2]);
    }
}

static void wide(const char *in, char *out, size_t cap)
{
    char form[5];
    size_t n = 0;

    for (; *in != '\0'; in++) {
        utf8(*in == ' ' ? 0x3000 : (uint32_t)*in + 0xfee0, form);
        n += (size_t)snprintf(out + n, cap - n, "%s", form);
    }
}

static void full_width_letters(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    char line[LINE], typed[3 * LINE];

    (void)state;
    wide("acid ACADemic Zero", typed, sizeof typed);
    three_words(typed, strlen(typed));
    wide("1. acid, 2. academic; 3. zero.", typed, sizeof typed);
    three_words(typed, strlen(typed));
    two_of_three(NULL);
    text_of(words, card(0, words), 4, " ", line, sizeof line);
    wide(line, typed, sizeof typed);
    feed(typed);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
    two_of_three(NULL);
    text_of(words, 5, 4, "", line, sizeof line); /* words of the card before: the form is what counts */
    wide(line, typed, sizeof typed);
    feed(typed);
    assert_int_equal(typer.have, 5);
    assert_memory_equal(typer.words, words, 5 * sizeof words[0]);
    wide("?", typed, sizeof typed);
    feed(typed);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
}

/* As a PDF may hold them: one character that shows two or three letters. */
static void ligatures(void **state)
{
    static const char *const pairs[][2] = {{"ffi", "\xef\xac\x83"}, {"ffl", "\xef\xac\x84"},
                                           {"ff", "\xef\xac\x80"},  {"fi", "\xef\xac\x81"},
                                           {"fl", "\xef\xac\x82"},  {"st", "\xef\xac\x86"}};
    struct bg_shareline l;
    size_t changed = 0;
    char typed[32];

    (void)state;
    for (uint16_t i = 0; i < 1024; i++)
        for (size_t k = 0; k < sizeof pairs / sizeof pairs[0]; k++) {
            const char *word = slip39_word(i), *at = strstr(word, pairs[k][0]);
            if (at == NULL)
                continue;
            (void)snprintf(typed, sizeof typed, "%.*s%s%s", (int)(at - word), word, pairs[k][1],
                           at + strlen(pairs[k][0]));
            bg_shareline_read(typed, strlen(typed), &l);
            assert_int_equal(l.count, 1);
            assert_false(l.unknown[0]);
            assert_int_equal(l.word[0], i);
            changed++;
        }
    assert_true(changed > 40);
    bg_shareline_read("acid \xef\xac\x87 zero", 13, &l); /* the next one is none */
    assert_int_equal(l.count, 2);
}

/* What separates is drawn at random, as the line's parts are: the words never change. */
static void separators_never_change_the_words(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    static const uint8_t ascii[] = {' ', ',', ';', '.', '-', '"', '\'', '!'};
    uint32_t draw[64];
    char line[4 * LINE], mark[5];

    (void)state;
    for (size_t round = 0; round < 2000; round++) {
        struct bg_shareline l;
        size_t n = 0, count = 0;
        assert_int_equal(bg_random(draw, sizeof draw), BG_OK);
        for (size_t at = 0; count < 12 && n < BG_SHARELINE_MAX - 40; at += 2, count++) {
            const uint32_t *range = apart[draw[at] % (sizeof apart / sizeof apart[0])];
            words[count] = (uint16_t)(draw[at] >> 22);
            for (uint32_t k = 0; k <= draw[at + 1] % 3; k++) {
                uint32_t cp = range[0] + draw[at + 1] % (range[1] - range[0] + 1);
                utf8(k == 1 ? ascii[draw[at + 1] >> 8 & 7] : cp, mark);
                n += (size_t)snprintf(line + n, sizeof line - n, "%s", mark);
            }
            n += (size_t)snprintf(line + n, sizeof line - n, "%.*s", draw[at] & 0x100 ? 8 : 4,
                                  slip39_word(words[count]));
        }
        bg_shareline_read(line, n, &l);
        assert_int_equal(l.count, count);
        assert_memory_equal(l.word, words, count * sizeof words[0]);
        assert_int_equal(l.layout, BG_SHARELINE_PLAIN);
    }
}

/* A card of an older version: its numbers run downwards in four columns, and its rows were read. */
static size_t card_across(size_t i, uint16_t across[SLIP39_MAX_WORDS])
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t n = card(i, words), rows = (n + 3) / 4, to = 0;

    for (size_t row = 0; row < rows; row++)
        for (size_t k = row; k < n; k += rows)
            across[to++] = words[k];
    return n;
}

static void a_card_read_across(void **state)
{
    static const uint8_t lengths[] = {16, 32, 64};
    uint16_t across[SLIP39_MAX_WORDS];

    (void)state;
    for (size_t k = 0; k < sizeof lengths; k++) {
        struct slip39_params p = one_group(2, 3, lengths[k]);
        enroll(&p);
        size_t n = card_across(2, across);
        feed_words(across, n);
        expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
        assert_memory_equal(&typer.shares[0], &shares[2], sizeof shares[2]);
        across[7] = other(across[7]); /* with a slip in it nobody can tell */
        feed_words(across, n);
        expect(BG_SHARETYPER_MORE, BG_M_SHARE_SEVERAL_WRONG);
    }
}

/* The same, a line for each row, or for each word: its second word is none of the second place. */
static void a_card_read_across_in_lines(void **state)
{
    static const uint8_t lengths[] = {16, 32, 64};
    uint16_t across[SLIP39_MAX_WORDS];

    (void)state;
    for (size_t k = 0; k < sizeof lengths; k++)
        for (size_t each = 1; each <= 4; each += 3) {
            struct slip39_params p = one_group(2, 3, lengths[k]);
            enroll(&p);
            size_t n = card_across(2, across);
            for (size_t i = 0; i < n; i += each) {
                if (i > 0)
                    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
                feed_words(across + i, n - i < each ? n - i : each);
            }
            expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
            assert_memory_equal(&typer.shares[0], &shares[2], sizeof shares[2]);
        }
}

/* An empty paste, or a mark alone, is no line that drops what was typed. */
static void marks_alone(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    char line[LINE];

    (void)state;
    (void)card(0, words);
    text_of(words, 6, 0, " ", line, sizeof line);
    feed(line);
    feed(".");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    expect_arg(0, "6 words");
    feed("\033[200~?\033[201~");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    feed("\xc2\xa0");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    feed("\033[201~"); /* the last line of a paste that ended with a newline */
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    expect_arg(0, "6 words");
    feed(" \t");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_DROPPED);
}

/* --- slips and repairs --------------------------------------------------------------------------------- */

static void an_unknown_word_is_named(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    char line[LINE];
    size_t n = card(0, words), at;

    (void)state;
    at = text_of(words, 6, 0, " ", line, sizeof line);
    at += (size_t)snprintf(line + at, sizeof line - at, " xyxyx ");
    text_of(words + 7, n - 7, 0, " ", line + at, sizeof line - at);
    feed(line);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_UNKNOWN_WORD);
    expect_arg(0, "7");
    feed("xqxqx");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_UNKNOWN_WORD);
    expect_arg(0, "7");
    feed("acid acid");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_ONE_WORD);
    expect_arg(0, "7");
    feed(" ? ");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_ONE_WORD);
    feed_word(words[6]);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
}

static void unknown_words_are_asked_in_turn(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    char line[LINE];

    (void)state;
    (void)card(0, words);
    (void)snprintf(line, sizeof line, "%s xyxyx vvvv", slip39_word(words[0]));
    feed(line);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_UNKNOWN_WORD);
    expect_arg(0, "2");
    feed_word(words[1]);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_ONE_WORD);
    expect_arg(0, "3");
    feed_word(words[2]);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    expect_arg(0, "3 words");
    feed_words(words + 3, 17);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
}

static void a_slip_in_unspaced_text(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    char line[LINE];
    size_t n = card(0, words);

    (void)state;
    text_of(words, n, 4, "", line, sizeof line);
    memcpy(line + 4 * 8, "xyxy", 4);
    feed(line);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_UNKNOWN_WORD);
    expect_arg(0, "9");
    feed_word(words[8]);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
}

static void a_letter_lost_in_unspaced_text(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    char line[LINE];
    size_t n = card(0, words);

    (void)state;
    text_of(words, n, 4, "", line, sizeof line);
    memcpy(line + 4 * 8, "xxy", 3);
    memmove(line + 4 * 8 + 3, line + 4 * 9, strlen(line + 4 * 9) + 1);
    feed(line);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_LOST_TRACK);
    expect_arg(0, "9");
    expect_arg(1, "words 1-8 are kept");
    feed("?");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    expect_arg(0, "8 words");
    feed_words(words + 8, n - 8);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
}

/* Asked to go on from word 9, the person types the whole card again. */
static void a_whole_share_begins_again(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t n = card(0, words);

    (void)state;
    feed_words(words, 8);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    feed_words(words, n);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
}

static void a_wrong_word_is_named(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    char at[24];
    size_t n;

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        two_of_three(NULL);
        n = card(0, words);
        words[i] = other(words[i]);
        feed_words(words, n);
        expect(BG_SHARETYPER_MORE, BG_M_SHARE_WORD_WRONG);
        (void)snprintf(at, sizeof at, "%zu", i + 1);
        expect_arg(0, at);
        feed_word(other(words[i]));
        expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
    }
}

static void swapped_words_are_named(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS], first;
    size_t n = card(0, words);

    (void)state;
    assert_int_not_equal(words[0], words[1]);
    first = words[0];
    words[0] = words[1];
    words[1] = first;
    feed_words(words, n);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_SWAPPED);
    expect_arg(0, "1");
    expect_arg(1, "2");
    feed_word(words[1]);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_ONE_WORD);
    expect_arg(0, "2");
    feed_word(words[0]);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
}

static void a_missing_word_is_named(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS], gone;
    size_t n = card(0, words);

    (void)state;
    gone = words[2]; /* "academic", unlike its neighbours here */
    for (size_t i = 2; i + 1 < n; i++)
        words[i] = words[i + 1];
    feed_words(words, n - 1);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_MISSING_WORD);
    expect_arg(0, "3");
    feed_word(gone);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
    n = card(1, words);
    feed_words(words, n - 1); /* only the end is to come: nothing is missing */
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    expect_arg(0, "19 words");
    feed_word(words[n - 1]);
    expect(BG_SHARETYPER_READY, BG_M_SHARE_TAKEN);
}

static void an_extra_word_is_named(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS + 1];
    size_t n = card(0, words);

    (void)state;
    for (size_t i = n; i > 2; i--)
        words[i] = words[i - 1];
    words[2] = 555;
    feed_words(words, n + 1);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_EXTRA_WORD);
    expect_arg(0, "3");
    feed("?");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_EXTRA_WORD);
    feed("4");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_EXTRA_WORD);
    feed("3");
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
    n = card(1, words);
    words[n] = 0;
    feed_words(words, n + 1);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_EXTRA_WORD);
    feed_words(words, n); /* or all of it again */
    expect(BG_SHARETYPER_READY, BG_M_SHARE_TAKEN);
}

/* Enter makes the repair that was offered: on a keyboard of another layout a "y" or a digit may not arrive.
 */
static void enter_repairs(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS + 1], first;
    size_t n = card(0, words), at = 6;

    (void)state;
    while (words[at] == words[at + 1]) /* they are drawn */
        at++;
    first = words[at];
    words[at] = words[at + 1];
    words[at + 1] = first;
    feed_words(words, n);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_SWAPPED);
    assert_true(bg_sharetyper_repairs(&typer));
    feed("?");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_SWAPPED);
    feed("");
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
    assert_memory_equal(&typer.shares[0], &shares[0], sizeof shares[0]);
    n = card(1, words);
    for (size_t i = n; i > 9; i--)
        words[i] = words[i - 1];
    words[9] = 555;
    feed_words(words, n + 1);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_EXTRA_WORD);
    assert_true(bg_sharetyper_repairs(&typer));
    feed("");
    expect(BG_SHARETYPER_READY, BG_M_SHARE_TAKEN);
    assert_false(bg_sharetyper_repairs(&typer));
}

/* One Enter too many where one word is waited for costs no card; the second one does. */
static void a_blank_line_while_one_word_is_waited_for(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t n = card(0, words);

    (void)state;
    words[12] = other(words[12]);
    feed_words(words, n);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_WORD_WRONG);
    assert_false(bg_sharetyper_repairs(&typer));
    feed("");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_ONE_WORD);
    expect_arg(0, "13");
    feed_word(other(words[12]));
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
    n = card(1, words);
    words[12] = other(words[12]);
    feed_words(words, n);
    feed("");
    feed("acid acid");
    feed("");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_ONE_WORD);
    feed("");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_DROPPED);
}

/* Of another set, typed line by line: told at its second word; not while the first one is right, since the
 * second may be the head of another column. */
static void a_wrong_card_is_told_at_its_second_word(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];

    (void)state;
    (void)card(0, words);
    feed_word(other(words[0]));
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    feed_word(words[1]);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_OTHER_BEGIN);
    assert_int_equal(typer.have, 0);
    words[0] = other(words[0]);
    feed_words(words, 7);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_OTHER_BEGIN);
    (void)card(0, words);
    words[1] ^= 1; /* the exponent alone */
    feed_words(words, 2);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    feed("");
    (void)card(0, words);
    feed_words(words, 2);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
}

/* The third word tells the group. */
static void a_card_of_a_group(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];

    (void)state;
    (void)card(4, words);
    feed_words(words, 2);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    expect_arg(2, "");
    feed_word(words[2]);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    expect_arg(2, " of a card of group 3");
    feed("");
    words[1] = other(words[1]); /* then the third is of no third place either */
    feed_words(words, 3);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    expect_arg(2, "");
}

static void expect_prompt(const char *lead, const char *wanted)
{
    char out[80];

    bg_sharetyper_prompt(&typer, lead, out, sizeof out);
    assert_string_equal(out, wanted);
}

static void prompts(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t n = card(0, words);

    (void)state;
    expect_prompt("", "Words 1-20, hidden: ");
    expect_prompt("Next card", "Next card, words 1-20, hidden: ");
    feed_words(words, 8);
    expect_prompt("Next card", "Words 9-20, hidden: ");
    feed_words(words + 8, 11);
    expect_prompt("", "Word 20, hidden: ");
    feed("vvvv");
    expect_prompt("", "Word 20 only: ");
    feed_words(words, n);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
}

static void too_many_words(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS + 30] = {0};

    (void)state;
    feed_words(words, 24);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_TOO_MANY_WORDS);
    expect_arg(0, "20");
    assert_int_equal(typer.have, 0);
    feed_words(words, 89);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_TOO_MANY_WORDS);
    (void)card(0, words);
    feed_words(words, 19);
    feed("acid vvvv acid vvvv");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_TOO_MANY_WORDS);
    assert_int_equal(typer.have, 0);
}

static void several_wrong_words(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t n = card(0, words);

    (void)state;
    words[5] = other(words[5]);
    words[9] = other(words[9]);
    feed_words(words, n);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_SEVERAL_WRONG);
    assert_int_equal(typer.have, 0);
    feed_card(0);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
}

static void repairs_are_bounded(void **state)
{
    (void)state;
    for (int i = 0; i < BG_SHARETYPER_REPAIRS_MAX; i++) {
        feed("xyxy");
        expect(BG_SHARETYPER_MORE, BG_M_SHARE_UNKNOWN_WORD);
        expect_arg(0, "1");
    }
    feed("xyxy");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_START_AGAIN);
    expect_arg(0, "8");
    assert_int_equal(typer.have, 0);
    feed_card(2); /* and the next share has all its repairs again */
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
    feed("xyxy");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_UNKNOWN_WORD);
}

/* A word that is wrong on the card itself ends in the same bound. */
static void the_same_wrong_word_again_and_again(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t n = card(0, words);

    (void)state;
    words[7] = other(words[7]);
    feed_words(words, n);
    for (int i = 1; i < BG_SHARETYPER_REPAIRS_MAX; i++) {
        feed_word(words[7]);
        expect(BG_SHARETYPER_MORE, BG_M_SHARE_WORD_WRONG);
        expect_arg(0, "8");
    }
    feed_word(words[7]);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_START_AGAIN);
}

static void a_whole_share_answers_a_repair(void **state)
{
    (void)state;
    feed("acid vvvv");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_UNKNOWN_WORD);
    feed_card(1);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
}

static void a_blank_line_drops_the_share(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];

    (void)state;
    feed("");
    expect(BG_SHARETYPER_MORE, NULL);
    feed_words(words, 0 * card(0, words));
    expect(BG_SHARETYPER_MORE, NULL);
    feed_words(words, 5);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_PROGRESS);
    feed(" \t ");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_DROPPED);
    feed("?");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_NO_WORD);
    expect_arg(0, "2 cards are needed");
    expect_arg(1, "20");
    feed("3. - ");
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_NO_WORD);
}

static void long_lines_are_refused(void **state)
{
    char line[LINE];

    (void)state;
    memset(line, ' ', sizeof line);
    line[512] = '\0';
    feed(line);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_LINE_LONG);
    line[511] = '\0';
    feed(line);
    expect(BG_SHARETYPER_MORE, NULL);
    memset(line, 'v', 511);
    feed(line);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_LOST_TRACK);
}

/* --- does it belong here? ------------------------------------------------------------------------------- */

/* Enroll 2 of 3, but type card 0 after `change`; the share must be refused with `msg`. */
#define FOREIGN(change, message)                                                                             \
    do {                                                                                                     \
        two_of_three(NULL);                                                                                  \
        shares[0].change;                                                                                    \
        feed_card(0);                                                                                        \
        expect(BG_SHARETYPER_MORE, message);                                                                 \
        assert_int_equal(typer.taken, 0);                                                                    \
        assert_int_equal(typer.have, 0);                                                                     \
    } while (0)

static void foreign_shares(void **state)
{
    (void)state;
    FOREIGN(id ^= 1, BG_M_SHARE_OTHER_SET);
    FOREIGN(extendable = false, BG_M_SHARE_OTHER_SET);
    FOREIGN(exponent = 15, BG_M_SHARE_OTHER_SET);
    FOREIGN(group_count = 2, BG_M_SHARE_OTHER_RULES);
    FOREIGN(group_count = shares[0].group_threshold = 2, BG_M_SHARE_OTHER_RULES);
    FOREIGN(member_threshold = 3, BG_M_SHARE_OTHER_RULES);
    FOREIGN(member_index = 3, BG_M_SHARE_OTHER_RULES);
    FOREIGN(bytes = 32, BG_M_SHARE_LENGTH);
    expect_arg(0, "33");
    expect_arg(1, "20");
    FOREIGN(value[7] ^= 1; set.cards = 1; bg_share_card_at(&set.card[0], 1, 1, 0);
            memset(set.card[0].check, 1, BG_CARD_CHECK), BG_M_SHARE_NOT_GENUINE);
    expect_arg(0, "1");
    FOREIGN(id ^= 1; set.id ^= 3; bg_shareset_retire(&set, "", &set); set.id ^= 3;
            shares[0].id ^= 2, BG_M_SHARE_OLD_SET);
    {
        struct slip39_params p = one_group(2, 3, 32);
        enroll(&p);
        shares[0].bytes = 16;
        feed_card(0);
        expect(BG_SHARETYPER_MORE, BG_M_SHARE_LENGTH);
        expect_arg(0, "20");
        expect_arg(1, "33");
    }
}

static void a_broken_maker(void **state)
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t n = card(0, words);

    (void)state;
    words[4] |= 0x200; /* a padding bit */
    rs1024_seal(true, words, n);
    feed_words(words, n);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_INVALID);
}

static void doubles_and_forgeries(void **state)
{
    struct slip39_params p = one_group(3, 5, 16);

    (void)state;
    enroll(&p);
    feed_card(4);
    feed_card(2);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
    feed_card(2);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_TWICE);
    expect_arg(0, "3");
    shares[4].value[0] ^= 1;
    feed_card(4);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_FORGED);
    expect_arg(0, "5");
    feed_card(0);
    expect(BG_SHARETYPER_READY, BG_M_SHARE_TAKEN);
    assert_int_equal(typer.taken, 3);
    assert_int_equal(bg_sharetyper_recover(&typer, "bg1", &here), BG_OK);
}

static void expect_progress(unsigned taken, unsigned needed)
{
    unsigned have, need;

    bg_sharetyper_progress(&typer, &have, &need);
    assert_int_equal(have, taken);
    assert_int_equal(need, needed);
}

static void groups(void **state)
{
    (void)state;
    expect_progress(0, 3);
    shares[0].group_threshold = 1;
    feed_card(0);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_OTHER_RULES);
    shares[0].group_threshold = 2;
    feed("?");
    expect_arg(0, "Still needed: 2 more groups: 1 of group 1 or 2 of group 2 or 3 of group 3");
    feed_card(6);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
    expect_arg(0, "3 of group 3");
    expect_arg(1, "Still needed: 2 of group 3, 1 more group: 1 of group 1 or 2 of group 2");
    expect_progress(1, 4); /* one of three of its group: the others are as near as before */
    feed_card(1);
    expect_progress(2, 4);
    feed_card(3);
    expect_progress(3, 4);
    feed_card(2);
    expect(BG_SHARETYPER_MORE, BG_M_SHARE_GROUP_DONE);
    expect_arg(0, "group 2");
    feed_card(0);
    expect(BG_SHARETYPER_READY, BG_M_SHARE_TAKEN);
    expect_arg(1, "All cards are in");
    expect_progress(3, 3); /* the lone one of group 3 is gone */
    assert_int_equal(bg_sharetyper_recover(&typer, "bg1", &here), BG_OK);
    feed_card(5);
    expect(BG_SHARETYPER_READY, NULL);
}

static void recovery(void **state)
{
    (void)state;
    feed_card(2);
    expect(BG_SHARETYPER_TAKEN, BG_M_SHARE_TAKEN);
    expect_progress(1, 2);
    feed_card(0);
    expect(BG_SHARETYPER_READY, BG_M_SHARE_TAKEN);
    expect_progress(2, 2);
    assert_int_equal(bg_sharetyper_recover(&typer, "bg1", &here), BG_OK);
    assert_int_equal(bg_sharetyper_recover(&typer, "bg2", &here),
                     BG_OK); /* it depends on its own file alone */
    assert_int_equal(bg_sharetyper_recover(&typer, "bg1", &(struct bg_identity){.name = ""}), BG_OK);
    set.salt[0] ^= 1;
    assert_int_equal(bg_sharetyper_recover(&typer, "bg1", &here), BG_E_MISMATCH);
    set.salt[0] ^= 1;
    set.verifier[31] ^= 1;
    assert_int_equal(bg_sharetyper_recover(&typer, "bg1", &here), BG_E_MISMATCH);
    set.verifier[31] ^= 1;
    assert_int_equal(bg_sharetyper_recover(&typer, "bg1", &here), BG_OK);
    typer.shares[1].value[9] ^= 1;
    assert_int_equal(bg_sharetyper_recover(&typer, "bg1", &here), BG_E_MISMATCH);
}

/* What an older version made: it opens where it was made, and says what is wrong elsewhere. */
static void recovery_of_an_old_set(void **state)
{
    uint8_t secret[SLIP39_MAX_BYTES];
    size_t n;

    (void)state;
    assert_int_equal(slip39_combine(shares, 2, "", secret, &n), BG_OK);
    assert_int_equal(bg_shareset_verifier_v1(secret, n, "bg1", here.machine, set.salt, set.verifier), BG_OK);
    set.host[0] = '\0';
    feed_card(0);
    feed_card(1);
    expect(BG_SHARETYPER_READY, BG_M_SHARE_TAKEN);
    assert_int_equal(bg_sharetyper_recover(&typer, "bg1", &here), BG_OK);
    assert_int_equal(bg_sharetyper_recover(&typer, "bg2", &here), BG_E_NOENT);
    assert_int_equal(bg_sharetyper_recover(&typer, "bg1", &(struct bg_identity){.name = "host"}), BG_E_NOENT);
    typer.shares[1].value[9] ^= 1; /* that is no question of the host */
    assert_int_equal(bg_sharetyper_recover(&typer, "bg1", &here), BG_E_MISMATCH);
    typer.shares[1].value[9] ^= 1;
    /* made without a machine id: by the name, also after an id was given */
    assert_int_equal(bg_shareset_verifier_v1(secret, n, "bg1", "host", set.salt, set.verifier), BG_OK);
    assert_int_equal(bg_sharetyper_recover(&typer, "bg1", &here), BG_OK);
    assert_int_equal(bg_sharetyper_recover(&typer, "bg1", &(struct bg_identity){.name = "tsoh"}), BG_E_NOENT);
}

static void wiping_leaves_nothing(void **state)
{
    const uint8_t *p = (const uint8_t *)&typer;

    (void)state;
    feed_card(2);
    feed("acid acad");
    bg_sharetyper_wipe(&typer);
    for (size_t i = 0; i < sizeof typer; i++)
        assert_int_equal(p[i], 0);
}

static void every_message_was_met(void **state)
{
    (void)state;
#define BG_MESSAGE(number, name, what, means, next)                                                          \
    if (!seen[number])                                                                                       \
        fail_msg("no test has met BG%u", number);
#include "share/messages.def"
#undef BG_MESSAGE
}

int main(void)
{
#define ON_TWO_OF_THREE(f) cmocka_unit_test_setup(f, two_of_three)
    const struct CMUnitTest tests[] = {
        ON_TWO_OF_THREE(every_way_to_write),
        ON_TWO_OF_THREE(numbered_lines),
        cmocka_unit_test(a_full_word_is_one_word),
        cmocka_unit_test(two_words_in_one_run),
        cmocka_unit_test(layouts_keep_words_apart),
        cmocka_unit_test(layouts_are_tried),
        cmocka_unit_test(whatever_is_no_letter_separates),
        cmocka_unit_test(numberings_separate),
        cmocka_unit_test(a_slip_stays_one_word),
        cmocka_unit_test(full_width_letters),
        cmocka_unit_test(ligatures),
        cmocka_unit_test(a_card_read_across),
        cmocka_unit_test(a_card_read_across_in_lines),
        cmocka_unit_test(separators_never_change_the_words),
        ON_TWO_OF_THREE(marks_alone),
        ON_TWO_OF_THREE(an_unknown_word_is_named),
        ON_TWO_OF_THREE(unknown_words_are_asked_in_turn),
        ON_TWO_OF_THREE(a_slip_in_unspaced_text),
        ON_TWO_OF_THREE(a_letter_lost_in_unspaced_text),
        ON_TWO_OF_THREE(a_whole_share_begins_again),
        ON_TWO_OF_THREE(a_wrong_word_is_named),
        ON_TWO_OF_THREE(swapped_words_are_named),
        ON_TWO_OF_THREE(a_missing_word_is_named),
        ON_TWO_OF_THREE(an_extra_word_is_named),
        ON_TWO_OF_THREE(enter_repairs),
        ON_TWO_OF_THREE(a_blank_line_while_one_word_is_waited_for),
        ON_TWO_OF_THREE(a_wrong_card_is_told_at_its_second_word),
        cmocka_unit_test_setup(a_card_of_a_group, three_groups),
        ON_TWO_OF_THREE(prompts),
        ON_TWO_OF_THREE(too_many_words),
        ON_TWO_OF_THREE(several_wrong_words),
        ON_TWO_OF_THREE(repairs_are_bounded),
        ON_TWO_OF_THREE(the_same_wrong_word_again_and_again),
        ON_TWO_OF_THREE(a_whole_share_answers_a_repair),
        ON_TWO_OF_THREE(a_blank_line_drops_the_share),
        ON_TWO_OF_THREE(long_lines_are_refused),
        cmocka_unit_test(foreign_shares),
        ON_TWO_OF_THREE(a_broken_maker),
        cmocka_unit_test(doubles_and_forgeries),
        cmocka_unit_test_setup(groups, three_groups),
        ON_TWO_OF_THREE(recovery),
        ON_TWO_OF_THREE(recovery_of_an_old_set),
        ON_TWO_OF_THREE(wiping_leaves_nothing),
        cmocka_unit_test(every_message_was_met),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
