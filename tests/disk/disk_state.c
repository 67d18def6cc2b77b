#include "disk/disk_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void disk_state_resize(struct disk_bytes *bytes, size_t size)
{
    CHECK(size <= DISK_FILE_SIZE_MAX);
    if (size > bytes->capacity) {
        const size_t capacity = size + size / 2 + 65536;
        bytes->data = realloc(bytes->data, capacity);
        CHECK(bytes->data != NULL);
        bytes->capacity = capacity;
    }
    if (size > bytes->size) memset(bytes->data + bytes->size, 0, size - bytes->size);
    bytes->size = size;
}

void disk_state_put(struct disk_bytes *bytes, size_t offset, const uint8_t *data, size_t size)
{
    if (offset + size > bytes->size) disk_state_resize(bytes, offset + size);
    memcpy(bytes->data + offset, data, size);
}

struct disk_entry *disk_state_find(struct disk_folder *folder, const char *name)
{
    for (uint32_t index = 0; index < DISK_FILES_MAX; index++) {
        struct disk_entry *entry = &folder->entries[index];
        if (entry->used && strcmp(entry->name, name) == 0) return entry;
    }
    return NULL;
}

static void add_entry(struct disk_folder *folder, const struct disk_entry *entry)
{
    struct disk_entry *free_entry = disk_state_find(folder, entry->name);
    for (uint32_t index = 0; index < DISK_FILES_MAX && free_entry == NULL; index++) {
        if (!folder->entries[index].used) free_entry = &folder->entries[index];
    }
    CHECK(free_entry != NULL);
    *free_entry = *entry;
    free_entry->used = true;
}

void disk_state_change(struct disk_folder *folder, const struct disk_folder_change *change)
{
    const bool renamed = change->deed == DISK_RENAMED;
    struct disk_entry *gone = NULL;
    if (renamed) gone = disk_state_find(folder, change->name_before);
    if (change->deed == DISK_REMOVED) gone = disk_state_find(folder, change->entry.name);
    /* A change that was lost before this one may have left nothing to remove. */
    if (gone != NULL) gone->used = false;
    if (change->deed == DISK_CREATED || (renamed && gone != NULL))
        add_entry(folder, &change->entry);
}

static bool is_named(const struct disk_folder *folder, uint32_t file)
{
    for (uint32_t index = 0; index < DISK_FILES_MAX; index++) {
        if (folder->entries[index].used && folder->entries[index].file == file) return true;
    }
    return false;
}

static bool is_changing(const struct disk *disk, uint32_t file)
{
    for (uint32_t index = 0; index < disk->change_count; index++) {
        if (disk->changes[index].entry.file == file) return true;
    }
    return false;
}

/* Takes the file's writes out of the record; `keep` says of each whether it reaches the disk. */
static void settle_writes(struct disk *disk, uint32_t file, bool (*keep)(struct disk *disk))
{
    uint32_t left = 0;
    for (uint32_t index = 0; index < disk->write_count; index++) {
        const struct disk_write write = disk->writes[index];
        if (write.file != file) {
            disk->writes[left++] = write;
            continue;
        }
        if (keep(disk)) {
            struct disk_bytes *flushed = &disk->files[file].flushed;
            if (write.resize) disk_state_resize(flushed, write.offset);
            else disk_state_put(flushed, write.offset, write.data, write.size);
        }
        free(write.data);
    }
    disk->write_count = left;
}

static bool keep_all(struct disk *disk)
{
    (void)disk;
    return true;
}

static bool keep_none(struct disk *disk)
{
    (void)disk;
    return false;
}

static bool keep_some(struct disk *disk)
{
    return random_chance(&disk->random, disk->plan.kept_share);
}

void disk_state_collect(struct disk *disk)
{
    for (uint32_t index = 0; index < DISK_FILES_MAX; index++) {
        struct disk_file *file = &disk->files[index];
        if (!file->used || file->open_count > 0) continue;
        if (is_named(&disk->seen, index) || is_named(&disk->flushed, index)) continue;
        if (is_changing(disk, index)) continue;
        settle_writes(disk, index, keep_none);
        file->used = false; /* Its memory is used again. */
        file->seen.size = 0;
        file->flushed.size = 0;
    }
}

void disk_state_forget(struct disk *disk)
{
    for (uint32_t index = 0; index < disk->write_count; index++) free(disk->writes[index].data);
    disk->write_count = 0;
    disk->change_count = 0;
}

