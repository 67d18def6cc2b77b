#include "store/sqlite/sqlite_storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/sqlite/place.h"

struct sqlite_storage {
    struct database database; /* For `count`. */
    const struct storage_meter *meter;
    struct place place;
    int folder; /* To ask how full the disk is, even if the folder's name is gone. */
};

static void examine(void *context, struct storage_state *ret_state)
{
    const struct sqlite_storage *storage = context;
    *ret_state = (struct storage_state){0};
    struct place_sizes sizes;
    ret_state->in_place = place_holds(&storage->place, &sizes);
    ret_state->store_size = sizes.store;
    ret_state->wal_size = sizes.wal;
    struct statvfs disk;
    if (fstatvfs(storage->folder, &disk) != 0) return;
    ret_state->disk_size = (uint64_t)disk.f_blocks * disk.f_frsize;
    ret_state->disk_free = (uint64_t)disk.f_bavail * disk.f_frsize;
}

/* Two numbers of one row. The queries look at open showtimes and refunds only, by an index. */
static enum error ask(struct sqlite_storage *storage, const char *sql, int64_t *ret_first,
                      int64_t *ret_second)
{
    sqlite3_stmt *row = database_statement(&storage->database, sql);
    if (row == NULL) return ERROR_STORE_UNAVAILABLE;
    const bool found = sqlite3_step(row) == SQLITE_ROW;
    if (found) {
        *ret_first = sqlite3_column_int64(row, 0);
        *ret_second = sqlite3_column_int64(row, 1);
    }
    database_done(row);
    return found ? ERROR_NONE : ERROR_STORE_UNAVAILABLE;
}

static enum error count(void *context, struct storage_counts *ret_counts)
{
    struct sqlite_storage *storage = context;
    int64_t pending = 0;
    int64_t due = 0;
    int64_t oldest_ms = 0;
    int64_t unused = 0;
    /* A showtime with a pending booking is not completed; see END_SHOWTIMES. */
    enum error error = ask(storage,
                           "SELECT count(*), 0 FROM showtime s CROSS JOIN booking b"
                           " ON b.showtime=s.number"
                           " WHERE s.status='scheduled' AND b.status='pending'",
                           &pending, &unused);
    if (error == ERROR_NONE) {
        error = ask(storage,
                    "SELECT count(*), min(refund_requested_at) FROM payment"
                    " WHERE status='refund_due' AND refund_requested_at IS NOT NULL",
                    &due, &oldest_ms);
    }
    if (error != ERROR_NONE) return error;
    *ret_counts = (struct storage_counts){.bookings_pending = (uint64_t)pending,
                                          .refunds_due = (uint64_t)due,
                                          .oldest_refund_due_ms = oldest_ms};
    return ERROR_NONE;
}

static const struct storage_methods methods = {.examine = examine, .count = count};

static int open_folder(const char *path)
{
    char folder[DATABASE_PATH_SIZE];
    const char *slash = strrchr(path, '/');
    const size_t size = slash == NULL ? 0 : (size_t)(slash - path);
    CHECK(size < sizeof folder);
    memcpy(folder, path, size);
    folder[size] = '\0';
    return open(size == 0 ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

enum error sqlite_storage_open(const char *path, const struct storage_meter *meter,
                               struct sqlite_storage **ret_storage,
                               struct database_reason *ret_reason)
{
    CHECK(meter != NULL);

    struct sqlite_storage *storage = calloc(1, sizeof *storage);
    if (storage == NULL) {
        database_explain(ret_reason, "there is no memory to watch the store");
        return ERROR_STORE_UNAVAILABLE;
    }
    storage->meter = meter;
    storage->folder = -1;
    if (database_open(path, DATABASE_READ, &storage->database, ret_reason) != ERROR_NONE) {
        sqlite_storage_close(storage);
        return ERROR_STORE_UNAVAILABLE;
    }
    if (place_remember(&storage->place, path)) storage->folder = open_folder(path);
    if (storage->folder < 0) {
        database_explain(ret_reason, "%s cannot be watched: %s", path, strerror(errno));
        sqlite_storage_close(storage);
        return ERROR_STORE_UNAVAILABLE;
    }
    *ret_storage = storage;
    return ERROR_NONE;
}

void sqlite_storage_close(struct sqlite_storage *storage)
{
    if (storage == NULL) return;
    database_close(&storage->database);
    if (storage->folder >= 0) (void)close(storage->folder);
    free(storage);
}

struct storage sqlite_storage_port(struct sqlite_storage *storage)
{
    return (struct storage){.context = storage, .methods = &methods, .meter = storage->meter};
}
