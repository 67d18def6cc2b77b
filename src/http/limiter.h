/* limiter.h - how much one user and one client address may ask for.
 *
 * Shuts out floods before they cost anything: before a body is read or a command is made. Ordinary
 * customers never meet it, and the first minute of a sale neither; docs/limits.md has the numbers
 * and their reasons. Four things are counted apart, so that none is the other's victim: what
 * writes, what reads, what gateways report, and tokens or signatures that are not valid.
 *
 * Streams of live maps pin what they watch in memory for as long as they last. So it is counted how
 * many a client has open, and nobody can take the place of everybody's.
 *
 * Against hoarding: whoever cancels hold after hold keeps seats from others without ever paying,
 * so the holds that a user has cancelled are counted too, and too many of them stop his next hold.
 *
 * Errors: 429 RATE_LIMITED, answered here. Without a limiter (NULL) everything is admitted.
 * Thread: any loop's, for its own exchanges; all loops share one limiter.
 * Source: docs/http-api.md, "Order of checks"; draft-ietf-httpapi-ratelimit-headers-10.
 */
#pragma once

#include "core/payment.h"
#include "http/client_address.h"
#include "http/rate.h"

/* X(name, name for clients, variable, default) */
#define LIMIT_LIST(X) \
    X(USER_WRITES, "user-writes", "RATE_LIMIT_USER_WRITES", "2000:20/s") \
    X(USER_READS, "user-reads", "RATE_LIMIT_USER_READS", "2000:50/s") \
    X(ADDRESS_WRITES, "address-writes", "RATE_LIMIT_ADDRESS_WRITES", "4000:200/s") \
    X(ADDRESS_READS, "address-reads", "RATE_LIMIT_ADDRESS_READS", "10000:1000/s") \
    X(WEBHOOKS, "webhooks", "RATE_LIMIT_WEBHOOKS", "2000:200/s") \
    X(FAILURES, "failures", "RATE_LIMIT_FAILURES", "200:2/s") \
    X(CANCELS, "cancels", "RATE_LIMIT_CANCELS", "10:20/h")

enum limit {
#define LIMIT_ENUM(name, text, variable, usual) LIMIT_##name,
    LIMIT_LIST(LIMIT_ENUM)
#undef LIMIT_ENUM
        LIMIT_COUNT
};

/* What a resource is limited as. */
enum limited {
    LIMITED_BY_METHOD, /* GET reads, all else writes. */
    LIMITED_HOLD,      /* A write that too many cancelled holds stop. */
    LIMITED_LATER,     /* A webhook: counted by its handler, which knows whose message it is. */
    LIMITED_NOT,       /* What watches the server must always get through. */
};

enum { LIMITER_STREAM_BACK_S = 5 }; /* What Retry-After says to who has too many streams. */

struct limiter_options {
    struct rate rates[LIMIT_COUNT];  /* A burst of 0: that limit is off. */
    uint32_t streams_per_client_max; /* Open at once, in all loops. 0: no limit. */
    uint32_t streams_max;            /* That there can be, of all clients. */
    struct address_ranges proxies;
};

struct limiter;

/* NULL without memory. */
struct limiter *limiter_open(const struct limiter_options *options);
void limiter_close(struct limiter *limiter); /* Accepts NULL. */

/* Counts an authenticated or public request, and announces the limits in the answer's headers.
 * False when it has answered 429. */
MUST_USE bool limiter_admit(struct limiter *limiter, struct exchange *exchange,
                            enum limited limited, int64_t now_ms);

/* The same for a gateway's message whose signature is right, by gateway and address; and for one
 * that cannot have a right one: PAYMENT_METHOD_COUNT is of no gateway. Rubbish in a gateway's name
 * is a failure instead, so that it takes nothing from the gateway. */
MUST_USE bool limiter_admit_webhook(struct limiter *limiter, struct exchange *exchange,
                                    enum payment_method method, int64_t now_ms);

/* Counts a token or signature that is not valid, and announces that limit. False when it has
 * answered 429: the address has failed too often to be told more. */
MUST_USE bool limiter_admit_failure(struct limiter *limiter, struct exchange *exchange,
                                    int64_t now_ms);

/* Counts a hold that its user has cancelled, also beyond the limit: a batch of them costs as much
 * as the same cancels one by one. Staff may cancel as they like. */
void limiter_note_cancel(struct limiter *limiter, const struct exchange *exchange);

/* Counts a stream that is about to begin, until limiter_end_stream is told the same client. False,
 * and nothing is counted, if the client has too many: limiter_refuse_stream answers 429. */
MUST_USE bool limiter_begin_stream(struct limiter *limiter, const struct exchange *exchange,
                                   struct address *ret_client);
void limiter_end_stream(struct limiter *limiter, const struct address *client);
void limiter_refuse_stream(struct limiter *limiter, struct exchange *exchange, int64_t now_ms);

/* The variable's and the client's name of a limit, and its usual rate. */
struct slice limiter_variable(enum limit limit);
struct slice limiter_name(enum limit limit);
struct rate limiter_default(enum limit limit);