static bool meets(enum disk_fault fault, enum disk_call call)
{
    switch (fault) {
    case DISK_FAULT_FULL:
    case DISK_FAULT_WRITE:
        return call == DISK_CALL_WRITE;
    case DISK_FAULT_READ:
        return call == DISK_CALL_READ;
    case DISK_FAULT_SYNC:
        return call == DISK_CALL_SYNC;
    case DISK_FAULT_DEATH:
        return call != DISK_CALL_READ;
    default:
        return false;
    }
}

enum disk_fault disk_state_call(struct disk *disk, enum disk_call call, const char *name)
{
    if (disk->dead) return DISK_FAULT_DEATH;
    if (disk->called != NULL && call != DISK_CALL_READ) {
        disk->called(disk->called_context, call, name);
    }
    disk->calls[call]++;
    if (call == DISK_CALL_SYNC) disk->waited_us += disk->sync_us;
    struct disk_plan *plan = &disk->plan;
    if (plan->times == 0 || !meets(plan->fault, call)) return DISK_FAULT_NONE;
    if (plan->after > 0) {
        plan->after--;
        return DISK_FAULT_NONE;
    }
    plan->times--;
    disk->failed++;
    disk->dead = plan->fault == DISK_FAULT_DEATH;
    return plan->fault;
}

static struct disk_write *add_write(struct disk *disk)
{
    if (disk->write_count == disk->write_capacity) {
        disk->write_capacity = disk->write_capacity * 2 + 64;
        disk->writes = realloc(disk->writes, disk->write_capacity * sizeof *disk->writes);
        CHECK(disk->writes != NULL);
    }
    return &disk->writes[disk->write_count++];
}

void disk_state_write(struct disk *disk, uint32_t file, size_t offset, const void *data,
                      size_t size)
{
    disk_state_put(&disk->files[file].seen, offset, data, size);
    uint8_t *copy = malloc(size);
    CHECK(copy != NULL);
    memcpy(copy, data, size);
    *add_write(disk) =
        (struct disk_write){.file = file, .offset = offset, .size = size, .data = copy};
}

void disk_state_set_size(struct disk *disk, uint32_t file, size_t size)
{
    disk_state_resize(&disk->files[file].seen, size);
    *add_write(disk) = (struct disk_write){.file = file, .resize = true, .offset = size};
}

void disk_state_sync(struct disk *disk, uint32_t file)
{
    if (!disk->lies) settle_writes(disk, file, keep_all);
}

void disk_state_fail_sync(struct disk *disk, uint32_t file)
{
    if (!disk->dead) settle_writes(disk, file, keep_some);
}

void disk_state_sync_folder(struct disk *disk)
{
    if (disk->lies) return;
    disk->flushed = disk->seen;
    disk->change_count = 0;
    disk_state_collect(disk);
}

/* The record of a folder that is never flushed is full: its oldest change reaches the disk. */
static void flush_oldest(struct disk *disk)
{
    disk_state_change(&disk->flushed, &disk->changes[0]);
    disk->change_count--;
    memmove(disk->changes, disk->changes + 1, disk->change_count * sizeof *disk->changes);
}

void disk_state_apply(struct disk *disk, const struct disk_folder_change *change)
{
    if (disk->change_count == DISK_FOLDER_CHANGES_MAX) flush_oldest(disk);
    disk->changes[disk->change_count++] = *change;
    disk_state_change(&disk->seen, change);
}

struct disk_entry *disk_state_create(struct disk *disk, const char *name)
{
    CHECK(strlen(name) < DISK_NAME_SIZE);
    CHECK(disk_state_find(&disk->seen, name) == NULL);
    disk_state_collect(disk);
    uint32_t file = 0;
    while (file < DISK_FILES_MAX && disk->files[file].used) file++;
    CHECK(file < DISK_FILES_MAX);
    disk->files[file].used = true;
    struct disk_folder_change change = {.deed = DISK_CREATED, .entry.file = file};
    (void)snprintf(change.entry.name, sizeof change.entry.name, "%s", name);
    disk_state_apply(disk, &change);
    return disk_state_find(&disk->seen, name);
}

void disk_state_remove(struct disk *disk, struct disk_entry *entry)
{
    const struct disk_folder_change change = {.deed = DISK_REMOVED, .entry = *entry};
    disk_state_apply(disk, &change);
    disk_state_collect(disk);
}
