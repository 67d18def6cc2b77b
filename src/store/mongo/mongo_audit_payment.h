/* mongo_audit_payment.h - the rules about money: kept by a confirmed booking, or on its way back;
 * never both.
 *
 * Thread: the audit's.
 */
#pragma once

#include "store/mongo/mongo_audit_state.h"

/* Judges the payments of the bookings at hand, and notes with those what they have paid. */
MUST_USE enum error mongo_audit_payment_judge_chunk(struct mongo_audit *audit);
