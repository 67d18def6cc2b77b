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
    log_event(LOG_INFO, "versions_raised",
              LOG_NUMBER("showtimes", sqlite3_changes(database->handle)));
    return ERROR_NONE;
}

enum error copy_mark_settle(struct database *database, int64_t now_ms)
{
    CHECK(sqlite3_get_autocommit(database->handle) != 0);
    CHECK(now_ms > 0);

    bool marked = false;
    if (database_execute(database, "BEGIN IMMEDIATE") != SQLITE_OK) {
        return database_failure(database, "begin copy mark");
    }
    enum error error = take_mark(database, &marked);
    if (error == ERROR_NONE && marked) error = raise_versions(database, now_ms);
    if (error == ERROR_NONE && database_execute(database, "COMMIT") != SQLITE_OK) {
        error = database_failure(database, "commit copy mark");
    }
    if (sqlite3_get_autocommit(database->handle) == 0) {
        (void)database_execute(database, "ROLLBACK");
    }
    return error;
}
