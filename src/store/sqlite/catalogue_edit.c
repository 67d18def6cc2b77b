#include "store/sqlite/catalogue_edit.h"

#include "store/sqlite/editing.h"

static enum error run(struct editing *editing)
{
    switch (editing->edit->kind) {
    case EDIT_MOVIE:
        return editing_movie(editing);
    case EDIT_CINEMA:
        return editing_cinema(editing);
    default:
        CHECK(editing->edit->kind == EDIT_SHOWTIME);
        return editing_showtime(editing);
    }
}

/* Ends the savepoint. What a verdict had to write to be found, such as a layout, goes too. */
static enum error end(struct editing *editing, enum error error)
{
    struct database *database = editing->writing.database;
    const bool undone = sqlite3_get_autocommit(database->handle) != 0;
    if (undone || (error != ERROR_NONE && error != ERROR_INTERNAL_ERROR)) return error;
    const bool keeps = error == ERROR_NONE && edit_wrote(editing->edit);
    if (!keeps && database_execute(database, "ROLLBACK TO edit") != SQLITE_OK) {
        return database_failure(database, "undo edit");
    }
    if (database_execute(database, "RELEASE edit") != SQLITE_OK) {
        return database_failure(database, "end edit");
    }
    return error;
}

enum error catalogue_edit(struct database *database, struct catalogue_edit *edit, int64_t now_ms)
{
    CHECK(edit != NULL);
    CHECK(edit->locale != NULL);

    struct editing *editing = calloc(1, sizeof *editing);
    if (editing == NULL) return ERROR_STORE_UNAVAILABLE;
    editing_init(editing, database, edit, now_ms);
    enum error error = ERROR_NONE;
    if (database_execute(database, "SAVEPOINT edit") != SQLITE_OK) {
        error = database_failure(database, "begin edit");
    } else {
        error = end(editing, run(editing));
    }
    free(editing);
    return error;
}
