/* programme_world.h - a movie, a cinema and a showtime of both, edited by one of several stores.
 *
 * Shape:  each world has entries of its own, by its number; the cinema has the screens S1 of four
 *         seats and S2 of two.
 */
#pragma once

#include "contract/mongo_desk.h"
#include "ports/catalogue_edit.h"
#include "support/unit.h"

#define MINUTE_MS INT64_C(60000)

struct world {
    struct mongo_desk desk;
    uint64_t number;
};

/* Ends the store before one step. */
struct world_ending {
    enum mongo_step step;
    uint32_t left; /* How often it is passed before. */
};

extern const struct locale world_locale;
extern struct screen world_screens[];

/* A hook; its context is an ending. */
enum error world_end_at(void *context, enum mongo_step step);

/* Opens a store for the world whose number is set. */
void world_open(struct world *world, struct mongo_fixture *fixture, struct mongo_hook hook);

struct id world_movie_id(const struct world *world);
struct id world_cinema_id(const struct world *world);
struct id world_gate_id(void);

/* Edits: each wants something else of the three entries. */
struct catalogue_edit world_add_movie(const struct world *world);
struct catalogue_edit world_add_cinema(const struct world *world);
struct catalogue_edit world_add_showtime(const struct world *world);    /* In S1. */
struct catalogue_edit world_change_title(const struct world *world);    /* The Ebb. */
struct catalogue_edit world_change_duration(const struct world *world); /* 30 minutes. */
struct catalogue_edit world_remove_screens(const struct world *world);
struct catalogue_edit world_move_showtime(const struct world *world); /* To S2. */
struct catalogue_edit world_change_price(const struct world *world);  /* Of vip: 999. */

/* Up to the commit. */
enum error world_plan(struct world *world, struct catalogue_edit *edit);

/* A batch with the edit; again while others come first. */
enum error world_ask(struct world *world, struct catalogue_edit *edit);

/* The same; it must end so. */
void world_run(struct world *world, struct catalogue_edit edit, enum edit_outcome expected);

/* Has the document this text, as JSON? False, too, if there is none. */
bool world_says(struct mongo_fixture *fixture, enum mongo_collection collection, struct id id,
                const char *text);
