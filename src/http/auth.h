/* auth.h - who asks: a bearer token, or in development a plain header.
 *
 * Thread: an authenticator belongs to one loop.
 * Source: RFC 6750; docs/http-api.md, "Authentication".
 */
#pragma once

#include "http/jwt.h"

struct authenticator;

struct authenticator_options {
    struct jwt_options jwt;
    /* `X-User-Id` and `X-User-Role` count when there is no token. The server is on loopback then.
     */
    bool dev;
};

/* NULL without memory. The options' slices are borrowed as long as it is open. */
struct authenticator *auth_open(const struct authenticator_options *options);
void auth_close(struct authenticator *authenticator); /* Accepts NULL. */

/* Fills in the exchange's user and role; or ERROR_TOKEN_MISSING, or ERROR_TOKEN_INVALID with the
 * reason. */
MUST_USE enum error auth_judge(struct authenticator *authenticator, struct exchange *exchange,
                               int64_t now_ms, struct slice *ret_reason);

/* Answers 401 with what was judged. */
void auth_refuse(struct exchange *exchange, enum error error, struct slice reason, int64_t now_ms);
