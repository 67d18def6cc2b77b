/* memory_store.h - the store port in memory, for the simulation and for tests.
 *
 * Also the seam at which the simulation is linked with another store: tests/sim/disk_store.h has
 * these functions over SQLite.
 *
 * Refuses what `usher.db` refuses, undoes what it undoes, and gives the same ids, so that a
 * simulation proves something about the real one; both pass the same contract tests. It fails
 * when it is told to, and forgets like a crash what was not committed.
 *
 * Shape:  grows with its content; a test's machine that has no memory left is a failed CHECK.
 * Thread: one at a time, its readers included.
 */
#pragma once

#include "ports/reader.h"
#include "ports/store.h"

struct memory_store;

/* What goes wrong, once. */
enum memory_fault {
    MEMORY_FAULT_NONE,
    MEMORY_FAULT_BEGIN,              /* begin: ERROR_STORE_UNAVAILABLE */
    MEMORY_FAULT_RECORD,             /* record refuses the turn: ERROR_INTERNAL_ERROR */
    MEMORY_FAULT_RECORD_UNAVAILABLE, /* record finds the disk full: ERROR_STORE_UNAVAILABLE */
    MEMORY_FAULT_COMMIT_UNAVAILABLE, /* commit: ERROR_STORE_UNAVAILABLE, all is undone */
    MEMORY_FAULT_COMMIT_LOST,        /* commit: ERROR_OUTCOME_UNKNOWN, all is lost */
    MEMORY_FAULT_COMMIT_KEPT,        /* commit: ERROR_OUTCOME_UNKNOWN, all is kept */
};

/* A showtime to sell. */
struct memory_showtime {
    struct id id;
    const struct seat_layout *layout; /* Copied. */
    enum showtime_status status;
    int64_t starts_at_ms;
    int64_t ends_at_ms;
    int64_t prices[SEAT_TYPE_COUNT];
};

/* `id_key` seals ids and codes; `tag_key` is the policy's. NULL without memory. */
struct memory_store *memory_store_open(const struct siphash_key *id_key,
                                       const struct siphash_key *tag_key);
void memory_store_close(struct memory_store *store); /* Accepts NULL. */

/* Adds a showtime, or changes one that is there but for its layout. */
void memory_store_put_showtime(struct memory_store *store, const struct memory_showtime *showtime);

/* The next call of the fault's kind fails so. */
void memory_store_fail_next(struct memory_store *store, enum memory_fault fault);

/* The process dies and starts again: the open batch is gone, a broken store is whole. */
void memory_store_crash(struct memory_store *store);

/* All rows in the order of their numbers, the open batch's included; until the next record. */
const struct booking *memory_store_bookings(const struct memory_store *store, size_t *ret_count);
const struct payment *memory_store_payments(const struct memory_store *store, size_t *ret_count);
const struct key_record *memory_store_keys(const struct memory_store *store, size_t *ret_count);
const struct block *memory_store_blocks(const struct memory_store *store, size_t *ret_count);
const struct journal_entry *memory_store_journal(const struct memory_store *store,
                                                 size_t *ret_count);

struct store memory_store_port(struct memory_store *store);
