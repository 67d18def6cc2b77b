#include "store/sqlite/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite/durable.h"

static bool join(const char *folder, const char *name, char ret_path[DATABASE_PATH_SIZE])
{
    const int size = snprintf(ret_path, DATABASE_PATH_SIZE, "%s/%s", folder, name);
    return size > 0 && size < DATABASE_PATH_SIZE;
}

bool folder_database_path(const char *folder, char ret_path[DATABASE_PATH_SIZE])
{
    CHECK(folder != NULL);
    return join(folder, "usher.db", ret_path);
}

/* The pid that the owner wrote; 0 if there is none to read. */
static int64_t read_owner(int file)
{
    char text[24];
    const ssize_t size = pread(file, text, sizeof text, 0);
    if (size <= 0) return 0;
    struct slice rest = {.data = text, .size = (size_t)size};
    uint64_t pid = 0;
    if (!slice_to_number(slice_cut(rest, '\n', &rest), INT32_MAX, &pid)) return 0;
    return (int64_t)pid;
}

static bool write_owner(int file)
{
    char text[24];
    const int size = snprintf(text, sizeof text, "%d\n", (int)getpid());
    return ftruncate(file, 0) == 0 && pwrite(file, text, (size_t)size, 0) == size;
}

static bool lock_folder(const char *path, int file, struct database_reason *ret_reason)
{
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            database_explain(ret_reason, "another usher (process %lld) uses the folder %s",
                             (long long)read_owner(file), path);
        } else {
            database_explain(ret_reason, "the folder %s cannot be locked: %s", path,
                             strerror(errno));
        }
        return false;
    }
    if (write_owner(file)) return true;
    database_explain(ret_reason, "the folder %s cannot be written: %s", path, strerror(errno));
    return false;
}

/* A new one is durable when the folder that it is in is; that one may be closed to us. */
static bool make_folder(const char *path)
{
    if (mkdir(path, 0700) != 0) return errno == EEXIST;
    return durable_folder_of(path) || errno == EACCES;
}

enum error folder_open(const char *path, struct folder *ret_folder,
                       struct database_reason *ret_reason)
{
    CHECK(path != NULL);
    CHECK(ret_reason != NULL);

    struct folder folder = {0};
    char lock_path[DATABASE_PATH_SIZE];
    if (!folder_database_path(path, folder.database_path) ||
        !join(path, FOLDER_LOCK_NAME, lock_path)) {
        database_explain(ret_reason, "the folder's path is too long");
        return ERROR_STORE_UNAVAILABLE;
    }
    if (!make_folder(path)) {
        database_explain(ret_reason, "the folder %s cannot be made: %s", path, strerror(errno));
        return ERROR_STORE_UNAVAILABLE;
    }
    const int file = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        database_explain(ret_reason, "%s cannot be written: %s", lock_path, strerror(errno));
        return ERROR_STORE_UNAVAILABLE;
    }
    if (!lock_folder(path, file, ret_reason)) {
        close(file);
        return ERROR_STORE_UNAVAILABLE;
    }
    folder.lock = file + 1;
    *ret_folder = folder;
    return ERROR_NONE;
}

void folder_close(struct folder *folder)
{
    if (folder->lock == 0) return;
    close(folder->lock - 1);
    *folder = (struct folder){0};
}
