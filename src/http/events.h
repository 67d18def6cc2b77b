/* events.h - GET /api/showtimes/:id/events: the seat map as it changes.
 *
 * Thread: the loop's.
 * Source: docs/events.md; docs/http-api.md, "Catalogue and seat map".
 */
#pragma once

#include "http/desk.h"

/* Answers with a stream of events; a showtime that is not in memory is brought there first. */
void events_handle(struct desk *desk, struct exchange *exchange, struct slice id);
