/* SPDX-License-Identifier: ISC */
#include "share/sharetyper.h"

#include <stdio.h>
#include <string.h>
#include "base/secret.h"
#include "share/messages.h"

void bg_sharetyper_start(struct bg_sharetyper *t, const struct bg_shareset *set)
{
    bg_sharetyper_wipe(t);
    t->set = set;
    t->need_words = slip39_words_for(set->bytes);
}

void bg_sharetyper_wipe(struct bg_sharetyper *t)
{
    bg_wipe(t, sizeof *t);
}

/* Forget the share being typed; the accepted ones stay. */
static void drop_share(struct bg_sharetyper *t)
{
    bg_wipe(t->words, sizeof t->words);
    memset(t->wanted, 0, sizeof t->wanted);
    t->have = t->fix = t->drop = 0;
    t->fix_missing = t->swap = t->blank = false;
    t->repairs = 0;
    t->layout = BG_SHARELINE_PLAIN;
}

static void put_arg(struct bg_sharetyper_reply *out, size_t i, const char *text)
{
    (void)snprintf(out->arg[i], sizeof out->arg[i], "%s", text);
}

static void say(struct bg_sharetyper_reply *out, const struct bg_message *msg, size_t a, size_t b)
{
    out->msg = msg;
    (void)snprintf(out->arg[0], sizeof out->arg[0], "%zu", a);
    (void)snprintf(out->arg[1], sizeof out->arg[1], "%zu", b);
    out->arg[2][0] = '\0';
}

static void say_and_drop(struct bg_sharetyper *t, struct bg_sharetyper_reply *out,
                         const struct bg_message *msg, size_t a, size_t b)
{
    say(out, msg, a, b);
    drop_share(t);
}

/* One more repair of this share; beyond the limit the share starts again, whatever else there was to say. */
static void repair(struct bg_sharetyper *t, struct bg_sharetyper_reply *out, const struct bg_message *msg,
                   size_t a, size_t b)
{
    if (++t->repairs > BG_SHARETYPER_REPAIRS_MAX)
        say_and_drop(t, out, BG_M_SHARE_START_AGAIN, BG_SHARETYPER_REPAIRS_MAX, 0);
    else
        say(out, msg, a, b);
}

static size_t first_wanted(const struct bg_sharetyper *t)
{
    for (size_t i = 0; i < t->have; i++)
        if (t->wanted[i])
            return i + 1;
    return 0;
}

/* The fields of a share that its first three words hold (slip39.h); all of them are public. */
static struct slip39_share head_of(const struct bg_sharetyper *t)
{
    uint32_t two = slip39_public((uint32_t)t->words[0] << 10 | t->words[1]);

    return (struct slip39_share){.id = (uint16_t)(two >> 5),
                                 .extendable = (two >> 4 & 1) != 0,
                                 .exponent = (uint8_t)(two & 15),
                                 .group_index = (uint8_t)slip39_public(t->words[2] >> 6 & 15u)};
}

/* Do the first two words say that it is of the set? */
static bool begins_right(const struct bg_sharetyper *t)
{
    struct slip39_share head = head_of(t);

    return head.id == t->set->id && head.extendable == t->set->extendable &&
           head.exponent == t->set->exponent;
}

/* Of which group the card is, as soon as its third word is there. */
static void say_group(const struct bg_sharetyper *t, struct bg_sharetyper_reply *out)
{
    char group[BG_SHARE_TEXT];

    if (t->set->group_count < 2 || t->have < 3 || t->wanted[2] || !begins_right(t) ||
        head_of(t).group_index >= t->set->group_count)
        return;
    bg_share_group_text(t->set, head_of(t).group_index, group);
    (void)snprintf(out->arg[2], sizeof out->arg[2], " of a card of %.*s", BG_SHARE_TEXT - 20, group);
}

