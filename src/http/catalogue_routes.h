/* catalogue_routes.h - the handlers of /api/movies, /api/cinemas and /api/showtimes.
 *
 * For everybody, so they answer with an entity tag: who has the same already gets a 304.
 *
 * Errors: VALIDATION_FAILED for a parameter; MOVIE_NOT_FOUND, CINEMA_NOT_FOUND and
 *         SHOWTIME_NOT_FOUND, for an `id` that is malformed too.
 * Thread: the loop's.
 * Source: docs/http-api.md, "Catalogue and seat map".
 */
#pragma once

#include "http/exchange.h"
#include "ports/catalogue.h"

/* Each answers the exchange at once. `id` is a part of the path, as sent. */
void catalogue_handle_movies(struct exchange *exchange, const struct catalogue *catalogue,
                             int64_t now_ms);
void catalogue_handle_movie(struct exchange *exchange, const struct catalogue *catalogue,
                            struct slice id, int64_t now_ms);
void catalogue_handle_cinemas(struct exchange *exchange, const struct catalogue *catalogue,
                              int64_t now_ms);
void catalogue_handle_cinema(struct exchange *exchange, const struct catalogue *catalogue,
                             struct slice id, int64_t now_ms);
void catalogue_handle_showtimes(struct exchange *exchange, const struct catalogue *catalogue,
                                int64_t now_ms);
void catalogue_handle_showtime(struct exchange *exchange, const struct catalogue *catalogue,
                               struct slice id, int64_t now_ms);

/* The same entries as answers to staff who have just written them. */
void catalogue_show_movie(struct exchange *exchange, const struct catalogue *catalogue,
                          struct id id, int status, int64_t now_ms);
void catalogue_show_cinema(struct exchange *exchange, const struct catalogue *catalogue,
                           struct id id, int status, int64_t now_ms);
void catalogue_show_showtime(struct exchange *exchange, const struct catalogue *catalogue,
                             struct id id, int status, int64_t now_ms);
