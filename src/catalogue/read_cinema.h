/* read_cinema.h - one entry of a catalogue file's `cinemas`, with its screens. */
#pragma once

#include "catalogue/node.h"
#include "ports/catalogue.h"

/* Reads what is right; faults go to the node's list. Screens and their plans are taken from
 * the arena; false if it is full. A screen with faults has no plan. */
MUST_USE bool read_cinema(const struct node *node, struct arena *arena, struct cinema *ret_cinema);
