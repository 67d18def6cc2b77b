/* id.h - the public id of a movie, cinema, showtime, booking or payment.
 *
 * Clients see 24 hex digits. The core treats the 12 bytes as opaque; where the store numbers
 * its rows, an id is the number and a seal over it, so that a row is found by number and an id
 * cannot be guessed from another one.
 *
 * Shape:  12 bytes; all zero is "none" and never given out. Numbers are 1..ID_NUMBER_MAX.
 * Thread: any.
 */
#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "core/siphash.h"

enum { ID_SIZE = 12, ID_HEX_SIZE = 24 };

#define ID_NUMBER_MAX ((UINT64_C(1) << 48) - 1)

struct id {
    uint8_t bytes[ID_SIZE];
};

/* What a sealed number counts; a seal of one kind is no seal of another. */
enum id_kind { ID_BOOKING = 1, ID_PAYMENT = 2, ID_BLOCK = 3, ID_ENTRY = 4 };

bool id_equal(struct id left, struct id right);
bool id_is_none(struct id id);

/* Spreads ids over a hash table; those of a file may count up, so all bytes take part. */
uint64_t id_hash(struct id id);

/* Reads 24 hex digits of either case; false, and `ret_id` untouched, if `text` is anything
 * else or all zeros. */
bool id_parse(struct slice text, struct id *ret_id);

/* Writes 24 lower-case hex digits and no NUL. */
void id_format(struct id id, char *target);

/* The id of a row's number. */
struct id id_seal(const struct siphash_key *key, enum id_kind kind, uint64_t number);

/* The number in a sealed id; 0 if the seal is not ours. */
uint64_t id_open(const struct siphash_key *key, enum id_kind kind, struct id id);
