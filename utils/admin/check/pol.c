/* SPDX-License-Identifier: ISC */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/check/facts.h"
#include "admin/check/sud.h"
#include "base/text.h"

/* What a file of rules, a program in JavaScript, has in it. */
struct seen {
    bool named;       /* the account */
    unsigned refuses; /* the first line that says no; 0: none */
};

static void read_rules(char *text, const char *name, struct seen *s)
{
    char quoted[40];
    unsigned number = 0;

    (void)snprintf(quoted, sizeof quoted, "\"%.31s\"", name);
    for (char *line; text != NULL && (line = strsep(&text, "\n")) != NULL;) {
        char *comment = strstr(line, "//");
        number++;
        if (comment != NULL)
            *comment = '\0';
        s->named = s->named || strstr(line, quoted) != NULL;
        if (s->refuses == 0 && strstr(line, "Result.NO") != NULL &&
            strstr(line, "Result.NOT_HANDLED") == NULL)
            s->refuses = number;
    }
}

static void file(struct check *c, const char *account, const char *path)
{
    bool gone;
    char *text = facts_file(path, &gone);
    struct seen s = {.refuses = 0};
    struct check_at at = {.account = account, .service = "polkit-1", .file = path};

    if (text != NULL)
        read_rules(text, account, &s);
    at.line = s.refuses;
    if (s.refuses != 0 && s.named)
        check_find(c, CHECK_POL_DENIES, &at, BG_ARGS(path, BG_DIGITS(s.refuses), account));
    else if (s.refuses != 0)
        check_unknown(c, CHECK_POL_DENIES, &at, "its rules are a program, and one of them refuses somebody");
    free(text);
}

void pol_look(struct check *c, const struct check_account *a)
{
    static const char *const where[] = {"/etc/polkit-1/rules.d/*.rules", "/run/polkit-1/rules.d/*.rules",
                                        "/usr/local/share/polkit-1/rules.d/*.rules",
                                        "/usr/share/polkit-1/rules.d/*.rules"};
    glob_t g;

    if (access("/usr/lib/polkit-1/polkitd", X_OK) != 0 && access("/usr/libexec/polkitd", X_OK) != 0)
        return;
    for (size_t i = 0; i < sizeof where / sizeof *where; i++) {
        if (glob(where[i], 0, NULL, &g) != 0)
            continue;
        for (size_t k = 0; k < g.gl_pathc; k++)
            file(c, a->row->name, g.gl_pathv[k]);
        globfree(&g);
    }
}
