/* SPDX-License-Identifier: ISC */
/*
 * The seal: what each line carries is what another implementation computes (tests/tools/seal.py), whoever
 * changes a bit is found, every published hole of journald's sealing is closed, and its file is safe from
 * power cuts, kills and copies of it that are put back.
 */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/sanitized.h"
#include "base/secret.h"
#include "record/append.h"
#include "record/lines.h"
#include "record/seal.h"

#define SEGMENT "000001.jsonl"

static const char *boot, *hidden;
static bool full;

void __wrap_bg_host_boot_id(char out[BG_BOOT_ID_LEN + 1]);
void __wrap_bg_host_boot_id(char out[BG_BOOT_ID_LEN + 1])
{
    (void)snprintf(out, BG_BOOT_ID_LEN + 1, "%s", boot);
}

/* The disk is told by this test, not by a disk, which would take a minute. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    char link[40], path[PATH_MAX], away[PATH_MAX + 8];
    ssize_t n;

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    if (strstr(path, SEGMENT) == NULL)
        return 0;         /* of another file */
    if (hidden != NULL) { /* from here on the seal's file cannot be written */
        (void)snprintf(away, sizeof away, "%s.away", hidden);
        assert_int_equal(rename(hidden, away), 0);
        assert_int_equal(mkdir(hidden, 0700), 0);
        hidden = NULL;
    }
    errno = full ? ENOSPC : 0;
    return full ? -1 : 0;
}

struct sealed {
    struct place p;
    struct bg_seal_key key[4];
    char text[4][BG_SEAL_KEY_LEN + 1];
    size_t keys;
    char file[200], state[80];
};

/* One append, here and not in a child. */
static enum bg_err append(struct sealed *s, struct bg_event *e, const struct bg_seal *seal)
{
    struct bg_append_job job = {.dir = s->p.journal,
                                .takeover = s->p.run,
                                .second = true,
                                .seal = seal,
                                .segment_max = BG_SEGMENT_MAX,
                                .lock_ms = 20000,
                                .durable = bg_event_kind(e->type)->promises};
    static struct bg_appended out;
    sigset_t mask;

    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
    assert_int_equal(bg_event_render(e, &job.event), BG_OK);
    assert_int_equal(bg_append_work(&job, &out), BG_OK);
    assert_int_equal(sigprocmask(SIG_SETMASK, &mask, NULL), 0);
    json_decref(job.event);
    return out.result;
}

static void use(struct sealed *s)
{
    struct bg_event e = place_event("why");

    assert_int_equal(append(s, &e, NULL), BG_OK);
}

/* A line that nothing depends on. */
static void started(struct sealed *s)
{
    struct bg_event e = place_event(NULL);

    e.type = BG_EV_ATTEMPT_STARTED;
    assert_int_equal(append(s, &e, NULL), BG_OK);
}

static enum bg_err seal_at(struct sealed *s, uint64_t ahead)
{
    struct bg_event e = BG_EVENT_INIT;
    struct bg_position end;
    struct bg_seal new;
    char detail[BG_SEAL_DETAIL_MAX];
    size_t n, bad;
    enum bg_err r;

    assert_int_equal(bg_journal_end(&s->p.rec, &end), BG_OK);
    assert_int_equal(bg_seal_make(end.journalid, end.sequence + ahead, &new), BG_OK);
    assert_int_equal(bg_seal_print(end.journalid, &new, s->text[s->keys]), BG_OK);
    assert_int_equal(bg_seal_keys(s->text[s->keys], &s->key[s->keys], 1, &n, &bad), BG_OK);
    bg_seal_detail(&new, detail);
    e.type = BG_EV_JOURNAL_SEALED;
    e.detail = detail;
    r = append(s, &e, &new);
    s->keys += r == BG_OK;
    return r;
}

static int setup(void **state)
{
    struct sealed *s = calloc(1, sizeof *s);

    boot = "11111111-1111-1111-1111-111111111111";
    place_make(&s->p);
    (void)snprintf(s->state, sizeof s->state, "%s/state", s->p.root);
    (void)snprintf(s->file, sizeof s->file, "%s/" BG_SEAL_FILE, s->state);
    *state = s;
    use(s);
    assert_int_equal(seal_at(s, 2), BG_OK);
    return 0;
}

static int teardown(void **state)
{
    struct sealed *s = *state;

    place_remove(&s->p);
    free(s);
    return 0;
}

/* --- what the checker says ------------------------------------------------------------------------ */

struct checked {
    struct bg_seal_check c;
    enum bg_err r;
};

static bool check_one(void *arg, const struct bg_rawline *l)
{
    struct checked *k = arg;
    struct bg_chain at;
    json_t *ev;

    if (bg_chain_parse(l->text, l->len, &ev, &at) != BG_OK)
        return true;
    json_decref(ev);
    assert_int_equal(bg_seal_check_line(&k->c, at.last.sequence, l->text, l->len), BG_OK);
    return true;
}

