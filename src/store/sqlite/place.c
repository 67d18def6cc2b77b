#include "store/sqlite/place.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The file whose path begins with `size` bytes of `path` and ends with `end`. */
static bool remember(struct place_file *file, const char *path, size_t path_size, const char *end)
{
    const int size = snprintf(file->path, sizeof file->path, "%.*s%s", (int)path_size, path, end);
    if (size < 0 || (size_t)size >= sizeof file->path) {
        errno = ENAMETOOLONG;
        return false;
    }
    struct stat status;
    if (stat(file->path, &status) != 0) return false;
    file->device = status.st_dev;
    file->number = status.st_ino;
    return true;
}

static bool look(const struct place_file *file, uint64_t *ret_size)
{
    struct stat status;
    *ret_size = 0;
    if (stat(file->path, &status) != 0) return false;
    *ret_size = (uint64_t)status.st_size;
    return status.st_dev == file->device && status.st_ino == file->number;
}

bool place_remember(struct place *place, const char *path)
{
    const char *name = strrchr(path, '/');
    const size_t folder_size = name == NULL ? 0 : (size_t)(name + 1 - path);
    if (!remember(&place->lock, path, folder_size, FOLDER_LOCK_NAME)) place->lock.path[0] = '\0';
    return remember(&place->store, path, strlen(path), "") &&
           remember(&place->wal, path, strlen(path), "-wal");
}

bool place_holds(const struct place *place, struct place_sizes *ret_sizes)
{
    struct place_sizes sizes = {0};
    const bool store_holds = look(&place->store, &sizes.store);
    const bool wal_holds = look(&place->wal, &sizes.wal);
    uint64_t lock_size = 0;
    const bool locked = place->lock.path[0] == '\0' || look(&place->lock, &lock_size);
    if (ret_sizes != NULL) *ret_sizes = sizes;
    return store_holds && wal_holds && locked;
}
