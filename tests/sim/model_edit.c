#include "sim/model_edit.h"

#include "base/check.h"

static bool is_booked(const struct model *model, uint32_t showtime)
{
    for (uint32_t index = 0; index < model->booking_count; index++) {
        if (model->bookings[index].showtime == showtime) return true;
    }
    return false;
}

static bool other_price(const struct model_showtime *showtime, const struct showtime *wanted)
{
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        const int64_t price = wanted->prices[type];
        if (price != 0 && price != showtime->prices[type]) return true;
    }
    return false;
}

static void change(struct model_showtime *showtime, const struct showtime *wanted, bool moved)
{
    if (moved) {
        showtime->ends_at_ms += wanted->starts_at_ms - showtime->starts_at_ms;
        showtime->starts_at_ms = wanted->starts_at_ms;
        sometimes_saw(SOMETIMES_SHOW_MOVED);
    }
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        if (wanted->prices[type] == 0) continue;
        showtime->prices[type] = wanted->prices[type];
        sometimes_saw(SOMETIMES_PRICE_CHANGED);
    }
    showtime->version_must_grow = true;
}

/* What must have become of it; changes the model's showtime if it must have changed. */
static enum edit_outcome apply(struct model *model, const struct catalogue_edit *edit)
{
    const int32_t index = model_find_showtime(model, edit->showtime.id);
    if (index == MODEL_NONE) return EDIT_NOT_FOUND;
    struct model_showtime *showtime = &model->showtimes[index];
    const bool moved = edit_has(edit->members, SHOWTIME_START) &&
                       edit->showtime.starts_at_ms != showtime->starts_at_ms;
    if (!moved && !other_price(showtime, &edit->showtime)) return EDIT_SAME;
    if (showtime->cancelled || model->now_ms >= showtime->ends_at_ms) return EDIT_OVER;
    if (moved && is_booked(model, (uint32_t)index)) return EDIT_KEPT;
    change(showtime, &edit->showtime, moved);
    return EDIT_CHANGED;
}

void model_edit_hear(struct model *model, const struct command *command)
{
    const struct catalogue_edit *edit = command->edit;
    CHECK(edit->kind == EDIT_SHOWTIME);
    const enum edit_outcome expected = apply(model, edit);
    MODEL_MUST(model, edit->outcome == expected, "an edit's outcome is %d and not %d",
               (int)edit->outcome, (int)expected);
    sometimes_saw_if(expected == EDIT_KEPT, SOMETIMES_EDIT_REFUSED_BOOKED);
    sometimes_saw_if(expected == EDIT_OVER, SOMETIMES_EDIT_REFUSED_OVER);
    const int32_t index = model_find_showtime(model, command->showtime);
    if (index == MODEL_NONE) return;
    model_see_version(model, (uint32_t)index, command->answer.map_version);
}

bool model_edit_absorb(struct model *model, const struct catalogue_edit *edit)
{
    return apply(model, edit) == EDIT_CHANGED;
}
