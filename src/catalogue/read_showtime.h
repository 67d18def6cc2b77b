/* read_showtime.h - one entry of a catalogue file's `showtimes`. */
#pragma once

#include "catalogue/node.h"
#include "ports/catalogue_entries.h"

/* Reads what is right; faults go to the node's list. The movies and cinemas that it refers to
 * are those of `entries`, read before. */
void read_showtime(const struct node *node, const struct catalogue_entries *entries, int64_t now_ms,
                   struct showtime_entry *ret_entry);
