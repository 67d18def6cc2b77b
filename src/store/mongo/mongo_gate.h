/* mongo_gate.h - the one document that puts the edits of the programme in their order.
 *
 * A showtime is made of a movie, a cinema and a screen, which are documents of their own, and no
 * update names two. So all edits of them, and of what a showtime says of them, are committed
 * here: one update of the gate that names the version under which everything was read. In it
 * stands, as `edit`, what it decides: an entry to be put or set, with its line for the journal.
 * It is written there before it is answered, and by whoever reads the gate next before anything
 * else is read; so nobody decides on what is half done, and what a slow one still sends can no
 * longer match. A showtime's own version decides about its seats; see mongo_commit.h.
 *
 * Shape:  {_id, version, batches, edit: {id, c: collection, t: entry, from: version or null,
 *         put|set: {...}, line: {...}}, edit_at}; movies and cinemas carry as `version` that of
 *         the gate which has written them.
 * Errors: as ports/store.h says of `commit`.
 * Thread: the store's.
 * Source: docs/decisions/0009-one-gate-for-the-programme.md
 */
#pragma once

#include "store/mongo/mongo_state.h"

/* What an edit writes. */
struct mongo_gate_edit {
    enum mongo_collection collection;
    struct id entry;
    struct id batch;     /* Which a showtime will name. */
    bool known;          /* It is there, */
    int64_t from;        /* with this version; 0: without one. */
    const bson_t *value; /* The whole document, or of a known one what is set. */
    const bson_t *line;  /* For the journal; NULL: none, or in the showtime. */
};

/* Reads the gate, and writes what its last edit has left. */
MUST_USE enum error mongo_gate_read(struct mongo_store *store);

/* The version that the entry of the next edit will have. */
int64_t mongo_gate_next(const struct mongo_store *store);

/* Makes the gate's plan against the version that was read. ERROR_INTERNAL_ERROR: the edit is too
 * large for a document. */
MUST_USE enum error mongo_gate_plan(struct mongo_store *store, const struct mongo_gate_edit *edit,
                                    int64_t now_ms);

/* Writes what the plan, which is committed, has decided. ERROR_BOOKING_LOCK_FAILED: somebody else
 * has made the entry; ERROR_OUTCOME_UNKNOWN: it is written later. */
MUST_USE enum error mongo_gate_write(struct mongo_store *store);

/* Ends the plan. */
void mongo_gate_clear(struct mongo_store *store);

/* Takes an edit that is written out of the gate. */
void mongo_gate_prune(struct mongo_store *store);

/* Housekeeping: writes what somebody else has left for some time. */
void mongo_gate_sweep(struct mongo_store *store, int64_t before_ms);
