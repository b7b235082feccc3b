/* SPDX-License-Identifier: ISC */
/*
 * nft(8), VERDICT STATEMENT: a packet goes through every base chain of its hooks. Accepted in one, it can
 * still be dropped by the next; dropped in one, it is gone.
 */
#include <stdio.h>
#include <string.h>
#include "admin/check/nft.h"
#include "base/text.h"

#define DEPTH_MAX 16 /* the kernel's */
#define RULE_WORK 8  /* as much as so many elements of a set */

/* Who is still on it. Who was let through by a rule that may not hold counts as well: for them nothing that
 * comes later makes it worse. */
struct flow {
    bool gone, unsure;
    unsigned some; /* they are those for whom so many conditions hold; of two it is not known if both can */
};
struct walk {
    struct nft_packet p;
    struct flow in; /* who is let in by this base chain */
    bool dropped;   /* somebody was */
};
struct chain {
    struct flow here, back; /* at this rule; behind the jump that led here */
    unsigned depth;
};

static struct flow better(struct flow a, struct flow b)
{
    if (a.gone || b.gone)
        return a.gone ? b : a;
    if (a.unsure != b.unsure)
        return a.unsure ? b : a;
    return a.some <= b.some ? a : b;
}

static struct flow with(struct flow f, struct nft_fit x)
{
    f.unsure = f.unsure || x.unsure;
    f.some += x.some;
    return f;
}

static struct flow without(struct flow f, struct nft_fit x)
{
    f.gone = f.gone || !x.others;
    f.unsure = f.unsure || x.unsure;
    f.some += !x.unsure && !x.few;
    return f;
}

static struct nft_fit both(struct nft_fit a, struct nft_fit b)
{
    return (struct nft_fit){a.nobody || b.nobody, a.unsure || b.unsure, a.others || b.others, a.few || b.few,
                            a.some + b.some};
}

static struct flow follow(struct walk *w, const char *name, struct flow f, unsigned depth);

static void jump(struct walk *w, const json_t *to, bool back, struct nft_fit x, struct chain *ch)
{
    const char *name = json_string_value(json_object_get(to, "target"));
    bool dropped = w->dropped;
    struct flow sub;

    w->dropped = false;
    sub = follow(w, name == NULL ? "" : name, with(ch->here, x), ch->depth + 1);
    if (!back) {
        ch->back = better(ch->back, sub);
        sub.gone = true;
    }
    if (!x.others)
        ch->here = sub;
    else if (w->dropped)
        ch->here = better(without(ch->here, x), sub);
    w->dropped = w->dropped || dropped;
}

/* In a table of both families the kind of answer tells of which packets a rule is, and nft then leaves out
 * the condition that said so; with "tcp reset" too, where nothing tells. */
static struct nft_fit of_family(const struct walk *w, const json_t *reject, struct nft_fit x)
{
    const char *type = json_string_value(json_object_get(reject, "type"));

    if (type == NULL || strncmp(w->p.table, "inet ", 5) != 0)
        return x;
    x.nobody = strcmp(type, w->p.six ? "icmp" : "icmpv6") == 0;
    if (strcmp(type, "tcp reset") == 0)
        x.unsure = x.others = true;
    return x;
}

/* False: that is no verdict. */
static bool verdict(struct walk *w, const char *word, const json_t *arg, struct nft_fit x, struct chain *ch)
{
    const char *xt = json_string_value(json_object_get(arg, "name"));
    bool accepts = strcmp(word, "accept") == 0, returns = strcmp(word, "return") == 0;

    if (strcmp(word, "reject") == 0)
        x = of_family(w, arg, x);
    if (x.nobody)
        return true;
    if (accepts || returns) {
        struct flow *to = accepts ? &w->in : &ch->back;
        *to = better(*to, with(ch->here, x));
        ch->here.gone = ch->here.gone || !x.others;
    } else if (strcmp(word, "drop") == 0 || strcmp(word, "reject") == 0 ||
               (strcmp(word, "xt") == 0 && xt != NULL && strcmp(xt, "REJECT") == 0)) {
        ch->here = without(ch->here, x);
        w->dropped = true;
    } else if (strcmp(word, "jump") == 0 || strcmp(word, "goto") == 0) {
        jump(w, arg, *word == 'j', x, ch);
    } else {
        return strcmp(word, "continue") == 0;
    }
    return true;
}

