#include "store/sqlite/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { BLOCK_SIZE = 32768 }; /* On the stack. */

/* The folder's path is that of `path` without its last name. */
static bool cut_name(const char *path, char folder[DATABASE_PATH_SIZE])
{
    size_t size = slice_of(path).size;
    while (size > 1 && path[size - 1] == '/') size--;
    while (size > 0 && path[size - 1] != '/') size--;
    while (size > 1 && path[size - 1] == '/') size--;
    const struct slice whole = {.data = path, .size = size};
    return slice_to_string(size == 0 ? SLICE(".") : whole, folder, DATABASE_PATH_SIZE);
}

bool durable_folder_of(const char *path)
{
    char folder[DATABASE_PATH_SIZE];
    CHECK(path != NULL);

    if (!cut_name(path, folder)) {
        errno = ENAMETOOLONG;
        return false;
    }
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return false;
    /* Some file systems cannot, and some of these need not. */
    const bool flushed = fsync(file) == 0 || errno == EINVAL;
    const int reason = errno; /* close has its own. */
    close(file);
    errno = reason;
    return flushed;
}

static int write_again(sqlite3_file *file, sqlite3_int64 size)
{
    char block[BLOCK_SIZE];
    const sqlite3_io_methods *methods = file->pMethods;
    for (sqlite3_int64 offset = 0; offset < size; offset += BLOCK_SIZE) {
        const sqlite3_int64 left = size - offset;
        const int part = left < BLOCK_SIZE ? (int)left : BLOCK_SIZE;
        int code = methods->xRead(file, block, part, offset);
        if (code == SQLITE_OK) code = methods->xWrite(file, block, part, offset);
        if (code != SQLITE_OK) return code;
    }
    return methods->xSync(file, SQLITE_SYNC_NORMAL);
}

static int secure_log(struct database *database)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    int code = sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    if (code != SQLITE_OK) return code;
    CHECK(file != NULL);
    if (file->pMethods == NULL) return SQLITE_OK;
    code = file->pMethods->xFileSize(file, &size);
    return code == SQLITE_OK && size > 0 ? write_again(file, size) : code;
}

bool durable_log(struct database *database)
{
    CHECK(database->handle != NULL);
    CHECK(database->wal_pages == 0);

    /* Nobody may start it over or add to it meanwhile. */
    if (database_execute(database, "BEGIN IMMEDIATE") != SQLITE_OK) return false;
    const int code = secure_log(database);
    const bool ended = database_execute(database, "ROLLBACK") == SQLITE_OK;
    return code == SQLITE_OK && ended;
}
