/* problem.h - every "no" as the contract writes it: application/problem+json.
 *
 * The members of RFC 9457 stand beside those that clients of the predecessor read, made in one
 * place so that no answer forgets one of them.
 *
 * Shape:  a body is at most PROBLEM_SIZE_MAX bytes; long texts from outside are cut. It is made
 *         on the stack, so that a full arena still gets its answer.
 * Thread: any; problem_reply the exchange's loop.
 * Source: RFC 9457; docs/http-api.md, "Errors".
 */
#pragma once

#include "core/command.h"
#include "http/exchange.h"

enum {
    PROBLEM_SIZE_MAX = 8 * 1024, /* A hundred seats, or sixteen field errors, and a long path. */
    FIELD_ERRORS_MAX = 16,       /* More do not help whoever reads them. */
};

/* One member of the request that is wrong. */
struct field_error {
    struct slice field;   /* `seats[1]`; empty: the whole. */
    struct slice message; /* `must be a string` */
};

struct problem {
    enum error error;    /* Not ERROR_NONE. */
    int status;          /* 0: the error's own. */
    struct slice detail; /* Empty: made from the conflicts, or the error's usual sentence. */
    const struct seat_conflict *conflicts;
    size_t conflict_count;
    const struct field_error *errors;
    size_t error_count;
    int64_t retry_after_s;     /* 0: the error's usual one, if it has any. */
    struct slice allow;        /* The methods of a 405. */
    struct slice authenticate; /* Empty: the usual one of a 401 about tokens. */
};

/* What a body says about the request that it answers. */
struct problem_request {
    struct slice path;
    struct slice request_id;
    int64_t now_ms;
};

/* Answers the exchange, with Cache-Control, Retry-After, Allow and WWW-Authenticate as the
 * problem needs them. */
void problem_reply(struct exchange *exchange, const struct problem *problem, int64_t now_ms);

/* The same with what the error says by itself. */
void problem_reply_error(struct exchange *exchange, enum error error, int64_t now_ms);

/* Writes the body into `target` of PROBLEM_SIZE_MAX bytes. */
struct slice problem_body(const struct problem *problem, const struct problem_request *request,
                          char *target);

/* The seconds that Retry-After says for this problem; 0: none. */
int64_t problem_retry_after_s(const struct problem *problem);

/* The error of the same name; ERROR_NONE for REFUSAL_NONE. */
enum error problem_error_of(enum refusal refusal);
