#include "sim/world_look.h"

#include "base/check.h"
#include "sim/model_edit.h"

static bool is_unknown(enum memory_fault fault)
{
    return fault == MEMORY_FAULT_COMMIT_LOST || fault == MEMORY_FAULT_COMMIT_KEPT;
}

void world_look_at_loss(struct world *world, const struct attempt *attempt)
{
    if (attempt->command.kind == COMMAND_LOOK) return;
    CHECK(world->doubt_count < WORLD_DOUBTS_MAX);
    struct doubt *doubt = &world->doubts[world->doubt_count++];
    *doubt = (struct doubt){.command = attempt->command, .key = attempt->key};
    if (attempt->command.order == NULL) return;
    doubt->order = attempt->order;
    doubt->command.order = &doubt->order;
}

static void doubt(struct world *world, const struct attempt *attempt)
{
    MODEL_MUST(&world->model, is_unknown(world->armed), "an outcome is unknown without a reason");
    world_look_at_loss(world, attempt);
}

void world_look_at_wait(struct world *world, const struct attempt *attempt)
{
    const struct command *command = &attempt->command;
    if (attempt->sent_at_ms >= world->now_ms) return;
    sometimes_saw(SOMETIMES_DECIDED_LATER_THAN_ASKED);
    const bool pays = command->kind == COMMAND_PAY || command->kind == COMMAND_CONFIRM;
    const bool late = pays && command->answer.refusal == REFUSAL_BOOKING_HOLD_EXPIRED;
    const int32_t found = late ? model_find_booking(&world->model, command->booking) : MODEL_NONE;
    sometimes_saw_if(found != MODEL_NONE &&
                         attempt->sent_at_ms < world->model.bookings[found].end_ms,
                     SOMETIMES_PAY_WAITED_PAST_THE_END);
}

void world_look_at_crash(const struct world *world)
{
    const struct fragile_store *fragile = &world->fragile;
    if (!fragile->dead) return;
    sometimes_saw_if(!fragile->committed && world->doubt_count > 0, SOMETIMES_CRASH_IN_BATCH);
    sometimes_saw_if(fragile->committed && !world->heard_in_batch, SOMETIMES_CRASH_AFTER_COMMIT);
    sometimes_saw_if(fragile->committed && world->heard_in_batch, SOMETIMES_CRASH_AMID_ANSWERS);
    sometimes_saw_if(!world->stepped && world->model.life > 1, SOMETIMES_CRASH_AGAIN_AT_ONCE);
}

int64_t world_look_over(struct world *world)
{
    int64_t over_ms = 0;
    for (uint32_t index = 0; index < world->model.showtime_count; index++) {
        const struct model_showtime *showtime = &world->model.showtimes[index];
        if (!model_store_over(world->store, showtime->id)) continue;
        if (showtime->ends_at_ms > over_ms) over_ms = showtime->ends_at_ms;
    }
    return over_ms;
}

static void note_closed(struct world *world, const struct attempt *attempt)
{
    struct model *model = &world->model;
    MODEL_MUST(model, world->armed == MEMORY_FAULT_RECORD, "an internal error without a reason");
    if (attempt->command.kind == COMMAND_EDIT) return; /* It is refused alone. */
    const int32_t showtime = model_find_showtime(model, attempt->command.showtime);
    if (showtime != MODEL_NONE) model->showtimes[showtime].closed = true;
    sometimes_saw(SOMETIMES_SHOWTIME_CLOSED);
}

void world_look_at_failure(struct world *world, const struct attempt *attempt)
{
    struct model *model = &world->model;
    const int32_t showtime = model_find_showtime(model, attempt->command.showtime);
    const bool closed = showtime != MODEL_NONE && model->showtimes[showtime].closed;
    switch (attempt->command.answer.failure) {
    case ERROR_OUTCOME_UNKNOWN:
        doubt(world, attempt);
        break;
    case ERROR_INTERNAL_ERROR:
        note_closed(world, attempt);
        break;
    case ERROR_OVERLOADED:
        if (world->in_flight > QUEUE_PER_SHOWTIME_MAX) {
            sometimes_saw(SOMETIMES_QUEUE_FULL);
            break;
        }
        MODEL_MUST(model, world->showtimes_max < model->showtime_count + 3, "no room, yet enough");
        sometimes_saw(SOMETIMES_NO_ROOM_FOR_SHOWTIME);
        break;
    case ERROR_STORE_UNAVAILABLE:
        MODEL_MUST(model, world->armed != MEMORY_FAULT_NONE || closed,
                   "the store is unavailable without a reason");
        break;
    default:
        model_break(model, "a command failed with %d", (int)attempt->command.answer.failure);
        break;
    }
}

