/* mongo_audit_late.h - money that running instances should have decided by now.
 *
 * A payment that is recorded as paid waits for its turn for a moment only; after a crash, for the
 * next instance. It breaks a rule if instances are seen at work and it still waits.
 *
 * Thread: the audit's.
 */
#pragma once

#include "store/mongo/mongo_audit_state.h"

/* A payment waits for its decision. */
void mongo_audit_late_add(struct mongo_audit *audit, struct id payment);

/* A showtime has moved while it was looked at: instances run. */
void mongo_audit_late_moved(struct mongo_audit *audit, struct id showtime, uint64_t version);

/* Asks again for some seconds, if instances run. */
MUST_USE enum error mongo_audit_late_judge(struct mongo_audit *audit);
