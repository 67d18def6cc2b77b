/* catalogue_fixture.h - a store of either kind with a catalogue, for the contract.
 *
 * Shape:  a file in a folder of its own; or a database of its own, empty for each test.
 */
#pragma once

#include "catalogue/catalogue_file.h"
#include "contract/mongo_fixture.h"
#include "store/mongo/mongo_catalogue.h"
#include "store/sqlite/catalogue_read.h"
#include "store/sqlite/catalogue_write.h"
#include "support/unit.h"

enum {
    FIXTURE_ARENA_SIZE = 256 * 1024 * 1024,
    FIXTURE_LISTED_SIZE = 2 * 1024 * 1024,
    FIXTURE_TEXT_SIZE_MAX = 1024 * 1024,
    FIXTURE_IDS_MAX = 4,
};

#define NOW_MS INT64_C(1705314600000) /* 2024-01-15T10:30:00Z, half past five in Saigon */

struct fixture {
    char folder[64];
    char path[96];
    struct database database;
    struct catalogue_read *read;
    struct mongo_fixture mongo;
    struct mongo_store *mongo_store;
    struct mongo_catalogue *mongo_read;
    struct catalogue catalogue;
    struct id ids[FIXTURE_IDS_MAX]; /* Of the first showtimes of the file that was loaded last. */
    struct arena entries;
    struct arena listed;
    struct catalogue_report report;
    size_t text_size; /* Of the file under construction. */
    char text[FIXTURE_TEXT_SIZE_MAX];
    struct movie movies[CATALOGUE_LISTED_MAX]; /* What was listed last. */
    struct cinema cinemas[CATALOGUE_LISTED_MAX];
    struct showtime showtimes[CATALOGUE_LISTED_MAX];
};

/* For main: `sqlite` or `mongo` is the one argument; says so, and false, if it is not. */
bool fixture_choose(int argument_count, char **arguments);
bool fixture_is_mongo(void);

/* For cmocka. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* Starts a new file, and appends to it. */
void fixture_begin(struct fixture *fixture);
__attribute__((format(printf, 2, 3))) void fixture_add(struct fixture *fixture, const char *format,
                                                       ...);
void fixture_add_movie(struct fixture *fixture, const char *title, const char *release_date,
                       const char *status);

/* With the screens S1 of 39 seats and S2 of 6. */
void fixture_add_cinema(struct fixture *fixture, const char *name, const char *city,
                        const char *zone);
void fixture_add_showtime(struct fixture *fixture, int movie, int cinema, const char *screen_id,
                          const char *starts_in, int vip);

/* Two movies, two cinemas in two zones, three showtimes. */
void fixture_write_usual(struct fixture *fixture, const char *title, int vip);

/* Replaces a part of the file by another of the same size, wherever it is. */
void fixture_replace(struct fixture *fixture, const char *part, const char *replacement);

/* Loads the file, which must be right. */
enum error fixture_load(struct fixture *fixture);

/* Grows with everything that is written. */
int64_t fixture_changes(struct fixture *fixture);

/* As turns would leave them, of a showtime by its place in the file: a booking of one seat, with
 * its claim or without; a blocked seat; no seat left; a cancellation. */
void fixture_book(struct fixture *fixture, size_t place, const char *status, bool claim);
void fixture_block(struct fixture *fixture, size_t place);
void fixture_sell_out(struct fixture *fixture, size_t place);
void fixture_cancel(struct fixture *fixture, size_t place);

struct movie_query fixture_all_movies(void);
struct showtime_query fixture_all_showtimes(void);

/* Lists into the fixture; gives the count. `ret_more` may be NULL. */
size_t fixture_list_movies(struct fixture *fixture, struct movie_query query, bool *ret_more);
size_t fixture_list_cinemas(struct fixture *fixture, struct cinema_query query, bool *ret_more);
size_t fixture_list_showtimes(struct fixture *fixture, struct showtime_query query, bool *ret_more);
