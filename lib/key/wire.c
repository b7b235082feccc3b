/* SPDX-License-Identifier: ISC */
#include "key/wire.h"

static void code(struct bg_fields *f, enum bg_fido_code *v)
{
    BG_FIELD_ENUM(f, *v, BG_FC_OK, BG_FC_END - 1);
}

static void ids(struct bg_fields *f, uint8_t *n, struct bg_fido_id *id)
{
    bg_field_byte(f, n, BG_FIDO_IDS);
    for (size_t i = 0; i < *n && !f->bad; i++)
        bg_field_bytes(f, id[i].bytes, &id[i].len, 1, BG_FIDO_ID);
}

static void assertion(struct bg_fields *f, struct bg_fido_assert *a)
{
    (void)bg_field_text(f, a->rp, sizeof a->rp, 1);
    bg_field_raw(f, a->hash, sizeof a->hash);
    bg_field_flag(f, &a->touch);
    bg_field_flag(f, &a->verify);
    bg_field_word(f, &a->wait_ms);
    (void)bg_field_text(f, a->pin, sizeof a->pin, 0);
    ids(f, &a->n, a->id);
    bg_field_must(f, a->n > 0);
}

static void make(struct bg_fields *f, struct bg_fido_make *m)
{
    (void)bg_field_text(f, m->rp, sizeof m->rp, 1);
    bg_field_raw(f, m->hash, sizeof m->hash);
    BG_FIELD_ENUM(f, m->type, BG_FIDO_ES256, BG_FIDO_RS256);
    bg_field_flag(f, &m->discoverable);
    bg_field_byte(f, &m->protect, 3);
    (void)bg_field_text(f, m->name, sizeof m->name, 1);
    bg_field_raw(f, m->user, sizeof m->user);
    bg_field_flag(f, &m->verify);
    bg_field_word(f, &m->wait_ms);
    (void)bg_field_text(f, m->pin, sizeof m->pin, 0);
    ids(f, &m->n, m->id);
}

static void set_pin(struct bg_fields *f, struct bg_fido_set_pin *s)
{
    (void)bg_field_text(f, s->old, sizeof s->old, 0);
    (void)bg_field_text(f, s->pin, sizeof s->pin, 1);
}

static void info(struct bg_fields *f, struct bg_fido_info *i)
{
    code(f, &i->code);
    bg_field_flag(f, &i->fido2);
    bg_field_flag(f, &i->pin_set);
    bg_field_flag(f, &i->uv_ready);
    bg_field_flag(f, &i->es256);
    bg_field_flag(f, &i->eddsa);
    bg_field_flag(f, &i->rs256);
    bg_field_flag(f, &i->pin_able);
    bg_field_flag(f, &i->pin_change);
    bg_field_flag(f, &i->discoverable);
    bg_field_flag(f, &i->protects);
    bg_field_byte(f, &i->pin_min, UINT8_MAX);
    bg_field_byte(f, &i->max_list, UINT8_MAX);
    bg_field_byte(f, &i->transports, 63);
    bg_field_word(f, &i->max_id);
    bg_field_word(f, &i->max_msg);
    bg_field_byte(f, &i->pin_tries, UINT8_MAX);
    bg_field_byte(f, &i->uv_tries, UINT8_MAX);
    bg_field_raw(f, i->aaguid, sizeof i->aaguid);
    bg_field_word(f, &i->firmware);
}

static void result(struct bg_fields *f, struct bg_fido_result *r)
{
    code(f, &r->code);
    bg_field_byte(f, &r->status, UINT8_MAX);
    bg_field_bytes(f, r->id.bytes, &r->id.len, 0, BG_FIDO_ID);
    bg_field_bytes(f, r->authdata, &r->authdata_len, 0, BG_FIDO_AUTHDATA);
    bg_field_bytes(f, r->sig, &r->sig_len, 0, BG_FIDO_SIG);
    BG_FIELD_ENUM(f, r->att, BG_ATT_NONE, BG_ATT_U2F);
    bg_field_bytes(f, r->cert, &r->cert_len, 0, BG_FIDO_CERT);
}

static void fields(struct bg_fields *f, void *message)
{
    struct bg_fido_packet *m = message;

    BG_FIELD_ENUM(f, m->kind, BG_F_OPEN, BG_F_RESULT);
    switch (m->kind) {
    case BG_F_OPEN:
        (void)bg_field_text(f, m->u.open.path, sizeof m->u.open.path, 1);
        bg_field_word(f, &m->u.open.silence_ms);
        return;
    case BG_F_ASSERT:
        assertion(f, &m->u.assertion);
        return;
    case BG_F_MAKE:
        make(f, &m->u.make);
        return;
    case BG_F_SET_PIN:
        set_pin(f, &m->u.set_pin);
        return;
    case BG_F_SELECT:
        bg_field_word(f, &m->u.select_ms);
        return;
    case BG_F_OPENED:
        code(f, &m->u.opened);
        return;
    case BG_F_INFO:
        info(f, &m->u.info);
        return;
    case BG_F_RESULT:
        result(f, &m->u.result);
        return;
    case BG_F_GET_INFO:
    case BG_F_CANCEL:
    case BG_F_TOUCH:
        return;
    }
    f->bad = true;
}

const struct bg_contract bg_fido_wire[1] = {{'F', BG_FIDO_VERSION, sizeof(struct bg_fido_packet), fields}};
_Static_assert(sizeof(struct bg_fido_packet) <= BG_PACKET_STRUCT_MAX, "room");