static void check_with(struct sealed *s, const struct bg_seal_key *key, size_t keys, struct checked *k)
{
    bg_seal_check_begin(&k->c, key, keys);
    assert_int_equal(bg_lines_walk(s->p.journal, 0, check_one, k), BG_OK);
    k->r = bg_seal_check_end(&k->c);
}

static void check(struct sealed *s, struct checked *k)
{
    check_with(s, s->key, s->keys, k);
}

static void assert_sound(struct sealed *s, uint64_t good)
{
    struct bg_verify v;
    struct checked k;

    check(s, &k);
    for (size_t i = 0; i < k.c.findings; i++)
        print_message("%d: %d to %d\n", (int)k.c.finding[i].what, (int)k.c.finding[i].from,
                      (int)k.c.finding[i].to);
    assert_int_equal(k.r, BG_OK);
    assert_int_equal(k.c.good, good);
    assert_int_equal(bg_journal_verify(s->p.journal, &v), BG_OK);
}

static void assert_finds(struct sealed *s, enum bg_seal_found what, uint64_t from, uint64_t to)
{
    struct checked k;

    check(s, &k);
    assert_int_equal(k.r, BG_E_MISMATCH);
    assert_true(k.c.findings > 0);
    assert_int_equal(k.c.finding[0].what, what);
    assert_int_equal(k.c.finding[0].from, from);
    assert_int_equal(k.c.finding[0].to, to);
}

/* Each line is so far ahead that its key alone takes a moment to make. */
static void many_far_lines_are_not_gone_after(void **state)
{
    struct sealed *s = *state;
    static const char line[] =
        "{\"seal\":0,\"seal\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccdd"
        "eeff\"}";
    const uint64_t first = s->key[0].seal.start;
    struct bg_seal_check c;

    bg_seal_check_begin(&c, s->key, s->keys);
    for (uint64_t i = 0; i < 100; i++)
        assert_int_equal(bg_seal_check_line(&c, first + i * 300000, line, sizeof line - 1), BG_OK);
    assert_true(c.now.next - first <= BG_SEAL_FAR + 100);
    assert_int_equal(bg_seal_check_end(&c), BG_E_MISMATCH);
    assert_int_equal(c.good, 0);
}

/* How many events of that kind there are. */
static unsigned count(struct sealed *s, const char *kind)
{
    unsigned n = 0;
    size_t len;
    char *text = place_read(s->p.journal, SEGMENT, &len), type[80];

    (void)snprintf(type, sizeof type, "\"type\":\"org.breakglass.%s.v1\"", kind);
    for (const char *at = text; (at = strstr(at, type)) != NULL; at++)
        n++;
    free(text);
    return n;
}

static json_t *newest(struct sealed *s)
{
    json_t *ev = place_line(s->p.journal, place_lines(s->p.journal) - 1);

    assert_non_null(ev);
    return ev;
}

static bool newest_sealed(struct sealed *s)
{
    json_t *ev = newest(s);
    bool is = json_is_string(json_object_get(ev, "seal"));

    json_decref(ev);
    return is;
}

/* --- another implementation ---------------------------------------------------------------------- */

/* What tests/tools/seal.py says with these keys. */
static void python(struct sealed *s, const char *words, char *out, size_t cap)
{
    char command[PATH_MAX + 200];
    size_t got = 0;
    FILE *f;
    int n = snprintf(command, sizeof command, "printf '");

    for (size_t i = 0; i < s->keys; i++)
        n += snprintf(command + n, sizeof command - (size_t)n, "%s\\n", s->text[i]);
    (void)snprintf(command + n, sizeof command - (size_t)n, "' | /usr/bin/python3 " BG_SEAL_PY " %s", words);
    assert_non_null(f = popen(command, "r"));
    got = fread(out, 1, cap - 1, f);
    out[got] = '\0';
    assert_int_equal(pclose(f), 0);
}

static void another_program_agrees(void **state)
{
    struct sealed *s = *state;
    char words[200], out[2000];

    for (int i = 0; i < 3; i++)
        use(s);
    started(s);
    (void)snprintf(words, sizeof words, "check %s", s->p.journal);
    python(s, words, out, sizeof out);
    assert_string_equal(out, "1 before\n2 before\n3 before\n4 good\n5 good\n6 good\n7 good\n");
    python(s, "name", out, sizeof out);
    (void)snprintf(words, sizeof words, "%s 4 %s\n", s->key[0].journal, s->key[0].seal.name);
    assert_string_equal(out, words);
    assert_sound(s, 4);
}

