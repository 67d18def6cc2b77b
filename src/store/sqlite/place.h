/* place.h - are the store's files still where the next start will look for them?
 *
 * What is written into a file that has been removed, replaced or cut short is gone with the
 * process, so nothing may be acknowledged from it; and where the lock's file is gone, a second
 * server may have come in. The writer looks when a batch begins and right before it
 * commits. What remains is the moment of the commit itself: no call flushes a file only if it
 * still has its name.
 *
 * Thread: each place belongs to one thread.
 */
#pragma once

#include <sys/types.h>

#include "store/sqlite/folder.h"

struct place_file {
    char path[DATABASE_PATH_SIZE + sizeof FOLDER_LOCK_NAME];
    dev_t device;
    ino_t number;
};

struct place {
    struct place_file store;
    struct place_file wal;
    struct place_file lock; /* Without a path: the store was opened without its folder. */
};

struct place_sizes {
    uint64_t store;
    uint64_t wal;
};

/* Remembers the files of the store at `path`, which is open; false, and errno says why, if they
 * are not there. */
bool place_remember(struct place *place, const char *path);

/* Are they the same files still? `ret_sizes` may be NULL. */
bool place_holds(const struct place *place, struct place_sizes *ret_sizes);
