/* SPDX-License-Identifier: ISC */
/*
 * Share lines: any bytes, cut at newlines, typed at the share prompt of a fixed 2-of-3 set. Whatever comes,
 * the prompt says numbers only, keeps its bounds, and takes no share that is not of the set. A line that has
 * no-break spaces in place of its blanks is read as the same words.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/secret.h"
#include "share/shareline.h"
#include "share/sharetyper.h"

static struct bg_sharetyper typer;

static void must(int holds)
{
    if (!holds)
        abort();
}

/* The set of the official vector no. 4: "shadow pistol academic ...". */
static const struct bg_shareset set = {
    .id = 25653, .exponent = 2, .group_threshold = 1, .group_count = 1, .group = {{2, 3}}, .bytes = 16};

/* Digits and the words of the phrases: nothing of what was typed comes back. */
static bool is_public(const char *arg)
{
    static const char known[] = " word words is are kept nothing of a card cards more needed Still All in ";
    char copy[BG_SHARE_TEXT], padded[BG_SHARE_TEXT + 2], *rest = copy, *piece;

    (void)snprintf(copy, sizeof copy, "%s", arg);
    while ((piece = strsep(&rest, " ,:-0123456789")) != NULL) {
        (void)snprintf(padded, sizeof padded, " %s ", piece);
        if (*piece != '\0' && strstr(known, padded) == NULL)
            return false;
    }
    return true;
}

static void check(const struct bg_sharetyper_reply *r)
{
    char text[BG_MSG_MAX];

    must(r->state >= BG_SHARETYPER_MORE && r->state <= BG_SHARETYPER_READY);
    must(typer.have <= BG_SHARETYPER_WORDS && typer.fix <= typer.have + 1 && typer.drop <= typer.have);
    must(typer.repairs <= BG_SHARETYPER_REPAIRS_MAX && typer.taken <= 2);
    must((r->state == BG_SHARETYPER_READY) == (typer.taken == 2));
    for (size_t i = 0; r->msg != NULL && i < 3; i++)
        must(is_public(r->arg[i]));
    for (size_t i = 0; i < typer.taken; i++)
        must(typer.shares[i].id == set.id && typer.shares[i].bytes == set.bytes);
    if (r->msg != 0)
        must(bg_msg_full(text, sizeof text, r->msg, BG_ARGS(r->arg[0], r->arg[1], r->arg[2])) < sizeof text);
}

static void other_blanks(const char *line, size_t len)
{
    struct bg_shareline a, b;
    char text[BG_SHARELINE_MAX];
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (n + 2 > sizeof text)
            return;
        if (line[i] == ' ')
            text[n++] = '\302';
        text[n++] = line[i] == ' ' ? '\240' : line[i];
    }
    bg_shareline_read(line, len, &a);
    bg_shareline_read(text, n, &b);
    must(a.count == b.count && a.layout == b.layout && a.cut == b.cut && a.number == b.number);
    for (size_t i = 0; i < a.count; i++)
        must(a.unknown[i] == b.unknown[i] && (a.unknown[i] || a.word[i] == b.word[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data, *end = p + size;
    struct bg_sharetyper_reply reply;

    bg_sharetyper_start(&typer, &set);
    while (p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((stop == NULL ? end : stop) - p);
        bg_sharetyper_feed(&typer, p, len, &reply);
        check(&reply);
        other_blanks(p, len);
        p += len + 1;
    }
    bg_sharetyper_wipe(&typer);
    return 0;
}