/* A handover: the line that begins the new seal is the last one of the old. */
static void two_seals_and_both_keys(void **state)
{
    struct sealed *s = *state;
    char words[200], out[2000];
    struct checked k;

    use(s);
    assert_int_equal(seal_at(s, 2), BG_OK);
    use(s);
    assert_int_equal(s->key[1].seal.start, 6);
    (void)snprintf(words, sizeof words, "check %s", s->p.journal);
    python(s, words, out, sizeof out);
    assert_string_equal(out, "1 before\n2 before\n3 before\n4 good\n5 good\n6 good\n");
    assert_sound(s, 3);
    check_with(s, &s->key[0], 1, &k); /* without the second key it is not known what follows */
    assert_int_equal(k.r, BG_E_MISMATCH);
    assert_int_equal(k.c.finding[0].what, BG_SEAL_NO_KEY);
    assert_string_equal(k.c.finding[0].name, s->key[1].seal.name);
    check_with(s, &s->key[1], 1, &k); /* and with the second alone nothing is said of the first */
    assert_int_equal(k.r, BG_OK);
    assert_int_equal(k.c.before, 5);
}

/* --- keys as text ---------------------------------------------------------------------------------- */

static void keys_are_read_as_people_copy_them(void **state)
{
    struct sealed *s = *state;
    struct bg_seal_key key[4];
    char text[1000] = "# of web1, kept in the safe\n", *end = text + strlen(text);
    size_t n, bad;

    for (size_t i = 0; i < BG_SEAL_KEY_LEN; i++)
        end += sprintf(end, "%s%c",
                       i % 30 == 29 ? "\n"
                       : i % 5 == 0 ? " "
                       : i % 7 == 0 ? "-"
                                    : "",
                       s->text[0][i]);
    assert_int_equal(bg_seal_keys(text, key, 4, &n, &bad), BG_OK);
    assert_int_equal(n, 1);
    assert_memory_equal(&key[0], &s->key[0], sizeof key[0]);
    (void)strcat(text, "\n# the next\n");
    assert_int_equal(seal_at(s, 2), BG_OK);
    (void)strcat(text, s->text[1]);
    assert_int_equal(bg_seal_keys(text, key, 4, &n, &bad), BG_OK);
    assert_int_equal(n, 2);
    assert_int_equal(bg_seal_keys(text, key, 1, &n, &bad), BG_E_RANGE);
    text[strlen(text) - 3] ^= 1;
    assert_int_equal(bg_seal_keys(text, key, 4, &n, &bad), BG_E_SYNTAX);
    assert_int_equal(bad, 2);
    assert_int_equal(bg_seal_keys("# nothing\n \n", key, 4, &n, &bad), BG_E_NOENT);
}

/* --- what is found --------------------------------------------------------------------------------- */

/* A bit of each byte of the sealed lines, one after the other: the number that is named is that line's, or
 * the chain names it. */
static void every_flipped_bit_is_found(void **state)
{
    struct sealed *s = *state;
    char *text, *first;
    size_t len;

    use(s);
    started(s);
    text = place_read(s->p.journal, SEGMENT, &len);
    first = memmem(text, len, "journal.sealed.v1", 17);
    first = strchr(first, '\n') + 1;
    for (size_t i = (size_t)(first - text); i < len - 1; i++) {
        struct bg_verify v;
        struct checked k;
        text[i] ^= (char)(1 << i % 7);
        place_write(s->p.journal, SEGMENT, text, len);
        check(s, &k);
        if (k.r == BG_OK) /* it is no line any more, which the chain sees */
            assert_int_equal(bg_journal_verify(s->p.journal, &v), BG_E_MISMATCH);
        text[i] ^= (char)(1 << i % 7);
    }
    place_write(s->p.journal, SEGMENT, text, len);
    assert_sound(s, 2);
    free(text);
}

/* Whoever is root writes line `number` anew, its hash too, and everything behind it so that the chain holds;
 * sealed by `with` (moved on), or not at all. */
static void rewrite(struct sealed *s, uint64_t number, struct bg_seal *with, bool keep)
{
    size_t len, at = 0, n;
    char *text = place_read(s->p.journal, SEGMENT, &len), *line, *save = NULL;
    char *out = malloc(len + 4096 + 80 * place_lines(s->p.journal));
    struct bg_chain chain = {.sealed = false};

    assert_non_null(out);
    for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        struct bg_chain here;
        json_t *ev, *own_part;
        assert_int_equal(bg_chain_parse(line, strlen(line), &ev, &here), BG_OK);
        if (here.last.sequence < number || (keep && here.last.sequence > number)) {
            memcpy(out + at, line, strlen(line));
            at += strlen(line);
            out[at++] = '\n';
            assert_int_equal(bg_sha256_hex(line, strlen(line), chain.head), BG_OK);
            chain.last = here.last;
            json_decref(ev);
            continue;
        }
        own_part = own(ev);
        if (here.last.sequence == number)
            assert_int_equal(json_object_set_new(own_part, "reason", json_string("nothing to see")), 0);
        assert_int_equal(bg_chain_link(ev, &chain,
                                       with != NULL && with->next == here.last.sequence ? with : NULL,
                                       out + at, &n),
                         BG_OK);
        at += n;
        json_decref(ev);
    }
    place_write(s->p.journal, SEGMENT, out, at);
    free(out);
    free(text);
}

