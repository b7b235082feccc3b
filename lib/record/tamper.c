/* SPDX-License-Identifier: ISC */
#include "record/tamper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/safefile.h"
#include "record/messages.h"

/* A copy in /run that is ahead of the file: an older file was put back, or the file could not be written. */
static void take_mark(struct bg_known *k, const struct bg_head *mark, bool head)
{
    if (head && strcmp(mark->journalid, k->head.journalid) != 0)
        return;
    k->older = head && mark->newest.sequence > k->head.newest.sequence;
    k->missing = !head && !k->damaged && !k->unreadable;
    if (!head || k->older)
        k->head = *mark;
    k->known = true;
}

void bg_known_load(const char *dir, const char *run, struct bg_known *k)
{
    char path[PATH_MAX];
    struct bg_head mark;
    bool head;
    enum bg_err r;

    memset(k, 0, sizeof *k);
    bg_head_path(path, dir);
    r = bg_head_load(path, &k->head);
    head = k->known = r == BG_OK;
    k->unreadable = r == BG_E_IO;
    k->damaged = r == BG_E_SYNTAX || r == BG_E_UNSAFE;
    if (run == NULL)
        return;
    bg_mark_path(path, run);
    if (bg_head_load(path, &mark) == BG_OK)
        take_mark(k, &mark, head);
}

static bool same_boot(const struct bg_head *h)
{
    char boot[BG_BOOT_ID_LEN + 1];

    bg_host_boot_id(boot);
    return strcmp(boot, h->boot) == 0;
}

enum bg_agreement bg_tamper_judge(const struct bg_known *k, const struct bg_chain *end, const char *at)
{
    const struct bg_head *h = &k->head;

    if (!k->known)
        return BG_AGREES;
    if (end == NULL)
        return BG_TAMPER_EMPTY;
    if (strcmp(end->last.journalid, h->journalid) != 0)
        return BG_TAMPER_OTHER;
    if (end->last.sequence < h->durable.sequence)
        return BG_TAMPER_CUT;
    if (strcmp(at, h->durable.hash) != 0)
        return BG_TAMPER_CHANGED;
    if (end->last.sequence < h->newest.sequence)
        return same_boot(h) ? BG_TAMPER_CUT : BG_LINES_LOST;
    if (end->last.sequence == h->newest.sequence && strcmp(end->head, h->newest.hash) != 0)
        return BG_TAMPER_CHANGED;
    return BG_AGREES;
}

bool bg_tamper_torn_by_power(const struct bg_known *k, const struct bg_chain *end)
{
    const struct bg_head *h = &k->head;

    return k->known && !same_boot(h) && strcmp(end->last.journalid, h->journalid) == 0 &&
           end->last.sequence >= h->durable.sequence;
}

/* The line that begins at that place: does it follow the durable one? */
static bool follows(int dir, unsigned number, off_t from, const struct bg_head *h, char at[BG_HASH_HEX + 1])
{
    char *buf, *nl;
    size_t len;
    off_t size;
    struct bg_chain c;
    json_t *ev;
    int fd;
    bool good = false;

    if (bg_segment_open(dir, number, O_RDONLY, &fd, &size) != BG_OK)
        return false;
    if (size > from && bg_segment_load(fd, from, size - from > BG_LINE_MAX ? from + BG_LINE_MAX : size, &buf,
                                       &len) == BG_OK) {
        nl = memchr(buf, '\n', len);
        if (nl != NULL && bg_chain_parse(buf, (size_t)(nl - buf), &ev, &c) == BG_OK) {
            good = c.last.sequence == h->durable.sequence + 1;
            memcpy(at, c.head, BG_HASH_HEX + 1);
            json_decref(ev);
        }
        free(buf);
    }
    bg_close(fd);
    return good;
}

void bg_tamper_hash_at(int dir, const struct bg_head *h, const struct bg_chain *end, char at[BG_HASH_HEX + 1])
{
    if (end->last.sequence == h->durable.sequence)
        memcpy(at, end->head, BG_HASH_HEX + 1);
    else if (!follows(dir, h->segment, h->end, h, at) && !follows(dir, h->segment + 1, 0, h, at))
        at[0] = '\0';
}

