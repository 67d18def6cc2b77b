/* mongo_settle.h - what a showtime's commits have decided, and its other documents do not show.
 *
 * A commit is one update of the showtime; in it stands, as `settle`, what it makes of bookings,
 * payments, keys, blocks and the journal. Readers lay it over those documents, whoever comes
 * next writes it into them, and only then it leaves the showtime.
 *
 * Shape:  each document stands once, with all that moves: {b|p|x: id, v, set: {...}} changes a
 *         booking, payment or block; {k|j: id, v, put: {...}} adds a key or a journal's entry.
 * Thread: the owner's.
 */
#pragma once

#include "store/mongo/mongo_connection.h"

enum { MONGO_SETTLE_MAX = 8192 }; /* A full turn's changes, and what others left behind. */

struct mongo_settle_entry {
    enum mongo_collection collection;
    struct id id;
    int64_t version; /* Of the showtime, at the commit. */
    const uint8_t *value;
    uint32_t size;
};

struct mongo_settle {
    bson_t array; /* Owns the values; always initialised. */
    uint32_t count;
    struct mongo_settle_entry entries[MONGO_SETTLE_MAX];
};

/* Is an entry of the collection a whole document to be put there, and no change of one? */
bool mongo_settle_puts(enum mongo_collection collection);

void mongo_settle_init(struct mongo_settle *settle);
void mongo_settle_release(struct mongo_settle *settle);

/* Takes over the array at `at`; false, and empty, if it cannot be read or is too long. */
bool mongo_settle_read(struct mongo_settle *settle, const bson_iter_t *at);

/* Takes over a document that has the elements of an array. */
bool mongo_settle_take(struct mongo_settle *settle, const bson_t *array);

/* The entry of a document, or NULL. */
const struct mongo_settle_entry *mongo_settle_find(const struct mongo_settle *settle,
                                                   enum mongo_collection collection, struct id id);

/* The `set` or `put` of a document in a showtime's document, without reading the rest; false if
 * there is none. */
bool mongo_settle_seek(const bson_t *showtime, enum mongo_collection collection, struct id id,
                       bson_t *ret_value);

/* The entry's `set` or `put`, as a document that lives as long as the settle. Set in place: such
 * a document points into itself. */
void mongo_settle_value(const struct mongo_settle_entry *entry, bson_t *ret_value);

/* Appends an entry to an array that has `index` elements. */
void mongo_settle_append(bson_t *array, uint32_t index, enum mongo_collection collection,
                         struct id id, int64_t version, const bson_t *value);