static void a_line_written_anew_is_named(void **state)
{
    struct sealed *s = *state;
    struct bg_seal random;

    for (int i = 0; i < 4; i++)
        use(s);
    assert_int_equal(bg_seal_make("00000000000000000000000000000000", 5, &random), BG_OK);
    rewrite(s, 5, &random, false); /* a key of his own: the chain holds, the seal does not */
    assert_finds(s, BG_SEAL_FORGED, 5, 7);
}

/* CVE-2023-31439: sealed anew with a key that is too recent, the one that the host has now. */
static void a_recent_key_is_no_older_one(void **state)
{
    struct sealed *s = *state;
    struct bg_seal_state stolen;
    struct bg_seal with;

    for (int i = 0; i < 4; i++)
        use(s);
    assert_int_equal(bg_seal_load(s->file, &stolen), BG_OK);
    assert_int_equal(stolen.now.next, 8);
    with = stolen.now;
    with.next = 5; /* he says that it is that of line 5 */
    rewrite(s, 5, &with, false);
    assert_finds(s, BG_SEAL_FORGED, 5, 7);
}

/* CVE-2023-31438: an unsealed hole in the middle, and cut there and gone on with the key of now. */
static void a_hole_is_named(void **state)
{
    struct sealed *s = *state;
    struct bg_seal_state stolen;
    struct bg_seal none = {.next = UINT64_MAX};
    char *text;
    size_t len;

    for (int i = 0; i < 4; i++)
        use(s);
    text = place_read(s->p.journal, SEGMENT, &len);
    rewrite(s, 5, &none, true);
    assert_finds(s, BG_SEAL_UNSEALED, 5, 5);
    place_write(s->p.journal, SEGMENT, text, len);
    free(text);
    assert_int_equal(bg_seal_load(s->file, &stolen), BG_OK);
    rewrite(s, 5, &none, false); /* everything since, without a seal */
    assert_finds(s, BG_SEAL_UNSEALED, 5, 7);
}

/* Lines taken out: the number is missing, and no later line explains it. */
static void a_missing_line_is_a_gap(void **state)
{
    struct sealed *s = *state;
    char *text, *from = NULL, *to;
    size_t len;

    for (int i = 0; i < 4; i++)
        use(s);
    text = place_read(s->p.journal, SEGMENT, &len);
    from = text;
    for (int i = 0; i < 4; i++) /* to line 5 */
        from = strchr(from, '\n') + 1;
    to = strchr(from, '\n') + 1;
    memmove(from, to, (size_t)(text + len - to));
    place_write(s->p.journal, SEGMENT, text, len - (size_t)(to - from));
    free(text);
    assert_finds(s, BG_SEAL_GAP, 5, 5);
}

/* #15425: what is not sealed never passes, nor does a journal that ends before its seal. */
static void unsealed_never_passes(void **state)
{
    struct sealed *s = *state;
    struct bg_seal none = {.next = UINT64_MAX};
    struct checked k;

    check(s, &k);
    assert_int_equal(k.r, BG_E_NOENT);
    use(s);
    rewrite(s, 4, &none, false);
    assert_finds(s, BG_SEAL_UNSEALED, 4, 4);
    check_with(s, NULL, 0, &k);
    assert_int_equal(k.r, BG_E_NOENT);
}

/* #11524: another key, of another journal's or one that was never used. */
static void a_wrong_key_is_said_to_be_wrong(void **state)
{
    struct sealed *s = *state;
    struct bg_seal_key wrong = s->key[0];
    struct checked k;

    use(s);
    wrong.seal.key[31] ^= 1;
    (void)memcpy(wrong.seal.name, "00000000000000000000000000000000", 33);
    check_with(s, &wrong, 1, &k);
    assert_int_equal(k.r, BG_E_MISMATCH);
    assert_true(bg_seal_check_wrong(&k.c, 0));
    check(s, &k);
    assert_false(bg_seal_check_wrong(&k.c, 0));
    assert_int_equal(seal_at(s, 9), BG_E_BUSY); /* that number was not the next one: this key is void */
    use(s);
    assert_sound(s, 2);
    wrong = s->key[1];
    wrong.seal.start = wrong.seal.next = 5;
    check_with(s, &wrong, 1, &k);
    assert_int_equal(k.r, BG_E_MISMATCH);
    assert_true(bg_seal_check_wrong(&k.c, 0));
}

