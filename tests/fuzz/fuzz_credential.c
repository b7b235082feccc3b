/* Credentials and policy files of any bytes: what is accepted keeps every bound of its header. */
#include <stdlib.h>
#include <string.h>
#include "account/credential.h"
#include "account/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
    if (!holds)
        abort();
}

static void check_error(enum bg_err r, const struct bg_ini_error *e)
{
    need(r == BG_OK || r == BG_E_SYNTAX || r == BG_E_RANGE);
    need(strnlen(e->text, sizeof e->text) < sizeof e->text && (r == BG_OK) == (e->text[0] == '\0'));
    for (const char *p = e->text; *p != '\0'; p++)
        need(*p >= ' ' && *p <= '~');
}

static void check_shares(const struct bg_shareset *s)
{
    need(s->id <= 0x7fff && s->exponent <= BG_EXPONENT_MAX && (s->bytes == 16 || s->bytes == 32));
    need(s->group_count >= 1 && s->group_count <= BG_GROUPS_MAX);
    need(s->group_threshold >= 1 && s->group_threshold <= s->group_count);
    for (size_t i = 0; i < s->group_count; i++) {
        struct bg_share_group g = s->group[i];
        need(g.threshold >= 1 && g.threshold <= g.count && g.count <= BG_GROUPS_MAX);
        need(g.threshold > 1 || g.count == 1);
    }
    need(strlen(s->created) == BG_TIME_LEN - 1 && strlen(s->label) < BG_LABEL_LEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bg_credential c;
    struct bg_policy p;
    struct bg_ini_error e;
    char *text = malloc(size + 1);
    enum bg_err r;

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    r = bg_credential_parse(text, &c, &e);
    check_error(r, &e);
    if (r == BG_OK && c.has_shares)
        check_shares(&c.shares);
    r = bg_policy_parse(text, &p, &e);
    check_error(r, &e);
    need(p.attempts >= 1 && p.attempts <= 10 && p.dialogue_timeout >= 60 && p.dialogue_timeout <= 3600);
    (void)bg_policy_is_console(&p, "tty1");
    free(text);
    return 0;
}
