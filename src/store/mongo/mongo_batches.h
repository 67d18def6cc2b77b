/* mongo_batches.h - the last commits of a document, by which one's own is found.
 *
 * After an update whose answer never came, another one that does not match says that somebody
 * was first; whether that was oneself, `batches` says, as long as not too many came since.
 *
 * Thread: any.
 */
#pragma once

#include <mongoc/mongoc.h>

#include "core/id.h"

enum { BATCHES_REMEMBERED = 32 }; /* Of others since ours, by which it is still found. */

struct mongo_batches {
    uint32_t count;
    struct id ids[BATCHES_REMEMBERED]; /* Oldest first. */
};

/* Of a document; false if they cannot be read. */
bool mongo_batches_read(const bson_t *document, struct mongo_batches *ret_batches);

/* Does the document name this one? */
bool mongo_batches_named(const bson_t *document, struct id batch);

/* Adds one; the oldest leaves if there are too many. */
void mongo_batches_push(struct mongo_batches *batches, struct id batch);

/* Appends `batches`. */
void mongo_batches_append(const struct mongo_batches *batches, bson_t *document);
