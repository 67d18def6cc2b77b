/* programme.h - staff add and change movies, cinemas and showtimes.
 *
 * A request is checked here as a catalogue file is; what becomes of it is the store's verdict,
 * in the commit that writes it. The answer is the entry as it is then.
 *
 * Errors: VALIDATION_FAILED, naming the members; MOVIE_NOT_FOUND, CINEMA_NOT_FOUND and
 *         SHOWTIME_NOT_FOUND, of what a showtime refers to as well; SHOWTIME_NOT_AVAILABLE for
 *         one that is over; OVERLOADED.
 * Thread: the loop's.
 * Source: docs/programme.md
 */
#pragma once

#include "http/desk.h"
#include "ports/catalogue_edit.h"

/* Adds an entry: 201, or 200 if it is there with the same content. */
void programme_create(struct desk *desk, struct exchange *exchange, enum edit_kind kind,
                      int64_t now_ms);

/* Changes the members that the body gives: 200. `id` is a part of the path, as sent. */
void programme_change(struct desk *desk, struct exchange *exchange, enum edit_kind kind,
                      struct slice id, int64_t now_ms);
