/* catalogue_fixture.h - a store with a catalogue in a folder of its own, for the contract. */
#pragma once

#include "catalogue/catalogue_file.h"
#include "store/sqlite/catalogue_read.h"
#include "store/sqlite/catalogue_write.h"
#include "support/unit.h"

enum {
    FIXTURE_ARENA_SIZE = 256 * 1024 * 1024,
    FIXTURE_LISTED_SIZE = 2 * 1024 * 1024,
    FIXTURE_TEXT_SIZE_MAX = 1024 * 1024,
};

#define NOW_MS INT64_C(1705314600000) /* 2024-01-15T10:30:00Z, half past five in Saigon */

struct fixture {
    char folder[64];
    char path[96];
    struct database database;
    struct catalogue_read *read;
    struct catalogue catalogue;
    struct arena entries;
    struct arena listed;
    struct catalogue_report report;
    size_t text_size; /* Of the file under construction. */
    char text[FIXTURE_TEXT_SIZE_MAX];
    struct movie movies[CATALOGUE_LISTED_MAX]; /* What was listed last. */
    struct cinema cinemas[CATALOGUE_LISTED_MAX];
    struct showtime showtimes[CATALOGUE_LISTED_MAX];
};

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

void fixture_execute(struct fixture *fixture, const char *sql);

struct movie_query fixture_all_movies(void);
struct showtime_query fixture_all_showtimes(void);

/* Lists into the fixture; gives the count. `ret_more` may be NULL. */
size_t fixture_list_movies(struct fixture *fixture, struct movie_query query, bool *ret_more);
size_t fixture_list_cinemas(struct fixture *fixture, struct cinema_query query, bool *ret_more);
size_t fixture_list_showtimes(struct fixture *fixture, struct showtime_query query, bool *ret_more);
