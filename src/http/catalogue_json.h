/* catalogue_json.h - movies, cinemas and showtimes as the contract shows them.
 *
 * The members are those of the predecessor's collections, with `id` for `_id`; a screen's
 * `seat_layout` is what a catalogue file may say again.
 *
 * Shape:  each _size is enough for its entry, whatever its texts contain.
 * Thread: any.
 * Source: docs/http-api.md, "Catalogue and seat map"; docs/catalogue.md
 */
#pragma once

#include "ports/catalogue.h"
#include "json/json_write.h"

size_t catalogue_json_movie_size(const struct movie *movie);
void catalogue_json_movie(struct json_writer *writer, const struct movie *movie);

size_t catalogue_json_cinema_size(const struct cinema *cinema);
void catalogue_json_cinema(struct json_writer *writer, const struct cinema *cinema);

/* `now_ms` decides whether it is `completed`. */
size_t catalogue_json_showtime_size(const struct showtime *showtime);
void catalogue_json_showtime(struct json_writer *writer, const struct showtime *showtime,
                             int64_t now_ms);
