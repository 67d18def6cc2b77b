/* mongo_error.h - what a failed operation on MongoDB means for what was written.
 *
 * One table, because the answer to "may it have been applied?" decides whether a commit is tried
 * again, resolved, or given up.
 *
 * Thread: any.
 * Source: docs/decisions/0008-one-update-of-the-showtime.md; the driver's and the server's error
 * codes.
 */
#pragma once

#include <mongoc/mongoc.h>

#include "base/error.h"

enum mongo_class {
    MONGO_DONE,         /* No error. */
    MONGO_DUPLICATE,    /* A unique index has it already; not applied. */
    MONGO_NOT_SENT,     /* No server was reached; not applied. */
    MONGO_NOT_EXECUTED, /* The server is not the primary; not applied. */
    MONGO_UNKNOWN,      /* Applied or not. */
    MONGO_APPLIED,      /* Applied; whether it lasts is not known. */
    MONGO_CONFIG,       /* Refused: who we are, or what the server can do. */
    MONGO_BUG,          /* Refused: what we sent. */
};

/* The class of a failed operation; `reply` may be NULL. */
enum mongo_class mongo_error_class(const bson_error_t *error, const bson_t *reply);

/* What the store's caller is told, if the operation decided nothing: an intent, a read. */
enum error mongo_error_of(enum mongo_class class);

/* Has a write that seems done not reached its majority? The driver overlooks such an error if it
 * has no text. */
bool mongo_error_in_concern(const bson_t *reply);

/* The class's name, for the log. */
const char *mongo_error_name(enum mongo_class class);
