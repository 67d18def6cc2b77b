#include "disk/disk_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "disk/disk_state.h"

enum { REGION_SIZE = 32768 }; /* SQLite's, always. */

#define JULIAN_MS INT64_C(212574985200000) /* 2024-03-01T01:00Z in milliseconds of Julian days. */

/* An open file, as SQLite keeps it. */
struct handle {
    sqlite3_file base; /* First. */
    struct disk *disk;
    uint32_t file;
    int lock;
    bool mapped;
    bool new_name; /* The folder wants a flush with the file's first. */
    char name[DISK_NAME_SIZE];
};

static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;
static struct random randomness;

static struct disk_file *file_of(struct handle *handle)
{
    return &handle->disk->files[handle->file];
}

static enum disk_fault call(struct handle *handle, enum disk_call kind)
{
    return disk_state_call(handle->disk, kind, handle->name);
}

static int unmap(sqlite3_file *base, int remove);
static int unlock(sqlite3_file *base, int level);

static int close_file(sqlite3_file *base)
{
    struct handle *handle = (struct handle *)base;
    (void)unlock(base, SQLITE_LOCK_NONE);
    (void)unmap(base, 0);
    CHECK(file_of(handle)->open_count > 0);
    file_of(handle)->open_count--;
    disk_state_collect(handle->disk);
    base->pMethods = NULL;
    return SQLITE_OK;
}

static int read_bytes(sqlite3_file *base, void *target, int size, sqlite3_int64 offset)
{
    struct handle *handle = (struct handle *)base;
    if (call(handle, DISK_CALL_READ) != DISK_FAULT_NONE) return SQLITE_IOERR_READ;
    const struct disk_bytes *seen = &file_of(handle)->seen;
    const size_t start = (size_t)offset;
    const size_t there = start >= seen->size ? 0 : seen->size - start;
    const size_t wanted = (size_t)size;
    const size_t got = there < wanted ? there : wanted;
    if (got > 0) memcpy(target, seen->data + start, got);
    if (got == wanted) return SQLITE_OK;
    memset((uint8_t *)target + got, 0, wanted - got);
    return SQLITE_IOERR_SHORT_READ;
}

static int write_bytes(sqlite3_file *base, const void *bytes, int size, sqlite3_int64 offset)
{
    struct handle *handle = (struct handle *)base;
    const enum disk_fault fault = call(handle, DISK_CALL_WRITE);
    if (fault == DISK_FAULT_FULL) return SQLITE_FULL;
    if (fault != DISK_FAULT_NONE) return SQLITE_IOERR_WRITE;
    disk_state_write(handle->disk, handle->file, (size_t)offset, bytes, (size_t)size);
    return SQLITE_OK;
}

static int set_size(sqlite3_file *base, sqlite3_int64 size)
{
    struct handle *handle = (struct handle *)base;
    if (call(handle, DISK_CALL_RESIZE) != DISK_FAULT_NONE) return SQLITE_IOERR_TRUNCATE;
    disk_state_set_size(handle->disk, handle->file, (size_t)size);
    return SQLITE_OK;
}

static int sync_folder(struct disk *disk)
{
    if (disk_state_call(disk, DISK_CALL_SYNC_FOLDER, disk->folder) != DISK_FAULT_NONE) {
        return SQLITE_IOERR_DIR_FSYNC;
    }
    disk_state_sync_folder(disk);
    return SQLITE_OK;
}

static int sync_bytes(sqlite3_file *base, int flags)
{
    struct handle *handle = (struct handle *)base;
    (void)flags;
    if (call(handle, DISK_CALL_SYNC) != DISK_FAULT_NONE) {
        disk_state_fail_sync(handle->disk, handle->file);
        return SQLITE_IOERR_FSYNC;
    }
    disk_state_sync(handle->disk, handle->file);
    if (!handle->new_name) return SQLITE_OK;
    handle->new_name = false;
    (void)sync_folder(handle->disk); /* SQLite's own forgives a failure, too. */
    return SQLITE_OK;
}

static int get_size(sqlite3_file *base, sqlite3_int64 *ret_size)
{
    *ret_size = (sqlite3_int64)file_of((struct handle *)base)->seen.size;
    return SQLITE_OK;
}

/* PENDING and EXCLUSIVE: others may finish reading, nobody may begin. */
static int lock_exclusive(struct handle *handle, struct disk_file *file)
{
    if (file->pending != NULL && file->pending != handle) return SQLITE_BUSY;
    file->pending = handle;
    if (file->shared_count > 1) {
        handle->lock = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
    }
    file->exclusive = handle;
    handle->lock = SQLITE_LOCK_EXCLUSIVE;
    return SQLITE_OK;
}

