/* SPDX-License-Identifier: ISC */
/* Accounts and groups files of any bytes: the answers about one file never contradict each other. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "account/accounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char text[BG_ACCOUNTS_MAX], again[BG_ACCOUNTS_MAX];

struct source {
    char text[BG_ACCOUNTS_MAX];
    size_t len;
};

static void need(bool holds)
{
    if (!holds)
        abort();
}

static void check(void *arg, unsigned line, const char *name, const struct bg_account *a, const char *wrong)
{
    const struct source *source = arg;
    size_t n = source->len;
    struct bg_account b;
    enum bg_match m;

    need(line > 0 && (a == NULL) != (wrong == NULL));
    memcpy(again, source->text, n + 1);
    m = bg_account_find(again, n, name, &b);
    if (a == NULL) {
        need(m != BG_OURS);
        return;
    }
    need(m == BG_OURS && strcmp(a->name, name) == 0 && strcmp(a->name, b.name) == 0 && a->uid == b.uid);
    need(a->home[0] == '/' && a->shell[0] == '/' && a->uid != (uid_t)-1 && strcmp(name, "root") != 0);
    need(!a->has_audit_uid || (a->uid == 0 && a->audit_uid != 0));
    memcpy(again, source->text, n + 1);
    if (a->has_audit_uid)
        need(bg_account_find_uid(again, n, a->audit_uid, &b) == BG_OURS && b.uid == a->audit_uid);
}

static void groups(size_t size)
{
    struct bg_group g;
    size_t at = 0, last = 0;

    while (bg_group_next(text, size, &at, &g)) {
        need(at > last && at <= size && g.gid != 0 && strlen(g.name) <= 31);
        (void)bg_group_has(&g, "bg1");
        last = at;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct source source;
    struct bg_account a;

    if (size >= sizeof text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    memcpy(source.text, text, size + 1);
    source.len = size;
    bg_accounts_walk(text, size, check, &source);
    need(memcmp(text, source.text, size + 1) == 0);
    (void)bg_accounts_any(text, size);
    need(bg_account_find_uid(text, size, 0, &a) == BG_NOT_OURS);
    groups(size);
    return 0;
}