static void say_progress(const struct bg_sharetyper *t, struct bg_sharetyper_reply *out)
{
    if (t->drop != 0) {
        say(out, BG_M_SHARE_EXTRA_WORD, t->drop, 0);
    } else if (t->swap) {
        say(out, BG_M_SHARE_SWAPPED, t->fix, t->fix + 1);
    } else if (t->fix != 0) {
        say(out, BG_M_SHARE_ONE_WORD, t->fix, t->need_words);
    } else if (t->have == 0) {
        say(out, BG_M_SHARE_NO_WORD, 0, t->need_words);
        bg_share_lack_text(t->set, t->shares, t->taken, out->arg[0]);
    } else {
        say(out, BG_M_SHARE_PROGRESS, 0, t->have + 1);
        put_arg(out, 0, BG_COUNTED(t->have, "word"));
        say_group(t, out);
    }
}

/* What a refusal names: a card by its number, a group, or counts. */
static void say_refused(struct bg_sharetyper *t, struct bg_sharetyper_reply *out,
                        const struct bg_message *msg, const struct slip39_share *s)
{
    say_and_drop(t, out, msg, 0, 0);
    if (msg == BG_M_SHARE_GROUP_DONE)
        bg_share_group_text(t->set, s->group_index, out->arg[0]);
    else
        bg_share_card_text(t->set, s, out->arg[0]);
}

static void say_taken(struct bg_sharetyper *t, struct bg_sharetyper_reply *out, const struct slip39_share *s)
{
    static const struct bg_message *const taken[] = {BG_M_SHARE_TAKEN, BG_M_SHARE_TAKEN_QWERTZ,
                                                     BG_M_SHARE_TAKEN_AZERTY};

    say_and_drop(t, out, taken[t->layout], 0, 0);
    bg_share_card_text(t->set, s, out->arg[0]);
    bg_share_lack_text(t->set, t->shares, t->taken, out->arg[1]);
}

/* The share is complete and its checksum fits: does it belong here? */
static void take(struct bg_sharetyper *t, struct bg_sharetyper_reply *out)
{
    struct slip39_share s = {0};
    size_t number = 0;
    const struct bg_message *msg = BG_M_SHARE_INVALID;

    if (slip39_decode(t->words, t->have, &s) == BG_OK)
        msg = bg_shareset_refuses(t->set, t->shares, t->taken, &s, &number);
    if (msg != NULL) {
        say_refused(t, out, msg, &s);
        goto out;
    }
    t->shares[t->taken++] = s;
    out->state = BG_SHARETYPER_TAKEN;
    if (bg_shareset_complete(t->set, t->shares, t->taken)) {
        t->taken = bg_shareset_prune(t->set, t->shares, t->taken);
        out->state = BG_SHARETYPER_READY;
    }
    say_taken(t, out, &s);
out:
    bg_wipe(&s, sizeof s);
}

#define OLD_COLUMNS 4

/* Cards of older versions are numbered downwards, in columns. One that was read across, as people do, is put
 * in order; true when its checksum fits then. */
static bool was_read_across(struct bg_sharetyper *t)
{
    uint16_t words[SLIP39_MAX_WORDS];
    size_t rows = (t->have + OLD_COLUMNS - 1) / OLD_COLUMNS, typed = 0;
    bool fits = t->have <= SLIP39_MAX_WORDS;

    for (size_t row = 0; fits && row < rows; row++)
        for (size_t i = row; i < t->have; i += rows)
            words[i] = t->words[typed++];
    fits = fits && slip39_checksum_ok(words, t->have);
    if (fits)
        memcpy(t->words, words, t->have * sizeof words[0]);
    bg_wipe(words, sizeof words);
    return fits;
}

/* The right number of words, but the checksum does not fit: say where, if one word or one swap explains it.
 */
