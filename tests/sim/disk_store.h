/* disk_store.h - the simulation's store on a disk that fails: memory_store.h over SQLite.
 *
 * A seam of the linker: here `struct memory_store` and its functions are not in memory but SQLite,
 * because the simulation knows no other names. `sim_disk` is the simulation linked with this
 * instead of the store in memory, so that the auditor's model holds the real adapter to its word.
 * What goes wrong goes wrong in the disk: a full disk, a flush that fails, a power cut at a call
 * within a commit. After a crash the next process finds what a power cut then leaves, of any kind
 * that fits what was arranged.
 *
 * Thread: one; one store at a time.
 */
#pragma once

#include "disk/disk.h"
#include "disk/disk_cut.h"
#include "sim/random.h"
#include "store/memory/memory_store.h"
#include "store/sqlite/sqlite_store.h"

enum { DISK_STORE_PATH_SIZE = 96 };

/* Rows as the store in memory would have them. */
struct disk_rows {
    bool current; /* Nothing has changed since they were read. */
    size_t capacity;
    size_t count;
    char *rows;
};

enum disk_list {
    DISK_LIST_BOOKINGS,
    DISK_LIST_PAYMENTS,
    DISK_LIST_KEYS,
    DISK_LIST_BLOCKS,
    DISK_LIST_JOURNAL,
    DISK_LIST_COUNT,
};

struct memory_store {
    struct siphash_key tag_key;
    char path[DISK_STORE_PATH_SIZE];
    struct disk *disk;
    struct sqlite_store *sqlite;
    struct random random;
    enum memory_fault fault; /* Armed. */
    enum disk_fault planned; /* What it is to the disk. */
    bool dies_in_sync;       /* The next flush is the moment of the cut. */
    bool last_was_sync;      /* Of the calls of the disk. */
    bool unknown;            /* A commit has failed, and: */
    bool kept;               /* it must be there, else it must not. */
    struct disk_rows *lists; /* [DISK_LIST_COUNT] */
};

/* What is in the open store has changed, or may have. */
void disk_rows_outdated(const struct memory_store *store);
