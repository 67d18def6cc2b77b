/* request_body.h - a JSON body, read member by member, with all that is wrong in it.
 *
 * A handler asks for the members that it knows and then finishes: whatever it did not ask for
 * is an error, and the client hears of every wrong member at once.
 *
 * Shape:  the root is an object; up to FIELD_ERRORS_MAX errors are kept.
 * Errors: BODY_TOO_LARGE never comes from here; UNSUPPORTED_MEDIA_TYPE and VALIDATION_FAILED
 *         are answered.
 * Thread: the exchange's loop.
 */
#pragma once

#include "http/problem.h"
#include "json/json_read.h"

enum { BODY_MEMBERS_MAX = 32 }; /* Asked for by one handler. */

struct request_body {
    struct arena *arena;
    const struct json *root; /* For the fingerprint, once it is finished. */
    struct slice known[BODY_MEMBERS_MAX];
    size_t known_count;
    struct field_error errors[FIELD_ERRORS_MAX];
    size_t error_count;
};

/* Parses the exchange's body. False when it has answered: the type is not application/json, or
 * the text is no JSON object. */
MUST_USE bool request_body_parse(struct exchange *exchange, struct request_body *ret_body,
                                 int64_t now_ms);

/* The same, with the tree in an arena that is not the exchange's. NULL when it has answered. */
MUST_USE const struct json *request_body_parse_into(struct exchange *exchange, struct arena *arena,
                                                    int64_t now_ms);

/* Refuses members that nobody asked for. False when it has answered the exchange, because
 * anything was wrong. */
MUST_USE bool request_body_finish(struct exchange *exchange, struct request_body *body,
                                  int64_t now_ms);

/* A text of 1..size_max bytes. Empty, with an error noted, if it is not there or not one. */
struct slice request_body_string(struct request_body *body, struct slice name, size_t size_max);

/* The same, but may be absent: empty without an error. */
struct slice request_body_optional_string(struct request_body *body, struct slice name,
                                          size_t size_max);

/* An id of 24 hex digits; none, with an error noted, if it is not there or not one. Upper case
 * becomes lower case in the tree, so that both spellings have one fingerprint. */
struct id request_body_id(struct request_body *body, struct slice name);

/* An array of 1..count_max texts, each of 1..size_max bytes; gives how many, and 0 with errors
 * noted if anything is wrong. */
size_t request_body_strings(struct request_body *body, struct slice name, size_t size_max,
                            struct slice *ret_texts, size_t count_max);

/* An array of 1..count_max distinct seat names; gives how many, and 0 with errors noted if
 * anything is wrong. */
size_t request_body_seats(struct request_body *body, struct slice name, struct seat_name *ret_seats,
                          size_t count_max);

/* Notes an error about a member. The message is borrowed until the answer. */
void request_body_complain(struct request_body *body, struct slice name, struct slice message);
