/* catalogue.h - movies, cinemas and showtimes, for those who only look.
 *
 * Shape:  texts are slices into the arena given with the call.
 * Units:  *_ms are UTC milliseconds; prices are VND.
 * Order:  movies by release, newest first; cinemas by name; showtimes by start.
 * Errors: ERROR_MOVIE_NOT_FOUND, ERROR_CINEMA_NOT_FOUND, ERROR_SHOWTIME_NOT_FOUND;
 *         ERROR_VALIDATION_FAILED when a page's `after` is not known;
 *         ERROR_STORE_UNAVAILABLE; ERROR_OVERLOADED when the arena is full. A list whose
 *         arena is full after its first entry is a shorter page, with more behind it.
 * Thread: each catalogue belongs to one thread.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "core/seat_map.h"

enum {
    CATALOGUE_LISTED_MAX = 100,
    GENRES_MAX = 10,
    SCREENS_MAX = 50,
    SCREEN_ID_SIZE_MAX = 64,
};

struct movie {
    struct id id;
    struct slice title;
    int64_t duration_minutes;
    size_t genre_count;
    struct slice genres[GENRES_MAX];
    struct slice poster_url;
    struct slice description;
    struct slice release_date; /* As in the file: a day or a moment in ISO 8601. */
    struct slice status;       /* coming_soon, now_showing, ended */
};

/* The layout of a screen or a showtime, with what only people need. */
struct seat_plan {
    struct seat_layout layout;
    size_t aisle_count;
    uint8_t aisles_after[COLS_MAX]; /* Columns with an aisle behind them. */
    size_t accessible_count;
    uint16_t accessible[SEATS_PER_SHOWTIME_MAX]; /* Places. */
};

struct screen {
    struct slice screen_id;
    struct slice name;
    struct slice type; /* standard, imax, 3d, 4dx, vip */
    uint32_t total_seats;
    const struct seat_plan *plan;
};

struct cinema {
    struct id id;
    struct slice name;
    struct slice address;
    struct slice city;
    struct slice phone;
    bool is_active;
    struct slice timezone; /* An IANA name. */
    size_t screen_count;
    struct screen *screens;
};

struct showtime {
    struct id id;
    struct id movie;
    struct id cinema;
    struct slice screen_id;
    int64_t starts_at_ms;
    int64_t ends_at_ms;
    int64_t prices[SEAT_TYPE_COUNT];
    uint32_t total_seats;
    uint32_t available_seats;
    uint64_t version;
    enum showtime_status status; /* As stored; showtime_status_at gives it by the clock. */
};

/* A page of a list: entries behind `after` (none: from the start), in the list's order. */
struct page {
    struct id after;
    size_t limit; /* 1..CATALOGUE_LISTED_MAX */
};

struct movie_query {
    struct slice status; /* Empty: any. */
    struct slice title;  /* Part of the title, without case; empty: any. */
    struct page page;
};

struct cinema_query {
    struct slice city; /* Without case; empty: any. */
    struct page page;
};

struct showtime_query {
    struct id movie;   /* None: any. */
    struct id cinema;  /* None: any. */
    struct slice date; /* YYYY-MM-DD, the cinema's local day; empty: any. */
    bool available;    /* Scheduled, not started, a seat free. */
    int64_t now_ms;
    struct page page;
};

struct catalogue_methods {
    enum error (*find_movie)(void *context, struct id id, struct arena *arena,
                             struct movie *ret_movie);
    enum error (*list_movies)(void *context, const struct movie_query *query, struct arena *arena,
                              struct movie *movies, size_t *ret_count, bool *ret_more);
    enum error (*find_cinema)(void *context, struct id id, struct arena *arena,
                              struct cinema *ret_cinema);
    enum error (*list_cinemas)(void *context, const struct cinema_query *query, struct arena *arena,
                               struct cinema *cinemas, size_t *ret_count, bool *ret_more);
    enum error (*find_showtime)(void *context, struct id id, struct arena *arena,
                                struct showtime *ret_showtime);
    enum error (*list_showtimes)(void *context, const struct showtime_query *query,
                                 struct arena *arena, struct showtime *showtimes, size_t *ret_count,
                                 bool *ret_more);
    /* The seat plan that the showtime is sold by. */
    enum error (*find_plan)(void *context, struct id showtime, struct seat_plan *ret_plan);
};

struct catalogue {
    void *context;
    const struct catalogue_methods *methods;
};
