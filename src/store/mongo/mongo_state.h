/* mongo_state.h - what the files of the MongoDB store share; nobody else includes it. */
#pragma once

#include "base/tally.h"
#include "core/turn.h"
#include "crypto/crypto.h"
#include "store/mongo/mongo_batches.h"
#include "store/mongo/mongo_documents.h"
#include "store/mongo/mongo_error.h"
#include "store/mongo/mongo_facts.h"
#include "store/mongo/mongo_read.h"
#include "store/mongo/mongo_settle.h"
#include "store/mongo/mongo_store.h"
#include "store/mongo/mongo_waiting.h"

enum {
    ECHOED_REMEMBERED = 8192, /* Several full turns' changes; what is forgotten is echoed twice. */
    UNRESOLVED_MAX = 64,      /* Commits of unknown outcome, one a showtime; then none is begun. */
    UPDATE_SIZE_MAX = 12 * 1024 * 1024, /* Below the server's 16 MB, with the showtime itself. */
};

/* A showtime as one read showed it. */
struct mongo_cut {
    struct id showtime; /* None: nothing was read. */
    uint64_t version;
    bool cancelled;
    struct mongo_settle settle;
    struct mongo_batches batches;
};

/* The one update that commits a turn, or of the programme's gate an edit. */
struct mongo_plan {
    bool made;
    enum mongo_collection collection;
    struct id id; /* Of a showtime, or of the gate. */
    struct id batch;
    uint64_t version; /* After it. */
    bool cancels;     /* It cancels the showtime, */
    bool edits;       /* or changes it: */
    int64_t starts_at_ms;
    int64_t ends_at_ms;
    int64_t prices[SEAT_TYPE_COUNT];
    bson_t filter;
    bson_t update;
};

/* A commit whose outcome is not known: sent again before its document is read. */
struct mongo_unresolved {
    enum mongo_collection collection;
    struct id id;
    bson_t filter;
    bson_t update;
};

/* Showtimes with something to end, as a start reads them. */
struct mongo_pending {
    struct id *ids; /* NULL: none were read. */
    size_t count;
    size_t next; /* The first that was not given out. */
};

/* The programme as one read showed it, and the edit that it is to take; see mongo_gate.h. */
struct mongo_gate {
    uint64_t version;
    struct mongo_batches batches;
    struct mongo_plan plan;
    bson_t edit;     /* With the plan: what it decides. */
    bson_t showtime; /* With the plan, if it makes or moves one: as it will be. */
    bool has_showtime;
    uint64_t written; /* The version whose edit is written, and waits to leave; 0: none. */
};

struct mongo_store {
    struct mongo_store_options options;
    struct mongo_client client;
    struct mac *mac;
    struct numbers numbers; /* Lent to turns, and not used: ids follow from what is asked. */
    bool open;
    bool dead;            /* A hook ended it. */
    struct mongo_cut cut; /* Of the last showtime, as last read or written. */
    bool gathered;        /* In this batch: a turn, */
    bool unproved;        /* and from a cut of before it. */
    struct mongo_facts facts;
    struct mongo_waiting waiting; /* Of the turn. */
    struct mongo_plan plan;
    struct mongo_gate gate;
    struct mongo_settle committed; /* To be echoed: of the last commit. */
    struct mongo_settle *scratch;  /* Of one call. */
    bson_t new_keys;               /* Documents for MONGO_KEYS, as an array: with it. */
    uint32_t new_key_count;
    uint64_t echoed[ECHOED_REMEMBERED]; /* What the documents show; see mongo_echo.c. */
    uint32_t unresolved_count;
    struct mongo_unresolved unresolved[UNRESOLVED_MAX];
    int64_t swept_at_ms;
    int64_t tidied_at_ms;
    struct id strays_after; /* Where the next rounds begin: for strays, */
    struct id settle_after; /* for what is not settled, */
    struct id ended_after;  /* and for shows that are over. */
    struct mongo_pending pending;
    uint32_t indexes_missing; /* That the server cannot make: old keys are ours to delete. */
    struct mongo_store_counts counts;
};

/* Before a step: an error ends what is under way. */
MUST_USE enum error mongo_state_step(struct mongo_store *store, enum mongo_step step);

/* Reads one document by its id; `ret_found` is to be destroyed if there is one. */
MUST_USE enum error mongo_state_find(struct mongo_store *store, enum mongo_collection collection,
                                     struct id id, const char *projection, bson_t *ret_found,
                                     bool *ret_there);
