/* read_plan.h - a screen's `seat_layout`: which places have seats, and of what type.
 *
 * Shape:  1..50 rows of 1..50 columns, with at least one seat.
 */
#pragma once

#include "catalogue/node.h"
#include "ports/catalogue.h"

/* False if there are faults; `ret_plan`, which must be zeroed, is then undefined. */
bool read_plan(const struct node *node, struct seat_plan *ret_plan);
