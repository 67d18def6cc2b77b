/* mongo_audit.h - proves the data's rules from MongoDB alone: `usher audit` in shared mode.
 *
 * The same rules as over `usher.db`, while instances write or while none runs. A showtime is read
 * first and its documents after it, as a turn does: what a document shows of an older version is
 * judged together with what the showtime has not settled, and what it shows of a later one has
 * moved and is looked at again. So what is only not settled yet breaks no rule; it is counted.
 *
 * Shape:  showtime by showtime, a hundred bookings at a time; memory stays the same whatever the
 *         history. It never writes.
 * Errors: ERROR_STORE_UNAVAILABLE if the database cannot be read to its end.
 * Thread: any; one audit belongs to one.
 */
#pragma once

#include "store/audit_counts.h"
#include "store/mongo/mongo_connection.h"

/* Called when a showtime was read, and before its documents are: a test moves it then. */
struct mongo_audit_hook {
    void (*read)(void *context, struct id showtime);
    void *context;
};

struct mongo_audit_options {
    void (*report)(void *context, struct slice text); /* Is told each violation in one sentence, */
    void *context;       /* up to AUDIT_LISTED_MAX of a kind and then how many more there are. */
    int64_t patience_ms; /* For instances at work to do what is overdue. 0: 15 s. */
    struct mongo_audit_hook hook; /* None: {0}. */
};

/* Runs every rule over the database. */
MUST_USE enum error mongo_audit_run(struct mongo_client *client,
                                    const struct mongo_audit_options *options,
                                    struct audit_counts *ret_counts,
                                    struct mongo_reason *ret_reason);
