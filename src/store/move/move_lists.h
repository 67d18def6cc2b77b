/* move_lists.h - the parts of records that are lists: seats, plans, screens, genres, prices. */
#pragma once

#include "store/move/move_fields.h"

/* Each is given the record whose list it is. */
extern const struct move_list move_lists_genres;  /* struct movie */
extern const struct move_list move_lists_screens; /* struct cinema */
extern const struct move_list move_lists_plan;    /* struct seat_plan * */
extern const struct move_list move_lists_prices;  /* int64_t [SEAT_TYPE_COUNT] */
extern const struct move_list move_lists_booked;  /* struct booking */
extern const struct move_list move_lists_blocked; /* struct block */
extern const struct move_list move_lists_counts;  /* int64_t [MOVE_KIND_COUNT] */
