/* idempotency.h - one key, one effect.
 *
 * A user's key for one operation is written in the same commit as its effect, so that a retry
 * after any crash finds its own outcome and nothing is ever stuck half done. A refusal is not
 * an effect; it is remembered in memory only, for as long as there is room.
 *
 * Shape:  (user, operation, key) is unique in the store.
 * Source: docs/http-api.md, "Idempotency".
 */
#pragma once

#include "core/booking.h"
#include "core/refusal.h"
#include "core/uuid.h"

enum operation { OPERATION_HOLD, OPERATION_CONFIRM, OPERATION_PAY, OPERATION_REFUND };

#define OPERATION_COUNT 4

/* SHA-256 over the path and the key-sorted body, made by the shell. */
struct fingerprint {
    uint8_t bytes[32];
};

/* What a client says to be answered once. */
struct claim_key {
    struct user user;
    enum operation operation;
    struct uuid key;
    struct fingerprint fingerprint;
};

/* What became of a key: an effect, kept in the store. */
struct key_record {
    struct claim_key claim;
    struct id booking; /* The booking held, confirmed or paid for. */
    struct id payment; /* The payment answered; none for a hold. */
    bool created;      /* A pay answered 201, a payment of its own; a refund one still due. */
    int64_t created_at_ms;
};

enum key_verdict { KEY_FRESH, KEY_REPLAY, KEY_REUSED };

/* Judges a claim against what the store has under the same (user, operation, key), or NULL. */
enum key_verdict key_judge(const struct claim_key *claim, const struct key_record *record);

/* Same user, operation and key, whatever the fingerprint? */
bool claim_key_same(const struct claim_key *left, const struct claim_key *right);

bool fingerprint_equal(const struct fingerprint *left, const struct fingerprint *right);

struct slice operation_name(enum operation operation);
bool operation_parse(struct slice text, enum operation *ret_operation);
