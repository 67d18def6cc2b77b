/* mongo_read.h - one document by its id, and what a failed operation is called.
 *
 * Thread: the client's.
 */
#pragma once

#include "store/mongo/mongo_connection.h"
#include "store/mongo/mongo_error.h"

/* Reads one document; `ret_found` is to be destroyed if there is one. `projection` is JSON, or
 * NULL for all of it. */
MUST_USE enum error mongo_read_one(struct mongo_client *client, enum mongo_collection collection,
                                   struct id id, const char *projection, bson_t *ret_found,
                                   bool *ret_there);

/* The same, as it is now: on a replica set the primary asks the majority whether it still is one,
 * so that what it says is nothing that others have overtaken. */
MUST_USE enum error mongo_read_latest(struct mongo_client *client, enum mongo_collection collection,
                                      struct id id, const char *projection, bson_t *ret_found,
                                      bool *ret_there);

/* What became of writes that are `done`, or not. Applied and perhaps not lasting is a failure too,
 * wherever the driver has left the news. With `repeats`, what was there already is none, unless
 * something else failed beside it. */
MUST_USE enum error mongo_read_written(const char *what, bool done, bool repeats,
                                       const bson_error_t *why, const bson_t *reply);

/* Appends to a find's options how long it may take and, if the client is to read strongly, that the
 * primary first asks the majority whether it still is one. A server alone is never overtaken. */
void mongo_read_append_terms(const struct mongo_client *client, bson_t *options);

/* Appends to a filter that ids are behind this one; nothing if it is none. Who looks at a bounded
 * number goes on there in the next round, so that those that nothing helps do not hide the others.
 * The first round goes without: a server may use the index for two conditions alone. */
void mongo_read_append_after(bson_t *filter, struct id after);

/* How a find has ended: its error, logged, if it had one. The cursor stays the caller's. */
MUST_USE enum error mongo_read_end(mongoc_cursor_t *cursor, const char *what);

/* Does the filter find any document? By looking for one: a count is a walk through all of them on
 * some servers, and the server's own is wrong after an unclean stop. */
MUST_USE enum error mongo_read_any(struct mongo_client *client, enum mongo_collection collection,
                                   const bson_t *filter, const char *what, bool *ret_any);

/* Logs a failed operation and gives its error. */
enum error mongo_read_failure(const char *what, const bson_error_t *why, const bson_t *reply,
                              enum mongo_class *ret_class);
