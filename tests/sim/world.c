#include "sim/world.h"

#include <inttypes.h>

#include "base/check.h"
#include "sim/world_look.h"

#define BEGINNING_MS INT64_C(1709254800000) /* 2024-03-01T01:00Z: no midnight comes too soon. */

static void mix(struct world *world, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    for (size_t index = 0; index < size; index++) {
        world->digest = (world->digest ^ byte[index]) * UINT64_C(0x100000001b3);
    }
}

static void mix_number(struct world *world, int64_t number)
{
    mix(world, &number, sizeof number);
}

static void mix_order(struct world *world, const struct staff_order *order)
{
    const struct staff_answer *answer = &order->answer;
    mix_number(world, answer->conflict_count);
    mix(world, answer->block.id.bytes, ID_SIZE);
    mix_number(world, answer->block.released_at_ms);
    mix_number(world, answer->cancelled_at_ms);
}

static void mix_answer(struct world *world, const struct attempt *attempt)
{
    const struct command *command = &attempt->command;
    const struct answer *answer = &command->answer;
    mix_number(world, world->now_ms);
    mix_number(world, (int64_t)command->kind << 32 | attempt->key);
    mix_number(world, (int64_t)answer->failure << 32 | (int64_t)answer->refusal);
    mix_number(world, answer->replayed << 2 | answer->created << 1 | attempt->deaf);
    mix_number(world, (int64_t)answer->outcome);
    if (command->edit != NULL) mix_number(world, (int64_t)command->edit->outcome);
    mix_number(world, (int64_t)answer->map_version);
    mix_number(world, answer->retry_at_ms);
    mix_number(world, answer->conflict_count);
    mix(world, answer->booking.id.bytes, ID_SIZE);
    mix(world, &answer->booking.code, sizeof answer->booking.code);
    mix_number(world, (int64_t)answer->booking.status);
    mix_number(world, answer->booking.hold_expires_at_ms);
    mix(world, answer->payment.id.bytes, ID_SIZE);
    mix_number(world, (int64_t)answer->payment.status);
    mix_number(world, answer->payment.expires_at_ms);
    if (command->order != NULL) mix_order(world, command->order);
}

static void print_answer(const struct world *world, const struct attempt *attempt)
{
    static const char *const kinds[] = {
        "hold",  "confirm", "pay",    "cancel",      "money",           "end", "look",
        "block", "release", "refund", "refund done", "cancel showtime", "edit"};
    const struct command *command = &attempt->command;
    const struct answer *answer = &command->answer;
    printf("step %" PRIu64 " +%" PRId64 "ms %s key %u by %c: failure %d refusal %d%s%s outcome %d "
           "version %" PRIu64 " booking %d payment %d\n",
           world->model.step, world->now_ms - world->began_at_ms, kinds[command->kind],
           attempt->key, command->claim.user.name[0], (int)answer->failure, (int)answer->refusal,
           answer->replayed ? " replayed" : "", attempt->deaf ? " (lost)" : "",
           (int)answer->outcome, answer->map_version,
           model_find_booking(&world->model, answer->booking.id),
           model_find_payment(&world->model, answer->payment.id));
}

static void answered(void *context, struct command *command)
{
    struct world *world = context;
    struct attempt *attempt = command->owner;
    CHECK(attempt->in_flight);
    mix_answer(world, attempt);
    if (command->answer.failure == ERROR_NONE) {
        const int32_t showtime = model_find_showtime(&world->model, command->showtime);
        MODEL_MUST(&world->model,
                   showtime == MODEL_NONE || !world->model.showtimes[showtime].closed,
                   "a closed showtime was served");
        model_hear(&world->model, command, attempt->key);
    } else {
        world_look_at_failure(world, attempt);
    }
    if (world->verbose && command->kind != COMMAND_LOOK) print_answer(world, attempt);
    attempt->in_flight = false;
    world->in_flight--;
    const bool heard = command->answer.failure == ERROR_NONE && !attempt->deaf;
    if (attempt->call != WORLD_CALL_NONE) world->told(world->told_context, attempt, heard);
}

