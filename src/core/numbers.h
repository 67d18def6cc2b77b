/* numbers.h - the numbers behind the ids and codes of what turns make.
 *
 * A number is drawn when a command is granted and not before, so that refusals use none up. They
 * count up and are never behind the clock: a restored backup has forgotten the last ones, and
 * must not give a lost booking's code, or the reference under which a gateway may still report
 * a lost payment, to somebody else. That holds while the clock is right, and while no more
 * numbers are drawn for long than it gains: 1000 bookings and 65,536 payments a second.
 *
 * Shape:  bookings up to CODE_NUMBER_MAX, payments and blocks up to ID_NUMBER_MAX.
 * Units:  *_ms are UTC milliseconds.
 * Source: docs/decisions/0007-ids-and-codes.md
 */
#pragma once

#include "core/code.h"
#include "core/id.h"

/* The store's, which knows the highest ones in use. */
struct numbers {
    struct siphash_key key; /* Seals numbers into ids and codes. */
    uint64_t next_booking;  /* Never 0, as the other two. */
    uint64_t next_payment;
    uint64_t next_block;
};

/* The id of a new booking, and its code. */
struct id numbers_draw_booking(struct numbers *numbers, int64_t now_ms, struct code *ret_code);

/* The lowest number that the next booking drawn at `now_ms` can get. */
uint64_t numbers_next_booking(const struct numbers *numbers, int64_t now_ms);

/* About the number that a payment or a block, or a booking, made at that time would have got. */
uint64_t numbers_at(int64_t moment_ms, bool of_booking);

/* The id of a new payment, and of a new block. */
struct id numbers_draw_payment(struct numbers *numbers, int64_t now_ms);
struct id numbers_draw_block(struct numbers *numbers, int64_t now_ms);
