/* editing.h - what the parts of one edit share: its verdict and its entry in the journal.
 */
#pragma once

#include "store/edited.h"
#include "store/sqlite/writing.h"

/* A description and all other texts with every letter escaped to two. */
enum { EDITING_DETAIL_SIZE = 40 * 1024 };

struct editing {
    struct writing writing;
    struct catalogue_edit *edit;
    int64_t now_ms;
    struct buffer detail; /* JSON: the members that changed, as they are now. */
    struct json_writer json;
    char block[EDITING_DETAIL_SIZE];
};

/* Borrows the database and the edit. */
void editing_init(struct editing *editing, struct database *database, struct catalogue_edit *edit,
                  int64_t now_ms);

/* Finds the row of an id for `sql`; `ret_row` is NULL if there is none. */
MUST_USE enum error editing_find(struct editing *editing, const char *sql, struct id id,
                                 sqlite3_stmt **ret_row);

/* Ends the use of such a row, which was read with `error`: a row for which the scratch has no
 * room is broken, for no entry has so much. */
MUST_USE enum error editing_found(sqlite3_stmt *row, enum error error);

/* Writes the entry's journal, once the detail is complete. */
MUST_USE enum error editing_journal(struct editing *editing, struct id id);

/* Each kind's own: finds the entry, judges it, writes it and its journal. */
MUST_USE enum error editing_movie(struct editing *editing);
MUST_USE enum error editing_cinema(struct editing *editing);
MUST_USE enum error editing_showtime(struct editing *editing);
