/* mongo_audit_booking.h - the rules about bookings, their seats and their money.
 *
 * Thread: the audit's.
 */
#pragma once

#include "store/mongo/mongo_audit_state.h"

/* Judges all bookings of a filter, or those of these ids: of those that are not there it says who
 * names them. */
MUST_USE enum error mongo_audit_booking_judge_all(struct mongo_audit *audit, const bson_t *filter);
MUST_USE enum error mongo_audit_booking_judge_ids(struct mongo_audit *audit, const struct id *ids,
                                                  uint32_t count);
