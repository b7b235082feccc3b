/* SPDX-License-Identifier: ISC */
#include "base/wire.h"

static void hello(struct bg_fields *f, struct bg_hello *h)
{
    BG_FIELD_ENUM(f, h->phase, BG_PHASE_AUTH, BG_PHASE_CLOSE);
    bg_field_word(f, &h->flags);
    h->host_pid = (int64_t)bg_field_number(f, (uint64_t)h->host_pid, 4, 0, INT32_MAX);
    h->caller_uid = (int64_t)bg_field_number(f, (uint64_t)h->caller_uid, 4, 0, UINT32_MAX);
    bg_field_flag(f, &h->granted);
    (void)bg_field_text(f, h->use, sizeof h->use, 0);
    (void)bg_field_text(f, h->service, sizeof h->service, 0);
    (void)bg_field_text(f, h->user, sizeof h->user, 0);
    (void)bg_field_text(f, h->tty, sizeof h->tty, 0);
    (void)bg_field_text(f, h->rhost, sizeof h->rhost, 0);
    (void)bg_field_text(f, h->ruser, sizeof h->ruser, 0);
    (void)bg_field_text(f, h->sshd, sizeof h->sshd, 0);
}

static void prompt(struct bg_fields *f, struct bg_prompt *p)
{
    BG_FIELD_ENUM(f, p->style, BG_STYLE_ECHO_ON, BG_STYLE_ERROR);
    (void)bg_field_text(f, p->text, sizeof p->text, 0);
}

static void answer(struct bg_fields *f, struct bg_answer *a)
{
    size_t len;

    BG_FIELD_ENUM(f, a->state, BG_ANSWER_GIVEN, BG_ANSWER_NONE);
    len = bg_field_text(f, a->text, sizeof a->text, 0);
    bg_field_must(f, len == 0 || a->state == BG_ANSWER_GIVEN);
    if (f->in != NULL)
        a->len = len;
    bg_field_must(f, a->len == len);
}

static void verdict(struct bg_fields *f, struct bg_verdict *v)
{
    bg_field_word(f, &v->verdict);
    bg_field_must(f, v->verdict == BG_VERDICT_ALLOW || v->verdict == BG_VERDICT_DENY ||
                         v->verdict == BG_VERDICT_LEAVE);
    bg_field_flag(f, &v->has_audit_uid);
    if (v->has_audit_uid)
        bg_field_word(f, &v->audit_uid);
    (void)bg_field_text(f, v->use, sizeof v->use, 0);
}

static void fields(struct bg_fields *f, void *message)
{
    struct bg_wire_packet *m = message;

    BG_FIELD_ENUM(f, m->kind, BG_K_HELLO, BG_K_VERDICT);
    switch (m->kind) {
    case BG_K_HELLO:
        hello(f, &m->u.hello);
        return;
    case BG_K_PROMPT:
        prompt(f, &m->u.prompt);
        return;
    case BG_K_ANSWER:
        answer(f, &m->u.answer);
        return;
    case BG_K_VERDICT:
        verdict(f, &m->u.verdict);
        return;
    }
    f->bad = true;
}

const struct bg_contract bg_wire[1] = {{'G', BG_WIRE_VERSION, sizeof(struct bg_wire_packet), fields}};
_Static_assert(sizeof(struct bg_wire_packet) <= BG_PACKET_STRUCT_MAX, "room");
