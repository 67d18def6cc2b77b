#include "store/sqlite/catalogue_rows.h"
#include "store/sqlite/editing.h"
#include "store/sqlite/write_movie.h"

static enum error find(struct editing *editing, struct movie *ret_movie, bool *ret_known)
{
    sqlite3_stmt *row = NULL;
    const enum error error =
        editing_find(editing, "SELECT " CATALOGUE_ROWS_MOVIE " FROM movie WHERE id=?1",
                     editing->edit->movie.id, &row);
    *ret_known = row != NULL;
    if (row == NULL) return error;
    return editing_found(row, catalogue_rows_movie(row, &editing->writing.scratch, ret_movie));
}

static bool same_genres(const struct movie *left, const struct movie *right)
{
    if (left->genre_count != right->genre_count) return false;
    for (size_t index = 0; index < left->genre_count; index++) {
        if (!slice_equal(left->genres[index], right->genres[index])) return false;
    }
    return true;
}

static uint32_t compare(const struct movie *left, const struct movie *right)
{
    return (uint32_t)!slice_equal(left->title, right->title) << MOVIE_TITLE |
           (uint32_t)(left->duration_minutes != right->duration_minutes) << MOVIE_DURATION |
           (uint32_t)!same_genres(left, right) << MOVIE_GENRE |
           (uint32_t)!slice_equal(left->poster_url, right->poster_url) << MOVIE_POSTER_URL |
           (uint32_t)!slice_equal(left->description, right->description) << MOVIE_DESCRIPTION |
           (uint32_t)!slice_equal(left->release_date, right->release_date) << MOVIE_RELEASE_DATE |
           (uint32_t)!slice_equal(left->status, right->status) << MOVIE_STATUS;
}

/* Puts what changed into the movie. */
static void merge(uint32_t changed, const struct movie *from, struct movie *movie)
{
    if (edit_has(changed, MOVIE_TITLE)) movie->title = from->title;
    if (edit_has(changed, MOVIE_DURATION)) movie->duration_minutes = from->duration_minutes;
    if (edit_has(changed, MOVIE_GENRE)) {
        movie->genre_count = from->genre_count;
        memcpy(movie->genres, from->genres, sizeof movie->genres);
    }
    if (edit_has(changed, MOVIE_POSTER_URL)) movie->poster_url = from->poster_url;
    if (edit_has(changed, MOVIE_DESCRIPTION)) movie->description = from->description;
    if (edit_has(changed, MOVIE_RELEASE_DATE)) movie->release_date = from->release_date;
    if (edit_has(changed, MOVIE_STATUS)) movie->status = from->status;
}

static void describe(struct editing *editing, const struct movie *movie)
{
    struct json_writer *json = &editing->json;
    if (editing_member(editing, MOVIE_TITLE, SLICE("title"))) json_text(json, movie->title);
    if (editing_member(editing, MOVIE_DURATION, SLICE("duration"))) {
        json_number(json, movie->duration_minutes);
    }
    if (editing_member(editing, MOVIE_GENRE, SLICE("genre"))) {
        json_open_array(json);
        for (size_t index = 0; index < movie->genre_count; index++) {
            json_text(json, movie->genres[index]);
        }
        json_close_array(json);
    }
    if (editing_member(editing, MOVIE_POSTER_URL, SLICE("poster_url"))) {
        json_text(json, movie->poster_url);
    }
    if (editing_member(editing, MOVIE_DESCRIPTION, SLICE("description"))) {
        json_text(json, movie->description);
    }
    if (editing_member(editing, MOVIE_RELEASE_DATE, SLICE("release_date"))) {
        json_text(json, movie->release_date);
    }
    if (editing_member(editing, MOVIE_STATUS, SLICE("status"))) json_text(json, movie->status);
}

enum error editing_movie(struct editing *editing)
{
    const struct movie *wanted = &editing->edit->movie;
    struct movie movie = {.id = wanted->id};
    bool known = false;
    enum error error = find(editing, &movie, &known);
    if (error != ERROR_NONE) return error;
    if (!editing_judge(editing, known, compare(&movie, wanted))) return ERROR_NONE;
    merge(editing->edit->members_changed, wanted, &movie);
    error = write_movie(&editing->writing, &movie);
    if (error != ERROR_NONE) return error;
    describe(editing, &movie);
    return editing_journal(editing, SLICE("movie"), movie.id);
}
