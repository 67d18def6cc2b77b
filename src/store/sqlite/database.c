#include "store/sqlite/database.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/durable.h"
#include "store/sqlite/schema.h"

enum { BUSY_MS = 100 }; /* Nobody else writes; a checkpoint that waits, waits for short readers. */

/* A WAL that once grew is cut back to this when it starts over: 32 MB, twice what is usual. */
#define WRITER_PRAGMAS \
    "PRAGMA secure_delete=OFF; PRAGMA foreign_keys=OFF; PRAGMA cache_size=-65536;" \
    "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=33554432; PRAGMA mmap_size=0;" \
    "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF"

#define READER_PRAGMAS \
    "PRAGMA query_only=ON; PRAGMA cache_size=-8192; PRAGMA mmap_size=0;" \
    "PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF"

void database_explain(struct database_reason *reason, const char *format, ...)
{
    CHECK(reason != NULL);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason->text, sizeof reason->text, format, arguments);
    va_end(arguments);
}

/* Called on any thread. */
static void log_sqlite(void *context, int code, const char *message)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static struct log_limit warnings;
    (void)context;
    const int primary = code & 0xff;
    const enum log_level level =
        primary == SQLITE_NOTICE || primary == SQLITE_SCHEMA ? LOG_DEBUG : LOG_WARNING;
    if (!log_enabled(level)) return;
    uint64_t left_out = 0;
    CHECK(pthread_mutex_lock(&mutex) == 0);
    const bool passes = level == LOG_DEBUG || log_limit_pass(&warnings, LOG_LIMIT_FAILURES_MAX,
                                                             clock_now_ms(), &left_out);
    CHECK(pthread_mutex_unlock(&mutex) == 0);
    if (!passes) return;
    log_event(level, "sqlite", LOG_NUMBER("code", code), LOG_TEXT("message", slice_of(message)),
              log_limit_field(left_out));
}

/* Counting every allocation under one mutex would join the threads again. What a savepoint
 * goes back to is kept in memory, not in a temporary file: a turn touches a few hundred pages
 * at most. */
static void configure_sqlite(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
    (void)sqlite3_config(SQLITE_CONFIG_LOG, log_sqlite, NULL);
}

/* SQLite gives its other files the mode of the first one. It flushes the folder for a WAL that it
 * makes, and not for one that a killed process left behind. */
static bool prepare_file(const char *path, struct database_reason *ret_reason)
{
    const int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 && (errno != EEXIST || chmod(path, 0600) != 0)) {
        database_explain(ret_reason, "%s cannot be written: %s", path, strerror(errno));
        return false;
    }
    if (file >= 0) close(file);
    if (durable_folder_of(path)) return true;
    database_explain(ret_reason, "the folder of %s cannot be made durable: %s", path,
                     strerror(errno));
    return false;
}

/* The first column of the pragma's answer is this text? */
static bool pragma_says(struct database *database, const char *pragma, const char *expected,
                        struct database_reason *ret_reason)
{
    sqlite3_stmt *statement = NULL;
    bool same = false;
    if (sqlite3_prepare_v2(database->handle, pragma, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        const struct slice answer = database_column_text(statement, 0);
        same = slice_equal(answer, slice_of(expected));
        if (!same) {
            database_explain(ret_reason, "%s gave %.*s, but usher needs %s", pragma,
                             (int)answer.size, answer.data, expected);
        }
    } else {
        database_explain(ret_reason, "%s failed: %s", pragma, sqlite3_errmsg(database->handle));
    }
    sqlite3_finalize(statement);
    return same;
}

static int note_wal(void *context, sqlite3 *handle, const char *name, int pages)
{
    struct database *database = context;
    CHECK(database->handle == handle);
    (void)name;
    database->wal_pages = pages;
    if (database->wal_copied > pages) database->wal_copied = 0; /* It started over. */
    return SQLITE_OK;
}

static bool open_writer(struct database *database, struct database_reason *ret_reason)
{
    if (database_execute(database, "PRAGMA page_size=4096") != SQLITE_OK ||
        !pragma_says(database, "PRAGMA journal_mode=WAL", "wal", ret_reason)) {
        return false;
    }
    if (database_execute(database, "PRAGMA synchronous=FULL; " WRITER_PRAGMAS) != SQLITE_OK) {
        database_explain(ret_reason, "the settings failed: %s", sqlite3_errmsg(database->handle));
        return false;
    }
    if (!pragma_says(database, "PRAGMA synchronous", "2", ret_reason)) return false;
    if (!durable_log(database)) {
        database_explain(ret_reason, "the log of %s cannot be made durable",
                         sqlite3_db_filename(database->handle, "main"));
        return false;
    }
    if (schema_migrate(database, ret_reason) != ERROR_NONE) return false;
    (void)sqlite3_wal_hook(database->handle, note_wal, database);
    return true;
}

static bool open_reader(struct database *database, struct database_reason *ret_reason)
{
    if (database_execute(database, READER_PRAGMAS) == SQLITE_OK) return true;
    database_explain(ret_reason, "the settings failed: %s", sqlite3_errmsg(database->handle));
    return false;
}

static bool open_file(const char *path, enum database_mode mode, struct database *database,
                      struct database_reason *ret_reason)
{
    const int flags = mode == DATABASE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    const int code = sqlite3_open_v2(path, &database->handle,
                                     flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK) {
        database_explain(ret_reason, "%s cannot be opened: %s", path, sqlite3_errstr(code));
        return false;
    }
    (void)sqlite3_busy_timeout(database->handle, BUSY_MS);
    (void)sqlite3_db_config(database->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    if (schema_check(database, ret_reason) != ERROR_NONE) return false;
    return mode == DATABASE_WRITE ? open_writer(database, ret_reason)
                                  : open_reader(database, ret_reason);
}

enum error database_open(const char *path, enum database_mode mode, struct database *ret_database,
                         struct database_reason *ret_reason)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    CHECK(path != NULL);
    CHECK(ret_reason != NULL);

