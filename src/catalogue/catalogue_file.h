/* catalogue_file.h - the text of a catalogue file, checked whole, as entries for a store.
 *
 * Everything is checked before anything is written, and all that is wrong is told at once.
 * What the file may leave out is filled in: ids, time zones, seat types, ends.
 *
 * Shape:  the limits below; texts are borrowed from the text's tree in the arena.
 * Errors: false, with the faults listed.
 * Source: docs/catalogue.md
 */
#pragma once

#include "catalogue/faults.h"
#include "ports/catalogue_entries.h"

#define CATALOGUE_FILE_SIZE_MAX ((size_t)64 * 1024 * 1024) /* 100 000 showtimes have 20 MB. */

enum {
    CATALOGUE_MOVIES_MAX = 10000,     /* All films of many years. */
    CATALOGUE_CINEMAS_MAX = 1000,     /* The largest chains have as many houses ... */
    CATALOGUE_SCREENS_MAX = 10000,    /* ... and screens in all of them. */
    CATALOGUE_SHOWTIMES_MAX = 100000, /* Two days of all these screens; files add up. */
};

/* The arena that a file of that size may need: address space, of which a usual file touches
 * a small part. */
size_t catalogue_file_arena_size(size_t file_size);

/* `faults` starts out empty. */
MUST_USE bool catalogue_file_read(struct slice text, int64_t now_ms, struct arena *arena,
                                  struct catalogue_entries *ret_entries, struct faults *faults);
