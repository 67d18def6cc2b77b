#include "sim/model_seats.h"

#include "base/check.h"

int32_t model_seats_place(const struct model_showtime *showtime, struct seat_name name)
{
    const struct seat_layout *layout = &showtime->layout;
    if (name.zeros > 0 || name.row >= layout->rows) return MODEL_NONE;
    if (name.col == 0 || name.col > layout->cols) return MODEL_NONE;
    const int32_t place = (int32_t)name.row * layout->cols + name.col - 1;
    return layout->types[place] < SEAT_TYPE_COUNT ? place : MODEL_NONE;
}

void model_seats_compare(struct model *model, const struct booking *booking,
                         const struct model_booking *expected)
{
    const struct model_showtime *showtime = &model->showtimes[expected->showtime];
    MODEL_MUST(model, id_equal(booking->id, expected->id), "a booking has another id");
    MODEL_MUST(model, id_equal(booking->showtime, showtime->id), "a booking changed its showtime");
    MODEL_MUST(model, user_equal(&booking->user, &model->users[expected->user]),
               "a booking changed its user");
    MODEL_MUST(model, memcmp(&booking->code, &expected->code, sizeof booking->code) == 0,
               "a booking changed its code");
    MODEL_MUST(model, booking->held_at_ms == expected->held_at_ms, "held_at changed");
    MODEL_MUST(model, booking->first_expires_at_ms == expected->first_end_ms, "first end changed");
    MODEL_MUST(model, booking->total_amount == expected->amount, "total_amount changed");
    MODEL_MUST(model, booking->final_amount == expected->amount, "final_amount changed");
    MODEL_MUST(model, booking->seat_count == expected->seat_count, "a booking lost seats");
    if (model->broken) return;
    for (uint32_t index = 0; index < expected->seat_count; index++) {
        const struct booked_seat *seat = &booking->seats[index];
        const uint32_t place = expected->places[index];
        MODEL_MUST(model, model_seats_place(showtime, seat->name) == (int32_t)place,
                   "a booking changed its seats or their order");
        MODEL_MUST(model, seat->type == showtime->layout.types[place], "a seat changed its type");
        MODEL_MUST(model, seat->price == expected->prices[index], "a sold price changed");
    }
}

static int64_t price_of(const struct model_showtime *showtime, const struct command *command)
{
    int64_t sum = 0;
    for (uint32_t index = 0; index < command->seat_count; index++) {
        const int32_t place = model_seats_place(showtime, command->seats[index]);
        if (place != MODEL_NONE) sum += showtime->prices[showtime->layout.types[place]];
    }
    return sum;
}

static void hear_granted(struct model *model, const struct command *command, uint32_t key,
                         uint32_t showtime_index)
{
    const struct model_showtime *showtime = &model->showtimes[showtime_index];
    const struct booking *answered = &command->answer.booking;
    for (uint32_t index = 0; index < model->booking_count; index++) {
        const bool same =
            memcmp(&model->bookings[index].code, &answered->code, sizeof answered->code) == 0;
        MODEL_MUST(model, !same, "a booking code came twice");
    }
    struct model_booking *booking = model_add_booking(model, answered->id);
    booking->code = answered->code;
    booking->showtime = showtime_index;
    while (!user_equal(&model->users[booking->user], &command->claim.user)) booking->user++;
    booking->status = BOOKING_PENDING;
    booking->seat_count = command->seat_count;
    for (uint32_t index = 0; index < command->seat_count; index++) {
        const uint32_t place = (uint32_t)model_seats_place(showtime, command->seats[index]);
        booking->places[index] = place;
        booking->prices[index] = showtime->prices[showtime->layout.types[place]];
    }
    booking->amount = price_of(showtime, command);
    booking->held_at_ms = model->now_ms;
    booking->first_end_ms = model->now_ms + model->policy.hold_ms;
    booking->end_ms = booking->first_end_ms;
    model_seats_compare(model, answered, booking);
    MODEL_MUST(model, answered->status == BOOKING_PENDING, "a new hold is not pending");
    MODEL_MUST(model, answered->hold_expires_at_ms == booking->end_ms, "a hold has another end");
    model_take_seats(model, booking);
    model_keep_effect(model, command, key, (uint32_t)(booking - model->bookings), MODEL_NONE);
    sometimes_saw(SOMETIMES_HOLD_GRANTED);
}

/* What stands in the way of a hold, by the auditor's own look. */
struct obstacles {
    uint32_t invalid;
    uint32_t held;
    uint32_t booked;
    uint32_t blocked;
    uint32_t held_by_user; /* Live seats in the showtime. */
    int64_t first_end_ms;  /* Of those. */
};