    pthread_once(&configured, configure_sqlite);
    *ret_database = (struct database){0};
    if (mode == DATABASE_WRITE && !prepare_file(path, ret_reason)) return ERROR_STORE_UNAVAILABLE;
    if (open_file(path, mode, ret_database, ret_reason)) return ERROR_NONE;
    database_close(ret_database);
    return ERROR_STORE_UNAVAILABLE;
}

void database_close(struct database *database)
{
    if (database->handle == NULL) return;
    for (size_t index = 0; index < database->statement_count; index++) {
        sqlite3_finalize(database->statements[index]);
    }
    const int code = sqlite3_close(database->handle);
    CHECK(code == SQLITE_OK);
    *database = (struct database){0};
}

sqlite3_stmt *database_statement(struct database *database, const char *sql)
{
    CHECK(database->handle != NULL);
    CHECK(sql != NULL);

    for (size_t index = 0; index < database->statement_count; index++) {
        if (database->texts[index] == sql) return database->statements[index];
    }
    CHECK(database->statement_count < DATABASE_STATEMENTS_MAX);
    sqlite3_stmt *statement = NULL;
    const int code =
        sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (code != SQLITE_OK) {
        (void)database_failure(database, sql);
        return NULL;
    }
    database->texts[database->statement_count] = sql;
    database->statements[database->statement_count++] = statement;
    return statement;
}

void database_done(sqlite3_stmt *statement)
{
    (void)sqlite3_reset(statement); /* Repeats the error of the last step, which was seen. */
    if (statement != NULL) (void)sqlite3_clear_bindings(statement);
}

int database_run(sqlite3_stmt *statement)
{
    CHECK(statement != NULL);
    const int code = sqlite3_step(statement);
    CHECK(code != SQLITE_ROW);
    database_done(statement);
    return code;
}

int database_execute(struct database *database, const char *sql)
{
    return sqlite3_exec(database->handle, sql, NULL, NULL, NULL);
}

void database_bind_text(sqlite3_stmt *statement, int index, struct slice text)
{
    const char *data = text.data == NULL ? "" : text.data;
    const int code = sqlite3_bind_text(statement, index, data, (int)text.size, SQLITE_STATIC);
    CHECK(code == SQLITE_OK);
}

void database_bind_optional(sqlite3_stmt *statement, int index, struct slice text)
{
    if (text.size > 0) database_bind_text(statement, index, text);
}

void database_bind_moment(sqlite3_stmt *statement, int index, int64_t moment_ms)
{
    if (moment_ms == 0) return;
    const int code = sqlite3_bind_int64(statement, index, moment_ms);
    CHECK(code == SQLITE_OK);
}

struct slice database_column_text(sqlite3_stmt *statement, int column)
{
    const char *data = (const char *)sqlite3_column_text(statement, column);
    if (data == NULL) return (struct slice){0};
    return (struct slice){.data = data, .size = (size_t)sqlite3_column_bytes(statement, column)};
}

struct slice database_column_blob(sqlite3_stmt *statement, int column)
{
    const char *data = sqlite3_column_blob(statement, column);
    if (data == NULL) return (struct slice){0};
    return (struct slice){.data = data, .size = (size_t)sqlite3_column_bytes(statement, column)};
}

struct id database_column_id(sqlite3_stmt *statement, int column)
{
    struct id id = {0};
    (void)id_parse(database_column_text(statement, column), &id);
    return id;
}

enum error database_error(int code)
{
    CHECK(code != SQLITE_OK);
    if ((code & 0xff) != SQLITE_IOERR) return ERROR_STORE_UNAVAILABLE;
    switch (code) {
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_NOMEM:
    case SQLITE_IOERR_LOCK:
        return ERROR_STORE_UNAVAILABLE;
    default:
        return ERROR_OUTCOME_UNKNOWN;
    }
}

enum error database_failure(struct database *database, const char *where)
{
    const int code = sqlite3_extended_errcode(database->handle);
    uint64_t left_out = 0;
    if (log_limit_pass(&database->failures, LOG_LIMIT_FAILURES_MAX, clock_now_ms(), &left_out)) {
        log_event(LOG_ERROR, "store_failed", LOG_TEXT("where", slice_of(where)),
                  LOG_NUMBER("code", code),
                  LOG_TEXT("reason", slice_of(sqlite3_errmsg(database->handle))),
                  log_limit_field(left_out));
    }
    return code == SQLITE_OK ? ERROR_STORE_UNAVAILABLE : database_error(code);
}

enum error database_read_failure(struct database *database, const char *where)
{
    const int code = sqlite3_extended_errcode(database->handle);
    const bool damaged = (code & 0xff) == SQLITE_CORRUPT || code == SQLITE_NOTADB ||
                         code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ;
    const enum error error = database_failure(database, where);
    if (!damaged || sqlite3_get_autocommit(database->handle)) return error;
    return ERROR_INTERNAL_ERROR;
}

enum error database_checkpoint(struct database *database, bool wait)
{
    const int mode = wait ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
    int pages = 0;
    int copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(database->handle, "main", mode, &pages, &copied);
    if (copied > 0) database->wal_copied = copied;
    if (code == SQLITE_OK || code == SQLITE_BUSY) return ERROR_NONE;
    return database_failure(database, "checkpoint");
}
