/* SPDX-License-Identifier: ISC */
#include "admin/share/share.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/safefile.h"
#include "base/secret.h"
#include "admin/messages.h"
#include "admin/ui.h"

#define WORD_COLUMNS 4
#define RULE         "-------------------------------------------------------------------------------\n"

/* Alternate screen: what is drawn there never reaches the scroll-back. */
#define SCREEN_ENTER "\033[?1049h\033[H\033[2J"
#define SCREEN_CLEAR "\033[H\033[2J\033[3J"
#define SCREEN_LEAVE SCREEN_CLEAR "\033[?1049l"

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

void sharecard_word(const char *word, char out[12])
{
    size_t n = strnlen(word, 11);

    for (size_t i = 0; i < n; i++)
        out[i] = (char)(i < 4 && word[i] >= 'a' && word[i] <= 'z' ? word[i] - 'a' + 'A' : word[i]);
    out[n] = '\0';
}

/* " of group ops, 1 of 2" */
static size_t put_group(const struct bg_shareset *set, unsigned g, char *out, size_t cap)
{
    const char *name = set->group_name[g - 1];

    return (size_t)snprintf(out, cap, " of group %s%s%u of %u", name, name[0] != '\0' ? ", " : "", g,
                            set->group_count);
}

void sharecard_number(const struct sharecard *c, char *out, size_t cap)
{
    const struct bg_share_group *g = &c->set->group[c->share->group_index];
    unsigned group = 0, number = 0, copy = 0, copies = 0;
    size_t at = 0;

    (void)bg_share_card_place(c->set, c->card->place, &group, &number, &copy);
    while (bg_share_card_of(c->set, c->share, copies) != NULL)
        copies++;
    if (copy != 0)
        at = (size_t)snprintf(out, cap, "Copy %u of %u of the card", copy, copies);
    else
        at = (size_t)snprintf(out, cap, "Card %u of %u", number, g->count);
    if (c->set->group_count == 1 && g->count == 1)
        (void)snprintf(out + at, cap - at, c->fleet ? ", and enough" : ", and it alone opens the account");
    else if (c->set->group_count == 1)
        (void)snprintf(out + at, cap - at, ", any %u %s", g->threshold,
                       c->fleet ? "give the fleet's secret" : "open the account");
    if (c->set->group_count == 1)
        return;
    if (copy == 0)
        at += (size_t)snprintf(out + at, cap - at, " (any %u)", g->threshold);
    at += put_group(c->set, group, out + at, cap - at);
    (void)snprintf(out + at, cap - at, " (any %u groups)", c->set->group_threshold);
}

static const char *or_line(const char *s)
{
    return s[0] != '\0' ? s : "____________";
}

static void print_head(FILE *to, const struct sharecard *c)
{
    char number[128];

    sharecard_number(c, number, sizeof number);
    (void)fprintf(to, RULE " BREAK-GLASS CARD   account %s\n %s %.60s\n", c->account,
                  c->fleet ? "Never type it on a host. Fleet" : "Host", c->host);
    (void)fprintf(to, " Set %s   made %.10s\n %s\n", bg_shareset_title(c->set), c->set->created, number);
    (void)fprintf(to, " Kept by %s\n", or_line(c->card->custodian));
    (void)fprintf(to, " Envelope %s   Seal %s\n" RULE, or_line(c->card->envelope), or_line(c->card->seal));
}

/* Numbered from left to right, line by line: as they are read out, and as they are copied from a file. */
static enum bg_err print_words(FILE *to, const struct slip39_share *share)
{
    uint16_t words[SLIP39_MAX_WORDS];
    char word[12];
    size_t n = 0;
    enum bg_err r = slip39_encode(share, words, &n);

    if (r != BG_OK)
        return r;
    for (size_t i = 0; i < n; i++) {
        sharecard_word(slip39_word(words[i]), word);
        (void)fprintf(to, "   %2zu  %-12s%s", i + 1, word,
                      (i + 1) % WORD_COLUMNS == 0 || i + 1 == n ? "\n" : "");
    }
    bg_wipe(words, sizeof words);
    bg_wipe(word, sizeof word);
    return BG_OK;
}

enum bg_err sharecard_print(FILE *to, const struct sharecard *card)
{
    enum bg_err r;

    print_head(to, card);
    if ((r = print_words(to, card->share)) != BG_OK)
        return r;
    (void)fprintf(to,
                  RULE " To use it: %s and type the words in number order;\n"
                       " the first four letters of each word are enough. Keep it sealed, by itself.\n"
                       " Was the envelope opened? Tell who runs the %s: the set must be replaced.\n",
                  card->fleet ? "run \"breakglass fleet derive\" where no network is,\n"
                              : "log in with the account's name",
                  card->fleet ? "fleet" : "host");
    return fflush(to) == 0 && ferror(to) == 0 ? BG_OK : BG_E_IO;
}

