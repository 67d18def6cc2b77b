#include "core/journal.h"

#include "base/check.h"

static const struct slice role_names[STAFF_ROLE_COUNT] = {
    [STAFF_ROLE_STAFF] = SLICE_INIT("staff"),
    [STAFF_ROLE_ADMIN] = SLICE_INIT("admin"),
};

static const struct slice action_names[JOURNAL_ACTION_COUNT] = {
    [JOURNAL_BLOCK_SEATS] = SLICE_INIT("block_seats"),
    [JOURNAL_RELEASE_SEATS] = SLICE_INIT("release_seats"),
    [JOURNAL_REFUND] = SLICE_INIT("refund"),
    [JOURNAL_REFUND_DONE] = SLICE_INIT("refund_done"),
    [JOURNAL_CANCEL_SHOWTIME] = SLICE_INIT("cancel_showtime"),
};

static const struct slice subject_kinds[JOURNAL_ACTION_COUNT] = {
    [JOURNAL_BLOCK_SEATS] = SLICE_INIT("block"),
    [JOURNAL_RELEASE_SEATS] = SLICE_INIT("block"),
    [JOURNAL_REFUND] = SLICE_INIT("payment"),
    [JOURNAL_REFUND_DONE] = SLICE_INIT("payment"),
    [JOURNAL_CANCEL_SHOWTIME] = SLICE_INIT("showtime"),
};

struct slice staff_role_name(enum staff_role role)
{
    CHECK(role < STAFF_ROLE_COUNT);
    return role_names[role];
}

bool staff_role_parse(struct slice text, enum staff_role *ret_role)
{
    for (uint32_t role = 0; role < STAFF_ROLE_COUNT; role++) {
        if (!slice_equal(text, role_names[role])) continue;
        *ret_role = (enum staff_role)role;
        return true;
    }
    return false;
}

struct slice journal_action_name(enum journal_action action)
{
    CHECK(action < JOURNAL_ACTION_COUNT);
    return action_names[action];
}

bool journal_action_parse(struct slice text, enum journal_action *ret_action)
{
    for (uint32_t action = 0; action < JOURNAL_ACTION_COUNT; action++) {
        if (!slice_equal(text, action_names[action])) continue;
        *ret_action = (enum journal_action)action;
        return true;
    }
    return false;
}

struct slice journal_subject_kind(enum journal_action action)
{
    CHECK(action < JOURNAL_ACTION_COUNT);
    return subject_kinds[action];
}
