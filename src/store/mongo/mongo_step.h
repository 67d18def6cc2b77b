/* mongo_step.h - the steps of a turn on MongoDB, so that a test can stop before each.
 *
 * A crash is what happens between two of them; whatever a crash leaves behind at one of these
 * places, any other store must be able to go on with.
 */
#pragma once

#include "base/error.h"

enum mongo_step {
    MONGO_STEP_LOAD,            /* Reads a showtime. */
    MONGO_STEP_READ_CUT,        /* Reads its version and what is not settled, */
    MONGO_STEP_READ_DOCUMENTS,  /* and then the documents that the turn names. */
    MONGO_STEP_INSERT_BOOKINGS, /* Intents. */
    MONGO_STEP_INSERT_PAYMENTS,
    MONGO_STEP_INSERT_BLOCKS,
    MONGO_STEP_RECORD_MONEY,
    MONGO_STEP_COMMIT,    /* The one update of the showtime; again, while its outcome is unknown. */
    MONGO_STEP_READ_BACK, /* Whose it was, after an unknown outcome. */
    MONGO_STEP_COMMITTED, /* Nothing: before the answers leave. */
    MONGO_STEP_ECHO_BOOKINGS, /* The other documents follow. */
    MONGO_STEP_ECHO_PAYMENTS,
    MONGO_STEP_ECHO_BLOCKS,
    MONGO_STEP_ECHO_KEYS,
    MONGO_STEP_ECHO_JOURNAL,
    MONGO_STEP_PRUNE,       /* What they show leaves the showtime. */
    MONGO_STEP_READ_GATE,   /* Of an edit: the programme's version, and its last edit; */
    MONGO_STEP_WRITE_ENTRY, /* the entry, after that version's commit; */
    MONGO_STEP_READ_ENTRY,  /* whose it is, if it was there; */
    MONGO_STEP_WRITE_LINE,  /* its entry of the journal; */
    MONGO_STEP_PRUNE_GATE,  /* and the edit leaves the programme. */
};

#define MONGO_STEP_COUNT 21

/* Called before each step. Another answer than ERROR_NONE ends the store at this place, as a
 * crash would: it gives that answer now, and ERROR_STORE_UNAVAILABLE for ever after. */
struct mongo_hook {
    enum error (*before)(void *context, enum mongo_step step);
    void *context;
};
