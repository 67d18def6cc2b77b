/* storage.h - what an operator asks of the place where the data are.
 *
 * Health and metrics look through it; no request depends on it.
 *
 * Errors: `count` gives ERROR_STORE_UNAVAILABLE.
 * Thread: `examine` any; `count` one thread.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/histogram.h"

/* How long the disk took, in microseconds by histogram_micros. Counted by the writer's thread,
 * read by any; see base/tally.h. */
struct storage_meter {
    struct histogram commits; /* Those that had something to write. */
    struct histogram checkpoints;
};

enum storage_database { STORAGE_DATABASE_OK, STORAGE_DATABASE_AWAITED, STORAGE_DATABASE_AWAY };

/* What an instance of several leans on. */
struct storage_peers {
    bool any; /* The store is shared; else nothing here means anything. */
    enum storage_database database;
    bool clock_known; /* The database's clock was asked for, */
    bool clock_well;  /* and ours is near enough to it. */
    int64_t clock_offset_ms;
    bool redis_set;
    bool redis_well; /* News of other instances come in. */
};

struct storage_state {
    bool in_place; /* The store's files are where the next start will look for them. */
    struct storage_peers peers;
    uint64_t store_size;
    uint64_t wal_size;
    uint64_t disk_size;
    uint64_t disk_free; /* What a user without privileges may still write. */
};

struct storage_counts {
    uint64_t bookings_pending;
    uint64_t refunds_due;
    int64_t oldest_refund_due_ms; /* Since when; 0: there is none. */
};

struct storage_methods {
    void (*examine)(void *context, struct storage_state *ret_state);

    enum error (*count)(void *context, struct storage_counts *ret_counts);
};

struct storage {
    void *context;
    const struct storage_methods *methods;
    const struct storage_meter *meter;
};