static int lock(sqlite3_file *base, int level)
{
    struct handle *handle = (struct handle *)base;
    struct disk_file *file = file_of(handle);
    if (handle->disk->dead) return SQLITE_IOERR_LOCK;
    if (handle->lock >= level) return SQLITE_OK;
    if (level == SQLITE_LOCK_SHARED) {
        if (file->pending != NULL || file->exclusive != NULL) return SQLITE_BUSY;
        file->shared_count++;
    } else if (level == SQLITE_LOCK_RESERVED) {
        if (file->reserved != NULL) return SQLITE_BUSY;
        file->reserved = handle;
    } else {
        return lock_exclusive(handle, file);
    }
    handle->lock = level;
    return SQLITE_OK;
}

static int unlock(sqlite3_file *base, int level)
{
    struct handle *handle = (struct handle *)base;
    struct disk_file *file = file_of(handle);
    if (handle->lock <= level) return SQLITE_OK;
    if (file->reserved == handle) file->reserved = NULL;
    if (file->pending == handle) file->pending = NULL;
    if (file->exclusive == handle) file->exclusive = NULL;
    if (level == SQLITE_LOCK_NONE) file->shared_count--;
    handle->lock = level;
    return SQLITE_OK;
}

static int check_reserved(sqlite3_file *base, int *ret_reserved)
{
    const struct disk_file *file = file_of((struct handle *)base);
    *ret_reserved = file->reserved != NULL || file->exclusive != NULL;
    return SQLITE_OK;
}

static int control(sqlite3_file *base, int operation, void *argument)
{
    (void)base;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

/* As SQLite's own: a page is a sector, and a write harms no bytes beside it. */
static int sector_size(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

static int characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int map(sqlite3_file *base, int region, int size, int extend, void volatile **ret_memory)
{
    struct handle *handle = (struct handle *)base;
    struct disk_file *file = file_of(handle);
    CHECK(size == REGION_SIZE);
    CHECK(region < DISK_SHARED_REGIONS_MAX);
    if (handle->disk->dead) return SQLITE_IOERR_SHMMAP;
    if (!handle->mapped) file->mapped_count++;
    handle->mapped = true;
    if (file->regions[region] == NULL && extend) file->regions[region] = calloc(1, REGION_SIZE);
    *ret_memory = file->regions[region];
    return SQLITE_OK;
}

static void unlock_region(struct disk_file *file, const struct handle *handle, int index, int flags)
{
    if ((flags & SQLITE_SHM_SHARED) != 0) {
        CHECK(file->region_shared[index] > 0);
        file->region_shared[index]--;
    } else if (file->region_exclusive[index] == handle) {
        file->region_exclusive[index] = NULL;
    }
}

static int lock_regions(sqlite3_file *base, int offset, int count, int flags)
{
    struct handle *handle = (struct handle *)base;
    struct disk_file *file = file_of(handle);
    const bool shared = (flags & SQLITE_SHM_SHARED) != 0;
    CHECK(offset + count <= DISK_SHARED_LOCKS);
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        for (int index = offset; index < offset + count; index++) {
            unlock_region(file, handle, index, flags);
        }
        return SQLITE_OK;
    }
    if (handle->disk->dead) return SQLITE_IOERR_SHMLOCK;
    for (int index = offset; index < offset + count; index++) {
        if (file->region_exclusive[index] != NULL) return SQLITE_BUSY;
        if (!shared && file->region_shared[index] > 0) return SQLITE_BUSY;
    }
    for (int index = offset; index < offset + count; index++) {
        if (shared) file->region_shared[index]++;
        else file->region_exclusive[index] = handle;
    }
    return SQLITE_OK;
}

static void barrier(sqlite3_file *base)
{
    (void)base;
}

static int unmap(sqlite3_file *base, int remove)
{
    struct handle *handle = (struct handle *)base;
    struct disk_file *file = file_of(handle);
    (void)remove;
    if (!handle->mapped) return SQLITE_OK;
    handle->mapped = false;
    if (--file->mapped_count > 0) return SQLITE_OK;
    for (uint32_t region = 0; region < DISK_SHARED_REGIONS_MAX; region++) {
        free(file->regions[region]);
        file->regions[region] = NULL;
    }
    memset(file->region_shared, 0, sizeof file->region_shared);
    memset(file->region_exclusive, 0, sizeof file->region_exclusive);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = close_file,
                                           .xRead = read_bytes,
                                           .xWrite = write_bytes,
                                           .xTruncate = set_size,
                                           .xSync = sync_bytes,
                                           .xFileSize = get_size,
                                           .xLock = lock,
                                           .xUnlock = unlock,
                                           .xCheckReservedLock = check_reserved,
                                           .xFileControl = control,
                                           .xSectorSize = sector_size,
                                           .xDeviceCharacteristics = characteristics,
                                           .xShmMap = map,
                                           .xShmLock = lock_regions,
                                           .xShmBarrier = barrier,
                                           .xShmUnmap = unmap};

/* Opens what is there, or makes it; what only exists for those who do not ask SQLite has just
 * been made by one of them. */
static struct disk_entry *find_or_create(struct disk *disk, const char *name, int flags,
                                         bool *ret_created)
{
    struct disk_entry *entry = disk_state_find(&disk->seen, name);
    *ret_created = false;
    if (entry != NULL) return entry;
    if ((flags & SQLITE_OPEN_CREATE) == 0 && access(name, F_OK) != 0) return NULL;
    if (disk_state_call(disk, DISK_CALL_CREATE, name) != DISK_FAULT_NONE) return NULL;
    *ret_created = true;
    return disk_state_create(disk, name);
}

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *base, int flags,
                     int *ret_flags)
{
    struct handle *handle = (struct handle *)base;
    (void)self;
    *handle = (struct handle){0};
    struct disk *disk = name == NULL ? NULL : disk_of(name);
    CHECK(disk != NULL); /* Nothing temporary, nothing elsewhere. */
    if (disk->dead) return SQLITE_CANTOPEN;
    bool created = false;
    const struct disk_entry *entry = find_or_create(disk, name, flags, &created);
    if (entry == NULL) return SQLITE_CANTOPEN;
    handle->disk = disk;
    handle->file = entry->file;
    handle->new_name = created && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    (void)snprintf(handle->name, sizeof handle->name, "%s", name);
    handle->base.pMethods = &methods;
    file_of(handle)->open_count++;
    if (ret_flags != NULL) *ret_flags = flags;
    return SQLITE_OK;
}

