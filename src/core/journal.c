#include "core/journal.h"

#include "base/check.h"

static const struct slice role_names[STAFF_ROLE_COUNT] = {
    [STAFF_ROLE_STAFF] = SLICE_INIT("staff"),
    [STAFF_ROLE_ADMIN] = SLICE_INIT("admin"),
};

static const struct slice action_names[JOURNAL_ACTION_COUNT] = {
    [JOURNAL_BLOCK_SEATS] = SLICE_INIT("block.create"),
    [JOURNAL_RELEASE_SEATS] = SLICE_INIT("block.release"),
    [JOURNAL_REFUND] = SLICE_INIT("payment.refund"),
    [JOURNAL_REFUND_DONE] = SLICE_INIT("payment.refund_done"),
    [JOURNAL_CANCEL_SHOWTIME] = SLICE_INIT("showtime.cancel"),
};

struct slice staff_role_name(enum staff_role role)
{
    CHECK(role < STAFF_ROLE_COUNT);
    return role_names[role];
}

struct slice journal_action_name(enum journal_action action)
{
    CHECK(action < JOURNAL_ACTION_COUNT);
    return action_names[action];
}
