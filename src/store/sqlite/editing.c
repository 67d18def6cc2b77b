#include "store/sqlite/editing.h"

void editing_init(struct editing *editing, struct database *database, struct catalogue_edit *edit,
                  int64_t now_ms)
{
    CHECK(database != NULL);

    struct writing *writing = &editing->writing;
    writing->database = database;
    writing->locale = edit->locale;
    arena_init(&writing->scratch, writing->block, sizeof writing->block);
    editing->edit = edit;
    editing->now_ms = now_ms;
    buffer_init(&editing->detail, editing->block, sizeof editing->block);
    editing->json = json_writer_of(&editing->detail);
}

enum error editing_find(struct editing *editing, const char *sql, struct id id,
                        sqlite3_stmt **ret_row)
{
    struct writing *writing = &editing->writing;
    sqlite3_stmt *row = database_statement(writing->database, sql);
    if (row == NULL) return writing_failure(writing);
    char hex[ID_HEX_SIZE];
    writing_bind_id(row, 1, id, hex);
    const int code = sqlite3_step(row);
    *ret_row = code == SQLITE_ROW ? row : NULL;
    if (code == SQLITE_ROW) return ERROR_NONE;
    const enum error error = code == SQLITE_DONE ? ERROR_NONE : writing_failure(writing);
    database_done(row);
    return error;
}

enum error editing_found(sqlite3_stmt *row, enum error error)
{
    database_done(row);
    return error == ERROR_OVERLOADED ? ERROR_INTERNAL_ERROR : error;
}
