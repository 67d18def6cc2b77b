/* mongo_ids.h - ids that two instances make alike, from what a client says.
 *
 * The booking of a key has the same id wherever and however often it is made, so that inserting
 * it is the gate: the second one is refused, and finds the first.
 *
 * Source: the first 12 bytes of HMAC-SHA256 with a key that the database keeps.
 * Thread: the client's.
 */
#pragma once

#include "core/code.h"
#include "core/idempotency.h"
#include "crypto/crypto.h"
#include "store/mongo/mongo_connection.h"

/* Reads the database's key, or makes it; `ret_mac` has it set. */
MUST_USE enum error mongo_ids_open(struct mongo_client *client, struct mac **ret_mac,
                                   struct mongo_reason *ret_reason);

/* Reads the database's key and makes none; `ret_mac` is NULL if there is no sound one. */
MUST_USE enum error mongo_ids_find(struct mongo_client *client, struct mac **ret_mac,
                                   struct mongo_reason *ret_reason);

/* The id of what a claim makes: a booking, or a payment; and that of its record. */
struct id mongo_ids_made(struct mac *mac, const struct claim_key *claim);
struct id mongo_ids_key(struct mac *mac, const struct claim_key *claim);

/* A code that nobody can guess; the database keeps codes apart. */
struct code mongo_ids_code(void);

/* An id that follows those before it, for what no key makes. */
struct id mongo_ids_next(void);

bson_oid_t mongo_ids_to_oid(struct id id);
struct id mongo_ids_from_oid(const bson_oid_t *oid);
