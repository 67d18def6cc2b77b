/* house.h - what the loops share and what each of them owns, made from the settings.
 *
 * Thread: house_open and _close from the main thread; the callbacks on their loop.
 */
#pragma once

#include "app/cluster.h"
#include "http/desk.h"

/* The store of either kind. */
struct stock {
    const struct embedded *embedded; /* NULL: */
    struct cluster *cluster;
};

struct house_state {
    struct house house;
    const char *database_path; /* NULL: the store is shared. */
    struct cluster *cluster;
    struct ticket *tickets[WRITER_LOOPS_MAX]; /* Of the loops' desks; they outlive the loops. */
    struct config_text gateway;               /* The sandbox's address, under --demo. */
};

/* False, and the reason is logged, if something cannot be had. `port` is where the server
 * listens. `config` and the stock are borrowed; secrets that nobody set are made there. */
MUST_USE bool house_open(struct house_state *state, struct config *config,
                         const struct stock *stock, uint16_t port);

/* Starts the writers, and over a shared store, which is open now, those who read it and the
 * monitor; then requests are let in. False if a thread could not be started. */
MUST_USE bool house_start(struct house_state *state);

/* Ends all but the writers; the loops have ended. */
void house_stop(struct house_state *state);

/* After the loops and the writer have ended. Accepts a state that was never opened. */
void house_close(struct house_state *state);

/* A desk's keys, by its house. */
MUST_USE bool house_open_keys(struct desk *desk);
void house_close_keys(struct desk *desk);

/* The server's callbacks; their context is the house_state. */
void *house_loop_enter(void *context, uint32_t loop);
void house_loop_leave(void *context, void *loop_state);
void house_handle(void *context, void *loop_state, struct exchange *exchange);
struct slice house_fault_body(void *context, enum error error, struct slice request_id,
                              struct arena *arena);
void house_woken(void *context, void *loop_state);
void house_ticked(void *context, void *loop_state);
bool house_pulse(void *context, void *loop_state);
void house_answered(void *context, void *loop_state, const struct server_answer *answer);

/* From now on /health/ready says that the end has begun. */
void house_begin_stop(struct house_state *state);
