/* The commands of CTAP2 (6): table, dispatch, and the small ones. */
#ifndef SOFTKEY_CTAP_H
#define SOFTKEY_CTAP_H

#include "softkey.h"
#include "cbor.h"

/* The 16 bytes that name the model. */
const uint8_t *sk_aaguid(void);

/* Work on the message in sk->hid.rx and answer it. */
void sk_ctap_run(struct softkey *sk);

/* authenticatorMakeCredential, GetAssertion, GetNextAssertion, CredentialManagement. */
enum sk_status sk_make_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out);
enum sk_status sk_get_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out);
enum sk_status sk_next_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out);
enum sk_status sk_credman_command(struct softkey *sk, cbor_item_t *request, struct sk_out *out);

#endif
