/* writer.h - the thread that runs the engine.
 *
 * HTTP loops submit commands from their threads and collect the answers on them, a batch at a
 * time: one lock and one wake-up per batch and loop, however many requests it answers.
 *
 * Shape:  at most COMMANDS_IN_FLIGHT_MAX commands between submit and collect.
 * Thread: writer_submit from any; writer_collect from the loop named; the rest from the main
 *         thread.
 */
#pragma once

#include "engine/engine.h"

enum {
    WRITER_LOOPS_MAX = 17,          /* The HTTP loops, and one that asks by itself. */
    COMMANDS_IN_FLIGHT_MAX = 16384, /* About 64 MB if every one of them is in use. */
};

struct writer;

struct writer_options {
    struct engine_options engine; /* Its `answered` is the writer's own. */
    uint32_t loop_count;          /* 1..WRITER_LOOPS_MAX */
    /* There are answers for this loop. Called on the writer's thread. */
    void (*wake)(void *context, uint32_t loop);
    /* The engine has failed: the process must end and start again. Called once. */
    void (*failed)(void *context);
    void *context;
};

/* Opens the engine and recovers the holds; no thread yet. NULL without memory or store; the
 * reason is logged. */
struct writer *writer_open(const struct writer_options *options);

/* Starts the thread. */
MUST_USE enum error writer_start(struct writer *writer);

/* Hands a command over; `command->loop` says who collects its answer. False if too many are
 * in flight or the writer is stopping: the command is then still the caller's. */
MUST_USE bool writer_submit(struct writer *writer, struct command *command);

/* The answered commands of a loop, as a list through `next`; NULL if there are none. */
struct command *writer_collect(struct writer *writer, uint32_t loop);

/* Refuses new commands from now on, and begins no batch after half the patience; for all of several
 * writers before the first is waited for. */
void writer_begin_stop(struct writer *writer, int64_t patience_ms);

/* Refuses new commands, finishes the waiting ones and ends the thread. After half the time no
 * further batch begins, and what still waits is forgotten, unanswered. False if one is still
 * under way when the time is over: its disk hangs, and the process must end without it. */
MUST_USE bool writer_stop(struct writer *writer, int64_t patience_ms);

void writer_close(struct writer *writer);

/* How the writer is, for metrics and health. */
struct writer_state {
    struct engine_counts counts; /* After the last batch. */
    uint32_t waiting;            /* Commands that the engine has not taken yet. */
    uint32_t in_flight;          /* Commands between submit and collect. */
};

struct writer_state writer_state(struct writer *writer);

/* Does the writer still answer? False once the engine has failed or its thread is stuck in a
 * batch for longer than `patience_us`. */
bool writer_alive(struct writer *writer, int64_t now_us, int64_t patience_us);
