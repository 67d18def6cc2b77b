/* mongo_state.h - what the files of the MongoDB store share; nobody else includes it. */
#pragma once

#include "core/turn.h"
#include "crypto/crypto.h"
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
    BATCHES_REMEMBERED = 32,  /* Of others since ours, by which it is still found. */
    UPDATE_SIZE_MAX = 12 * 1024 * 1024, /* Below the server's 16 MB, with the showtime itself. */
};

/* A showtime as one read showed it. */
struct mongo_cut {
    struct id showtime; /* None: nothing was read. */
    uint64_t version;
    bool cancelled;
    struct mongo_settle settle;
    struct id batches[BATCHES_REMEMBERED]; /* The last ones, oldest first. */
    uint32_t batch_count;
};

/* The one update that commits a turn. */
struct mongo_plan {
    bool made;
    struct id showtime;
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

/* A commit whose outcome is not known: sent again before its showtime is read. */
struct mongo_unresolved {
    struct id showtime;
    bson_t filter;
    bson_t update;
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
    struct mongo_settle committed; /* To be echoed: of the last commit. */
    struct mongo_settle *scratch;  /* Of one call. */
    bson_t new_keys;               /* Documents for MONGO_KEYS, as an array: with it. */
    uint32_t new_key_count;
    uint64_t echoed[ECHOED_REMEMBERED]; /* What the documents show; see mongo_echo.c. */
    uint32_t unresolved_count;
    struct mongo_unresolved unresolved[UNRESOLVED_MAX];
    int64_t swept_at_ms;
    int64_t tidied_at_ms;
    struct id strays_after;   /* Where the next round for strays begins. */
    uint32_t indexes_missing; /* That the server cannot make: old keys are ours to delete. */
    struct mongo_store_counts counts;
};

/* Before a step: an error ends what is under way. */
MUST_USE enum error mongo_state_step(struct mongo_store *store, enum mongo_step step);

/* Reads one document by its id; `ret_found` is to be destroyed if there is one. */
MUST_USE enum error mongo_state_find(struct mongo_store *store, enum mongo_collection collection,
                                     struct id id, const char *projection, bson_t *ret_found,
                                     bool *ret_there);
