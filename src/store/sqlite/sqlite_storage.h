/* sqlite_storage.h - the storage port over the files of the SQLite store.
 *
 * It never opens the store's file by itself: closing any descriptor of it would give up the
 * locks that SQLite holds on it in this process.
 *
 * Source: https://www.sqlite.org/howtocorrupt.html, 2.2
 */
#pragma once

#include "ports/storage.h"
#include "store/sqlite/database.h"

struct sqlite_storage;

/* Remembers which files the store is in; the writer has opened them. */
MUST_USE enum error sqlite_storage_open(const char *path, const struct storage_meter *meter,
                                        struct sqlite_storage **ret_storage,
                                        struct database_reason *ret_reason);

/* Accepts NULL. */
void sqlite_storage_close(struct sqlite_storage *storage);

struct storage sqlite_storage_port(struct sqlite_storage *storage);
