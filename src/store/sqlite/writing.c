#include "store/sqlite/writing.h"

#include "base/log.h"

enum error writing_failure(struct writing *writing)
{
    return database_failure(writing->database, "catalogue");
}

enum error writing_refuse_row(const char *table)
{
    log_event(LOG_ERROR, "row_broken", LOG_TEXT("table", slice_of(table)));
    return ERROR_INTERNAL_ERROR;
}

void writing_bind_id(sqlite3_stmt *statement, int index, struct id id, char hex[ID_HEX_SIZE])
{
    CHECK(!id_is_none(id));
    id_format(id, hex);
    database_bind_text(statement, index, (struct slice){.data = hex, .size = ID_HEX_SIZE});
}

struct slice writing_fold(struct writing *writing, struct slice text)
{
    return writing->locale->fold(text, &writing->scratch);
}

enum error writing_ask(struct writing *writing, const char *sql, struct id id, bool *ret_known)
{
    CHECK(ret_known != NULL);
    sqlite3_stmt *statement = database_statement(writing->database, sql);
    if (statement == NULL) return writing_failure(writing);
    char hex[ID_HEX_SIZE];
    writing_bind_id(statement, 1, id, hex);
    const int code = sqlite3_step(statement);
    enum error error = ERROR_NONE;
    if (code == SQLITE_ROW || code == SQLITE_DONE) *ret_known = code == SQLITE_ROW;
    else error = writing_failure(writing);
    database_done(statement);
    return error;
}

enum error writing_run(struct writing *writing, sqlite3_stmt *statement, bool *ret_wrote)
{
    CHECK(ret_wrote != NULL);
    const sqlite3_int64 before = sqlite3_total_changes64(writing->database->handle);
    if (database_run(statement) != SQLITE_DONE) return writing_failure(writing);
    *ret_wrote = sqlite3_total_changes64(writing->database->handle) != before;
    return ERROR_NONE;
}

void writing_count(struct written_count *count, bool known, bool wrote)
{
    count->added += !known;
    count->changed += known && wrote;
}
