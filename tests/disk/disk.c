#include "disk/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "disk/disk_state.h"

static struct disk *disks;

struct disk *disk_open(const char *folder, uint64_t seed)
{
    CHECK(strlen(folder) < DISK_NAME_SIZE);
    struct disk *disk = calloc(1, sizeof *disk);
    if (disk == NULL) return NULL;
    (void)snprintf(disk->folder, sizeof disk->folder, "%s", folder);
    random_seed(&disk->random, seed);
    disk->next = disks;
    disks = disk;
    return disk;
}

void disk_close(struct disk *disk)
{
    if (disk == NULL) return;
    struct disk **link = &disks;
    while (*link != disk) link = &(*link)->next;
    *link = disk->next;
    disk_state_forget(disk);
    for (uint32_t index = 0; index < DISK_FILES_MAX; index++) {
        CHECK(disk->files[index].open_count == 0);
        free(disk->files[index].seen.data);
        free(disk->files[index].flushed.data);
    }
    free(disk->writes);
    free(disk);
}

struct disk *disk_of(const char *path)
{
    for (struct disk *disk = disks; disk != NULL; disk = disk->next) {
        const size_t size = strlen(disk->folder);
        if (strncmp(path, disk->folder, size) == 0 && path[size] == '/') return disk;
    }
    return NULL;
}

void disk_watch(struct disk *disk,
                void (*called)(void *context, enum disk_call call, const char *name), void *context)
{
    disk->called = called;
    disk->called_context = context;
}

void disk_plan(struct disk *disk, struct disk_plan plan)
{
    disk->plan = plan;
    disk->failed = 0;
}

uint32_t disk_failed(const struct disk *disk)
{
    return disk->failed;
}

bool disk_dead(const struct disk *disk)
{
    return disk->dead;
}

void disk_revive(struct disk *disk)
{
    disk->dead = false;
    disk_plan(disk, (struct disk_plan){0});
}

void disk_lie(struct disk *disk, bool lies)
{
    disk->lies = lies;
}

void disk_slow(struct disk *disk, uint32_t sync_us)
{
    disk->sync_us = sync_us;
}

uint64_t disk_waited_us(const struct disk *disk)
{
    return disk->waited_us;
}

uint64_t disk_calls(const struct disk *disk, enum disk_call call)
{
    return disk->calls[call];
}

bool disk_unsynced(const struct disk *disk)
{
    return disk->write_count > 0 || disk->change_count > 0;
}

bool disk_has(struct disk *disk, const char *name)
{
    return disk_state_find(&disk->seen, name) != NULL;
}

bool disk_sync_path(const char *path)
{
    struct disk *disk = disk_of(path);
    struct disk_entry *entry = disk == NULL ? NULL : disk_state_find(&disk->seen, path);
    if (entry == NULL) return true;
    const uint32_t file = entry->file;
    if (disk_state_call(disk, DISK_CALL_SYNC, path) != DISK_FAULT_NONE) {
        disk_state_fail_sync(disk, file);
        return false;
    }
    disk_state_sync(disk, file);
    return true;
}

bool disk_sync_folder(const char *folder)
{
    struct disk *disk = disks;
    while (disk != NULL && strcmp(disk->folder, folder) != 0) disk = disk->next;
    if (disk == NULL) return true;
    if (disk_state_call(disk, DISK_CALL_SYNC_FOLDER, folder) != DISK_FAULT_NONE) return false;
    disk_state_sync_folder(disk);
    return true;
}

bool disk_rename(const char *from, const char *to)
{
    struct disk *disk = disk_of(from);
    if (disk == NULL) return true;
    CHECK(disk_of(to) == disk);
    if (disk_state_call(disk, DISK_CALL_CREATE, to) != DISK_FAULT_NONE) return false;
    const struct disk_entry *entry = disk_state_find(&disk->seen, from);
    CHECK(entry != NULL);
    CHECK(disk_state_find(&disk->seen, to) == NULL);
    struct disk_folder_change change = {.deed = DISK_RENAMED, .entry = *entry};
    (void)snprintf(change.entry.name, sizeof change.entry.name, "%s", to);
    (void)snprintf(change.name_before, sizeof change.name_before, "%s", from);
    disk_state_apply(disk, &change);
    return true;
}
