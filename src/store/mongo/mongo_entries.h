/* mongo_entries.h - movies, cinemas and showtimes as documents.
 *
 * The predecessor's names. Beside them: what is searched without case (`title_folded`,
 * `city_folded`), the cinema's `timezone` on a showtime, and `layout`: its size, its places as
 * letters, its aisles and accessible seats.
 *
 * Shape:  texts are copied into the arena. Reading is false, and `*full` says whether the arena
 *         is, when there is no entry.
 * Thread: any.
 */
#pragma once

#include "ports/catalogue_entries.h"
#include "store/mongo/mongo_connection.h"

/* Of a cinema that does not say: the predecessor knew no other. */
#define MONGO_ZONE_USUAL SLICE("Asia/Ho_Chi_Minh")

/* Whole documents, `_id` first. False if `locale` cannot fold a text. */
bool mongo_entries_append_movie(const struct movie *movie, const struct locale *locale,
                                struct arena *scratch, bson_t *document);
bool mongo_entries_append_cinema(const struct cinema *cinema, const struct locale *locale,
                                 struct arena *scratch, bson_t *document);

/* `screens` alone. */
void mongo_entries_append_screens(const struct cinema *cinema, bson_t *document);

/* What plays when, and for how much; and where, with all seats free. */
void mongo_entries_append_programme(const struct showtime *showtime, bson_t *document);
void mongo_entries_append_place(const struct showtime_entry *entry, bson_t *document);

/* A showtime of which nothing is taken, with that version. */
void mongo_entries_append_showtime(const struct showtime_entry *entry, int64_t version,
                                   bson_t *document);

bool mongo_entries_read_movie(const bson_t *document, struct arena *arena, struct movie *ret_movie,
                              bool *full);
bool mongo_entries_read_cinema(const bson_t *document, struct arena *arena,
                               struct cinema *ret_cinema, bool *full);
bool mongo_entries_read_showtime(const bson_t *document, struct arena *arena,
                                 struct showtime *ret_showtime, bool *full);

/* The plan of a document's `layout`. */
bool mongo_entries_read_plan(const bson_t *document, struct seat_plan *ret_plan);
