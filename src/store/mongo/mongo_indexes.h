/* mongo_indexes.h - the indexes, made at every start.
 *
 * Those of the predecessor, and ours. A server that cannot make one does without it: the index
 * makes something quick, or clears away what our own housekeeping clears away too. The one that
 * keeps booking codes apart is worth a warning.
 *
 * Thread: any.
 */
#pragma once

#include "store/mongo/mongo_connection.h"

/* ERROR_STORE_UNAVAILABLE if the server is not reached. `ret_missing` counts those it could not
 * make. */
MUST_USE enum error mongo_indexes_make(struct mongo_client *client, uint32_t *ret_missing);
