/* read_showtime.h - one entry of a catalogue file's `showtimes`, or one by itself. */
#pragma once

#include "catalogue/node.h"
#include "ports/catalogue_entries.h"

/* Reads what is right; faults go to the node's list. The movies and cinemas that it refers to
 * are those of `entries`, read before. */
void read_showtime(const struct node *node, const struct catalogue_entries *entries, int64_t now_ms,
                   struct showtime_entry *ret_entry);

/* The same of one that names its movie and cinema by their ids; whether they are there is for
 * the store to say, and so are the end and the seats. Of a partial object, what is missing
 * stays 0, but the start, which is then -1. */
void read_single_showtime(const struct node *node, struct showtime *ret_showtime);
