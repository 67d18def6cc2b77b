/* mongo_audit_block.h - the rules about what staff did: blocks, refunds, cancels, the journal.
 *
 * Thread: the audit's.
 */
#pragma once

#include "core/journal.h"
#include "store/mongo/mongo_audit_state.h"

/* As mongo_audit_booking.h. */
MUST_USE enum error mongo_audit_block_judge_all(struct mongo_audit *audit, const bson_t *filter);
MUST_USE enum error mongo_audit_block_judge_ids(struct mongo_audit *audit, const struct id *ids,
                                                uint32_t count);

/* How many entries of each action the journal has on a subject, with those that are not settled. */
MUST_USE enum error mongo_audit_block_count_entries(struct mongo_audit *audit, struct id subject,
                                                    uint32_t counts[JOURNAL_ACTION_COUNT]);

/* The entry of the showtime's cancel. */
MUST_USE enum error mongo_audit_block_judge_cancel(struct mongo_audit *audit);