static int remove_file(sqlite3_vfs *self, const char *name, int syncs_folder)
{
    (void)self;
    struct disk *disk = disk_of(name);
    CHECK(disk != NULL);
    struct disk_entry *entry = disk_state_find(&disk->seen, name);
    if (entry == NULL) return SQLITE_IOERR_DELETE_NOENT;
    if (disk_state_call(disk, DISK_CALL_REMOVE, name) != DISK_FAULT_NONE) {
        return SQLITE_IOERR_DELETE;
    }
    disk_state_remove(disk, entry);
    return syncs_folder ? sync_folder(disk) : SQLITE_OK;
}

static int look_for(sqlite3_vfs *self, const char *name, int flags, int *ret_there)
{
    (void)self;
    struct disk *disk = disk_of(name);
    CHECK(disk != NULL);
    const struct disk_entry *entry = disk_state_find(&disk->seen, name);
    /* As SQLite's own: an empty journal is none. */
    *ret_there =
        entry != NULL && (flags != SQLITE_ACCESS_EXISTS || disk->files[entry->file].seen.size > 0);
    return SQLITE_OK;
}

static int name_whole(sqlite3_vfs *self, const char *name, int size, char *ret_name)
{
    (void)self;
    return snprintf(ret_name, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int fill_randomly(sqlite3_vfs *self, int size, char *target)
{
    (void)self;
    for (int index = 0; index < size; index++) target[index] = (char)random_next(&randomness);
    return size;
}

static int sleep_not(sqlite3_vfs *self, int sleep_us)
{
    (void)self;
    return sleep_us;
}

static int now(sqlite3_vfs *self, sqlite3_int64 *ret_julian_ms)
{
    (void)self;
    *ret_julian_ms = JULIAN_MS;
    return SQLITE_OK;
}

void disk_vfs_install(void)
{
    CHECK(real_vfs == NULL);
    real_vfs = sqlite3_vfs_find(NULL);
    CHECK(real_vfs != NULL);
    vfs = *real_vfs;
    vfs.iVersion = 2;
    vfs.szOsFile = (int)sizeof(struct handle);
    vfs.mxPathname = DISK_NAME_SIZE - 16; /* Room for SQLite's endings. */
    vfs.pNext = NULL;
    vfs.zName = "disk";
    vfs.xOpen = open_file;
    vfs.xDelete = remove_file;
    vfs.xAccess = look_for;
    vfs.xFullPathname = name_whole;
    vfs.xRandomness = fill_randomly;
    vfs.xSleep = sleep_not;
    vfs.xCurrentTimeInt64 = now;
    CHECK(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

void disk_vfs_seed(uint64_t seed)
{
    random_seed(&randomness, seed);
    sqlite3_randomness(0, NULL);
}
