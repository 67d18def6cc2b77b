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

enum error editing_movie(struct editing *editing)
{
    const struct movie *wanted = &editing->edit->movie;
    struct movie movie = {.id = wanted->id};
    bool known = false;
    enum error error = find(editing, &movie, &known);
    if (error != ERROR_NONE) return error;
    if (!edited_judge(editing->edit, known, edited_compare_movie(&movie, wanted)))
        return ERROR_NONE;
    const uint32_t changed = editing->edit->members_changed;
    edited_merge_movie(changed, wanted, &movie);
    error = write_movie(&editing->writing, &movie);
    if (error != ERROR_NONE) return error;
    edited_describe_movie(&editing->json, changed, &movie);
    return editing_journal(editing, movie.id);
}
