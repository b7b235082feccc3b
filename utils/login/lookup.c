/* What the journal says, asked in a child with a deadline: a disk that hangs must not hang a login. */
#include "login/login.h"

#include <string.h>
#include "base/child.h"

struct question {
    const char *account, *use;
    enum bg_source source;
};

struct failures {
    unsigned count;
    int64_t since_ms;
};

static enum bg_err ask_failures(void *arg, void *reply, size_t cap, size_t *len)
{
    const struct question *q = arg;
    struct failures f = {0, 0};

    if (cap < sizeof f)
        return BG_E_RANGE;
    bg_state_failures(NULL, NULL, q->account, q->source, &f.count, &f.since_ms);
    memcpy(reply, &f, sizeof f);
    *len = sizeof f;
    return BG_OK;
}

static enum bg_err ask_use(void *arg, void *reply, size_t cap, size_t *len)
{
    const struct question *q = arg;
    struct bg_use_state u;
    enum bg_err r;

    if (cap < sizeof u)
        return BG_E_RANGE;
    if ((r = bg_state_use(NULL, NULL, q->use, &u)) != BG_OK)
        return r;
    memcpy(reply, &u, sizeof u);
    *len = sizeof u;
    return BG_OK;
}

static enum bg_err ask_active(void *arg, void *reply, size_t cap, size_t *len)
{
    const struct question *q = arg;
    char use[BG_ULID_LEN + 1];

    (void)reply;
    (void)cap;
    *len = 0;
    return bg_state_active(NULL, NULL, q->account, use) ? BG_OK : BG_E_NOENT;
}

static enum bg_err ask(const struct login *L, bg_child_fn fn, struct question *q, void *out, size_t size)
{
    size_t len = 0;
    enum bg_err r = bg_child_run(fn, q, L->policy.journal_timeout, out, size, &len);

    return r == BG_OK && len != size ? BG_E_IO : r;
}

void login_failures(const struct login *L, unsigned *count, int64_t *since_ms)
{
    struct question q = {.account = L->account.name, .source = L->source};
    struct failures f = {0, 0};

    if (ask(L, ask_failures, &q, &f, sizeof f) != BG_OK)
        f = (struct failures){0, 0};
    *count = f.count;
    *since_ms = f.since_ms;
}

enum bg_err login_use(const struct login *L, struct bg_use_state *out)
{
    struct question q = {.use = L->hello.use};

    return ask(L, ask_use, &q, out, sizeof *out);
}

bool login_active(const struct login *L)
{
    struct question q = {.account = L->account.name};

    return ask(L, ask_active, &q, NULL, 0) == BG_OK;
}
