/* schema.h - the tables of `usher.db`, and how an older file becomes one of today's.
 *
 * Made for people too: every table and column is commented in the file itself (`.schema` in
 * the sqlite3 shell shows it), and the views carry the predecessor's names and shapes.
 *
 * Shape:  `user_version` counts the versions; a version's steps run in one transaction, so
 *         a file is of one version or of the next, never between.
 * Errors: ERROR_STORE_UNAVAILABLE, with a sentence that says what is wrong with the file.
 * Source: docs/decisions/0002-sqlite.md
 */
#pragma once

#include "store/sqlite/database.h"

enum { SCHEMA_VERSION = 3 };

/* "ushr": marks the file as ours (PRAGMA application_id). */
#define SCHEMA_APPLICATION_ID 0x75736872

/* Refuses a file of a newer usher or of another program. An empty file is neither. */
MUST_USE enum error schema_check(struct database *database, struct database_reason *ret_reason);

/* Brings an empty or older file to SCHEMA_VERSION. */
MUST_USE enum error schema_migrate(struct database *database, struct database_reason *ret_reason);