static void start_process(struct world *world)
{
    world->feed = feed_open(world->showtimes_max);
    const struct engine_options options = {.policy = world->model.policy,
                                           .showtimes_max = world->showtimes_max,
                                           .store = memory_store_port(world->store),
                                           .feed = world->feed,
                                           .answered = answered,
                                           .answered_context = world};
    world->engine = engine_open(&options);
    CHECK(world->feed != NULL);
    CHECK(world->engine != NULL);
    memset(world->in_feed, 0, sizeof world->in_feed);
    world->stepped = false;
    world->failed_in_step = false;
    world->retry_at_ms = 0;
    MODEL_MUST(&world->model, engine_recover(world->engine) == ERROR_NONE, "no recovery");
}

static void end_process(struct world *world)
{
    engine_close(world->engine);
    feed_close(world->feed);
    world->engine = NULL;
    world->feed = NULL;
}

static void make_layout(struct world *world, struct seat_layout *layout)
{
    layout->rows = (uint16_t)random_between(&world->random, 2, 6);
    layout->cols = (uint16_t)random_between(&world->random, 3, 8);
    CHECK(layout->rows * layout->cols <= MODEL_PLACES_MAX);
    for (uint32_t place = 0; place < (uint32_t)layout->rows * layout->cols; place++) {
        const bool absent = random_chance(&world->random, 5);
        layout->types[place] =
            absent ? SEAT_TYPE_COUNT : (uint8_t)random_below(&world->random, SEAT_TYPE_COUNT);
    }
}

static void put_showtime(struct world *world, const struct model_showtime *showtime)
{
    struct memory_showtime put = {.id = showtime->id,
                                  .layout = &showtime->layout,
                                  .starts_at_ms = showtime->starts_at_ms,
                                  .ends_at_ms = showtime->ends_at_ms};
    memcpy(put.prices, showtime->prices, sizeof put.prices);
    memory_store_put_showtime(world->store, &put);
}

static void make_showtime(struct world *world)
{
    struct model *model = &world->model;
    struct model_showtime *showtime = &model->showtimes[model->showtime_count++];
    *showtime = (struct model_showtime){.id = {.bytes = {0x5a, (uint8_t)model->showtime_count}}};
    make_layout(world, &showtime->layout);
    const int64_t minute_ms = 60000;
    showtime->starts_at_ms = world->now_ms + random_between(&world->random, 20, 150) * minute_ms;
    showtime->ends_at_ms = showtime->starts_at_ms + 90 * minute_ms;
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        showtime->prices[type] = random_between(&world->random, 60, 200) * 1000;
    }
    for (uint32_t place = 0; place < MODEL_PLACES_MAX; place++) {
        showtime->owners[place] = MODEL_NONE;
        showtime->blocks[place] = MODEL_NONE;
    }
    put_showtime(world, showtime);
}

static void make_policy(struct world *world)
{
    static const int64_t hold_ms[] = {HOLD_MS_DEFAULT, 60000, 180000};
    static const int64_t payment_ms[] = {PAYMENT_MS_DEFAULT, 30000, 400000};
    static const uint32_t held_seats_max[] = {HELD_SEATS_MAX_DEFAULT, 12, 8};
    struct random *random = &world->random;
    world->model.policy =
        (struct turn_policy){.hold_ms = hold_ms[random_below(random, 3)],
                             .payment_ms = payment_ms[random_below(random, 3)],
                             .held_seats_max = held_seats_max[random_below(random, 3)]};
    for (size_t index = 0; index < 16; index++) {
        world->model.policy.tag_key.bytes[index] = (uint8_t)random_next(random);
        world->id_key.bytes[index] = (uint8_t)random_next(random);
    }
}

