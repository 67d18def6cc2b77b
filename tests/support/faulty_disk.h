/* faulty_disk.h - a disk under SQLite that is full, or fails, when the test says so.
 *
 * Stands in front of SQLite's own files; to be installed before the first one is opened.
 *
 * Thread: one at a time.
 */
#pragma once

#include <stdbool.h>

enum faulty_disk_fault {
    FAULTY_DISK_NONE,
    FAULTY_DISK_FULL,       /* Writes find no space. */
    FAULTY_DISK_SYNC_FAILS, /* fsync fails, once; what was written may be there or not. */
};

void faulty_disk_install(void);

/* From now on; of files whose names end in `-wal` only, or of all others only. */
void faulty_disk_set(enum faulty_disk_fault fault, bool of_wal);