bool world_look_overdue(const struct world *world)
{
    return !world->stepped || world->failed_in_step || world->now_ms < world->retry_at_ms;
}

static void look_at_map(struct world *world, uint32_t index, const struct feed_view *view)
{
    struct model *model = &world->model;
    const struct model_showtime *showtime = &model->showtimes[index];
    const bool overdue = world_look_overdue(world);
    MODEL_MUST(model, view->version >= showtime->version_seen, "a live map is behind an answer");
    MODEL_MUST(model, memcmp(view->prices, showtime->prices, sizeof view->prices) == 0,
               "a live map shows another price");
    for (uint32_t place = 0; place < view->place_count; place++) {
        const int32_t owner = showtime->owners[place];
        const enum seat_state state = (enum seat_state)view->states[place];
        if (state == SEAT_ABSENT) continue;
        const bool blocked = showtime->blocks[place] != MODEL_NONE;
        if (owner == MODEL_NONE && blocked) {
            MODEL_MUST(model, state == SEAT_BLOCKED, "a live map sells a blocked seat");
            continue;
        }
        if (owner == MODEL_NONE) {
            const bool late = state == SEAT_HELD || (showtime->cancelled && state == SEAT_BOOKED);
            MODEL_MUST(model, state == SEAT_AVAILABLE || (overdue && late),
                       "a booking did not end on time: step %u, place %u", (unsigned)model->step,
                       place);
            continue;
        }
        const bool booked = model->bookings[owner].status == BOOKING_CONFIRMED;
        MODEL_MUST(model, state == (booked ? SEAT_BOOKED : SEAT_HELD),
                   "a live map shows a seat as %d", (int)state);
    }
}

void world_look_at_feed(struct world *world)
{
    struct model *model = &world->model;
    const bool in_doubt = world->doubt_count > 0;
    for (uint32_t index = 0; index < model->showtime_count; index++) {
        const struct model_showtime *showtime = &model->showtimes[index];
        struct feed_view view;
        const bool there = feed_read(world->feed, showtime->id, &view);
        sometimes_saw_if(world->in_feed[index] && !there, SOMETIMES_SHOWTIME_LEFT_MEMORY);
        world->in_feed[index] = there;
        if (there && !showtime->closed && !in_doubt) look_at_map(world, index, &view);
    }
}

void world_look_at_timer(struct world *world)
{
    struct model *model = &world->model;
    if (world_look_overdue(world)) return;
    const int64_t due_ms = engine_next_due_ms(world->engine);
    for (uint32_t index = 0; index < model->booking_count; index++) {
        const struct model_booking *booking = &model->bookings[index];
        if (booking->status != BOOKING_PENDING) continue;
        if (model->showtimes[booking->showtime].closed) continue;
        MODEL_MUST(model, due_ms <= booking->end_ms, "nobody will wake for the end of a hold");
    }
}

/* True if the doubtful command had an effect. */
static bool absorb(struct world *world, struct doubt *doubt, bool kept)
{
    struct command *command = &doubt->command;
    if (command->kind != COMMAND_EDIT) {
        return model_store_absorb(&world->model, world->store, command, doubt->key);
    }
    const int32_t showtime = model_find_showtime(&world->model, command->showtime);
    const bool closed = showtime != MODEL_NONE && world->model.showtimes[showtime].closed;
    return kept && !closed && model_edit_absorb(&world->model, command->edit);
}

void world_look_resolve(struct world *world)
{
    const bool kept = world->armed == MEMORY_FAULT_COMMIT_KEPT || world->fragile.committed;
    uint32_t happened = 0;
    for (uint32_t index = 0; index < world->doubt_count; index++) {
        struct doubt *doubt = &world->doubts[index];
        const bool found = absorb(world, doubt, kept);
        MODEL_MUST(&world->model, kept || !found, "a batch that was lost left something");
        happened += found;
    }
    if (world->doubt_count == 0) return;
    if (world->fragile.dead) {
        sometimes_saw_if(happened > 0, SOMETIMES_CRASH_KEPT_WHAT_NOBODY_HEARD);
        world->doubt_count = 0;
        return;
    }
    sometimes_saw_if(happened > 0, SOMETIMES_OUTCOME_UNKNOWN_KEPT);
    sometimes_saw_if(!kept, SOMETIMES_OUTCOME_UNKNOWN_LOST);
    sometimes_saw_if(kept && happened < world->doubt_count, SOMETIMES_OUTCOME_UNKNOWN_BUT_REFUSED);
    world->doubt_count = 0;
}
