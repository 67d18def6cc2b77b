/* jwt.h - bearer tokens: HS256 only, verified before anything in them is believed.
 *
 * The algorithm is fixed by us, never by the token. A library would cost several times as much
 * on every request; what is left to do is small enough to be strict about.
 *
 * Shape:  tokens of at most JWT_SIZE_MAX bytes. Verified ones are kept in a small cache, with
 *         their times, which are judged again each time.
 * Errors: a sentence for `error_description`; it never repeats anything of the token.
 * Thread: a verifier belongs to one thread.
 * Source: RFC 7515, 7519, 8725; docs/http-api.md, "Authentication".
 */
#pragma once

#include "base/buffer.h"
#include "http/exchange.h"

enum {
    JWT_SIZE_MAX = 4096,
    JWT_SECRETS_MAX = 2,   /* The one in use and the one before, while rotating. */
    JWT_LEEWAY_S = 30,     /* For nbf and iat: clocks differ. exp has none. */
    JWT_CACHE_SIZE = 4096, /* Users of one loop within the same minutes; at most 2.5 MB. */
};

struct jwt_options {
    struct slice secrets[JWT_SECRETS_MAX];
    size_t secret_count;   /* 0: every token is refused. */
    struct slice issuer;   /* Empty: not checked. */
    struct slice audience; /* Empty: not checked. */
};

struct jwt_claims {
    struct user user;
    enum role role;
    int64_t expires_at_s;
    int64_t not_before_s; /* The later one of nbf and iat; 0: neither was given. */
};

struct jwt_verifier;

/* NULL without memory. Issuer and audience are borrowed as long as it is open. */
struct jwt_verifier *jwt_open(const struct jwt_options *options);
void jwt_close(struct jwt_verifier *verifier); /* Accepts NULL. */

/* Is the token ours, and valid at `now_ms`? If not, `ret_reason` says why, in static text. */
MUST_USE bool jwt_verify(struct jwt_verifier *verifier, struct slice token, int64_t now_ms,
                         struct jwt_claims *ret_claims, struct slice *ret_reason);

/* What a new token says. */
struct jwt_grant {
    struct slice user;
    enum role role;
    int64_t issued_at_s;
    int64_t expires_at_s;
};

/* Appends a token under the first secret, with issuer and audience if they are configured.
 * False without memory, or if the user's name is no user id. */
MUST_USE bool jwt_sign(const struct jwt_options *options, const struct jwt_grant *grant,
                       struct buffer *token);

/* 1..64 printable ASCII characters without spaces? */
bool jwt_user_is_valid(struct slice user);

/* Reads `user`, `staff` or `admin`. */
bool jwt_role_parse(struct slice text, enum role *ret_role);
