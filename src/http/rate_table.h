/* rate_table.h - the token buckets of very many users or addresses, in a fixed piece of memory.
 *
 * Whoever asks from a million addresses must not make the server grow, nor get a fresh bucket by
 * pushing his own out. So a table is made whole at the start, in sets of a few buckets; a key
 * belongs to one set, by a hash whose secret is drawn anew in each process. In a full set a new
 * key takes the place of the bucket with the least debt, and takes over that debt, up to half of a
 * bucket: to lose an empty bucket of one's own costs as many requests as emptying a whole set of
 * others, and gives back half of one; and a stranger who happens to meet a set of empty buckets
 * still has half a bucket of his own.
 *
 * Shape:  RATE_WAYS buckets of 16 bytes a set; a bucket that is full again is free to be taken.
 * Thread: any; all loops share a table. Each lock covers every RATE_SHARDS-th set.
 */
#pragma once

#include "http/rate.h"

enum {
    RATE_WAYS = 8,    /* Two cache lines. */
    RATE_SHARDS = 64, /* Two loops meet at one lock rarely, unless they serve the same key. */
    RATE_SETS_MIN = RATE_SHARDS,
    RATE_SETS_MAX = 1 << 20,
};

struct rate_table;

/* A table of `sets` sets, a power of two from RATE_SETS_MIN to RATE_SETS_MAX, for one rate.
 * NULL without memory. */
struct rate_table *rate_table_open(const struct rate *rate, uint32_t sets);
void rate_table_close(struct rate_table *table); /* Accepts NULL. */

/* Takes a token of the key's bucket if there is one. */
struct rate_verdict rate_table_take(struct rate_table *table, struct slice key, int64_t now_us);

/* Takes a token of the key's bucket whether there is one or not. */
void rate_table_charge(struct rate_table *table, struct slice key, int64_t now_us);

/* What taking one would find, and changes nothing. */
struct rate_verdict rate_table_look(struct rate_table *table, struct slice key, int64_t now_us);
