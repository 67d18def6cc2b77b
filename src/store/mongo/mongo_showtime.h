/* mongo_showtime.h - a showtime's document and its seat map.
 *
 * The document is the predecessor's, with its seats by name. What is ours: who holds a seat, its
 * payment, when something is due, and what is not settled yet.
 *
 * Thread: any.
 */
#pragma once

#include "core/facts.h"
#include "core/seat_map.h"
#include "store/mongo/mongo_fields.h"
#include "store/mongo/mongo_settle.h"

/* Lays the document out in `block`. `tag_key` is the policy's. False if it cannot be read. */
bool mongo_showtime_read(const bson_t *document, const struct siphash_key *tag_key, void *block,
                         struct seat_map *ret_map);

/* The version, and what is not settled; false if the document has them not. */
bool mongo_showtime_read_cut(const bson_t *document, uint64_t *ret_version,
                             struct mongo_settle *settle);

/* The layout that the seats' names and types make: of documents that have no plan of their own. */
bool mongo_showtime_read_layout(const bson_t *document, struct seat_layout *ret_layout);

/* Names what keeps a showtime from being read, as far as that is one field; false without a clue.
 */
bool mongo_showtime_fault(const bson_t *document, struct mongo_fault *ret_fault);

/* Appends `seats.A1: {...}` as the map has it; `booking` is the one that has the seat, or
 * NULL. */
void mongo_showtime_append_seat(bson_t *set, const struct seat_map *map, uint32_t place,
                                const struct booking *booking);