static void diagnose(struct bg_sharetyper *t, struct bg_sharetyper_reply *out)
{
    size_t at;

    if (was_read_across(t)) {
        take(t, out);
    } else if (slip39_locate_error(t->words, t->have, &at) == BG_OK) {
        t->wanted[at] = true;
        t->fix = at + 1;
        repair(t, out, BG_M_SHARE_WORD_WRONG, t->fix, 0);
    } else if (slip39_locate_swap(t->words, t->have, &at) == BG_OK) {
        t->wanted[at] = t->wanted[at + 1] = true;
        t->fix = at + 1;
        t->swap = true;
        repair(t, out, BG_M_SHARE_SWAPPED, at + 1, at + 2);
    } else {
        say_and_drop(t, out, BG_M_SHARE_SEVERAL_WRONG, 0, 0);
    }
}

/*
 * Two words are there, and no share of the set begins with them: whoever types line by line shall not type 18
 * more in vain. After a first word of the set the second may be the head of a column, on an old card that is
 * read across.
 */
static const struct bg_message *begins_wrong(const struct bg_sharetyper *t)
{
    struct slip39_share head;

    if (t->have < 2 || begins_right(t) || slip39_public(t->words[0] == t->set->id >> 5))
        return NULL;
    head = head_of(t);
    return bg_shareset_old(t->set, &head) != NULL ? BG_M_SHARE_OLD_SET : BG_M_SHARE_OTHER_BEGIN;
}

/* Another number of words: a whole share of another length, or one word too many or too few. */
static void other_count(struct bg_sharetyper *t, struct bg_sharetyper_reply *out)
{
    struct slip39_share s;
    size_t at;

    if (slip39_decode(t->words, t->have, &s) == BG_OK) {
        bg_wipe(&s, sizeof s);
        say_and_drop(t, out, BG_M_SHARE_LENGTH, t->have, t->need_words);
    } else if (t->have + 1 == t->need_words && slip39_locate_missing(t->words, t->have, &at) == BG_OK &&
               at < t->have) {
        t->fix = at + 1;
        t->fix_missing = true;
        repair(t, out, BG_M_SHARE_MISSING_WORD, t->fix, 0);
    } else if (t->have == t->need_words + 1 && slip39_locate_extra(t->words, t->have, &at) == BG_OK) {
        t->drop = at + 1;
        repair(t, out, BG_M_SHARE_EXTRA_WORD, t->drop, 0);
    } else if (t->have > t->need_words) {
        say_and_drop(t, out, BG_M_SHARE_TOO_MANY_WORDS, t->need_words, 0);
    } else if (begins_wrong(t) != NULL) {
        say_and_drop(t, out, begins_wrong(t), 0, 0);
    } else {
        say_progress(t, out);
    }
}

/* Words came in: what does the share look like now? */
static void judge(struct bg_sharetyper *t, struct bg_sharetyper_reply *out)
{
    size_t wanted = first_wanted(t);

    if (wanted != 0 && t->have > t->need_words + 1) {
        say_and_drop(t, out, BG_M_SHARE_TOO_MANY_WORDS, t->need_words, 0);
    } else if (wanted != 0) {
        t->fix = wanted;
        repair(t, out, BG_M_SHARE_UNKNOWN_WORD, wanted, 0);
    } else if (t->have != t->need_words) {
        other_count(t, out);
    } else if (slip39_checksum_ok(t->words, t->have)) {
        take(t, out);
    } else {
        diagnose(t, out);
    }
}

/* A line that is a sound share by itself: somebody began again without saying so. */
static bool whole_share(const struct bg_sharetyper *t, const struct bg_shareline *l)
{
    if (l->overflow || l->cut || l->count != t->need_words)
        return false;
    for (size_t i = 0; i < l->count; i++)
        if (slip39_public(l->unknown[i]))
            return false;
    return slip39_checksum_ok(l->word, l->count);
}

static void lost_track(struct bg_sharetyper *t, struct bg_sharetyper_reply *out)
{
    size_t kept = t->have;

    repair(t, out, BG_M_SHARE_LOST_TRACK, kept + 1, 0);
    if (out->msg != BG_M_SHARE_LOST_TRACK)
        return;
    if (kept < 2)
        put_arg(out, 1, kept == 0 ? "nothing is kept" : "word 1 is kept");
    else
        (void)snprintf(out->arg[1], sizeof out->arg[1], "words 1-%zu are kept", kept);
}

