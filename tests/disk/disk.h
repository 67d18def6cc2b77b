/* disk.h - a machine's disk in memory, which knows what a power cut could take from it.
 *
 * Keeps apart what programs see and what has been flushed, and in between every write, resize,
 * creation and removal in its order, so that disk_cut can tell what may be left. It fails when
 * it is told to. SQLite sees it through disk_vfs.h.
 *
 * Shape:  one folder of up to DISK_FILES_MAX files; grows with its content.
 * Thread: one.
 * Source: Pillai et al., "All file systems are not created equal", OSDI 2014: what a file system
 *         promises of the order of writes, which is nothing without a flush.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DISK_FILES_MAX = 16,    /* A store has four, a backup two. */
    DISK_NAME_SIZE = 128,   /* A file's path. */
    DISK_SECTOR_SIZE = 512, /* What a disk writes whole or not at all. */
};

/* A call that reaches the disk. */
enum disk_call {
    DISK_CALL_READ,
    DISK_CALL_WRITE,
    DISK_CALL_RESIZE,
    DISK_CALL_SYNC,
    DISK_CALL_SYNC_FOLDER,
    DISK_CALL_CREATE,
    DISK_CALL_REMOVE,
};

#define DISK_CALL_COUNT 7

enum disk_fault {
    DISK_FAULT_NONE,
    DISK_FAULT_FULL,  /* A write finds no room. */
    DISK_FAULT_WRITE, /* A write fails. */
    DISK_FAULT_READ,  /* A read fails. */
    DISK_FAULT_SYNC,  /* A flush fails, and what it should have flushed may be lost for ever. */
    DISK_FAULT_DEATH, /* The power is gone: from here on nothing happens any more. */
};

/* What goes wrong, and when. */
struct disk_plan {
    enum disk_fault fault;
    uint32_t after;      /* Calls that the fault could meet and that still go well. */
    uint32_t times;      /* Then so many fail. */
    uint32_t kept_share; /* SYNC: so many of 100 unflushed writes reach the disk all the same. */
};

struct disk;

/* An empty disk at `folder`, a real folder, where programs that do not ask SQLite may see empty
 * files of the same names. NULL without memory. */
struct disk *disk_open(const char *folder, uint64_t seed);
void disk_close(struct disk *disk); /* Accepts NULL; no file may be open. */

/* The disk that the path is on; NULL: none of them. */
struct disk *disk_of(const char *path);

/* `called` is told of each call that changes something, before it does; NULL: nobody. */
void disk_watch(struct disk *disk,
                void (*called)(void *context, enum disk_call call, const char *name),
                void *context);

/* Replaces the plan before. */
void disk_plan(struct disk *disk, struct disk_plan plan);

/* How often the plan's fault has come. */
uint32_t disk_failed(const struct disk *disk);
bool disk_dead(const struct disk *disk);

/* Only the process had died, and the machine goes on: what it wrote is seen, flushed or not. No
 * plan is left. */
void disk_revive(struct disk *disk);

/* A disk that lies: it counts flushes as done and flushes nothing. */
void disk_lie(struct disk *disk, bool lies);

/* Each flush takes so long; disk_waited_us adds up. */
void disk_slow(struct disk *disk, uint32_t sync_us);
uint64_t disk_waited_us(const struct disk *disk);

uint64_t disk_calls(const struct disk *disk, enum disk_call call);

/* Has anything been written that is not flushed? */
bool disk_unsynced(const struct disk *disk);

/* Is there a file of this name? */
bool disk_has(struct disk *disk, const char *name);

/* Flushes made by others than SQLite, by path; false, and the call fails, where the disk fails.
 * A path that is not there is nothing to flush. */
bool disk_sync_path(const char *path);
bool disk_sync_folder(const char *folder);

/* Gives a file another name, which must be free; so seen at once, durable with its folder. */
bool disk_rename(const char *from, const char *to);
