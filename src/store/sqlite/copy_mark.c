#include "store/sqlite/copy_mark.h"

#include "base/log.h"

int copy_mark_set(sqlite3 *copy)
{
    return sqlite3_exec(copy,
                        "INSERT OR REPLACE INTO setting"
                        " VALUES('copied_at', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
                        NULL, NULL, NULL);
}

/* Takes the mark away; `ret_marked` says whether it was there. */
static enum error take_mark(struct database *database, bool *ret_marked)
{
    sqlite3_stmt *statement =
        database_statement(database, "DELETE FROM setting WHERE name='copied_at'");
    if (statement == NULL || database_run(statement) != SQLITE_DONE) {
        return database_failure(database, "take copy mark");
    }
    *ret_marked = sqlite3_changes(database->handle) > 0;
    return ERROR_NONE;
}

static enum error raise_versions(struct database *database, int64_t now_ms)
{
    sqlite3_stmt *update =
        database_statement(database, "UPDATE showtime SET version=max(version+1,?1)");
    if (update == NULL) return database_failure(database, "raise versions");
    (void)sqlite3_bind_int64(update, 1, now_ms);
    if (database_run(update) != SQLITE_DONE) return database_failure(database, "raise versions");
    return ERROR_NONE;
}

enum error copy_mark_settle(struct database *database, int64_t now_ms,
                            struct database_reason *ret_reason)
{
    CHECK(sqlite3_get_autocommit(database->handle) != 0);
    CHECK(now_ms > 0);

    bool marked = false;
    enum error error = ERROR_NONE;
    if (database_execute(database, "BEGIN IMMEDIATE") != SQLITE_OK) {
        error = database_failure(database, "begin copy mark");
    }
    if (error == ERROR_NONE) error = take_mark(database, &marked);
    if (error == ERROR_NONE && marked) error = raise_versions(database, now_ms);
    if (error == ERROR_NONE && database_execute(database, "COMMIT") != SQLITE_OK) {
        error = database_failure(database, "commit copy mark");
    }
    if (error == ERROR_NONE && marked) {
        log_event(LOG_INFO, "versions_raised",
                  LOG_NUMBER("showtimes", sqlite3_changes(database->handle)));
    }
    if (error != ERROR_NONE) { /* Before the rollback, which has a message of its own. */
        database_explain(ret_reason, "%s cannot be written: %s",
                         sqlite3_db_filename(database->handle, "main"),
                         sqlite3_errmsg(database->handle));
    }
    if (sqlite3_get_autocommit(database->handle) == 0) {
        (void)database_execute(database, "ROLLBACK");
    }
    return error;
}
