#include "disk/disk_cut.h"

#include <string.h>

#include "base/check.h"
#include "disk/disk_state.h"

struct cut {
    enum disk_cut_kind kind;
    struct random random;
    const struct disk *disk;
    struct disk *target;
    uint32_t share;  /* Of 100 writes so many are left, where it is a matter of chance. */
    uint32_t moment; /* BEGINNING: how many writes are left. */
};

const char *disk_cut_name(enum disk_cut_kind kind)
{
    static const char *const names[] = {"lost", "written",   "beginning", "subset",
                                        "torn", "last torn", "size only", "size lost"};
    return names[kind];
}

static bool is_left(struct cut *cut, uint32_t index)
{
    switch (cut->kind) {
    case DISK_CUT_LOST:
        return false;
    case DISK_CUT_BEGINNING:
        return index < cut->moment;
    case DISK_CUT_SUBSET:
    case DISK_CUT_TORN:
        return random_chance(&cut->random, cut->share);
    default:
        return true;
    }
}

/* Puts those sectors of the write that are left. */
static void tear(struct cut *cut, struct disk_bytes *bytes, const struct disk_write *write)
{
    size_t done = 0;
    while (done < write->size) {
        const size_t at = write->offset + done;
        size_t size = DISK_SECTOR_SIZE - at % DISK_SECTOR_SIZE;
        if (size > write->size - done) size = write->size - done;
        if (random_chance(&cut->random, 50)) {
            disk_state_put(bytes, at, write->data + done, size);
        }
        done += size;
    }
}

/* What lies behind the old end of a file that has grown before its bytes came: of a chance
 * zeros, or what the disk had there before. */
static void put_without_growth(struct cut *cut, struct disk_bytes *bytes,
                               const struct disk_write *write, size_t old_size)
{
    if (write->offset + write->size <= old_size) {
        disk_state_put(bytes, write->offset, write->data, write->size);
        return;
    }
    if (cut->kind == DISK_CUT_SIZE_LOST) {
        if (write->offset >= old_size) return;
        disk_state_put(bytes, write->offset, write->data, old_size - write->offset);
        return;
    }
    if (write->offset + write->size > bytes->size) {
        disk_state_resize(bytes, write->offset + write->size);
    }
    const uint32_t choice = random_below(&cut->random, 3);
    if (choice == 0) disk_state_put(bytes, write->offset, write->data, write->size);
    if (choice != 1) return;
    for (size_t index = 0; index < write->size; index++) {
        bytes->data[write->offset + index] = (uint8_t)random_next(&cut->random);
    }
}

static void put_write(struct cut *cut, const struct disk_write *write, bool last,
                      const size_t *old_sizes)
{
    struct disk_bytes *bytes = &cut->target->files[write->file].flushed;
    if (write->resize) {
        disk_state_resize(bytes, write->offset);
        return;
    }
    if (cut->kind == DISK_CUT_SIZE_ONLY || cut->kind == DISK_CUT_SIZE_LOST) {
        put_without_growth(cut, bytes, write, old_sizes[write->file]);
    } else if (cut->kind == DISK_CUT_TORN || (cut->kind == DISK_CUT_LAST_TORN && last)) {
        tear(cut, bytes, write);
    } else {
        disk_state_put(bytes, write->offset, write->data, write->size);
    }
}

static void copy_flushed(const struct disk *disk, struct disk *target)
{
    for (uint32_t index = 0; index < DISK_FILES_MAX; index++) {
        target->files[index].used = disk->files[index].used;
        target->files[index].flushed.size = 0;
        const struct disk_bytes *bytes = &disk->files[index].flushed;
        if (bytes->size > 0) {
            disk_state_put(&target->files[index].flushed, 0, bytes->data, bytes->size);
        }
    }
    target->flushed = disk->flushed;
}

/* The names have the target's folder in front. */
static void move_names(const struct disk *disk, struct disk *target)
{
    const size_t size = strlen(disk->folder);
    for (uint32_t index = 0; index < DISK_FILES_MAX; index++) {
        struct disk_entry *entry = &target->flushed.entries[index];
        if (!entry->used) continue;
        char name[DISK_NAME_SIZE];
        const int length = snprintf(name, sizeof name, "%s%s", target->folder, entry->name + size);
        CHECK(length > 0);
        CHECK((size_t)length < sizeof name);
        memcpy(entry->name, name, sizeof name);
    }
}

/* Changes of the folder go to the disk in their order, or in any. */
static void put_changes(struct cut *cut)
{
    const struct disk *disk = cut->disk;
    const bool all = cut->kind == DISK_CUT_WRITTEN || cut->kind == DISK_CUT_LAST_TORN;
    const bool ordered = random_chance(&cut->random, 50);
    const uint32_t moment = random_below(&cut->random, disk->change_count + 1);
    for (uint32_t index = 0; index < disk->change_count; index++) {
        bool left = ordered ? index < moment : random_chance(&cut->random, 50);
        if (cut->kind == DISK_CUT_LOST) left = false;
        if (all || left) disk_state_change(&cut->target->flushed, &disk->changes[index]);
    }
}

static void put_writes(struct cut *cut)
{
    const struct disk *disk = cut->disk;
    size_t old_sizes[DISK_FILES_MAX];
    for (uint32_t index = 0; index < DISK_FILES_MAX; index++) {
        old_sizes[index] = disk->files[index].flushed.size;
    }
    cut->moment = random_below(&cut->random, disk->write_count + 1);
    for (uint32_t index = 0; index < disk->write_count; index++) {
        if (!is_left(cut, index)) continue;
        put_write(cut, &disk->writes[index], index + 1 == disk->write_count, old_sizes);
    }
}

/* After the cut, what is on the disk is what programs see. */
static void see_flushed(struct disk *target)
{
    for (uint32_t index = 0; index < DISK_FILES_MAX; index++) {
        struct disk_file *file = &target->files[index];
        file->seen.size = 0;
        if (file->flushed.size == 0) continue;
        disk_state_put(&file->seen, 0, file->flushed.data, file->flushed.size);
    }
    target->seen = target->flushed;
    target->dead = false;
    target->plan = (struct disk_plan){0};
}

void disk_cut(struct disk *disk, enum disk_cut_kind kind, uint64_t seed, struct disk *target)
{
    for (uint32_t index = 0; index < DISK_FILES_MAX; index++) {
        CHECK(target->files[index].open_count == 0);
    }
    struct cut cut = {.kind = kind, .disk = disk, .target = target};
    random_seed(&cut.random, seed);
    cut.share = 10 + random_below(&cut.random, 86);
    if (target != disk) {
        disk_state_forget(target);
        copy_flushed(disk, target);
    }
    put_writes(&cut);
    put_changes(&cut);
    if (target != disk) move_names(disk, target);
    else disk_state_forget(disk);
    see_flushed(target);
    disk_state_collect(target);
}
