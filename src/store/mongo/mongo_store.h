/* mongo_store.h - the store port over MongoDB, for several instances at once.
 *
 * Every commit is one update of one showtime that names the version it was decided against:
 * whoever comes second is told so, and decides again. What else a turn changes stands in that
 * update too, and is written to the other documents afterwards, by this store or any other.
 * A batch is one showtime's turn, or one edit.
 *
 * Errors: as ports/store.h says of shared stores. A crash at any step leaves nothing that the
 *         next turn, or anybody's housekeeping, does not put right.
 * Thread: one at a time; several stores, each with its thread, may share a connection.
 * Source: docs/decisions/0008-one-update-of-the-showtime.md
 */
#pragma once

#include "ports/store.h"
#include "store/mongo/mongo_connection.h"
#include "store/mongo/mongo_step.h"

struct mongo_store;

struct mongo_store_options {
    struct mongo_connection *connection; /* Borrowed. */
    struct siphash_key tag_key;          /* The policy's. */
    struct mongo_hook hook;              /* None: {0}. */
    const char *instance;                /* Borrowed; who we are, for people: NULL is "usher". */
    bool sweeps_not;                     /* Another store of the process does, for all of them. */
};

/* What the store has done, for metrics and tests. */
struct mongo_store_counts {
    uint64_t round_trips;
    uint64_t commits;
    uint64_t races_lost;
    uint64_t retries;    /* Of updates whose outcome was not known, or that were not sent. */
    uint64_t unresolved; /* Commits given up as unknown. */
    uint64_t resolved;   /* Those that were resolved later. */
    uint64_t swept;      /* Showtimes whose rest was written for others. */
};

/* Takes a client of the connection for life, reads the key of the ids, makes the indexes. The
 * self-test is the caller's, once a connection. */
MUST_USE enum error mongo_store_open(const struct mongo_store_options *options,
                                     struct mongo_store **ret_store,
                                     struct mongo_reason *ret_reason);
void mongo_store_close(struct mongo_store *store); /* Accepts NULL. */

struct store mongo_store_port(struct mongo_store *store);

/* From any thread. */
struct mongo_store_counts mongo_store_counts(const struct mongo_store *store);
