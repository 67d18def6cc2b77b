/* mongo_audit_rest.h - what no showtime accounts for: strays and payments of nothing.
 *
 * What is said here is true whatever instances do meanwhile: nothing is named before it is there,
 * and nothing but old keys is ever deleted.
 *
 * Thread: the audit's.
 */
#pragma once

#include "store/mongo/mongo_audit_state.h"

/* Ids that are none. */
MUST_USE enum error mongo_audit_rest_judge_names(struct mongo_audit *audit);

/* Bookings and blocks of showtimes that do not exist: behind `after`, up to the last of these
 * showtimes, which are in the order of their ids; if they are the last ones, to the end. */
MUST_USE enum error mongo_audit_rest_judge_gap(struct mongo_audit *audit, struct id after,
                                               const struct id *showtimes, uint32_t count,
                                               bool last);

/* Payments without a booking. */
MUST_USE enum error mongo_audit_rest_judge_payments(struct mongo_audit *audit);

/* Was something else made by the key that made this booking or payment? */
MUST_USE enum error mongo_audit_rest_judge_maker(struct mongo_audit *audit,
                                                 enum mongo_collection collection, struct id id,
                                                 const struct user *user, struct uuid key);
