/* world.h - the machine under test and all that surrounds it: clock, store, faults, restarts.
 *
 * The engine and the core are the real ones, over the store in memory. Every answer is told to
 * the auditor, and mixed into a digest: the same seed gives the same digest, on any machine.
 *
 * Shape:  up to WORLD_ATTEMPTS_MAX commands on their way at a time.
 * Thread: one.
 */
#pragma once

#include "engine/engine.h"
#include "ports/catalogue_edit.h"
#include "sim/fragile_store.h"
#include "sim/model_store.h"
#include "sim/random.h"
#include "sim/trouble.h"

enum {
    WORLD_ATTEMPTS_MAX = QUEUE_PER_SHOWTIME_MAX + 512,
    WORLD_DOUBTS_MAX = 512,
    WORLD_CALL_NONE = -1,
};

/* One sending of a call. */
struct attempt {
    struct command command;
    struct catalogue_edit edit; /* The command's, if it has one. */
    struct staff_order order;   /* The same. */
    int32_t call;               /* Whose it is; WORLD_CALL_NONE: nobody waits for it. */
    uint32_t key;               /* Position among the model's keys, if it has one. */
    int64_t sent_at_ms;
    bool deaf; /* The answer is lost on its way. */
    bool in_flight;
};

/* A command whose outcome nobody was told. */
struct doubt {
    struct command command;
    struct staff_order order;
    uint32_t key;
};

struct world {
    struct random random;
    struct model model;
    struct siphash_key id_key;
    struct memory_store *store;
    struct fragile_store fragile; /* What the engine sees of it. */
    struct feed *feed;
    struct engine *engine;
    uint32_t showtimes_max;
    int64_t now_ms;
    int64_t began_at_ms;
    uint64_t digest;
    bool verbose;
    uint32_t without;        /* Kinds of trouble that are left out. */
    uint32_t acts_max;       /* Of the clients, in a step; UINT32_MAX: as many as they like. */
    bool calm;               /* No more faults. */
    enum memory_fault armed; /* In this step. */
    bool failed_in_step;     /* A batch did not commit. */
    bool heard_in_batch;     /* One of its answers has left. */
    bool stepped;            /* Since the restart. */
    int64_t ran_at_ms;
    int64_t retry_at_ms; /* The engine leaves expiries alone until then. */
    bool in_feed[MODEL_SHOWTIMES_MAX];
    uint32_t in_flight;
    uint32_t next_attempt;
    struct attempt *attempts; /* [WORLD_ATTEMPTS_MAX] */
    uint32_t doubt_count;
    struct doubt *doubts; /* [WORLD_DOUBTS_MAX] */
    /* Tells the clients: heard, or not (failed, or the answer was lost). */
    void (*told)(void *context, const struct attempt *attempt, bool heard);
    void *told_context;
};

/* Makes a world of the seed in `world`, all of whose memory is used again. */
void world_open(struct world *world, uint64_t seed);
void world_close(struct world *world);

/* Sends a copy of the command. */
void world_send(struct world *world, const struct command *command, int32_t call, uint32_t key,
                bool deaf);

/* Is this kind of trouble not left out? */
bool world_may(const struct world *world, enum trouble trouble);

/* Moves the clock to a moment that is not in the past. */
void world_advance(struct world *world, int64_t now_ms);

/* Puts the clock back; not before the end of a showtime that is over in the store, for that does
 * not begin again. */
void world_turn_back(struct world *world, int64_t now_ms);

/* May let something go wrong in the coming step. */
void world_arm(struct world *world);

/* Lets the coming step meet this fault; the process die `moments` from now, and if `next` is not
 * 0 the one after it again so much later. */
void world_arm_with(struct world *world, enum memory_fault fault);
void world_doom(struct world *world, uint64_t moments, uint64_t next);

/* No more faults from now on, and a new process. */
void world_calm(struct world *world);

/* Runs the engine until nothing waits; restarts it if it had to fail; lets the auditor look. */
void world_run(struct world *world);

/* Lets the store keep house. */
void world_tend(struct world *world);

/* The process dies between two batches, with all that waits, and starts again. */
void world_crash(struct world *world);

/* Compares the store with the model. */
void world_compare(struct world *world);
