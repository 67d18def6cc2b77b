/* generic.h - the generic form of a gateway's message, for gateways without their own protocol.
 *
 * A JSON body {"transaction_id","status","amount","paid_at","currency"} signed with
 * `X-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.rawbody">`. The time is signed, so a
 * message that is heard on the way is of no use later; several v1 may stand behind each other
 * while a secret is changed.
 *
 * Errors: those of ports/gateway.h.
 * Source: docs/http-api.md, "Payments".
 */
#pragma once

#include "crypto/crypto.h"
#include "ports/gateway.h"

enum {
    GENERIC_AGE_S_MAX = 300,     /* Clocks differ and networks wait; five minutes is customary. */
    GENERIC_SIGNATURES_MAX = 4,  /* The secret in use and the ones before and after it. */
    GENERIC_SIGNATURE_SIZE = 96, /* `t=`, 20 digits, `,v1=`, 64 hex digits. */
};

struct generic {
    struct mac *mac;     /* Of the provider's secret. */
    bool takes_unsigned; /* Under --dev: a message without a signature header passes. */
};

/* The port. `generic` is borrowed for as long as the gateway is used. */
struct gateway generic_gateway(struct generic *generic);

/* Writes the header's value for a body that is signed at `now_ms` into `target` of
 * GENERIC_SIGNATURE_SIZE bytes. */
struct slice generic_sign(struct mac *mac, int64_t now_ms, struct slice body, char *target);
