/* mongo_audit_look.h - one showtime and all that belongs to it, as of one version.
 *
 * Thread: the audit's.
 */
#pragma once

#include "store/mongo/mongo_audit_state.h"

/* Judges a showtime, again while it moves and something of it looks wrong, a bounded number of
 * times. One that is not there is left alone. */
MUST_USE enum error mongo_audit_look_at(struct mongo_audit *audit, struct id showtime);

/* The record's judgement may change with the showtime; its documents show `version`. */
void mongo_audit_look_suspect(struct mongo_audit *audit, struct id id, bool is_block,
                              int64_t version);

/* The entry of a document in what is not settled, or NULL; it counts as judged. */
const struct mongo_settle_entry *mongo_audit_look_settle(struct mongo_audit *audit,
                                                         enum mongo_collection collection,
                                                         struct id id);

/* Is there such an entry that was not judged? It counts as judged. */
bool mongo_audit_look_unsettled(struct mongo_audit *audit, enum mongo_collection collection,
                                struct id id);

/* Says who names a booking or a block that is not there; its seats count as judged. */
void mongo_audit_look_missing(struct mongo_audit *audit, enum mongo_collection collection,
                              struct id id);

/* The seats of an owner count as judged. */
void mongo_audit_look_judged(struct mongo_audit *audit, struct id owner);