static void by_map(struct walk *w, const json_t *map, struct nft_fit x, struct chain *ch)
{
    const json_t *data = json_object_get(map, "data"), *set = json_object_get(data, "set");

    if (json_is_string(data))
        set = nft_named(&w->p, json_string_value(data));
    for (size_t i = 0; i < json_array_size(set) && !ch->here.gone && nft_works(&w->p, RULE_WORK); i++) {
        const json_t *pair = json_array_get(set, i);
        const char *is = json_string_value(json_array_get(pair, 0)), *word;
        json_t *what = json_array_get(pair, 1);
        struct nft_fit y = {.unsure = true, .others = true}; /* what begins with @ is no reference here */
        if (is == NULL || *is != '@')
            y = nft_match(&w->p, json_object_get(map, "key"), "==", json_array_get(pair, 0));
        y = both(x, y);
        word = json_object_iter_key(json_object_iter(what));
        if (!y.nobody && (word == NULL || !verdict(w, word, json_object_get(what, word), y, ch)))
            ch->here.unsure = true;
    }
    if (!json_is_array(set) || w->p.host->left == 0)
        ch->here.unsure = true;
}

/* What it says changes nothing for the packet. */
static bool is_harmless(const char *word, const json_t *arg)
{
    const char *xt = json_string_value(json_object_get(arg, "name"));
    const json_t *key = json_object_get(arg, "key");

    return strcmp(word, "counter") == 0 || strcmp(word, "log") == 0 ||
           (strcmp(word, "set") == 0 && json_object_get(arg, "stmt") == NULL) ||
           (strcmp(word, "mangle") == 0 &&
            (json_object_get(key, "meta") != NULL || json_object_get(key, "ct") != NULL)) ||
           (strcmp(word, "xt") == 0 && xt != NULL &&
            (strcmp(xt, "comment") == 0 || strcmp(xt, "LOG") == 0 || strcmp(xt, "NFLOG") == 0));
}

/* For whom a statement that is a condition holds. *odd: it may be one that does anything. */
static struct nft_fit condition(const struct walk *w, const char *word, const json_t *arg, bool *odd)
{
    const char *op = json_string_value(json_object_get(arg, "op")),
               *type = json_string_value(json_object_get(arg, "type"));

    if (strcmp(word, "match") == 0 && op != NULL)
        return nft_match(&w->p, json_object_get(arg, "left"), op, json_object_get(arg, "right"));
    if (json_is_object(arg) && (strcmp(word, "limit") == 0 ||
                                strcmp(word, "ct count") == 0)) /* up to a rate, or over it: hardly anybody */
        return json_is_true(json_object_get(arg, "inv"))
                   ? (struct nft_fit){.others = true, .few = true, .some = 2}
                   : (struct nft_fit){.others = true};
    *odd = *odd || type == NULL || strcmp(word, "xt") != 0 || strcmp(type, "match") != 0;
    return (struct nft_fit){.unsure = true, .others = true};
}

static void rule(struct walk *w, const json_t *statements, struct chain *ch)
{
    struct nft_fit x = {.nobody = false};
    bool odd = false;

    for (size_t i = 0; i < json_array_size(statements) && !x.nobody; i++) {
        json_t *one = json_array_get(statements, i);
        const char *word = json_object_iter_key(json_object_iter(one));
        const json_t *arg = word == NULL ? NULL : json_object_get(one, word);
        if (word == NULL || is_harmless(word, arg))
            continue;
        if (strcmp(word, "vmap") == 0)
            by_map(w, arg, x, ch);
        else if (verdict(w, word, arg, x, ch))
            return;
        else
            x = both(x, condition(w, word, arg, &odd));
    }
    if (odd && !x.nobody) {
        w->in = better(w->in, with(ch->here, x));
        ch->here = without(ch->here, x);
    }
}

