/* backup.h - copies `usher.db`, as of one moment, beside the server that writes to it.
 *
 * SQLite's own copy starts again whenever somebody writes; this one holds a read transaction,
 * so that it copies one snapshot however busy the server is. It takes no lock that the writer
 * waits for. While it runs, the WAL cannot start over and grows; past 1 GB the copy is given up.
 *
 * Shape:  written to `FILE.part` (0600), made durable, and only then given its name: a file of
 *         that name is always a whole store. Nothing is ever overwritten. The copy differs from
 *         its source in two bytes and one row: see copy_mark.h.
 * Errors: ERROR_STORE_UNAVAILABLE with a sentence that says why.
 * Thread: a backup belongs to one thread.
 * Source: https://www.sqlite.org/c3ref/backup_finish.html, on writes by other connections;
 *         https://www.sqlite.org/fileformat2.html, on the header's versions
 */
#pragma once

#include "store/sqlite/database.h"

struct backup {
    struct database source;
    sqlite3 *target;
    int file;  /* Of the part, plus 1; 0: there is no part. */
    bool done; /* The part has got its name. */
    uint64_t size;
    char path[DATABASE_PATH_SIZE];
    char part[DATABASE_PATH_SIZE];
};

/* Told now and then how far the copy is, in pages; false ends it. */
struct backup_watcher {
    void *context;
    bool (*proceed)(void *context, int copied, int total);
};

/* Begins a copy of the store at `source` to `path`, which must not be there: the moment of the
 * copy is now. The backup must not move afterwards. Close it in any case. */
MUST_USE enum error backup_open(const char *source, const char *path, struct backup *ret_backup,
                                struct database_reason *ret_reason);

/* Copies all of it, and makes the copy durable under its name. `size` says its bytes then. */
MUST_USE enum error backup_copy(struct backup *backup, struct backup_watcher watcher,
                                struct database_reason *ret_reason);

/* Removes what is not whole. Accepts an empty backup. */
void backup_close(struct backup *backup);
