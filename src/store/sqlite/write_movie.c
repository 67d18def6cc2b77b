#include "store/sqlite/write_movie.h"

#include "base/buffer.h"
#include "json/json_write.h"

/* Its data is NULL if that is more than any movie has. */
static struct slice genres_json(struct writing *writing, const struct movie *movie)
{
    const size_t capacity = WRITING_SCRATCH_SIZE / 4;
    struct buffer buffer;
    char *block = arena_take(&writing->scratch, capacity);
    if (block == NULL) return (struct slice){0};
    buffer_init(&buffer, block, capacity);
    struct json_writer json = json_writer_of(&buffer);
    json_open_array(&json);
    for (size_t index = 0; index < movie->genre_count; index++) {
        json_text(&json, movie->genres[index]);
    }
    json_close_array(&json);
    if (buffer.overflowed) return (struct slice){0};
    return buffer_text(&buffer);
}

enum error write_movie(struct writing *writing, const struct movie *movie)
{
    bool known = false;
    const enum error asked =
        writing_ask(writing, "SELECT 1 FROM movie WHERE id=?1", movie->id, &known);
    if (asked != ERROR_NONE) return asked;
    sqlite3_stmt *statement = database_statement(
        writing->database,
        "INSERT INTO movie(id,title,title_folded,duration_minutes,genres,poster_url,description,"
        "release_date,status) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"
        " ON CONFLICT(id) DO UPDATE SET title=excluded.title,title_folded=excluded.title_folded,"
        "duration_minutes=excluded.duration_minutes,genres=excluded.genres,"
        "poster_url=excluded.poster_url,description=excluded.description,"
        "release_date=excluded.release_date,status=excluded.status"
        " WHERE (title,title_folded,duration_minutes,genres,poster_url,description,release_date,"
        "status) IS NOT (excluded.title,excluded.title_folded,excluded.duration_minutes,"
        "excluded.genres,excluded.poster_url,excluded.description,excluded.release_date,"
        "excluded.status)");
    if (statement == NULL) return writing_failure(writing);
    const struct slice title = writing_fold(writing, movie->title);
    const struct slice genres = genres_json(writing, movie);
    if (title.data == NULL || genres.data == NULL) return writing_refuse_row("movie");
    char hex[ID_HEX_SIZE];
    writing_bind_id(statement, 1, movie->id, hex);
    database_bind_text(statement, 2, movie->title);
    database_bind_text(statement, 3, title);
    (void)sqlite3_bind_int64(statement, 4, movie->duration_minutes);
    database_bind_text(statement, 5, genres);
    database_bind_text(statement, 6, movie->poster_url);
    database_bind_text(statement, 7, movie->description);
    database_bind_text(statement, 8, movie->release_date);
    database_bind_text(statement, 9, movie->status);
    bool wrote = false;
    const enum error error = writing_run(writing, statement, &wrote);
    writing_count(&writing->report.movies, known, wrote);
    return error;
}