static void append(struct bg_sharetyper *t, const struct bg_shareline *l, struct bg_sharetyper_reply *out)
{
    if (t->have > 0 && whole_share(t, l)) {
        t->have = 0;
        memset(t->wanted, 0, sizeof t->wanted);
    }
    if (l->overflow || t->have + l->count > BG_SHARETYPER_WORDS) {
        say_and_drop(t, out, BG_M_SHARE_TOO_MANY_WORDS, t->need_words, 0);
        return;
    }
    memcpy(t->words + t->have, l->word, l->count * sizeof l->word[0]);
    memcpy(t->wanted + t->have, l->unknown, l->count * sizeof l->unknown[0]);
    t->have += l->count;
    if (l->cut && first_wanted(t) == 0)
        lost_track(t, out);
    else if (t->have > 0)
        judge(t, out);
}

/* The line answers "type word N again": N alone, or the share as a whole. */
static void retype(struct bg_sharetyper *t, const struct bg_shareline *l, struct bg_sharetyper_reply *out)
{
    size_t at = t->fix - 1;

    if (l->count == t->need_words && !l->cut) {
        t->have = t->fix = 0;
        t->fix_missing = t->swap = false;
        append(t, l, out);
        return;
    }
    if (l->count != 1 || l->cut || l->unknown[0]) {
        repair(t, out, l->count == 1 && !l->cut ? BG_M_SHARE_UNKNOWN_WORD : BG_M_SHARE_ONE_WORD, t->fix,
               t->need_words);
        return;
    }
    if (t->fix_missing) {
        memmove(t->words + at + 1, t->words + at, (t->have - at) * sizeof t->words[0]);
        t->have++;
    }
    t->words[at] = l->word[0];
    t->wanted[at] = false;
    t->fix_missing = t->swap = false;
    t->fix = first_wanted(t);
    if (t->fix != 0)
        say_progress(t, out);
    else
        judge(t, out);
}

static void leave_out(struct bg_sharetyper *t, struct bg_sharetyper_reply *out)
{
    size_t at = t->drop - 1;

    t->drop = 0;
    memmove(t->words + at, t->words + at + 1, (t->have - at - 1) * sizeof t->words[0]);
    t->have--;
    judge(t, out);
}

/* The line answers "leave word N out?": its number, or the share as a whole. */
static void answer_drop(struct bg_sharetyper *t, const struct bg_shareline *l,
                        struct bg_sharetyper_reply *out)
{
    if (l->number == t->drop) {
        leave_out(t, out);
        return;
    }
    t->drop = t->have = 0;
    append(t, l, out);
}

static void swap(struct bg_sharetyper *t, struct bg_sharetyper_reply *out)
{
    size_t at = t->fix - 1;
    uint16_t first = t->words[at];

    t->words[at] = t->words[at + 1];
    t->words[at + 1] = first;
    bg_wipe(&first, sizeof first);
    t->wanted[at] = t->wanted[at + 1] = t->swap = false;
    t->fix = 0;
    judge(t, out);
}

/* An empty line: what was offered is done; else the share is dropped, while one word is waited for not at
 * once. */
static void feed_blank(struct bg_sharetyper *t, struct bg_sharetyper_reply *out)
{
    bool twice = t->blank;

    if (t->drop != 0) {
        leave_out(t, out);
    } else if (t->swap) {
        swap(t, out);
    } else if (t->fix != 0 && !twice) {
        t->blank = true;
        say(out, BG_M_SHARE_ONE_WORD, t->fix, t->need_words);
    } else if (t->have > 0) {
        say_and_drop(t, out, BG_M_SHARE_DROPPED, 0, 0);
    }
}

