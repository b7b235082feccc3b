/* SPDX-License-Identifier: ISC */
/* breakglass-respond: see respond.h. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/secret.h"
#include "respond/respond.h"

static const char usage[] =
    "usage: breakglass-respond [OPTION...] HOST [CHALLENGE]\n"
    "       breakglass-respond [OPTION...] enroll\n"
    "\n"
    "Have a security key answer the text challenge of an emergency login on HOST, the name\n"
    "of the host that you want to open; a challenge of any other is refused.\n"
    "Or make a credential for such answers, and print the line that enrols it on a host.\n"
    "\n"
    "  --device PATH   the key's device [the one that is plugged in]\n"
    "  --name NAME     name of the credential: a-z, 0-9, -\n"
    "  --type KIND     enroll: kind of signature, es256 or eddsa [es256]\n"
    "  --pin-stdin     read the key's PIN from standard input\n"
    "  --yes           spend the last two tries at the PIN without a question\n"
    "  --qr            show the answer as a QR code too\n"
    "  --json          one JSON object instead of lines\n"
    "  --help          show this help\n"
    "  --version       show the version\n"
    "\n"
    "Example:\n"
    "  $ breakglass-respond web01\n";

enum {
    O_DEVICE = 256,
    O_NAME,
    O_TYPE,
    O_PIN,
    O_YES,
    O_QR,
    O_JSON
};

static const struct option options[] = {
    {"device", required_argument, NULL, O_DEVICE},
    {"name", required_argument, NULL, O_NAME},
    {"type", required_argument, NULL, O_TYPE},
    {"pin-stdin", no_argument, NULL, O_PIN},
    {"yes", no_argument, NULL, O_YES},
    {"qr", no_argument, NULL, O_QR},
    {"json", no_argument, NULL, O_JSON},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {0},
};

/* False: no such option, or no such value. */
static bool take(struct respond_wish *w, int option, const char *value)
{
    switch (option) {
    case O_DEVICE:
        w->device = value;
        return true;
    case O_NAME:
        w->name = value;
        return bg_key_label_valid(value);
    case O_TYPE:
        w->type = strcmp(value, "eddsa") == 0 ? BG_FIDO_EDDSA : BG_FIDO_ES256;
        return w->type == BG_FIDO_EDDSA || strcmp(value, "es256") == 0;
    case O_PIN:
        return w->pin_stdin = true;
    case O_YES:
        return w->yes = true;
    case O_QR:
        return w->qr = true;
    case O_JSON:
        return w->json = true;
    default:
        return false;
    }
}

static int bad_usage(const char *what)
{
    (void)fprintf(stderr, "breakglass-respond: %s\nTry \"breakglass-respond --help\".\n", what);
    return RESPOND_USAGE;
}

static int run(const struct respond_wish *w, char *const words[], int n)
{
    struct bg_challenge c;

    if (n == 0)
        return bad_usage("the name of the host is missing");
    if (strcmp(words[0], "enroll") == 0)
        return n == 1 ? (int)enroll(w) : bad_usage("enroll takes no more words");
    if (!bg_challenge_names(&c, words[0], "-", "-"))
        return bad_usage("that is no name of a host");
    return (int)answer(w, words[0], words + 1, n - 1);
}

int main(int argc, char **argv)
{
    struct respond_wish w = {.type = BG_FIDO_ES256};
    int o;

    bg_secret_process();
    while ((o = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
        if (o == 'h' || o == 'V') {
            (void)fputs(o == 'h' ? usage : "breakglass-respond " PACKAGE_VERSION "\n", stdout);
            return RESPOND_GOOD;
        }
        if (o == '?' || !take(&w, o, optarg))
            return bad_usage(o == '?' ? "wrong options" : "an option has a wrong value");
    }
    fido_init(FIDO_DISABLE_U2F_FALLBACK);
    return run(&w, argv + optind, argc - optind);
}
