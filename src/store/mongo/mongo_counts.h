/* mongo_counts.h - how many holds and refunds wait, for those who watch the database.
 *
 * By the documents, which follow their showtimes within a second, and by an index: a count ends at
 * MONGO_COUNTS_MAX, so that it costs no more when something has gone very wrong.
 *
 * Thread: the client's.
 */
#pragma once

#include "ports/storage.h"
#include "store/mongo/mongo_connection.h"

enum { MONGO_COUNTS_MAX = 100000 }; /* Entries of an index: some 50 ms. */

MUST_USE enum error mongo_counts_read(struct mongo_client *client,
                                      struct storage_counts *ret_counts);