/* Who comes out at its end, or by return. */
static struct flow follow(struct walk *w, const char *name, struct flow f, unsigned depth)
{
    const json_t *rules = NULL;
    struct chain ch = {f, {.gone = true}, depth};

    if (depth <= DEPTH_MAX)
        rules = json_object_get(nft_named(&w->p, name), "rules");
    for (size_t i = 0; i < json_array_size(rules) && !ch.here.gone && nft_works(&w->p, RULE_WORK); i++)
        rule(w, json_array_get(rules, i), &ch);
    if (rules == NULL || w->p.host->left == 0) {
        ch.here = f;
        ch.here.unsure = true;
        w->in = better(w->in, ch.here);
    }
    return better(ch.here, ch.back);
}

static bool is_word(const json_t *chain, const char *key, const char *word)
{
    const char *is = json_string_value(json_object_get(chain, key));

    return is != NULL && strcmp(is, word) == 0;
}

/* One base chain, for who came as far as it. */
static struct flow through(struct walk *w, const json_t *chain, struct flow f)
{
    char table[NFT_KEY]; /* of what has its place by a longer key */
    struct flow end;

    (void)snprintf(table, sizeof table, "%s %s", json_string_value(json_object_get(chain, "family")),
                   json_string_value(json_object_get(chain, "table")));
    w->p.table = table;
    w->in = (struct flow){.gone = true};
    end = follow(w, json_string_value(json_object_get(chain, "name")), f, 0);
    return is_word(chain, "policy", "drop") ? w->in : better(w->in, end);
}

/* Those of the way in, or of the way out. Answers do not go through the chains that change addresses. */
static bool is_on(const json_t *chain, const struct nft_packet *p)
{
    if (!is_word(chain, "family", "inet") && !is_word(chain, "family", p->six ? "ip6" : "ip"))
        return false;
    if (p->out)
        return (is_word(chain, "hook", "output") || is_word(chain, "hook", "postrouting")) &&
               !is_word(chain, "type", "nat");
    return is_word(chain, "hook", "input") || is_word(chain, "hook", "prerouting");
}

/* One of a device, of a bridge or of ARP, in a language of its own, or that sends answers elsewhere. */
static bool is_strange(const json_t *chain)
{
    static const char *const families[] = {"ip", "ip6", "inet", NULL}, *const hooks[] = {"prerouting",
                                                                                         "input", "output",
                                                                                         "postrouting", NULL};
    const char *family = json_string_value(json_object_get(chain, "family")),
               *hook = json_string_value(json_object_get(chain, "hook"));

    if (family == NULL || hook == NULL || strcmp(hook, "forward") == 0 ||
        (bg_among(families, family) && bg_among(hooks, hook) && !is_word(chain, "type", "route")))
        return false;
    return json_array_size(json_object_get(chain, "rules")) > 0 || is_word(chain, "policy", "drop");
}

static struct flow walk(const struct nft_packet *p, const char **by)
{
    struct walk w = {.p = *p};
    struct flow f = {.gone = false};
    const char *name;
    json_t *chain;

    json_object_foreach(p->host->rules, name, chain)
    {
        f.unsure = f.unsure || is_strange(chain);
        if (!is_on(chain, p))
            continue;
        f = through(&w, chain, f);
        if (f.gone) {
            *by = name;
            break;
        }
    }
    return f;
}

enum nft_end nft_walk(struct nft_host *host, unsigned port, bool six, const char **by)
{
    static const struct {
        bool first, out;
    } ways[] = {{true, false}, {false, false}, {false, true}};
    unsigned some[2] = {0};
    bool unsure = false;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct nft_packet p = {
            .host = host, .port = port, .six = six, .first = ways[i].first, .out = ways[i].out};
        struct flow f = walk(&p, by);
        if (f.gone)
            return NFT_SHUT;
        unsure = unsure || f.unsure;
        some[p.out] = f.some > some[p.out] ? f.some : some[p.out];
    }
    return unsure || some[0] + some[1] > 1 ? NFT_UNSURE : NFT_OPEN;
}
