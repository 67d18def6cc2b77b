/* engine_state.h - what the files of the engine share; nobody else includes it. */
#pragma once

#include "base/log_limit.h"
#include "engine/deadlines.h"
#include "engine/engine.h"
#include "engine/residents.h"

/* The turns of one transaction, until it is committed. */
struct batch {
    uint32_t turn_count;
    uint32_t slots[BATCH_TURNS_MAX];
    bool changed[BATCH_TURNS_MAX]; /* There is something to publish. */
    bool written[BATCH_TURNS_MAX]; /* By this batch. */
    struct id locked;              /* Whose lock was asked for; none: nobody's. */
    bool refused;                  /* It is a must, and could not be had. */
    uint32_t command_count;
    uint32_t expired_count;
    uint64_t bookings[BOOKING_STATUS_COUNT]; /* As in engine_counts, once it is committed. */
    uint64_t payments[PAYMENT_STATUS_COUNT];
    struct command *first; /* Decided, and not yet answered. */
    struct command *last;
};

struct engine {
    struct engine_options options;
    struct residents residents;
    struct deadlines deadlines;
    struct refusal_memory memory;
    uint32_t first_ready; /* A list through resident.next_ready; first in, first out. */
    uint32_t last_ready;
    uint32_t queued;
    int64_t stepped_at_ms;
    int64_t resume_at_ms; /* After a failed commit no expiry is tried before this. */
    bool failed;
    struct log_limit failures;
    struct engine_counts counts;
    struct batch batch;
    struct turn turn;
    struct command endings[TURN_COMMANDS_MAX];
};

/* How long after a hold's end its seats are freed. */
static inline int64_t engine_guard_ms(const struct engine *engine)
{
    return engine->options.store.shared ? STEAL_GUARD_MS : 0;
}