static struct obstacles look(const struct model *model, const struct model_showtime *showtime,
                             const struct command *command)
{
    struct obstacles obstacles = {.first_end_ms = INT64_MAX};
    for (uint32_t index = 0; index < command->seat_count; index++) {
        const int32_t place = model_seats_place(showtime, command->seats[index]);
        if (place == MODEL_NONE) {
            obstacles.invalid++;
        } else if (showtime->owners[place] != MODEL_NONE) {
            const struct model_booking *owner = &model->bookings[showtime->owners[place]];
            if (owner->status == BOOKING_CONFIRMED) obstacles.booked++;
            else obstacles.held++;
        } else if (showtime->blocks[place] != MODEL_NONE) {
            obstacles.blocked++;
        }
    }
    for (uint32_t place = 0; place < MODEL_PLACES_MAX; place++) {
        if (showtime->owners[place] == MODEL_NONE) continue;
        const struct model_booking *owner = &model->bookings[showtime->owners[place]];
        if (owner->status != BOOKING_PENDING) continue;
        if (!user_equal(&model->users[owner->user], &command->claim.user)) continue;
        obstacles.held_by_user++;
        if (owner->end_ms < obstacles.first_end_ms) obstacles.first_end_ms = owner->end_ms;
    }
    return obstacles;
}

static enum refusal expected_refusal(const struct model *model,
                                     const struct model_showtime *showtime,
                                     const struct command *command,
                                     const struct obstacles *obstacles)
{
    if (obstacles->invalid > 0) return REFUSAL_INVALID_SEAT;
    if (showtime->cancelled || model->now_ms >= showtime->ends_at_ms) {
        return REFUSAL_SHOWTIME_NOT_AVAILABLE;
    }
    if (model->now_ms >= showtime->starts_at_ms) return REFUSAL_SHOWTIME_ALREADY_STARTED;
    if (obstacles->booked > 0) return REFUSAL_SEAT_ALREADY_BOOKED;
    if (obstacles->held > 0) return REFUSAL_SEAT_HELD_BY_ANOTHER;
    if (obstacles->blocked > 0) return REFUSAL_SEAT_BLOCKED;
    const uint32_t wanted = obstacles->held_by_user + command->seat_count;
    return wanted > model->policy.held_seats_max ? REFUSAL_TOO_MANY_HOLDS : REFUSAL_NONE;
}

bool model_seats_would_hold(const struct model *model, const struct command *command)
{
    const int32_t found = model_find_showtime(model, command->showtime);
    if (found == MODEL_NONE) return false;
    const struct model_showtime *showtime = &model->showtimes[found];
    const struct obstacles obstacles = look(model, showtime, command);
    return expected_refusal(model, showtime, command, &obstacles) == REFUSAL_NONE;
}

void model_seats_check_conflicts(struct model *model, const struct model_showtime *showtime,
                                 const struct user *user, const struct seat_conflict *conflicts,
                                 uint32_t count)
{
    for (uint32_t index = 0; index < count; index++) {
        const struct seat_conflict *conflict = &conflicts[index];
        const int32_t place = model_seats_place(showtime, conflict->name);
        if (place == MODEL_NONE) {
            MODEL_MUST(model, conflict->state == SEAT_ABSENT, "a seat that is not there is taken");
            continue;
        }
        const int32_t owner = showtime->owners[place];
        if (owner == MODEL_NONE && showtime->blocks[place] != MODEL_NONE) {
            MODEL_MUST(model, conflict->state == SEAT_BLOCKED && !conflict->yours,
                       "a blocked seat was named otherwise");
            continue;
        }
        MODEL_MUST(model, owner != MODEL_NONE, "a free seat was named as a conflict");
        if (owner == MODEL_NONE) return;
        const struct model_booking *booking = &model->bookings[owner];
        const bool held = booking->status == BOOKING_PENDING;
        const bool yours = held && user_equal(&model->users[booking->user], user);
        MODEL_MUST(model, conflict->state == (held ? SEAT_HELD : SEAT_BOOKED),
                   "a conflict has another state");
        MODEL_MUST(model, conflict->yours == yours, "a conflict is of somebody else");
        sometimes_saw_if(yours, SOMETIMES_CONFLICT_YOURS);
    }
}

/* Every conflict that is named is one, and none is left out. */
static void check_conflicts(struct model *model, const struct model_showtime *showtime,
                            const struct command *command, uint32_t expected_count)
{
    const struct answer *answer = &command->answer;
    MODEL_MUST(model, answer->conflict_count == expected_count, "not all conflicts were named");
    model_seats_check_conflicts(model, showtime, &command->claim.user, answer->conflicts,
                                answer->conflict_count);
}