void bg_tamper_resume(const struct bg_known *k, enum bg_agreement a, struct bg_chain *end)
{
    if (a != BG_TAMPER_EMPTY && a != BG_TAMPER_CUT && a != BG_LINES_LOST)
        return;
    memcpy(end->last.journalid, k->head.journalid, sizeof end->last.journalid);
    end->last.sequence = k->head.newest.sequence;
    memcpy(end->head, k->head.newest.hash, sizeof end->head);
}

/* --- in words --------------------------------------------------------------------------------- */

/* A file whose name goes on after a segment's: 000001.jsonl.1, 000001.jsonl-20261126.gz */
static bool find_copy(int dir, char *name, size_t cap)
{
    int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* closedir closes it */
    DIR *d = again < 0 ? NULL : fdopendir(again);
    const size_t own = sizeof "000001.jsonl" - 1;
    struct dirent *de;
    bool found = false;

    if (d == NULL) {
        bg_close(again);
        return false;
    }
    while (!found && (de = readdir(d)) != NULL)
        if (strlen(de->d_name) > own && strspn(de->d_name, "0123456789") == 6 &&
            strncmp(de->d_name + 6, ".jsonl", 6) == 0 && strstr(de->d_name, BG_ASIDE) == NULL) {
            (void)snprintf(name, cap, "%s", de->d_name);
            found = true;
        }
    (void)closedir(d);
    return found;
}

/* What has been done to it, as far as the directory tells. */
static void cause(const struct bg_head *h, int dir, char *out, size_t cap)
{
    char name[BG_SEGMENT_NAME], copy[64];
    struct stat st;

    bg_segment_name(name, h->segment);
    if (dir < 0)
        (void)snprintf(out, cap, "its directory is gone");
    else if (find_copy(dir, copy, sizeof copy))
        (void)snprintf(out, cap, "%s stands beside it, as a log rotation or a copy by hand leaves it", copy);
    else if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        (void)snprintf(out, cap, "%s was removed", name);
    else if (st.st_ino != h->inode)
        (void)snprintf(out, cap, "%s is another file now, as after a restored backup", name);
    else
        (void)snprintf(out, cap, "%s was cut in place, as truncate or a log rotation does", name);
}

static void say(struct bg_finding *f, const struct bg_message *m, unsigned args)
{
    f->message = m;
    for (unsigned i = 0; i < 4; i++)
        f->arg[i] = i < args ? f->text[i] : NULL;
    f->arg[4] = NULL;
}

static void number(char *out, uint64_t n)
{
    (void)snprintf(out, sizeof((struct bg_finding *)0)->text[0], "%" PRIu64, n);
}

static void copy_text(char *out, const char *s)
{
    (void)snprintf(out, sizeof((struct bg_finding *)0)->text[0], "%.*s",
                   (int)sizeof((struct bg_finding *)0)->text[0] - 1, s);
}

void bg_tamper_tell(const struct bg_known *k, enum bg_agreement a, const struct bg_chain *end, int dir,
                    struct bg_finding *f)
{
    const struct bg_head *h = &k->head;
    uint64_t newest = end == NULL ? 0 : end->last.sequence;

    memset(f, 0, sizeof *f);
    if (a == BG_TAMPER_EMPTY) {
        number(f->text[0], h->newest.sequence);
        cause(h, dir, f->text[1], sizeof f->text[1]);
        say(f, BG_M_TAMPER_EMPTY, 2);
    } else if (a == BG_TAMPER_OTHER) {
        number(f->text[0], h->newest.sequence);
        copy_text(f->text[1], h->journalid);
        cause(h, dir, f->text[2], sizeof f->text[2]);
        say(f, BG_M_TAMPER_OTHER, 3);
    } else if (a == BG_TAMPER_CUT) {
        number(f->text[0], newest);
        number(f->text[1], h->newest.sequence);
        cause(h, dir, f->text[2], sizeof f->text[2]);
        say(f, BG_M_TAMPER_CUT, 3);
    } else if (a == BG_TAMPER_CHANGED) {
        number(f->text[0], newest == h->newest.sequence && newest > h->durable.sequence
                               ? h->newest.sequence
                               : h->durable.sequence);
        say(f, BG_M_TAMPER_CHANGED, 1);
    } else {
        number(f->text[0], newest + 1);
        number(f->text[1], h->newest.sequence);
        say(f, BG_M_JOURNAL_LOST, 2);
    }
}

