/* query.h - the query string, strict: no unknown name, none twice, nothing half encoded.
 *
 * Read like a body: a handler asks for the parameters that it knows and then finishes. An
 * empty value means that the parameter was not given, as forms send it.
 *
 * Shape:  up to QUERY_PARAMETERS_MAX parameters; values are decoded into the arena.
 * Errors: VALIDATION_FAILED with one entry per wrong parameter.
 * Thread: the exchange's loop.
 */
#pragma once

#include "http/problem.h"
#include "ports/reader.h"

enum {
    QUERY_PARAMETERS_MAX = 16, /* The longest list of the contract has six. */
    QUERY_LIMIT_DEFAULT = 20,
    QUERY_LIMIT_MAX = 100,
    CURSOR_TEXT_SIZE = 16, /* An id in base64url. */
};

struct query_parameter {
    struct slice name;
    struct slice value;
    bool asked; /* A handler knows it. */
};

struct query {
    struct query_parameter parameters[QUERY_PARAMETERS_MAX];
    size_t parameter_count;
    struct field_error errors[FIELD_ERRORS_MAX];
    size_t error_count;
};

/* Takes the string behind '?' apart. Faults are noted and told by query_finish. */
void query_parse(struct slice text, struct arena *arena, struct query *ret_query);

/* Refuses parameters that nobody asked for. False when it has answered the exchange, because
 * anything was wrong. */
MUST_USE bool query_finish(struct exchange *exchange, struct query *query, int64_t now_ms);

/* The same without an answer: does the query stand? */
MUST_USE bool query_judge(struct query *query);

/* A parameter's text of at most `size_max` bytes; data NULL if it was not given. */
struct slice query_text(struct query *query, struct slice name, size_t size_max);

/* An id of 24 hex digits; none if it was not given. */
struct id query_id(struct query *query, struct slice name);

/* `limit`: 1..QUERY_LIMIT_MAX, or the default. */
uint32_t query_limit(struct query *query);

/* `cursor`: the id behind which to go on; none for the start. */
struct id query_cursor(struct query *query);

/* `consistency`: strong, or the default. */
enum consistency query_consistency(struct query *query);

/* The same of a request that has no other parameter. False when it has answered the exchange. */
MUST_USE bool query_only_consistency(struct exchange *exchange, enum consistency *ret_consistency,
                                     int64_t now_ms);

/* Notes an error about a parameter; the message is borrowed until the answer. */
void query_complain(struct query *query, struct slice name, struct slice message);

/* Writes CURSOR_TEXT_SIZE characters and no NUL. */
void query_format_cursor(struct id last, char *target);
