/* disk_state.h - the inside of a disk, for disk.c, disk_vfs.c and disk_cut.c alone. */
#pragma once

#include "disk/disk.h"
#include "sim/random.h"

enum {
    DISK_FILE_SIZE_MAX = 64 << 20, /* A hundred times what a test writes. */
    DISK_FOLDER_CHANGES_MAX = 32,  /* SQLite flushes the folder after each that matters. */
    DISK_SHARED_REGIONS_MAX = 64,  /* Of 32 KB: an index of 16 MB of WAL each. */
    DISK_SHARED_LOCKS = 8,
};

struct disk_bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

/* What has happened to a file since it was flushed. */
struct disk_write {
    uint32_t file;
    bool resize; /* To `offset`; there are no bytes. */
    size_t offset;
    size_t size;
    uint8_t *data;
};

struct disk_file {
    bool used;
    uint32_t open_count;
    struct disk_bytes seen;
    struct disk_bytes flushed;
    /* SQLite's locks, as far as several connections of one process need them. */
    uint32_t shared_count;
    const void *reserved; /* Who has it. */
    const void *pending;
    const void *exclusive;
    uint8_t *regions[DISK_SHARED_REGIONS_MAX]; /* The shared memory of a WAL's index. */
    uint32_t mapped_count;
    uint32_t region_shared[DISK_SHARED_LOCKS];
    const void *region_exclusive[DISK_SHARED_LOCKS];
};

/* A name and its file. */
struct disk_entry {
    bool used;
    uint32_t file;
    char name[DISK_NAME_SIZE];
};

struct disk_folder {
    struct disk_entry entries[DISK_FILES_MAX];
};

/* What has happened to the folder since it was flushed: one of these, whole or not at all. */
enum disk_folder_deed { DISK_CREATED, DISK_REMOVED, DISK_RENAMED };

struct disk_folder_change {
    enum disk_folder_deed deed;
    struct disk_entry entry;
    char name_before[DISK_NAME_SIZE]; /* RENAMED */
};

struct disk {
    struct disk *next; /* Of all that are open. */
    char folder[DISK_NAME_SIZE];
    struct random random; /* For what a failed flush leaves. */
    struct disk_file files[DISK_FILES_MAX];
    struct disk_folder seen;
    struct disk_folder flushed;
    struct disk_folder_change changes[DISK_FOLDER_CHANGES_MAX];
    uint32_t change_count;
    struct disk_write *writes;
    uint32_t write_count;
    uint32_t write_capacity;
    void (*called)(void *context, enum disk_call call, const char *name);
    void *called_context;
    struct disk_plan plan;
    uint32_t failed;
    bool dead;
    bool lies;
    uint32_t sync_us;
    uint64_t waited_us;
    uint64_t calls[DISK_CALL_COUNT];
};

/* Makes room; new bytes are zero. */
void disk_state_resize(struct disk_bytes *bytes, size_t size);
void disk_state_put(struct disk_bytes *bytes, size_t offset, const uint8_t *data, size_t size);

/* NULL if the folder has no such name. */
struct disk_entry *disk_state_find(struct disk_folder *folder, const char *name);

void disk_state_change(struct disk_folder *folder, const struct disk_folder_change *change);

/* Frees files that no name, no change and no program has any more. */
void disk_state_collect(struct disk *disk);

/* Forgets what is unflushed. */
void disk_state_forget(struct disk *disk);

/* Tells the watcher, and says whether the call goes well: DISK_FAULT_NONE, or how it fails. */
enum disk_fault disk_state_call(struct disk *disk, enum disk_call call, const char *name);

/* What a call does once it goes well. */
void disk_state_write(struct disk *disk, uint32_t file, size_t offset, const void *data,
                      size_t size);
void disk_state_set_size(struct disk *disk, uint32_t file, size_t size);
void disk_state_sync(struct disk *disk, uint32_t file);
void disk_state_sync_folder(struct disk *disk);

/* A flush that fails; see DISK_FAULT_SYNC. */
void disk_state_fail_sync(struct disk *disk, uint32_t file);

/* Records a change of the folder, and makes it seen. */
void disk_state_apply(struct disk *disk, const struct disk_folder_change *change);

/* A new, empty file of a name that is free. */
struct disk_entry *disk_state_create(struct disk *disk, const char *name);
void disk_state_remove(struct disk *disk, struct disk_entry *entry);