static void second(const char *dir, const char *what, struct bg_finding *f)
{
    char path[PATH_MAX];

    memset(f, 0, sizeof *f);
    bg_head_path(path, dir);
    copy_text(f->text[0], path);
    copy_text(f->text[1], what);
    say(f, BG_M_TAMPER_SECOND, 2);
}

bool bg_tamper_second(const struct bg_known *k, const char *dir, struct bg_finding *f)
{
    if (!k->missing && !k->damaged && !k->older)
        return false;
    second(dir,
           k->missing   ? "is missing"
           : k->damaged ? "is damaged"
                        : "is older than what this boot wrote",
           f);
    return true;
}

void bg_tamper_no_second(const char *dir, struct bg_finding *f)
{
    second(dir, "is missing", f);
}

enum bg_err bg_finding_event(enum bg_event_type type, const struct bg_finding *f, const char *detail,
                             json_t **out)
{
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_MSG_MAX];

    (void)bg_msg_raw(text, sizeof text, f->message, f->arg);
    e.type = type;
    e.message = text;
    e.detail = detail;
    return bg_event_render(&e, out);
}

enum bg_err bg_tamper_event(const struct bg_known *k, enum bg_agreement a, const struct bg_finding *f,
                            const char *seam, json_t **out)
{
    static const char *const kinds[] = {[BG_TAMPER_EMPTY] = "empty",
                                        [BG_TAMPER_OTHER] = "other",
                                        [BG_TAMPER_CUT] = "cut",
                                        [BG_TAMPER_CHANGED] = "changed",
                                        [BG_LINES_LOST] = "lost"};
    const struct bg_head *h = &k->head;
    char detail[512];

    (void)snprintf(detail, sizeof detail,
                   "%s %s: journal %s, on the disk %" PRIu64 " %s, written %" PRIu64 " %s, boot %s", kinds[a],
                   seam, h->journalid, h->durable.sequence, h->durable.hash, h->newest.sequence,
                   h->newest.hash, h->boot);
    return bg_finding_event(a == BG_LINES_LOST ? BG_EV_JOURNAL_LOST : BG_EV_TAMPER_DETECTED, f, detail, out);
}

void bg_tamper_seam(const struct bg_chain *end, char out[BG_SEAM_MAX])
{
    if (end == NULL)
        (void)snprintf(out, BG_SEAM_MAX, "after nothing");
    else
        (void)snprintf(out, BG_SEAM_MAX, "after %" PRIu64 " %s", end->last.sequence, end->head);
}

bool bg_tamper_seam_fits(const json_t *ev, const struct bg_chain *before)
{
    char seam[BG_SEAM_MAX];

    bg_tamper_seam(before, seam);
    return bg_tamper_is_seam(ev) && strstr(bg_json_str(bg_event_own(ev), "detail"), seam) != NULL;
}

bool bg_tamper_is_seam(const json_t *ev)
{
    return bg_event_is(ev, BG_EV_TAMPER_DETECTED) || bg_event_is(ev, BG_EV_JOURNAL_LOST) ||
           bg_event_is(ev, BG_EV_JOURNAL_SETASIDE);
}

bool bg_tamper_is_alarm(const json_t *ev)
{
    return bg_event_is(ev, BG_EV_TAMPER_DETECTED) || bg_event_is(ev, BG_EV_JOURNAL_SETASIDE) ||
           bg_event_is(ev, BG_EV_JOURNAL_UNSEALED) || bg_event_is(ev, BG_EV_JOURNAL_SEAL_OLD);
}
