/* move_check.h - do the records of a file make a store together?
 *
 * Each record is looked at with those before it: their order, what they name, who gets which
 * seat. What two records both claim is refused, before it is in any store.
 *
 * Shape:  one showtime at a time; names across showtimes are the target's to judge.
 * Errors: false, with a sentence that says what is wrong.
 */
#pragma once

#include "store/move/move_record.h"

struct move_check {
    enum move_kind last;
    struct move_head head; /* Without its texts. */
    struct id booking;     /* The last one of the showtime, with its user and price: */
    struct user user;
    int64_t final_amount;
    struct id named[2];  /* Its payments that have not followed yet; none: no more. */
    struct id bought;    /* The payment it is confirmed with, if it is. */
    bool open;           /* There is a showtime, */
    uint32_t available;  /* which says that many seats are free. */
    struct seat_map map; /* Its seats, as far as its records go. */
    void *block;
};

/* Takes memory for the seats; false if there is none. */
MUST_USE bool move_check_open(struct move_check *check);
void move_check_close(struct move_check *check);

/* Judges the next record; gives its seats to it. */
MUST_USE bool move_check_next(struct move_check *check, const struct move_record *record,
                              struct move_reason *ret_reason);