size_t sharecards_of(const struct bg_shareset *set, const struct slip39_share *shares, size_t n,
                     const char *account, const char *host, struct sharecard *out)
{
    unsigned group, number, copy;
    size_t made = 0;

    for (size_t c = 0; c < set->cards; c++)
        for (size_t i = 0; i < n; i++)
            if (bg_share_card_place(set, set->card[c].place, &group, &number, &copy) &&
                shares[i].group_index + 1u == group && shares[i].member_index + 1u == number)
                out[made++] = (struct sharecard){account, host, set, &shares[i], &set->card[c], false};
    return made;
}

/*
 * The terminal once more, in a description of its own that does not wait: Ctrl-C drops what was typed, so a
 * line that was ready a moment ago may be gone. Standard input where that cannot be had.
 */
static int open_terminal(void)
{
    char name[64];
    int fd = -1;

    if (ttyname_r(STDIN_FILENO, name, sizeof name) == 0)
        fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd >= 0 ? fd : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

/* The signals that give up are unblocked only while we wait, so that none is lost. */
static enum bg_err wait_enter(const char *what, int fd, const sigset_t *open)
{
    struct pollfd in = {.fd = fd, .events = POLLIN};
    char c = 0;

    (void)printf("\n%s", what);
    (void)fflush(stdout);
    while (c != '\n') {
        if (ppoll(&in, 1, NULL, open) != 1 || interrupted != 0)
            return BG_E_CANCEL;
        if (read(fd, &c, 1) != 1 && errno != EAGAIN)
            return BG_E_CANCEL;
    }
    return BG_OK;
}

static enum bg_err page_through(const struct sharecard *cards, size_t n, const sigset_t *open)
{
    int fd = open_terminal();
    enum bg_err r = wait_enter("The cards follow, one a page. Make sure that nobody else sees this screen.\n"
                               "Enter shows the first card, Ctrl-C gives up: ",
                               fd, open);

    for (size_t i = 0; r == BG_OK && i < n; i++) {
        (void)fputs(SCREEN_CLEAR, stdout);
        if ((r = sharecard_print(stdout, &cards[i])) == BG_OK)
            r = wait_enter("Written down? Enter wipes this card: ", fd, open);
    }
    bg_close(fd);
    return r;
}

static enum bg_err show_on_terminal(const struct sharecard *cards, size_t n)
{
    const int caught[] = SIGNALS_OF_A_PERSON;
    struct sigaction sa = {.sa_handler = on_signal}, old[sizeof caught / sizeof caught[0]];
    sigset_t shut, open;
    enum bg_err r;

    (void)sigemptyset(&shut);
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) {
        (void)sigaddset(&shut, caught[i]);
        (void)sigaction(caught[i], &sa, &old[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &shut, &open);
    interrupted = 0;
    (void)fputs(SCREEN_ENTER, stdout);
    r = page_through(cards, n, &open);
    (void)fputs(SCREEN_LEAVE, stdout);
    (void)fflush(stdout);
    (void)sigprocmask(SIG_SETMASK, &open, NULL);
    if (r == BG_OK && interrupted != 0) /* it came with the last Enter, and waited until here */
        r = BG_E_CANCEL;
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
        (void)sigaction(caught[i], &old[i], NULL);
    return r;
}

enum bg_err sharecards_show(const struct sharecard *cards, size_t n)
{
    enum bg_err r = BG_OK;

    if (ui_interactive())
        return show_on_terminal(cards, n);
    for (size_t i = 0; r == BG_OK && i < n; i++) {
        if (i > 0)
            (void)fputc('\f', stdout);
        r = sharecard_print(stdout, &cards[i]);
    }
    return r;
}

static char output[BUFSIZ]; /* of stdout, so that it can be wiped */

static void wipe_output(void)
{
    bg_wipe(output, sizeof output);
}

static void wiping_free(void *p)
{
    if (p != NULL)
        bg_wipe(p, malloc_usable_size(p));
    free(p);
}

void sharecards_mind_buffers(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that is gone is a write that failed */
    (void)setvbuf(stdout, output, ui_interactive() ? _IOLBF : _IOFBF, sizeof output);
    json_set_alloc_funcs(malloc, wiping_free);
    (void)atexit(wipe_output);
}

bool sharecards_private(void)
{
    struct stat st;

    if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        ui_finding(BG_M_CMD_SHARE_STDOUT, BG_NOARGS);
        return false;
    }
    return true;
}

enum admin_exit sharecards_out(const struct sharecard *cards, size_t n)
{
    enum bg_err r;

    if (paper_wanted())
        return paper_write(cards, n) ? ADMIN_GOOD : ADMIN_CANNOT;
    if (ui_form() == UI_OBJECT || (r = sharecards_show(cards, n)) == BG_OK)
        return ADMIN_GOOD;
    if (r == BG_E_CANCEL)
        ui_finding(BG_M_CMD_SHARE_VOID, BG_ARGS(bg_strerror(r)));
    else
        ui_finding(BG_M_CMD_SHARE_TOLD, BG_NOARGS);
    return r == BG_E_CANCEL ? ADMIN_FINDING : ADMIN_CANNOT;
}
