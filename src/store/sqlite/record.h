/* record.h - writes a decided turn into the open transaction, or none of it.
 *
 * Each change says what was there before it; where that is not so, the turn is refused. What
 * was there may be several moves back: a turn can expire a booking and then confirm it.
 */
#pragma once

#include "store/sqlite/writer_state.h"

/* The store port's `record`. */
MUST_USE enum error record_turn(struct sqlite_store *store, const struct turn *turn);

/* One record that is new, as a turn writes it; `showtime` is its row's number. SQLite's code;
 * SQLITE_DONE if it went well. */
int record_insert_booking(struct sqlite_store *store, int64_t showtime,
                          const struct booking *booking);
int record_insert_payment(struct sqlite_store *store, const struct payment *payment);
