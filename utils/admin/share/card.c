/* SPDX-License-Identifier: ISC */
#include "admin/share/share.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "base/safefile.h"
#include "base/secret.h"
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

static void print_head(FILE *to, const struct sharecard *c)
{
    const struct bg_share_group *g = &c->set->group[c->share->group_index];

    (void)fprintf(to, RULE " BREAK-GLASS SHARE   account %s\n Host %.60s\n", c->account, c->host);
    (void)fprintf(to, " Set %s   made %.10s\n", bg_shareset_title(c->set), c->set->created);
    if (c->set->group_count == 1)
        (void)fprintf(to, " Card %u of %u, any %u open the account\n" RULE, c->number, g->count,
                      g->threshold);
    else
        (void)fprintf(to, " Card %u of %u (any %u) of group %u of %u (any %u groups)\n" RULE, c->number,
                      g->count, g->threshold, c->share->group_index + 1u, c->set->group_count,
                      c->set->group_threshold);
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
    (void)fputs(RULE " To use it: log in with the account's name and type the words in number order;\n"
                     " the first four letters of each word are enough. Keep it sealed, by itself.\n",
                to);
    return fflush(to) == 0 && ferror(to) == 0 ? BG_OK : BG_E_IO;
}

/* Number of the share within its group: they come in order of groups and members. */
static enum bg_err print_nth(const struct sharecard *first, const struct slip39_share *shares, size_t i)
{
    struct sharecard card = *first;

    card.share = &shares[i];
    card.number = shares[i].member_index + 1u;
    return sharecard_print(stdout, &card);
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

static enum bg_err page_through(const struct sharecard *first, const struct slip39_share *shares, size_t n,
                                const sigset_t *open)
{
    int fd = open_terminal();
    enum bg_err r = wait_enter("The cards follow, one a page. Make sure that nobody else sees this screen.\n"
                               "Enter shows the first card, Ctrl-C gives up: ",
                               fd, open);

    for (size_t i = 0; r == BG_OK && i < n; i++) {
        (void)fputs(SCREEN_CLEAR, stdout);
        if ((r = print_nth(first, shares, i)) == BG_OK)
            r = wait_enter("Written down? Enter wipes this card: ", fd, open);
    }
    bg_close(fd);
    return r;
}

static enum bg_err show_on_terminal(const struct sharecard *first, const struct slip39_share *shares,
                                    size_t n)
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
    r = page_through(first, shares, n, &open);
    (void)fputs(SCREEN_LEAVE, stdout);
    (void)fflush(stdout);
    (void)sigprocmask(SIG_SETMASK, &open, NULL);
    if (r == BG_OK && interrupted != 0) /* it came with the last Enter, and waited until here */
        r = BG_E_CANCEL;
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
        (void)sigaction(caught[i], &old[i], NULL);
    return r;
}

enum bg_err sharecards_show(const struct sharecard *first, const struct slip39_share *shares, size_t n)
{
    enum bg_err r = BG_OK;

    if (ui_interactive())
        return show_on_terminal(first, shares, n);
    for (size_t i = 0; r == BG_OK && i < n; i++) {
        if (i > 0)
            (void)fputc('\f', stdout);
        r = print_nth(first, shares, i);
    }
    return r;
}
