/* sqlite_store.h - the store port over one SQLite file: the writer's side.
 *
 * A batch is one transaction, a turn a savepoint in it. Every change is conditional on what
 * was there before, and the keys of the tables refuse the rest: a turn that would sell a seat
 * twice is undone alone.
 *
 * Errors: as ports/store.h says. A full disk undoes the batch, and later ones may succeed. A
 *         commit that fails otherwise, or a failed fsync of a checkpoint, leaves the outcome
 *         open: the store then refuses every batch with ERROR_OUTCOME_UNKNOWN until the
 *         process starts anew, because a second fsync would claim what the first one lost.
 * Thread: the writer's.
 * Source: docs/decisions/0002-sqlite.md
 */
#pragma once

#include "ports/storage.h"
#include "ports/store.h"
#include "store/sqlite/database.h"

struct sqlite_store;

/* Opens the file for writing, makes or upgrades its tables. `tag_key` is the policy's: a map
 * that is loaded tags its held seats with it. */
MUST_USE enum error sqlite_store_open(const char *path, const struct siphash_key *tag_key,
                                      struct sqlite_store **ret_store,
                                      struct database_reason *ret_reason);

/* Undoes an open batch. Accepts NULL. */
void sqlite_store_close(struct sqlite_store *store);

struct store sqlite_store_port(struct sqlite_store *store);

/* What the disk took so far; lives as long as the store. */
const struct storage_meter *sqlite_store_meter(const struct sqlite_store *store);
