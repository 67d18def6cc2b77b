/* catalogue_edit.h - one movie, cinema or showtime that staff add or change.
 *
 * Made and checked by an HTTP loop, carried to the store by a command, judged there against
 * what is stored, inside the transaction that writes it. Only the members that were given are
 * looked at, so that two people who change two members of one entry both have their way.
 *
 * Shape:  a set of members has the bit 1 << m of each member m.
 * Thread: its command's: the writer's until the command is answered.
 */
#pragma once

#include "ports/catalogue_entries.h"

/* X(NAME, "name"), in the order of the entry. */
#define MOVIE_MEMBERS(X) \
    X(TITLE, "title") \
    X(DURATION, "duration") \
    X(GENRE, "genre") \
    X(POSTER_URL, "poster_url") \
    X(DESCRIPTION, "description") \
    X(RELEASE_DATE, "release_date") \
    X(STATUS, "status")

#define CINEMA_MEMBERS(X) \
    X(NAME, "name") \
    X(ADDRESS, "address") \
    X(CITY, "city") \
    X(PHONE, "phone") \
    X(IS_ACTIVE, "is_active") \
    X(TIMEZONE, "timezone") \
    X(SCREENS, "screens")

#define SHOWTIME_MEMBERS(X) \
    X(MOVIE, "movie_id") \
    X(CINEMA, "cinema_id") \
    X(SCREEN, "screen_id") \
    X(START, "start_time") \
    X(PRICE, "price")

#define MOVIE_MEMBER(name, text) MOVIE_##name,
#define CINEMA_MEMBER(name, text) CINEMA_##name,
#define SHOWTIME_MEMBER(name, text) SHOWTIME_##name,
enum movie_member { MOVIE_MEMBERS(MOVIE_MEMBER) MOVIE_MEMBER_COUNT };
enum cinema_member { CINEMA_MEMBERS(CINEMA_MEMBER) CINEMA_MEMBER_COUNT };
enum showtime_member { SHOWTIME_MEMBERS(SHOWTIME_MEMBER) SHOWTIME_MEMBER_COUNT };
#undef MOVIE_MEMBER
#undef CINEMA_MEMBER
#undef SHOWTIME_MEMBER

enum edit_kind { EDIT_MOVIE, EDIT_CINEMA, EDIT_SHOWTIME };

enum edit_outcome {
    EDIT_CREATED,
    EDIT_CHANGED,
    EDIT_SAME,      /* The members are so already; nothing was written. */
    EDIT_NOT_FOUND, /* To be changed, and not there. */
    EDIT_TAKEN,     /* To be added, and there with other content: `members_changed`. */
    EDIT_NO_MOVIE,  /* What a showtime refers to is not there. */
    EDIT_NO_CINEMA,
    EDIT_NO_SCREEN,
    EDIT_KEPT,     /* The showtime is booked or blocked and keeps `members_changed`. */
    EDIT_OVER,     /* The showtime is over or cancelled. */
    EDIT_TOO_LATE, /* The showtime would end after the year 9999. */
};

struct catalogue_edit {
    enum edit_kind kind;
    bool create;
    uint32_t members;         /* Those given; of an entry to be added, all. */
    struct movie movie;       /* The one of `kind`, with its id. */
    struct cinema cinema;     /* Screens with their plans. */
    struct showtime showtime; /* A price of 0 was not given; seats, end and version are the
                                 store's to know. */
    const struct locale *locale;
    struct slice actor; /* For the journal: the user, */
    struct slice role;  /* and as what. */
    /* The answer. */
    enum edit_outcome outcome;
    uint32_t members_changed;
};

static inline bool edit_has(uint32_t members, uint32_t member)
{
    return (members >> member & 1) != 0;
}

/* Was anything written? */
static inline bool edit_wrote(const struct catalogue_edit *edit)
{
    return edit->outcome == EDIT_CREATED || edit->outcome == EDIT_CHANGED;
}
