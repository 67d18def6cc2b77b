#include "store/memory/memory_edit.h"

#include "base/check.h"

enum { PRICE = 1 << SHOWTIME_PRICE, START = 1 << SHOWTIME_START };

/* Has it bookings, whatever became of them? */
static bool is_booked(const struct memory_store *store, struct id showtime)
{
    for (size_t index = 0; index < store->bookings.count; index++) {
        const struct booking *booking = memory_state_row(&store->bookings, index);
        if (id_equal(booking->showtime, showtime)) return true;
    }
    return false;
}

static uint32_t compare(const struct memory_showtime *stored, const struct showtime *wanted)
{
    uint32_t different = 0;
    if (stored->starts_at_ms != wanted->starts_at_ms) different |= START;
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        const int64_t price = wanted->prices[type];
        if (price > 0 && price != stored->prices[type]) different |= PRICE;
    }
    return different;
}

static void change(struct memory_showtime *stored, uint32_t changed, const struct showtime *wanted)
{
    if ((changed & START) != 0) {
        stored->ends_at_ms += wanted->starts_at_ms - stored->starts_at_ms;
        stored->starts_at_ms = wanted->starts_at_ms;
    }
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        if (wanted->prices[type] > 0) stored->prices[type] = wanted->prices[type];
    }
}

void memory_edit(struct memory_store *store, struct catalogue_edit *edit, int64_t now_ms)
{
    const struct showtime *wanted = &edit->showtime;
    edit->outcome = EDIT_NOT_FOUND;
    if (edit->kind != EDIT_SHOWTIME || edit->create) return;
    CHECK((edit->members & ~(uint32_t)(PRICE | START)) == 0);
    struct memory_row *row = memory_state_showtime(store, wanted->id);
    if (row == NULL) return;
    const struct memory_showtime *stored = &row->showtime;
    edit->members_changed = compare(stored, wanted) & edit->members;
    edit->outcome = EDIT_SAME;
    if (edit->members_changed == 0) return;
    edit->outcome = EDIT_OVER;
    if (showtime_status_at(stored->status, stored->ends_at_ms, now_ms) != SHOWTIME_SCHEDULED) {
        return;
    }
    if (is_booked(store, wanted->id) && (edit->members_changed & START) != 0) {
        edit->outcome = EDIT_KEPT;
        edit->members_changed = START;
        return;
    }
    edit->outcome = EDIT_CHANGED;
    memory_state_keep_version(store, row);
    change(&row->showtime, edit->members_changed, wanted);
    row->version++;
}