static void hear_refused(struct model *model, const struct model_showtime *showtime,
                         const struct command *command, const struct obstacles *obstacles)
{
    const uint32_t taken = obstacles->held + obstacles->booked + obstacles->blocked;
    switch (command->answer.refusal) {
    case REFUSAL_INVALID_SEAT:
        check_conflicts(model, showtime, command, obstacles->invalid);
        sometimes_saw(SOMETIMES_SEAT_INVALID);
        break;
    case REFUSAL_SEAT_ALREADY_BOOKED:
    case REFUSAL_SEAT_HELD_BY_ANOTHER:
    case REFUSAL_SEAT_BLOCKED:
        check_conflicts(model, showtime, command, taken);
        sometimes_saw_if(obstacles->booked > 0, SOMETIMES_CONFLICT_BOOKED);
        sometimes_saw_if(obstacles->held > 0, SOMETIMES_CONFLICT_HELD);
        sometimes_saw_if(obstacles->blocked > 0, SOMETIMES_CONFLICT_BLOCKED);
        sometimes_saw_if(taken < command->seat_count, SOMETIMES_CONFLICT_WITH_FREE_SEATS);
        break;
    case REFUSAL_TOO_MANY_HOLDS:
        MODEL_MUST(model,
                   obstacles->held_by_user == 0 ||
                       command->answer.retry_at_ms == obstacles->first_end_ms,
                   "a hoarder was told another moment to come back");
        sometimes_saw(SOMETIMES_TOO_MANY_HOLDS);
        break;
    case REFUSAL_SHOWTIME_ALREADY_STARTED:
        sometimes_saw(SOMETIMES_SHOW_STARTED);
        break;
    default:
        sometimes_saw(SOMETIMES_SHOW_NOT_AVAILABLE);
        break;
    }
}

void model_seats_hear_hold(struct model *model, const struct command *command, uint32_t key)
{
    if (model_hear_known_key(model, command, key)) return;
    const struct answer *answer = &command->answer;
    const int32_t showtime_index = model_find_showtime(model, command->showtime);
    if (showtime_index == MODEL_NONE) {
        MODEL_MUST(model, answer->refusal == REFUSAL_SHOWTIME_NOT_FOUND, "a hold of no showtime");
        sometimes_saw(SOMETIMES_SHOW_NOT_FOUND);
        return;
    }
    struct model_showtime *showtime = &model->showtimes[showtime_index];
    const struct obstacles obstacles = look(model, showtime, command);
    const enum refusal expected = expected_refusal(model, showtime, command, &obstacles);
    MODEL_MUST(model, answer->refusal == expected, "a hold was answered %u and not %u",
               answer->refusal, expected);
    if (model->broken) return;
    if (expected == REFUSAL_NONE) {
        hear_granted(model, command, key, (uint32_t)showtime_index);
    } else {
        hear_refused(model, showtime, command, &obstacles);
    }
    model_see_version(model, (uint32_t)showtime_index, answer->map_version);
}

void model_seats_hear_cancel(struct model *model, const struct command *command)
{
    const struct answer *answer = &command->answer;
    const int32_t found = model_find_booking(model, command->booking);
    if (found == MODEL_NONE) {
        MODEL_MUST(model, answer->refusal == REFUSAL_BOOKING_NOT_FOUND, "a cancel of no booking");
        return;
    }
    struct model_booking *booking = &model->bookings[found];
    enum refusal expected = REFUSAL_NONE;
    if (!user_equal(&model->users[booking->user], &command->claim.user)) {
        expected = REFUSAL_BOOKING_NOT_OWNED;
    } else if (booking->status != BOOKING_CANCELLED && !model_lives(model, booking)) {
        expected = REFUSAL_BOOKING_CANNOT_BE_CANCELLED;
    }
    MODEL_MUST(model, answer->refusal == expected, "a cancel was answered %u and not %u",
               answer->refusal, expected);
    if (model->broken) return;
    const bool again = booking->status == BOOKING_CANCELLED;
    if (expected == REFUSAL_NONE && !again) {
        const bool paying =
            booking->active != MODEL_NONE && model->payments[booking->active].fate == FATE_OPEN;
        sometimes_saw_if(paying, SOMETIMES_CANCELLED_WHILE_PAYING);
        model_fail_active(model, booking, MODEL_NONE);
        model_free_seats(model, booking);
        booking->status = BOOKING_CANCELLED;
        booking->cancelled_at_ms = model->now_ms;
        booking->ended_step = model->step;
        sometimes_saw(SOMETIMES_CANCELLED);
    }
    if (expected == REFUSAL_NONE) {
        model_seats_compare(model, &answer->booking, booking);
        MODEL_MUST(model, answer->booking.status == BOOKING_CANCELLED, "a cancel left a booking");
        model_see_cancelled_at(model, booking, answer->booking.cancelled_at_ms);
        sometimes_saw_if(again, SOMETIMES_CANCELLED_AGAIN);
    }
    const bool final = expected == REFUSAL_BOOKING_CANNOT_BE_CANCELLED;
    sometimes_saw_if(final && booking->status == BOOKING_CONFIRMED,
                     SOMETIMES_CANCEL_REFUSED_CONFIRMED);
    sometimes_saw_if(final && booking->status == BOOKING_CONFIRMED &&
                         booking->ended_step == model->step,
                     SOMETIMES_CANCEL_RIGHT_AFTER_MONEY);
    sometimes_saw_if(final && booking->status == BOOKING_EXPIRED, SOMETIMES_CANCEL_REFUSED_EXPIRED);
    model_see_version(model, booking->showtime, answer->map_version);
}
