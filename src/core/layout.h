/* layout.h - what a seat is unless its layout says otherwise.
 *
 * Known to those who read layouts and to those who write them, so that both leave out the
 * same types.
 */
#pragma once

#include "core/seat_map.h"

/* The last two rows are `vip`; in row A the even columns but the last are `couple`; the rest
 * is `standard`. With one or two rows `vip` wins. */
enum seat_type layout_default_type(uint32_t rows, uint32_t cols, uint32_t place);

/* Places of the layout: rows * cols. */
uint32_t layout_places(const struct seat_layout *layout);

/* Places with a seat. */
uint32_t layout_seats(const struct seat_layout *layout);
