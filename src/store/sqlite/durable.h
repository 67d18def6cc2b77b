/* durable.h - on the disk for certain, not only in the kernel's memory.
 *
 * A process that was killed leaves names and bytes that the next one sees and that a power cut
 * still takes. After an fsync that failed it is worse: the kernel may count as flushed what the
 * disk has lost, and the next fsync says that all is well. Whoever commits on top of that loses
 * it all, so a writer makes sure of what it finds before it adds to it.
 *
 * Errors: false, with errno or the connection's error set.
 * Source: Rebello et al., "Can applications recover from fsync failures?", USENIX ATC 2020.
 */
#pragma once

#include "store/sqlite/database.h"

/* Flushes the folder that `path` is in: its names are durable then. */
MUST_USE bool durable_folder_of(const char *path);

/* Writes the open database's WAL again, as it is, and flushes it: a flush of bytes that were not
 * written anew would prove nothing. For a connection that nobody has written with. */
MUST_USE bool durable_log(struct database *database);
