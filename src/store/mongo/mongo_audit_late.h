/* mongo_audit_late.h - what running instances should have done by now.
 *
 * A payment that is recorded as paid waits for its turn for a moment only, and what is not settled
 * for a sweep of some seconds; after a crash, for the next instance. It breaks a rule if instances
 * are seen at work and it still waits.
 *
 * Thread: the audit's.
 */
#pragma once

#include "store/mongo/mongo_audit_state.h"

/* A payment waits for its decision. */
void mongo_audit_late_payment(struct mongo_audit *audit, struct id payment);

/* The cut may have been waiting for a sweep for too long; or it is one by which instances are seen
 * at work. */
void mongo_audit_late_showtime(struct mongo_audit *audit);

/* Asks again for some seconds, as long as instances are seen at work. */
MUST_USE enum error mongo_audit_late_judge(struct mongo_audit *audit);
