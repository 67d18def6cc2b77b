/* read_movie.h - one entry of a catalogue file's `movies`. */
#pragma once

#include "catalogue/node.h"
#include "ports/catalogue.h"

enum { DURATION_MINUTES_MAX = 1440 }; /* A day: longer is a mistake in the unit. */

/* Reads what is right; faults go to the node's list. Texts are borrowed from the tree. */
void read_movie(const struct node *node, struct movie *ret_movie);
