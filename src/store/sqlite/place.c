#include "store/sqlite/place.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static bool remember(struct place_file *file, const char *path, const char *suffix)
{
    const int size = snprintf(file->path, sizeof file->path, "%s%s", path, suffix);
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
    return remember(&place->store, path, "") && remember(&place->wal, path, "-wal");
}

bool place_holds(const struct place *place, struct place_sizes *ret_sizes)
{
    struct place_sizes sizes;
    const bool store_holds = look(&place->store, &sizes.store);
    const bool wal_holds = look(&place->wal, &sizes.wal);
    if (ret_sizes != NULL) *ret_sizes = sizes;
    return store_holds && wal_holds;
}
