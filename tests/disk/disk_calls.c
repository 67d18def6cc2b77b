/* disk_calls.c - the flushes and the rename that a backup asks of the system itself.
 *
 * Linked with --wrap: the real call is made on the empty file that stands for ours, and the disk
 * in memory hears of it.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "disk/disk.h"

int __real_fsync(int file);
int __real_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned int flags);
int __wrap_fsync(int file);
int __wrap_fdatasync(int file);
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned int flags);

static int flush(int file)
{
    char link[48];
    char path[512];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return __real_fsync(file);
    path[size] = '\0';
    if (disk_sync_path(path) && disk_sync_folder(path)) return 0;
    errno = EIO;
    return -1;
}

int __wrap_fsync(int file)
{
    return flush(file);
}

int __wrap_fdatasync(int file)
{
    return flush(file);
}

int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned int flags)
{
    if (__real_renameat2(from_folder, from, to_folder, to, flags) != 0) return -1;
    if (disk_rename(from, to)) return 0;
    errno = EIO;
    return -1;
}
