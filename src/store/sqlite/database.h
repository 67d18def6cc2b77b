/* database.h - a connection to `usher.db`: opened with care, its statements prepared once.
 *
 * The settings that durability rests on (WAL, synchronous=FULL) are set and read back; a file
 * that does not take them is refused. Checkpoints are never SQLite's own: it would swallow a
 * failed fsync of theirs and try again, and the second try lies. The writer runs them.
 *
 * Errors: database_error maps SQLite's codes; see there.
 * Thread: a database belongs to one thread.
 * Source: https://www.sqlite.org/wal.html; docs/decisions/0002-sqlite.md
 */
#pragma once

#include <sqlite3.h>

#include "base/check.h"
#include "base/error.h"
#include "base/log_limit.h"
#include "core/id.h"

enum {
    DATABASE_STATEMENTS_MAX = 80, /* More than any connection uses. */
    DATABASE_PATH_SIZE = 384,     /* SQLite takes 512, with the ends of its other files. */
    DATABASE_REASON_SIZE = 512,   /* A path and a sentence. */
};

/* Why a file cannot be used, for the person who starts the server. */
struct database_reason {
    char text[DATABASE_REASON_SIZE];
};

enum database_mode {
    DATABASE_WRITE, /* Makes the file (0600) and its tables if they are not there. */
    DATABASE_READ,  /* Never writes, not even a checkpoint; the file must be there. */
};

struct database {
    sqlite3 *handle; /* NULL: closed. */
    size_t statement_count;
    const char *texts[DATABASE_STATEMENTS_MAX];
    sqlite3_stmt *statements[DATABASE_STATEMENTS_MAX];
    int wal_pages;  /* In the WAL after this connection's last commit. */
    int wal_copied; /* Of these, copied into the file by the last checkpoint. */
    struct log_limit failures;
};

/* Opens the file; ERROR_STORE_UNAVAILABLE with `ret_reason` set if it cannot be used. The
 * database must not move afterwards: SQLite keeps its address. */
MUST_USE enum error database_open(const char *path, enum database_mode mode,
                                  struct database *ret_database,
                                  struct database_reason *ret_reason);

/* Accepts an empty database. */
void database_close(struct database *database);

/* The statement of `sql`, prepared at its first use and kept; its address is the key, so it
 * must be a literal or a constant. Ready to bind. NULL if it cannot be prepared: the reason
 * is then logged, and database_failure gives the error. */
sqlite3_stmt *database_statement(struct database *database, const char *sql);

/* Ends the use of a statement: forgets its row and its borrowed bindings. Accepts NULL. */
void database_done(sqlite3_stmt *statement);

/* Runs a statement that returns no row and ends its use. SQLite's code; SQLITE_DONE if it
 * went well. */
int database_run(sqlite3_stmt *statement);

/* Runs SQL without parameters, once. SQLITE_OK if it went well. */
int database_execute(struct database *database, const char *sql);

/* Bindings borrow the text until database_done. An empty text is bound as NULL by
 * _bind_optional, as '' by _bind_text; a time of 0 or an id of none is NULL. */
void database_bind_text(sqlite3_stmt *statement, int index, struct slice text);
void database_bind_optional(sqlite3_stmt *statement, int index, struct slice text);
void database_bind_moment(sqlite3_stmt *statement, int index, int64_t moment_ms);

/* Borrowed until the next step. NULL reads as empty. */
struct slice database_column_text(sqlite3_stmt *statement, int column);
struct slice database_column_blob(sqlite3_stmt *statement, int column);

/* An id stored as 24 hex digits; none if it is NULL or no id. */
struct id database_column_id(sqlite3_stmt *statement, int column);

/* Our error for SQLite's code, outside of COMMIT. A write or fsync that failed may leave
 * the file's cache and disk apart: ERROR_OUTCOME_UNKNOWN. All else, a full disk above all,
 * has changed nothing: ERROR_STORE_UNAVAILABLE. */
enum error database_error(int code);

/* The same for the last call on this connection; says in the log where it failed. */
enum error database_failure(struct database *database, const char *where);

/* The same for a read of one showtime's rows: damage there is ERROR_INTERNAL_ERROR, which
 * closes that showtime and no other. The batch that met it cannot be committed any more. */
enum error database_read_failure(struct database *database, const char *where);

/* Copies the WAL into the file, as far as readers allow. With `wait`, waits a moment for them,
 * so that the WAL starts over. A full disk is ERROR_STORE_UNAVAILABLE and harmless: the WAL
 * keeps what it has. */
MUST_USE enum error database_checkpoint(struct database *database, bool wait);

/* Writes a reason. */
__attribute__((format(printf, 2, 3))) void database_explain(struct database_reason *reason,
                                                            const char *format, ...);