/* A key that was made of lines that are not there any more. */
static void a_key_from_behind_the_end_proves_a_cut(void **state)
{
    struct sealed *s = *state;
    struct checked k;
    char *text;
    size_t len;

    use(s);
    text = place_read(s->p.journal, SEGMENT, &len);
    use(s);
    assert_int_equal(seal_at(s, 2), BG_OK); /* the second one, in line 6 */
    check(s, &k);
    assert_int_equal(k.r, BG_OK);
    assert_false(bg_seal_check_cut(&k.c, 1));
    assert_false(bg_seal_check_wrong(&k.c, 1));
    use(s);
    place_write(s->p.journal, SEGMENT, text, len); /* line 4 is the last one */
    check(s, &k);
    assert_false(bg_seal_check_cut(&k.c, 0));
    assert_true(bg_seal_check_cut(&k.c, 1));
    assert_false(bg_seal_check_wrong(&k.c, 1));
    free(text);
    s->key[1].seal.start = s->key[1].seal.next = 5; /* right behind it, but it does not begin that */
    check(s, &k);
    assert_false(bg_seal_check_cut(&k.c, 1));
    assert_true(bg_seal_check_wrong(&k.c, 1));
}

/* Cut at the end: the lines that are left are whole, and only a head from outside tells. */
static void a_cut_tail_needs_a_head_from_outside(void **state)
{
    struct sealed *s = *state;
    char *text, *end;
    size_t len;

    use(s);
    use(s);
    text = place_read(s->p.journal, SEGMENT, &len);
    end = memrchr(text, '\n', len - 1);
    place_write(s->p.journal, SEGMENT, text, (size_t)(end + 1 - text));
    free(text);
    assert_sound(s, 1);
    use(s); /* here the second place tells it, and the seal goes on with numbers that were not given */
    assert_int_equal(count(s, "tamper.detected"), 1);
    assert_true(newest_sealed(s));
    assert_sound(s, 3);
}

/* --- the file -------------------------------------------------------------------------------------- */

