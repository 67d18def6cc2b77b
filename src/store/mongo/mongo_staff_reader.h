/* mongo_staff_reader.h - the staff's reader port over MongoDB.
 *
 * Bookings and blocks are shown as their showtimes have decided. Refunds are those that the
 * payments' documents show, which follow a decision within a second.
 *
 * Thread: one thread a reader.
 */
#pragma once

#include "ports/staff_reader.h"
#include "store/mongo/mongo_connection.h"

struct mongo_staff_reader;

MUST_USE enum error mongo_staff_reader_open(struct mongo_connection *connection,
                                            struct mongo_staff_reader **ret_reader);
void mongo_staff_reader_close(struct mongo_staff_reader *reader); /* Accepts NULL. */

struct staff_reader mongo_staff_reader_port(struct mongo_staff_reader *reader);
