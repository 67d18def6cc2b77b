/* back_office.h - threads that read the database while the loops serve.
 *
 * Over a shared database a look-up is a round trip, which a loop must not wait for. So a handler
 * runs here on a clerk: a desk with connections of its own, to which the loop lends the
 * exchange. What the clerk replies is sent by the loop, and what it submits the loop submits.
 *
 * Who asks for a showtime that must be current joins those who wait; one question serves all who
 * came before it was asked, and while it is under way no second one is. Strong questions are apart,
 * one showtime each: an election that holds them up holds up one clerk, and nobody else's map.
 *
 * Shape:  at most BACK_OFFICE_WAITING_MAX exchanges wait; more hear 503 OVERLOADED. One that has
 *         waited for BACK_OFFICE_PATIENCE_US hears 503 STORE_UNAVAILABLE.
 * Thread: back_office_ask and _collect on the loop that is named; the rest the main thread.
 */
#pragma once

#include "http/desk.h"

enum {
    BACK_OFFICE_CLERKS_MAX = 16,
    BACK_OFFICE_WAITING_MAX = 4096,
    BACK_OFFICE_CHECKED_MAX = 64,      /* Showtimes in one question. */
    BACK_OFFICE_PATIENCE_US = 1000000, /* With the database's own limit: below 5 s. */
};

struct back_office;

/* The versions of showtimes as the database has them now; 0 for one that is not there. A strong
 * question is of one showtime. */
typedef enum error back_office_versions(void *context, enum consistency consistency,
                                        const struct id *showtimes, uint32_t count,
                                        uint64_t *versions);

struct back_office_options {
    uint32_t clerk_count; /* 1..BACK_OFFICE_CLERKS_MAX */
    uint32_t loop_count;
    /* Makes and frees what a clerk's thread owns, on that thread; `ret_desk` is in it. */
    void *(*enter)(void *context, struct desk **ret_desk);
    void (*leave)(void *context, void *clerk);
    back_office_versions *versions; /* Its context is what `enter` made. */
    void (*wake)(void *context, uint32_t loop);
    bool (*is_open)(void *context); /* Is the database there? */
    void *context;
};

/* NULL without memory. */
struct back_office *back_office_open(const struct back_office_options *options);

/* Starts the threads; false if one could not. */
MUST_USE bool back_office_start(struct back_office *office);
void back_office_stop(struct back_office *office);
void back_office_close(struct back_office *office); /* Accepts NULL. */

/* Has `work` done by a clerk; `current` is a showtime whose version the clerk's desk shall know,
 * or none; how surely, the exchange says. */
void back_office_ask(struct back_office *office, struct desk *desk, struct exchange *exchange,
                     desk_work *work, struct id current);

/* Goes on with what the clerks have done for this desk's loop. */
void back_office_collect(struct back_office *office, struct desk *desk);
