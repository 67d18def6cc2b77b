#include "store/sqlite/catalogue_write.h"

#include "store/sqlite/write_cinema.h"
#include "store/sqlite/write_movie.h"
#include "store/sqlite/write_showtime.h"

static enum error write_all(struct writing *writing)
{
    const struct catalogue_entries *entries = writing->entries;
    enum error error = ERROR_NONE;
    for (size_t index = 0; index < entries->movie_count && error == ERROR_NONE; index++) {
        arena_reset(&writing->scratch);
        error = write_movie(writing, &entries->movies[index]);
    }
    for (size_t index = 0; index < entries->cinema_count && error == ERROR_NONE; index++) {
        arena_reset(&writing->scratch);
        error = write_cinema(writing, &entries->cinemas[index]);
    }
    for (size_t index = 0; index < entries->showtime_count && error == ERROR_NONE; index++) {
        error = write_showtime(writing, index);
    }
    if (error == ERROR_NONE && writing->report.kept_count > 0) error = ERROR_VALIDATION_FAILED;
    return error;
}

static enum error run(struct writing *writing)
{
    struct database *database = writing->database;
    if (database_execute(database, "BEGIN IMMEDIATE") != SQLITE_OK) {
        return writing_failure(writing);
    }
    enum error error = write_all(writing);
    if (error == ERROR_NONE && database_execute(database, "COMMIT") != SQLITE_OK) {
        error = writing_failure(writing);
    }
    if (error != ERROR_NONE && sqlite3_get_autocommit(database->handle) == 0) {
        (void)database_execute(database, "ROLLBACK"); /* Its failure undoes the same. */
    }
    return error;
}

enum error catalogue_write(struct database *database, const struct catalogue_entries *entries,
                           const struct locale *locale, struct catalogue_report *ret_report)
{
    CHECK(ret_report != NULL);
    CHECK(sqlite3_get_autocommit(database->handle) != 0);

    struct writing *writing = calloc(1, sizeof *writing);
    if (writing == NULL) return ERROR_STORE_UNAVAILABLE;
    writing->database = database;
    writing->entries = entries;
    writing->locale = locale;
    arena_init(&writing->scratch, writing->block, sizeof writing->block);
    const enum error error = run(writing);
    *ret_report = writing->report;
    free(writing);
    return error;
}
