/* keyed.h - what hold, confirm and pay have in common: a key, a body, a command.
 *
 * They go through the contract's checks in its order: key, body, and then the turn, where a
 * known key is answered before anything else is judged.
 *
 * Thread: the exchange's loop.
 * Source: docs/http-api.md, "Idempotency".
 */
#pragma once

#include "http/desk.h"
#include "http/idempotency_key.h"
#include "http/request_body.h"

struct keyed {
    struct idempotency_key key;
    struct request_body body;
    struct command *command;
};

/* Reads key and body, and takes a command. False when it has answered the exchange. */
MUST_USE bool keyed_begin(struct desk *desk, struct exchange *exchange, enum operation operation,
                          struct keyed *ret_keyed, int64_t now_ms);

/* After the body's members were asked for: refuses a wrong body and makes the fingerprint.
 * False when it has answered the exchange; the command is then given back. */
MUST_USE bool keyed_finish(struct desk *desk, struct exchange *exchange, struct keyed *keyed,
                           int64_t now_ms);

/* Finds the showtime of the command's booking; without one, the turn judges the key and says
 * that there is no such booking. False when it has answered the exchange. */
MUST_USE bool keyed_route(struct desk *desk, struct exchange *exchange, struct keyed *keyed,
                          int64_t now_ms);

/* Answers a refused command, whatever its kind; false if it was not refused. */
MUST_USE bool keyed_refused(struct exchange *exchange, const struct command *command);

/* Adds `Idempotent-Replayed: true` if the answer is one given before. */
void keyed_add_replayed(struct exchange *exchange, const struct command *command);
