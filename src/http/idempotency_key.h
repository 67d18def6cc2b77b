/* idempotency_key.h - the key that a client sends to be answered once, and what it stands for.
 *
 * `X-Idempotency-Key` is the predecessor's name and counts if both come; `Idempotency-Key` is
 * the IETF draft's, whose value is a quoted string, and whose status for a reused key differs.
 *
 * Thread: any.
 * Source: docs/http-api.md, "Idempotency"; draft-ietf-httpapi-idempotency-key-header.
 */
#pragma once

#include "core/idempotency.h"
#include "http/exchange.h"
#include "json/json_read.h"

struct idempotency_key {
    struct uuid key;
    bool draft; /* The draft's header brought it: a reused key is 422. */
};

/* Reads the request's key: ERROR_IDEMPOTENCY_KEY_REQUIRED if there is none,
 * ERROR_IDEMPOTENCY_KEY_INVALID if it is no version 4 UUID or its header came twice. */
MUST_USE enum error idempotency_key_read(const struct exchange *exchange,
                                         struct idempotency_key *ret_key);

/* The status of an error under this key: 422 for a reused key of the draft's header, else 0
 * for the error's own. Fits `struct problem`. */
int idempotency_key_status(const struct idempotency_key *key, enum error error);

/* SHA-256 of the path and the key-sorted body; `body` NULL stands for no body. False, and
 * `ret_fingerprint` untouched, when the arena has no room for the sorted text.
 *
 * The path counts in lower case: routes are written in lower case only, so that just the ids
 * in it change, which mean the same in either case. The query does not count, and a path with
 * another spelling (an escape, a slash more) is no route and never comes this far. */
MUST_USE bool idempotency_key_fingerprint(struct slice path, const struct json *body,
                                          struct arena *arena, struct fingerprint *ret_fingerprint);
