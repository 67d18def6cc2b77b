/* turn.h - everything that waits for one showtime, decided at one moment.
 *
 * The heart of usher. A turn judges its commands in the order they came, each against what
 * the ones before it changed, and leaves behind the answers and the changes that the store
 * has to write in one step. It is pure: the same map, facts, commands and clock give the same
 * bytes.
 *
 * How one runs: turn_begin; turn_add for each command; the store gathers the facts and lends its
 * numbers; turn_decide; the store records and commits; then the answers leave. If the commit fails,
 * the map is dropped and loaded again: a turn is never undone in memory.
 *
 * Shape:  up to TURN_COMMANDS_MAX commands; each changed place stands once.
 * Units:  *_ms are UTC milliseconds.
 * Source: docs/decisions/0001-decide-commit-answer.md
 */
#pragma once

#include "core/command.h"
#include "core/facts.h"
#include "core/numbers.h"
#include "core/refusal_memory.h"

struct turn_policy {
    int64_t hold_ms;
    int64_t payment_ms;
    uint32_t held_seats_max;
    struct siphash_key tag_key; /* Turns a user into the tag that claims carry. */
};

struct seat_change {
    uint32_t place;
    enum seat_state state_before;
    struct id booking_before; /* Whose it was: a booking's, or a block's. */
};

struct turn {
    const struct turn_policy *policy;
    const struct refusal_memory *memory; /* NULL: none. */
    struct numbers *numbers;             /* For what is granted; lent by the store's gather. */
    struct seat_map *map;                /* NULL: the commands name no showtime that exists. */
    int64_t now_ms;
    uint32_t command_count;
    struct command *commands[TURN_COMMANDS_MAX];
    struct facts facts;
    bool showtime_cancelled; /* In this turn. */
    bool contradicted;       /* The store contradicts itself: nothing of the turn may be kept. */
    uint32_t seat_change_count;
    struct seat_change seat_changes[TURN_SEAT_CHANGES_MAX];
    uint8_t place_changed[SEATS_PER_SHOWTIME_MAX];
};

/* Starts over. `map` may be NULL; the others are kept until the next begin. */
void turn_begin(struct turn *turn, const struct turn_policy *policy,
                const struct refusal_memory *memory, struct seat_map *map, int64_t now_ms);

/* Lists bookings that have to end at `now_ms`, each once, up to `capacity`: those whose hold has
 * lapsed, and in a cancelled showtime all that have seats. A turn starts with a COMMAND_END for
 * each of them; where they fill it, the other commands wait for the next, so that nothing is
 * decided against a hold that is dead by the clock, or for a show that will not be. */
size_t turn_ending(const struct seat_map *map, int64_t now_ms, struct id *bookings,
                   size_t capacity);

/* Must the turn end with this command? After a showtime's cancel its bookings come first. */
bool turn_ends_with(const struct command *command);

/* Adds a command; there must be room (TURN_COMMANDS_MAX). */
void turn_add(struct turn *turn, struct command *command);

/* Decides all commands in order and fills their answers. The map and the facts then show what
 * will be true once the store has committed. Where rows contradict each other it stops, with
 * `contradicted` set: the map and the facts are then good for nothing. */
void turn_decide(struct turn *turn);

/* Is there anything for the store to write? */
bool turn_changed(const struct turn *turn);

/* The tag that marks a user's seats. */
uint64_t turn_tag(const struct turn_policy *policy, const struct user *user);