static void feed_words(struct bg_sharetyper *t, const char *line, size_t len, struct bg_sharetyper_reply *out)
{
    struct bg_shareline l;

    t->blank = false;
    bg_shareline_read(line, len, &l);
    if (l.layout != BG_SHARELINE_PLAIN)
        t->layout = l.layout;
    if (t->drop != 0 && (l.count > 0 || l.number == t->drop))
        answer_drop(t, &l, out);
    else if (l.count == 0 && !l.cut)
        say_progress(t, out);
    else if (t->fix != 0)
        retype(t, &l, out);
    else
        append(t, &l, out);
    bg_wipe(&l, sizeof l);
}

void bg_sharetyper_feed(struct bg_sharetyper *t, const char *line, size_t len,
                        struct bg_sharetyper_reply *out)
{
    *out = (struct bg_sharetyper_reply){.state = BG_SHARETYPER_MORE};
    if (bg_shareset_complete(t->set, t->shares, t->taken))
        out->state = BG_SHARETYPER_READY;
    else if (len > BG_SHARELINE_MAX)
        say(out, BG_M_SHARE_LINE_LONG, 0, 0);
    else if (bg_shareline_question(line, len))
        say_progress(t, out);
    else if (!bg_shareline_blank(line, len))
        feed_words(t, line, len, out);
    else
        feed_blank(t, out);
}

void bg_sharetyper_prompt(const struct bg_sharetyper *t, const char *lead, char *out, size_t cap)
{
    const char *before = t->have == 0 && lead[0] != '\0' ? lead : "";
    const char *words = before[0] != '\0' ? ", words" : "Words";

    if (t->drop > 0)
        (void)snprintf(out, cap, "Enter drops word %zu, or type the card again: ", t->drop);
    else if (t->swap)
        (void)snprintf(out, cap, "Enter swaps them, or type word %zu: ", t->fix);
    else if (t->fix > 0)
        (void)snprintf(out, cap, "Word %zu only: ", t->fix);
    else if (t->have + 1 == t->need_words)
        (void)snprintf(out, cap, "Word %zu, hidden: ", t->need_words);
    else
        (void)snprintf(out, cap, "%s%s %zu-%zu, hidden: ", before, words, t->have + 1, t->need_words);
}

bool bg_sharetyper_repairs(const struct bg_sharetyper *t)
{
    return t->drop > 0 || t->swap;
}

bool bg_sharetyper_refusal(const struct bg_message *msg)
{
    return (msg->number >= BG_M_SHARE_LENGTH->number && msg->number <= BG_M_SHARE_INVALID->number) ||
           msg == BG_M_SHARE_NOT_GENUINE || msg == BG_M_SHARE_OLD_SET;
}

void bg_sharetyper_progress(const struct bg_sharetyper *t, unsigned *taken, unsigned *needed)
{
    *taken = (unsigned)t->taken;
    *needed = *taken + bg_shareset_missing(t->set, t->shares, t->taken);
}

enum bg_err bg_sharetyper_secret(struct bg_sharetyper *t, const char *account, const struct bg_identity *host,
                                 uint8_t secret[SLIP39_MAX_BYTES])
{
    enum bg_err r;
    size_t n;

    if ((r = slip39_combine(t->shares, t->taken, "", secret, &n)) == BG_OK) {
        r = bg_shareset_verify(t->set, secret, n, account, host);
        if (r == BG_E_MISMATCH && t->set->host[0] == '\0')
            r = BG_E_NOENT;
    }
    if (r != BG_OK)
        bg_wipe(secret, SLIP39_MAX_BYTES);
    return r;
}

enum bg_err bg_sharetyper_recover(struct bg_sharetyper *t, const char *account,
                                  const struct bg_identity *host)
{
    uint8_t secret[SLIP39_MAX_BYTES];
    enum bg_err r = bg_sharetyper_secret(t, account, host, secret);

    bg_wipe(secret, sizeof secret);
    return r;
}