static void the_old_key_is_gone(void **state)
{
    struct sealed *s = *state;
    struct bg_seal_state st;
    struct stat about;
    char old[BG_HASH_HEX + 1], *text;
    size_t len;

    assert_int_equal(stat(s->file, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    assert_int_equal(bg_seal_load(s->file, &st), BG_OK);
    bg_hex(old, st.now.key, BG_HASH);
    text = place_read(s->state, BG_SEAL_FILE, &len);
    assert_non_null(memmem(text, len, old, BG_HASH_HEX)); /* it looks at the right thing */
    free(text);
    use(s);
    text = place_read(s->state, BG_SEAL_FILE, &len);
    assert_null(memmem(text, len, old, BG_HASH_HEX));
    assert_int_equal(len, BG_SEAL_SIZE);
    free(text);
}

/* What holds keys while a line is written is locked, so that none reaches the swap. */
static void the_keys_are_locked(void **state)
{
    struct rlimit limit;
    char *text, *at;
    size_t len;

    use(*state);
    if (SANITIZED || getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur < 1 << 16)
        skip();
    assert_non_null(text = calloc(1, 8192));
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    len = (size_t)read(fd, text, 8191);
    (void)close(fd);
    assert_true(len > 0 && len < 8192);
    assert_non_null(at = strstr(text, "VmLck:"));
    assert_true(strtol(at + 6, NULL, 10) > 0);
    free(text);
}

/* The two copies are written one after the other: wherever the power goes, one of them is whole. */
static void a_power_cut_at_any_byte(void **state)
{
    struct sealed *s = *state;
    struct bg_seal_state st;
    char *old, *new, *cut;
    size_t len, order[2];

    use(s);
    old = place_read(s->state, BG_SEAL_FILE, &len);
    assert_int_equal(bg_seal_load(s->file, &st), BG_OK);
    order[0] = st.worse == 0 ? 0 : BG_SEAL_AT;
    order[1] = st.worse == 0 ? BG_SEAL_AT : 0;
    use(s);
    new = place_read(s->state, BG_SEAL_FILE, &len);
    assert_non_null(cut = malloc(len));
    for (unsigned half = 0; half < 2; half++)
        for (size_t n = 0; n <= BG_SEAL_SLOT; n++) {
            memcpy(cut, old, len);
            if (half == 1)
                memcpy(cut + order[0], new + order[0], BG_SEAL_SLOT);
            memcpy(cut + order[half], new + order[half], n);
            place_write(s->state, BG_SEAL_FILE, cut, len);
            assert_int_equal(bg_seal_load(s->file, &st), BG_OK);
            assert_true(st.now.next == 5 || st.now.next == 6);
            assert_true(half == 0 || st.now.next == 6);
        }
    memcpy(cut, old, len); /* and the next append goes on */
    memcpy(cut + order[0], new + order[0], 100);
    place_write(s->state, BG_SEAL_FILE, cut, len);
    boot = "22222222-2222-2222-2222-222222222222";
    use(s);
    assert_sound(s, 3);
    assert_int_equal(place_lines(s->p.journal), 6);
    free(old);
    free(new);
    free(cut);
}

static void copy_file(struct sealed *s, const char *from, const char *to)
{
    size_t len;
    char *text = place_read(s->state, from, &len), path[200];

    place_write(s->state, to, text, len);
    (void)snprintf(path, sizeof path, "%s/%s", s->state, to);
    assert_int_equal(chmod(path, 0600), 0);
    free(text);
}

/* The key of before the last line, as a kill between the append and the ratchet leaves it. */
static void behind_by_one_append(void **state)
{
    struct sealed *s = *state;

    copy_file(s, BG_SEAL_FILE, "before");
    copy_file(s, "head", "head.before");
    use(s);
    copy_file(s, "before", BG_SEAL_FILE);
    copy_file(s, "head.before", "head");
    copy_file(s, "head.before", "../run/journal/durable");
    use(s);
    assert_int_equal(count(s, "journal.sealold"), 0);
    assert_sound(s, 2);
}

/* The same when the second place knows better: somebody put back a copy. It is told, and the seal goes on. */
static void a_copy_put_back_is_told(void **state)
{
    struct sealed *s = *state;

    copy_file(s, BG_SEAL_FILE, "before");
    for (int i = 0; i < 3; i++)
        use(s);
    copy_file(s, "before", BG_SEAL_FILE);
    use(s);
    assert_int_equal(count(s, "journal.sealold"), 1);
    use(s);
    assert_int_equal(count(s, "journal.sealold"), 1);
    assert_true(newest_sealed(s));
    assert_sound(s, 6);
}

/* The disk is full when the line is written that tells it. */
static void assert_told_in_the_end(struct sealed *s, const char *kind)
{
    struct bg_event e = place_event("why");

    full = true;
    assert_int_equal(append(s, &e, NULL), BG_E_IO);
    full = false;
    assert_int_equal(count(s, kind), 0);
    use(s);
    assert_int_equal(count(s, kind), 1);
    use(s);
    assert_int_equal(count(s, kind), 1);
}

static void what_is_told_once_is_told_in_the_end(void **state)
{
    struct sealed *s = *state;

    copy_file(s, BG_SEAL_FILE, "before");
    for (int i = 0; i < 3; i++)
        use(s);
    copy_file(s, "before", BG_SEAL_FILE);
    assert_told_in_the_end(s, "journal.sealold");
}

static void a_missing_second_place_is_told_in_the_end(void **state)
{
    struct sealed *s = *state;
    char path[200];

    use(s);
    (void)snprintf(path, sizeof path, "%s/head", s->state);
    assert_int_equal(unlink(path), 0);
    assert_told_in_the_end(s, "tamper.detected");
}

static void an_older_second_place_is_told_in_the_end(void **state)
{
    struct sealed *s = *state;

    copy_file(s, "head", "head.before");
    use(s);
    copy_file(s, "head.before", "head");
    assert_told_in_the_end(s, "tamper.detected");
}

static void a_damaged_second_place_is_told_in_the_end(void **state)
{
    struct sealed *s = *state;

    use(s);
    place_write(s->state, "head", "x", 1);
    assert_told_in_the_end(s, "tamper.detected");
}

/* One write of the file that fails is no older copy that somebody has put back. */
static void one_that_could_not_be_written_is_no_older_copy(void **state)
{
    struct sealed *s = *state;
    char away[210];

    use(s);
    hidden = s->file;
    use(s);
    assert_null(hidden);
    (void)snprintf(away, sizeof away, "%s.away", s->file);
    assert_int_equal(rmdir(s->file), 0);
    assert_int_equal(rename(away, s->file), 0);
    use(s);
    use(s);
    assert_int_equal(count(s, "journal.sealold"), 0);
    assert_int_equal(count(s, "tamper.detected"), 0);
    assert_sound(s, 4);
}

static void assert_told_once(struct sealed *s)
{
    uint64_t before = place_lines(s->p.journal);

    use(s);
    assert_int_equal(count(s, "journal.unsealed"), 1);
    assert_false(newest_sealed(s));
    use(s);
    assert_int_equal(count(s, "journal.unsealed"), 1);
    assert_finds(s, BG_SEAL_UNSEALED, before + 1, before + 3);
    assert_int_equal(seal_at(s, 2), BG_OK); /* a new seal mends it */
    use(s);
    assert_true(newest_sealed(s));
}

static void a_missing_file_is_told(void **state)
{
    struct sealed *s = *state;

    use(s);
    assert_int_equal(unlink(s->file), 0);
    assert_told_once(s);
}

static void a_damaged_file_is_told(void **state)
{
    struct sealed *s = *state;
    char junk[BG_SEAL_SIZE];

    use(s);
    memset(junk, 'x', sizeof junk);
    place_write(s->state, BG_SEAL_FILE, junk, sizeof junk);
    assert_told_once(s);
}

static void a_file_that_others_may_read_is_told(void **state)
{
    struct sealed *s = *state;

    use(s);
    assert_int_equal(chmod(s->file, 0640), 0);
    assert_told_once(s);
}

static void a_file_of_another_seal_is_told(void **state)
{
    struct sealed *s = *state;

    use(s);
    copy_file(s, BG_SEAL_FILE, "before");
    assert_int_equal(seal_at(s, 2), BG_OK);
    use(s);
    copy_file(s, "before", BG_SEAL_FILE); /* line 6 is the last one that it fits */
    s->keys = 2;
    use(s);
    assert_int_equal(count(s, "journal.unsealed"), 1);
    assert_false(newest_sealed(s));
}

/* A power cut takes lines that no fsync had covered: their numbers, and the keys of these, are passed over.
 */
static void lines_lost_in_a_power_cut_are_explained(void **state)
{
    struct sealed *s = *state;
    struct checked k;
    char *text, mark[300];
    size_t len;

    use(s);
    text = place_read(s->p.journal, SEGMENT, &len);
    copy_file(s, "head", "head.before"); /* which is not synced either */
    started(s);
    started(s);
    place_write(s->p.journal, SEGMENT, text, len);
    copy_file(s, "head.before", "head");
    free(text);
    boot = "22222222-2222-2222-2222-222222222222";
    (void)snprintf(mark, sizeof mark, "%s/durable", s->p.run);
    (void)unlink(mark); /* /run is new */
    use(s);
    assert_int_equal(count(s, "journal.lost"), 1);
    assert_int_equal(count(s, "tamper.detected"), 0);
    assert_sound(s, 3);
    check(s, &k);
    assert_int_equal(k.c.findings, 1);
    assert_int_equal(k.c.finding[0].what, BG_SEAL_LOST);
    assert_int_equal(k.c.finding[0].from, 5);
    assert_int_equal(k.c.finding[0].to, 6);
}

/* Gaps that are explained, as many as the list is long, do not hide what is not. */
static void honest_gaps_hide_no_forged_line(void **state)
{
    struct bg_seal_check c;
    struct bg_seal_key key;
    struct bg_seal seal;
    struct bg_chain chain;
    struct bg_event e = BG_EVENT_INIT;
    char text[BG_SEAL_KEY_LEN + 1];
    static char line[BG_LINE_MAX];
    size_t n, bad;

    (void)state;
    assert_int_equal(bg_chain_begin(&chain), BG_OK);
    assert_int_equal(bg_seal_make(chain.last.journalid, 1, &seal), BG_OK);
    assert_int_equal(bg_seal_print(chain.last.journalid, &seal, text), BG_OK);
    assert_int_equal(bg_seal_keys(text, &key, 1, &n, &bad), BG_OK);
    bg_seal_check_begin(&c, &key, 1);
    for (unsigned i = 0; i <= BG_SEAL_FINDINGS + 1; i++) {
        json_t *ev;
        e.type = i <= BG_SEAL_FINDINGS ? BG_EV_JOURNAL_LOST : BG_EV_USE_GRANTED;
        if (i > 0 && i <= BG_SEAL_FINDINGS) { /* one is missing */
            chain.last.sequence++;
            assert_int_equal(bg_seal_move(&seal, seal.next + 1), BG_OK);
        }
        assert_int_equal(bg_event_render(&e, &ev), BG_OK);
        assert_int_equal(bg_chain_link(ev, &chain, &seal, line, &n), BG_OK);
        json_decref(ev);
        if (i > BG_SEAL_FINDINGS)
            line[n - 5] = line[n - 5] == '0' ? '1' : '0'; /* of its MAC */
        assert_int_equal(bg_seal_check_line(&c, chain.last.sequence, line, n - 1), BG_OK);
    }
    assert_int_equal(bg_seal_check_end(&c), BG_E_MISMATCH);
    assert_int_equal(c.more, 0);
    assert_int_equal(c.lost + c.more_lost, BG_SEAL_FINDINGS);
    assert_int_equal(c.finding[c.findings - 1].what, BG_SEAL_FORGED);
    assert_int_equal(c.finding[c.findings - 1].from, chain.last.sequence);
}

/* A new seal that does not come about leaves the old one in force. */
static void a_failed_seal_destroys_nothing(void **state)
{
    struct sealed *s = *state;

    use(s);
    assert_int_equal(seal_at(s, 3), BG_E_BUSY);
    use(s);
    assert_sound(s, 2);
    assert_int_equal(seal_at(s, 2), BG_OK);
    use(s);
    assert_sound(s, 4);
}

/* A line comes in while the key is shown: nothing of the new seal reaches the disk. */
static void a_line_in_between_leaves_the_seal_in_force(void **state)
{
    struct sealed *s = *state;
    struct bg_seal_state before, after;

    use(s);
    assert_int_equal(bg_seal_load(s->file, &before), BG_OK);
    assert_int_equal(seal_at(s, 1), BG_E_BUSY); /* made before that line */
    assert_int_equal(bg_seal_load(s->file, &after), BG_OK);
    assert_string_equal(after.coming.name, "");
    assert_int_equal(after.now.next, before.now.next);
    use(s);
    assert_int_equal(count(s, "journal.unsealed"), 0);
    assert_sound(s, 2);
}

/* Something has to be told first, which takes the number. */
static void a_line_that_leads_leaves_the_seal_in_force(void **state)
{
    struct sealed *s = *state;
    char path[200];

    use(s);
    (void)snprintf(path, sizeof path, "%s/head", s->state);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(seal_at(s, 2), BG_E_BUSY);
    use(s);
    assert_int_equal(count(s, "tamper.detected"), 1);
    assert_int_equal(count(s, "journal.unsealed"), 0);
    assert_sound(s, 3);
}

/* A seal in the file that is to begin in front of the key that there is cannot come any more. */
static void one_that_comes_too_late_is_passed_over(void **state)
{
    struct sealed *s = *state;
    struct bg_seal_state st;

    use(s);
    assert_int_equal(bg_seal_load(s->file, &st), BG_OK);
    assert_int_equal(st.now.next, 5);
    assert_int_equal(bg_seal_make(st.journalid, 5, &st.coming), BG_OK);
    assert_int_equal(bg_seal_save(s->file, &st), BG_OK);
    use(s);
    assert_int_equal(count(s, "journal.unsealed"), 0);
    assert_sound(s, 2);
}

/* Killed between the line that begins a seal and the last write of the file: the journal tells which one. */
static void the_journal_tells_which_seal_is_in_force(void **state)
{
    struct sealed *s = *state;
    struct bg_seal_state before, pending;

    use(s);
    assert_int_equal(bg_seal_load(s->file, &before), BG_OK);
    copy_file(s, "head", "head.before");
    assert_int_equal(seal_at(s, 2), BG_OK); /* line 5, sealed from 6 on */
    assert_int_equal(bg_seal_load(s->file, &pending), BG_OK);
    before.coming = pending.now;
    assert_int_equal(bg_seal_save(s->file, &before), BG_OK); /* as it was before the last write */
    copy_file(s, "head.before", "head");
    copy_file(s, "head.before", "../run/journal/durable");
    use(s);
    assert_sound(s, 3);
    assert_int_equal(bg_seal_load(s->file, &before), BG_OK);
    assert_string_equal(before.now.name, s->key[1].seal.name);
    before.coming = pending.now; /* of a line that never got there */
    before.coming.start = before.coming.next = 9;
    assert_int_equal(bg_seal_save(s->file, &before), BG_OK);
    for (int i = 0; i < 4; i++)
        use(s);
    assert_sound(s, 7);
}

int main(void)
{
#define SEALED(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        SEALED(another_program_agrees),
        SEALED(two_seals_and_both_keys),
        SEALED(keys_are_read_as_people_copy_them),
        SEALED(every_flipped_bit_is_found),
        SEALED(a_line_written_anew_is_named),
        SEALED(a_recent_key_is_no_older_one),
        SEALED(a_hole_is_named),
        SEALED(a_missing_line_is_a_gap),
        SEALED(unsealed_never_passes),
        SEALED(a_wrong_key_is_said_to_be_wrong),
        SEALED(a_key_from_behind_the_end_proves_a_cut),
        SEALED(a_cut_tail_needs_a_head_from_outside),
        SEALED(the_old_key_is_gone),
        SEALED(the_keys_are_locked),
        SEALED(a_power_cut_at_any_byte),
        SEALED(behind_by_one_append),
        SEALED(a_copy_put_back_is_told),
        SEALED(what_is_told_once_is_told_in_the_end),
        SEALED(a_missing_second_place_is_told_in_the_end),
        SEALED(an_older_second_place_is_told_in_the_end),
        SEALED(a_damaged_second_place_is_told_in_the_end),
        SEALED(one_that_could_not_be_written_is_no_older_copy),
        SEALED(a_missing_file_is_told),
        SEALED(a_damaged_file_is_told),
        SEALED(a_file_that_others_may_read_is_told),
        SEALED(a_file_of_another_seal_is_told),
        SEALED(lines_lost_in_a_power_cut_are_explained),
        SEALED(honest_gaps_hide_no_forged_line),
        SEALED(a_failed_seal_destroys_nothing),
        SEALED(a_line_in_between_leaves_the_seal_in_force),
        SEALED(a_line_that_leads_leaves_the_seal_in_force),
        SEALED(one_that_comes_too_late_is_passed_over),
        SEALED(many_far_lines_are_not_gone_after),
        SEALED(the_journal_tells_which_seal_is_in_force),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
