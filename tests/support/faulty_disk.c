#include "support/faulty_disk.h"

#include <sqlite3.h>

#include "base/check.h"

static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;
static const sqlite3_io_methods *real_methods[2]; /* Of databases, and of WALs. */
static sqlite3_io_methods methods[2];
static enum faulty_disk_fault faults[2];

static int write_bytes(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    const bool of_wal = file->pMethods == &methods[1];
    if (faults[of_wal] == FAULTY_DISK_FULL) return SQLITE_FULL;
    return real_methods[of_wal]->xWrite(file, bytes, size, offset);
}

static int sync_bytes(sqlite3_file *file, int flags)
{
    const bool of_wal = file->pMethods == &methods[1];
    if (faults[of_wal] == FAULTY_DISK_SYNC_FAILS) {
        faults[of_wal] = FAULTY_DISK_NONE;
        return SQLITE_IOERR_FSYNC;
    }
    return real_methods[of_wal]->xSync(file, flags);
}

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    (void)self;
    const int code = real_vfs->xOpen(real_vfs, name, file, flags, ret_flags);
    if (code != SQLITE_OK) return code;
    if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) return code;
    const bool of_wal = (flags & SQLITE_OPEN_WAL) != 0;
    if (real_methods[of_wal] == NULL) {
        real_methods[of_wal] = file->pMethods;
        methods[of_wal] = *file->pMethods;
        methods[of_wal].xWrite = write_bytes;
        methods[of_wal].xSync = sync_bytes;
    }
    if (file->pMethods == real_methods[of_wal]) file->pMethods = &methods[of_wal];
    return code;
}

void faulty_disk_install(void)
{
    CHECK(real_vfs == NULL);
    real_vfs = sqlite3_vfs_find(NULL);
    CHECK(real_vfs != NULL);
    vfs = *real_vfs;
    vfs.zName = "faulty";
    vfs.pNext = NULL;
    vfs.xOpen = open_file;
    CHECK(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

void faulty_disk_set(enum faulty_disk_fault fault, bool of_wal)
{
    faults[of_wal] = fault;
}
