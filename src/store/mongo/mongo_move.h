/* mongo_move.h - what an export and an import of MongoDB share: the mark of an import that is not
 * whole, and the secrets.
 *
 * The mark is there before the first record and goes behind the last one, so a database with one
 * is no store: nobody serves or judges it, and the next import empties it.
 *
 * Errors: false, or the error, with a sentence that says why.
 * Thread: the client's.
 */
#pragma once

#include "store/mongo/mongo_connection.h"
#include "store/move/move_record.h"

/* The names of the secrets among the settings. */
#define MONGO_MOVE_CLAIM_KEY "id_key"
#define MONGO_MOVE_SEAL_KEY "seal_key"

/* ERROR_INTERNAL_ERROR if there is a mark, for bookings and money are missing, or if we may not
 * look; ERROR_STORE_UNAVAILABLE if nobody answers. */
MUST_USE enum error mongo_move_check_whole(struct mongo_client *client,
                                           struct mongo_reason *ret_reason);

/* Makes the mark ours, in place of anybody's; what was imported so far is dropped. Without a mark
 * the database must be empty. */
MUST_USE bool mongo_move_begin(struct mongo_client *client, struct id token,
                               struct move_reason *ret_reason);

/* Is the mark still ours? Somebody who begins takes it. */
MUST_USE bool mongo_move_holds(struct mongo_client *client, struct id token,
                               struct move_reason *ret_reason);

/* Drops what was imported, and takes the mark away, if it is still ours. */
MUST_USE bool mongo_move_undo(struct mongo_client *client, struct id token,
                              struct move_reason *ret_reason);

/* Takes the mark away. */
MUST_USE bool mongo_move_finish(struct mongo_client *client, struct id token,
                                struct move_reason *ret_reason);

MUST_USE bool mongo_move_read_secret(struct mongo_client *client, const char *name,
                                     struct move_secret *ret_secret,
                                     struct move_reason *ret_reason);
MUST_USE bool mongo_move_keep_secret(struct mongo_client *client, const char *name,
                                     const struct move_secret *secret,
                                     struct move_reason *ret_reason);

/* Counts the documents of a collection, one by one; false if it cannot be told. */
MUST_USE bool mongo_move_count(struct mongo_client *client, enum mongo_collection collection,
                               int64_t *ret_count, struct move_reason *ret_reason);
