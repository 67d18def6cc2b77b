/* disk_cut.h - what a power cut leaves of a disk.
 *
 * What was flushed is there. Of the rest a kind says what may be: nothing, all of it, the
 * beginning of it, any part of it, with a write torn between sectors, with sizes that are there
 * before their bytes or never come.
 */
#pragma once

#include "disk/disk.h"

enum disk_cut_kind {
    DISK_CUT_LOST,      /* All that was not flushed. */
    DISK_CUT_WRITTEN,   /* Nothing is lost. */
    DISK_CUT_BEGINNING, /* Nothing is left from some moment on. */
    DISK_CUT_SUBSET,    /* Any writes are lost, whatever their order. */
    DISK_CUT_TORN,      /* The same, and of those left any sectors. */
    DISK_CUT_LAST_TORN, /* Only the last write is torn. */
    DISK_CUT_SIZE_ONLY, /* Files have grown, but bytes behind their old end are any. */
    DISK_CUT_SIZE_LOST, /* Bytes are there, but no file has grown. */
};

#define DISK_CUT_COUNT 8

/* Makes `target` what is left of `disk` when the power fails now; the same seed leaves the same.
 * No file of `target` may be open. It may be the same disk, which then lives again. */
void disk_cut(struct disk *disk, enum disk_cut_kind kind, uint64_t seed, struct disk *target);

const char *disk_cut_name(enum disk_cut_kind kind);
