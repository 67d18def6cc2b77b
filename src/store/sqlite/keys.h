/* keys.h - idempotency keys in two tables used day about; see store/key_day.h.
 *
 * A random key dirties one page of whatever tree it goes into; two tables that are emptied
 * whole keep that tree small for ever, where deleting keys one by one would cost as much
 * again as writing them.
 *
 * Errors: database_error's. ERROR_NOT_FOUND: there is no such key.
 */
#pragma once

#include "core/idempotency.h"
#include "store/sqlite/writer_state.h"

/* Reads which table is in use. */
MUST_USE enum error keys_open(struct sqlite_store *store);

/* Looks in both tables. */
MUST_USE enum error keys_find(struct sqlite_store *store, const struct claim_key *claim,
                              struct key_record *ret_record);

/* Writes a new key. SQLite's code: SQLITE_DONE, or SQLITE_CONSTRAINT if it is there. */
int keys_insert(struct sqlite_store *store, const struct key_record *record);

/* Empties the older table if a day has begun, inside the open transaction. Before the first
 * key of a day is written, so that it goes into the day's table. */
MUST_USE enum error keys_begin_day(struct sqlite_store *store, int64_t now_ms);

/* The same in a transaction of its own, so that no batch has to wait for it. */
MUST_USE enum error keys_tend(struct sqlite_store *store, int64_t now_ms);

/* The open transaction was undone: the tables are as they were. */
void keys_undo(struct sqlite_store *store);

/* The open transaction has been committed. */
void keys_keep(struct sqlite_store *store);
