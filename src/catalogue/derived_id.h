/* derived_id.h - the id of an entry that has none: made from what the entry is.
 *
 * The same movie, cinema or showtime gets the same id in every load, so a second load finds
 * it and mending a description does not make a second movie.
 *
 * Shape:  the first 12 bytes of a SHA-256 over the kind and the parts, each with its size.
 */
#pragma once

#include "core/id.h"

enum { DERIVED_PARTS_MAX = 4 };

/* `kind` keeps a movie and a cinema of one name apart. */
struct id derived_id(struct slice kind, const struct slice *parts, size_t part_count);
