/* SPDX-License-Identifier: ISC */
#ifndef SOFTKEY_STATUS_H
#define SOFTKEY_STATUS_H

/* Status bytes of an answer (8.2), and one of our own. */
enum sk_status {
    SK_OK = 0x00,
    SK_E_COMMAND = 0x01,
    SK_E_PARAMETER = 0x02,
    SK_E_LENGTH = 0x03,
    SK_E_CBOR_TYPE = 0x11,
    SK_E_CBOR = 0x12,
    SK_E_MISSING = 0x14,
    SK_E_LIMIT = 0x15,
    SK_E_EXCLUDED = 0x19,
    SK_E_ALGORITHM = 0x26,
    SK_E_DENIED = 0x27,
    SK_E_STORE_FULL = 0x28,
    SK_E_OPTION = 0x2B,
    SK_E_INVALID_OPTION = 0x2C,
    SK_E_CANCEL = 0x2D,
    SK_E_NO_CREDENTIALS = 0x2E,
    SK_E_TOUCH_TIMEOUT = 0x2F,
    SK_E_NOT_ALLOWED = 0x30,
    SK_E_PIN_INVALID = 0x31,
    SK_E_PIN_BLOCKED = 0x32,
    SK_E_PIN_AUTH = 0x33,
    SK_E_PIN_AUTH_BLOCKED = 0x34,
    SK_E_PIN_NOT_SET = 0x35,
    SK_E_PIN_REQUIRED = 0x36,
    SK_E_PIN_POLICY = 0x37,
    SK_E_UV_BLOCKED = 0x3C,
    SK_E_SUBCOMMAND = 0x3E,
    SK_E_UV_INVALID = 0x3F,
    SK_E_PERMISSION = 0x40,
    SK_E_OTHER = 0x7F,
    SK_NO_ANSWER = 0x100, /* the channel was reset, or the key pulled out: nothing is sent */
};

#endif
