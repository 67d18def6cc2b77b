/* clients.h - impatient people: they hold, click twice, retry, reuse keys, pay and cancel.
 *
 * A call is one thing that a client wants; it is sent as often as it takes to hear a definite
 * answer. A call that changed something is told so under its key, however often it is sent.
 *
 * Shape:  up to CLIENTS_CALLS_MAX calls in a run; then nobody wants anything new.
 */
#pragma once

#include "sim/world.h"

enum { CLIENTS_CALLS_MAX = 8192 };

struct call {
    struct command command;
    struct staff_order order; /* The command's, if it has one. */
    uint32_t key;
    bool heard;      /* A definite answer has arrived. */
    bool unheard;    /* An answer was lost, or said nothing, at least once. */
    int32_t message; /* The gateway's message that it delivers; -1: none. */
};

struct clients {
    struct world *world;
    uint32_t call_count;
    uint32_t open_count; /* Calls that have heard nothing definite. */
    struct call *calls;  /* [CLIENTS_CALLS_MAX] */
    int32_t focus;       /* A booking of which much is wanted now; MODEL_NONE: none. */
};

void clients_open(struct clients *clients, struct world *world);

/* Sends what comes to their minds in one step. */
void clients_act(struct clients *clients);

/* Sends again what has not been heard; gives how many there were. */
uint32_t clients_retry(struct clients *clients);

/* Thousands look at one showtime at once, and some hold. */
void clients_flood(struct clients *clients);

/* Is there no room for another call? */
bool clients_full(const struct clients *clients);

/* Makes a call under a key of its own, or without one (key 0), and sends it. */
void clients_call(struct clients *clients, const struct command *command, uint32_t key);

/* A key of its own for a claim; and what the shell would hash of a command. */
uint32_t clients_make_key(struct world *world, struct claim_key *claim);
struct fingerprint clients_fingerprint(const struct command *command);

/* Somebody; and a booking of lately, MODEL_NONE: none yet. */
struct user clients_choose_user(struct world *world);
int32_t clients_choose_booking(struct clients *clients);

/* Makes a call of the gateway, which takes care of it by itself, and sends it, or twice at once. */
void clients_deliver(struct clients *clients, const struct command *command, int32_t message,
                     bool twice);

/* An attempt has come back; gives the gateway's message that it carried, or -1. */
int32_t clients_told(struct clients *clients, const struct attempt *attempt, bool heard);
