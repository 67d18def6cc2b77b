/* disk_vfs.h - SQLite's view of the disks of disk.h: its default VFS from here on.
 *
 * Locks and the shared memory of a WAL's index are in memory, as between the connections of one
 * process; they do not outlive a power cut, nor do the real ones. Like SQLite's own VFS for
 * Unix it flushes the folder with the first flush of a new journal or WAL, and after a removal
 * that asks for it. Its clock stands still and its random numbers follow from a seed.
 *
 * Thread: one.
 * Source: https://www.sqlite.org/vfs.html
 */
#pragma once

#include <stdint.h>

/* Once in a process, before the first database is opened. */
void disk_vfs_install(void);

/* SQLite's random numbers begin anew. */
void disk_vfs_seed(uint64_t seed);