void world_open(struct world *world, uint64_t seed)
{
    struct attempt *attempts = world->attempts;
    struct doubt *doubts = world->doubts;
    *world = (struct world){.now_ms = BEGINNING_MS,
                            .began_at_ms = BEGINNING_MS,
                            .digest = UINT64_C(0xcbf29ce484222325),
                            .attempts = attempts,
                            .doubts = doubts};
    if (attempts == NULL) world->attempts = calloc(WORLD_ATTEMPTS_MAX, sizeof *attempts);
    if (doubts == NULL) world->doubts = calloc(WORLD_DOUBTS_MAX, sizeof *doubts);
    CHECK(world->attempts != NULL);
    CHECK(world->doubts != NULL);
    random_seed(&world->random, seed);
    struct model *model = &world->model;
    model->life = 1;
    model->now_ms = world->now_ms;
    for (uint32_t user = 0; user < MODEL_USERS; user++) {
        const char name = (char)('a' + user);
        model->users[user] = user_of((struct slice){.data = &name, .size = 1});
    }
    make_policy(world);
    world->store = memory_store_open(&world->id_key, &model->policy.tag_key);
    CHECK(world->store != NULL);
    const uint32_t showtime_count = 1 + random_below(&world->random, MODEL_SHOWTIMES_MAX);
    while (model->showtime_count < showtime_count) make_showtime(world);
    world->showtimes_max = random_chance(&world->random, 15)
                               ? 1 + random_below(&world->random, showtime_count)
                               : showtime_count + 3;
    start_process(world);
}

void world_close(struct world *world)
{
    end_process(world);
    memory_store_close(world->store);
    world->store = NULL;
    for (uint32_t index = 0; index < WORLD_ATTEMPTS_MAX && world->in_flight > 0; index++) {
        if (world->attempts[index].in_flight) world->in_flight--;
        world->attempts[index].in_flight = false;
    }
}

void world_send(struct world *world, const struct command *command, int32_t call, uint32_t key,
                bool deaf)
{
    CHECK(world->in_flight < WORLD_ATTEMPTS_MAX);
    while (world->attempts[world->next_attempt].in_flight) {
        world->next_attempt = (world->next_attempt + 1) % WORLD_ATTEMPTS_MAX;
    }
    struct attempt *attempt = &world->attempts[world->next_attempt];
    attempt->command = *command;
    attempt->command.owner = attempt;
    if (command->edit != NULL) {
        attempt->edit = *command->edit;
        attempt->command.edit = &attempt->edit;
    }
    if (command->order != NULL) {
        attempt->order = *command->order;
        attempt->command.order = &attempt->order;
    }
    attempt->call = call;
    attempt->key = key;
    attempt->deaf = deaf;
    attempt->in_flight = true;
    world->in_flight++;
    engine_submit(world->engine, &attempt->command);
}

void world_advance(struct world *world, int64_t now_ms)
{
    CHECK(now_ms >= world->now_ms);
    world->now_ms = now_ms;
    world->model.step++;
    model_advance(&world->model, now_ms);
}

void world_arm(struct world *world)
{
    static const enum memory_fault faults[] = {
        MEMORY_FAULT_BEGIN,       MEMORY_FAULT_COMMIT_UNAVAILABLE, MEMORY_FAULT_RECORD_UNAVAILABLE,
        MEMORY_FAULT_COMMIT_LOST, MEMORY_FAULT_COMMIT_KEPT,        MEMORY_FAULT_COMMIT_KEPT,
        MEMORY_FAULT_RECORD,
    };
    world->armed = MEMORY_FAULT_NONE;
    if (!world->calm && random_chance(&world->random, 10)) {
        world->armed = faults[random_below(&world->random, sizeof faults / sizeof faults[0])];
    }
    memory_store_fail_next(world->store, world->armed);
}

/* Whoever waited hears nothing any more. */
static void lose_all(struct world *world)
{
    for (uint32_t index = 0; index < WORLD_ATTEMPTS_MAX && world->in_flight > 0; index++) {
        struct attempt *attempt = &world->attempts[index];
        if (!attempt->in_flight) continue;
        attempt->in_flight = false;
        world->in_flight--;
        if (attempt->call != WORLD_CALL_NONE) world->told(world->told_context, attempt, false);
    }
}

static bool somebody_holds(const struct model *model)
{
    for (uint32_t index = 0; index < model->booking_count; index++) {
        if (model_lives(model, &model->bookings[index])) return true;
    }
    return false;
}

static uint32_t count_closed(const struct model *model)
{
    uint32_t count = 0;
    for (uint32_t index = 0; index < model->showtime_count; index++) {
        count += model->showtimes[index].closed;
    }
    return count;
}

