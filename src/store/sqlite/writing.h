/* writing.h - what the parts of one catalogue load share: its transaction and its report. */
#pragma once

#include "store/sqlite/catalogue_write.h"

enum { WRITING_SCRATCH_SIZE = 64 * 1024 }; /* A folded title and the JSON of ten genres. */

struct writing {
    struct database *database;
    const struct catalogue_entries *entries;
    const struct locale *locale;
    struct catalogue_report report;
    struct arena scratch;
    char block[WRITING_SCRATCH_SIZE]; /* The scratch's; one entry's at a time. */
};

/* The error of the call that just failed. */
enum error writing_failure(struct writing *writing);

/* Borrows `hex` until the statement is done. */
void writing_bind_id(sqlite3_stmt *statement, int index, struct id id, char hex[ID_HEX_SIZE]);

/* A stored row cannot be an entry: ERROR_INTERNAL_ERROR, and a line in the log. */
enum error writing_refuse_row(const char *table);

/* The text without its case, in the scratch; its data is NULL if it does not fit. */
struct slice writing_fold(struct writing *writing, struct slice text);

/* Does `sql` find a row of this id? */
MUST_USE enum error writing_ask(struct writing *writing, const char *sql, struct id id,
                                bool *ret_known);

/* Runs a statement and says whether it wrote a row. */
MUST_USE enum error writing_run(struct writing *writing, sqlite3_stmt *statement, bool *ret_wrote);

void writing_count(struct written_count *count, bool known, bool wrote);
