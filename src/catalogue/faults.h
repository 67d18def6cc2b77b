/* faults.h - everything that is wrong with a catalogue file, for the person who wrote it.
 *
 * A file is read to its end, so that one look shows all there is to mend. Each fault names
 * its member: `showtimes[3].price.vip: must be an integer >= 1`.
 *
 * Shape:  the first FAULTS_LISTED_MAX are kept, all are counted; long ones are cut.
 */
#pragma once

#include "base/slice.h"

enum {
    FAULTS_LISTED_MAX = 20, /* A screenful. */
    FAULT_SIZE_MAX = 320,
};

/* A member's or an element's place in the file, linked to the one that it is part of. */
struct place {
    const struct place *parent; /* NULL: the whole file. */
    struct slice key;           /* Data NULL: an element. */
    size_t index;
};

struct fault {
    size_t size;
    size_t place_size; /* Of the member's name at its start; 0: the file as a whole. */
    size_t message_at; /* Where the rest starts. */
    char text[FAULT_SIZE_MAX];
};

struct faults {
    size_t count;
    struct fault listed[FAULTS_LISTED_MAX];
};

/* Adds a fault of the member at `place`. Bytes that a terminal would obey become '?'. */
__attribute__((format(printf, 3, 4))) void faults_add(struct faults *faults,
                                                      const struct place *place, const char *format,
                                                      ...);

/* How many are in `listed`. */
size_t faults_listed(const struct faults *faults);

/* A listed one: whole, and in its two parts. The place is empty for the file as a whole. */
struct slice faults_text(const struct faults *faults, size_t index);
struct slice faults_place(const struct faults *faults, size_t index);
struct slice faults_message(const struct faults *faults, size_t index);