/* Has a cancelled showtime bookings that still have seats in the store? */
static bool a_show_is_ending(const struct world *world)
{
    size_t count = 0;
    const struct booking *bookings = memory_store_bookings(world->store, &count);
    for (size_t index = 0; index < count; index++) {
        const enum booking_status status = bookings[index].status;
        if (status != BOOKING_PENDING && status != BOOKING_CONFIRMED) continue;
        const int32_t showtime = model_find_showtime(&world->model, bookings[index].showtime);
        if (world->model.showtimes[showtime].cancelled) return true;
    }
    return false;
}

void world_crash(struct world *world)
{
    struct model *model = &world->model;
    if (world->verbose) printf("step %" PRIu64 " crash\n", model->step);
    sometimes_saw_if(world->in_flight > 0, SOMETIMES_CRASH_WITH_QUEUE);
    sometimes_saw_if(somebody_holds(model), SOMETIMES_CRASH_WITH_LIVE_HOLDS);
    memory_store_fail_next(world->store, MEMORY_FAULT_NONE);
    lose_all(world);
    end_process(world);
    memory_store_crash(world->store);
    world_look_resolve(world);
    model->life++;
    for (uint32_t index = 0; index < model->showtime_count; index++) {
        model->showtimes[index].closed = false;
    }
    model_store_compare(model, world->store, true);
    start_process(world);
    world->armed = MEMORY_FAULT_NONE;
}

/* Between a showtime's cancel and the end of its bookings, of all moments? */
static bool crashes_midway(struct world *world)
{
    if (world->calm || engine_failed(world->engine) || world->in_flight > 0) return false;
    if (!a_show_is_ending(world) || !random_chance(&world->random, 30)) return false;
    sometimes_saw(SOMETIMES_CRASH_WHILE_A_SHOW_ENDS);
    return true;
}

/* The next life ends what the last one left, before anybody asks for anything. */
static void crash_and_go_on(struct world *world)
{
    world_crash(world);
    while (engine_step(world->engine, world->now_ms)) CHECK(!world->model.broken);
    world->stepped = true;
    world_compare(world);
}

void world_run(struct world *world)
{
    enum { BATCHES_MAX = 64 };
    const uint64_t failures = engine_counts(world->engine).commit_failures;
    const uint64_t refusals = engine_counts(world->engine).turns_refused;
    const uint32_t closed = count_closed(&world->model);
    const bool was_stepped = world->stepped;
    uint32_t batches = 0;
    while (engine_step(world->engine, world->now_ms)) {
        MODEL_MUST(&world->model, ++batches < BATCHES_MAX, "the engine does not come to rest");
        if (world->model.broken) return;
        if (crashes_midway(world)) {
            crash_and_go_on(world);
            return;
        }
    }
    const bool refused = engine_counts(world->engine).turns_refused > refusals;
    world->failed_in_step = refused || engine_counts(world->engine).commit_failures > failures;
    if (world->failed_in_step) {
        world->retry_at_ms = world->now_ms + EXPIRY_RETRY_MS;
        sometimes_saw_if(world->armed == MEMORY_FAULT_BEGIN, SOMETIMES_BEGIN_REFUSED);
        sometimes_saw_if(world->armed == MEMORY_FAULT_COMMIT_UNAVAILABLE, SOMETIMES_COMMIT_REFUSED);
        sometimes_saw_if(world->armed == MEMORY_FAULT_RECORD_UNAVAILABLE,
                         SOMETIMES_DISK_FULL_IN_TURN);
    } else {
        const bool recovered = !was_stepped && engine_counts(world->engine).holds_expired > 0;
        sometimes_saw_if(recovered && world->model.life > 1,
                         SOMETIMES_RECOVERED_WITH_OVERDUE_HOLDS);
        world->stepped = true;
    }
    MODEL_MUST(&world->model, world->in_flight == 0, "a command was never answered");
    world_look_at_feed(world);
    /* A turn of expiries alone tells nobody whose showtime was closed. */
    const bool silent = refused && count_closed(&world->model) == closed;
    if (engine_failed(world->engine) || silent) world_crash(world);
    memory_store_fail_next(world->store, MEMORY_FAULT_NONE);
    world->armed = MEMORY_FAULT_NONE;
}

void world_compare(struct world *world)
{
    model_store_compare(&world->model, world->store, world_look_overdue(world));
}
