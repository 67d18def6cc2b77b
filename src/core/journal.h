/* journal.h - who among the staff did what, on what, and when.
 *
 * An entry is written in the same commit as the change it tells of: there is none without a
 * change, and no change by staff without one.
 *
 * Units:  *_ms are UTC milliseconds.
 */
#pragma once

#include "core/booking.h"

enum staff_role { STAFF_ROLE_STAFF, STAFF_ROLE_ADMIN };

#define STAFF_ROLE_COUNT 2

enum journal_action {
    JOURNAL_BLOCK_SEATS,     /* Subject: the block. Detail: the reason. */
    JOURNAL_RELEASE_SEATS,   /* The block. No detail. */
    JOURNAL_REFUND,          /* The payment. The reason. */
    JOURNAL_REFUND_DONE,     /* The payment. The reference. */
    JOURNAL_CANCEL_SHOWTIME, /* The showtime. The reason. */
};

#define JOURNAL_ACTION_COUNT 5

struct journal_entry {
    int64_t at_ms;
    struct user actor;
    enum staff_role role;
    enum journal_action action;
    struct id subject;
    struct reason detail;
};

struct slice staff_role_name(enum staff_role role);

/* `block.create`: what kind of thing the subject is, and what was done to it. */
struct slice journal_action_name(enum journal_action action);
