#include "sim/world.h"

#include <inttypes.h>

#include "base/check.h"
#include "sim/digest.h"
#include "sim/world_look.h"

#define BEGINNING_MS INT64_C(1709254800000) /* 2024-03-01T01:00Z: no midnight comes too soon. */

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

/* The process died before it could say so. */
static void not_answered(struct world *world, struct attempt *attempt)
{
    digest_number(&world->digest, attempt->key);
    world_look_at_loss(world, attempt);
    attempt->in_flight = false;
    world->in_flight--;
    if (attempt->call != WORLD_CALL_NONE) world->told(world->told_context, attempt, false);
}

static void answered(void *context, struct command *command)
{
    struct world *world = context;
    struct attempt *attempt = command->owner;
    CHECK(attempt->in_flight);
    if (!fragile_store_pass(&world->fragile)) {
        not_answered(world, attempt);
        return;
    }
    world->heard_in_batch = true;
    world_look_at_wait(world, attempt);
    digest_number(&world->digest, world->now_ms);
    digest_number(&world->digest, (int64_t)attempt->key << 1 | attempt->deaf);
    digest_command(&world->digest, &attempt->command);
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

/* False if it dies while it recovers. */
static bool start_process(struct world *world)
{
    world->feed = feed_open(world->showtimes_max);
    const struct engine_options options = {.policy = world->model.policy,
                                           .showtimes_max = world->showtimes_max,
                                           .store = fragile_store_port(&world->fragile),
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
    const bool recovered = engine_recover(world->engine) == ERROR_NONE;
    MODEL_MUST(&world->model, recovered || world->fragile.dead, "no recovery");
    return !world->fragile.dead;
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

static void open_store(struct world *world)
{
    world->store = memory_store_open(&world->id_key, &world->model.policy.tag_key);
    CHECK(world->store != NULL);
    world->fragile = (struct fragile_store){.inner = memory_store_port(world->store)};
}

void world_open(struct world *world, uint64_t seed)
{
    struct attempt *attempts = world->attempts;
    struct doubt *doubts = world->doubts;
    *world = (struct world){.now_ms = BEGINNING_MS,
                            .began_at_ms = BEGINNING_MS,
                            .digest = DIGEST_START,
                            .acts_max = UINT32_MAX,
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
    model->latest_ms = world->now_ms;
    for (uint32_t user = 0; user < MODEL_USERS; user++) {
        const char name = (char)('a' + user);
        model->users[user] = user_of((struct slice){.data = &name, .size = 1});
    }
    make_policy(world);
    open_store(world);
    const uint32_t showtime_count = 1 + random_below(&world->random, MODEL_SHOWTIMES_MAX);
    while (model->showtime_count < showtime_count) make_showtime(world);
    world->showtimes_max = random_chance(&world->random, 15)
                               ? 1 + random_below(&world->random, showtime_count)
                               : showtime_count + 3;
    CHECK(start_process(world));
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
    attempt->sent_at_ms = world->now_ms;
    attempt->in_flight = true;
    world->in_flight++;
    engine_submit(world->engine, &attempt->command);
}

bool world_may(const struct world *world, enum trouble trouble)
{
    return (world->without >> trouble & 1) == 0;
}

void world_advance(struct world *world, int64_t now_ms)
{
    CHECK(now_ms >= world->now_ms);
    world->now_ms = now_ms;
    model_advance(&world->model, now_ms);
}

void world_turn_back(struct world *world, int64_t now_ms)
{
    const int64_t over_ms = world_look_over(world);
    if (now_ms < over_ms) now_ms = over_ms;
    if (now_ms >= world->now_ms) return;
    if (world->verbose) printf("step %" PRIu64 " the clock goes back\n", world->model.step);
    world->now_ms = now_ms;
    model_turn_back(&world->model, now_ms);
    model_store_revive(&world->model, world->store);
    sometimes_saw(SOMETIMES_CLOCK_WENT_BACK);
}

void world_doom(struct world *world, uint64_t moments, uint64_t next)
{
    CHECK(moments > 0);
    world->fragile.dies_at = world->fragile.moments + moments;
    world->fragile.dies_next = next;
}

void world_arm_with(struct world *world, enum memory_fault fault)
{
    world->armed = fault;
    memory_store_fail_next(world->store, fault);
}

void world_arm(struct world *world)
{
    static const struct {
        enum memory_fault fault;
        enum trouble trouble;
    } faults[] = {
        {MEMORY_FAULT_BEGIN, TROUBLE_REFUSAL},
        {MEMORY_FAULT_COMMIT_UNAVAILABLE, TROUBLE_REFUSAL},
        {MEMORY_FAULT_RECORD_UNAVAILABLE, TROUBLE_REFUSAL},
        {MEMORY_FAULT_COMMIT_LOST, TROUBLE_UNKNOWN},
        {MEMORY_FAULT_COMMIT_KEPT, TROUBLE_UNKNOWN},
        {MEMORY_FAULT_COMMIT_KEPT, TROUBLE_UNKNOWN},
        {MEMORY_FAULT_RECORD, TROUBLE_CLOSING},
    };
    struct random *random = &world->random;
    const bool fails = random_chance(random, 10);
    const uint32_t which = random_below(random, sizeof faults / sizeof faults[0]);
    const bool dies = random_chance(random, 7);
    const uint64_t moments = 1 + random_below(random, random_chance(random, 50) ? 8 : 60);
    const uint64_t next = random_chance(random, 40) ? 1 + random_below(random, 8) : 0;
    CHECK(!world->calm);
    if (dies && world_may(world, TROUBLE_CRASH)) world_doom(world, moments, next);
    /* One thing at a time, so that the auditor knows what to expect. */
    const bool arms =
        fails && world->fragile.dies_at == 0 && world_may(world, faults[which].trouble);
    world_arm_with(world, arms ? faults[which].fault : MEMORY_FAULT_NONE);
}

void world_calm(struct world *world)
{
    world->calm = true;
    world->fragile.dies_at = 0;
    world->fragile.dies_next = 0;
    world_crash(world);
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
    world_look_at_crash(world);
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
    world->armed = MEMORY_FAULT_NONE;
    fragile_store_revive(&world->fragile);
    while (!start_process(world)) {
        sometimes_saw(SOMETIMES_CRASH_IN_RECOVERY);
        end_process(world);
        memory_store_crash(world->store);
        fragile_store_revive(&world->fragile);
    }
}

/* Between a showtime's cancel and the end of its bookings, of all moments? */
static bool crashes_midway(struct world *world)
{
    if (world->calm || engine_failed(world->engine) || world->in_flight > 0) return false;
    if (!a_show_is_ending(world) || !random_chance(&world->random, 30)) return false;
    if (!world_may(world, TROUBLE_CRASH)) return false;
    sometimes_saw(SOMETIMES_CRASH_WHILE_A_SHOW_ENDS);
    return true;
}

/* One batch; true if there is more to do, and somebody to do it. */
static bool run_batch(struct world *world)
{
    world->heard_in_batch = false;
    const bool more = engine_step(world->engine, world->now_ms);
    if (!world->fragile.dead) world->fragile.committed = false;
    return more && !world->fragile.dead;
}

/* The next life ends what the last one left, before anybody asks for anything. */
static void crash_and_go_on(struct world *world)
{
    world_crash(world);
    while (run_batch(world)) {
    }
    if (world->fragile.dead) {
        world_crash(world);
        return;
    }
    world->stepped = true;
    world_compare(world);
}

void world_run(struct world *world)
{
    enum { BATCHES_MAX = 64 };
    /* The engine begins its wait anew when it sees that the clock was put back. */
    const int64_t retry_ms = world->now_ms + EXPIRY_RETRY_MS;
    if (world->now_ms < world->ran_at_ms && world->retry_at_ms > retry_ms) {
        world->retry_at_ms = retry_ms;
    }
    world->ran_at_ms = world->now_ms;
    const uint64_t failures = engine_counts(world->engine).commit_failures;
    const uint64_t refusals = engine_counts(world->engine).turns_refused;
    const uint32_t closed = count_closed(&world->model);
    const bool was_stepped = world->stepped;
    uint32_t batches = 0;
    while (run_batch(world)) {
        MODEL_MUST(&world->model, ++batches < BATCHES_MAX, "the engine does not come to rest");
        if (world->model.broken) return;
        if (crashes_midway(world)) {
            crash_and_go_on(world);
            return;
        }
    }
    if (world->fragile.dead) {
        world_crash(world);
        return;
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
    world_look_at_timer(world);
    /* A turn of expiries alone tells nobody whose showtime was closed. */
    const bool silent = refused && count_closed(&world->model) == closed;
    if (engine_failed(world->engine) || silent) world_crash(world);
    memory_store_fail_next(world->store, MEMORY_FAULT_NONE);
    world->armed = MEMORY_FAULT_NONE;
}

void world_tend(struct world *world)
{
    engine_tend(world->engine, world->now_ms);
    sometimes_saw_if(world->fragile.dead, SOMETIMES_CRASH_WHILE_TENDING);
    if (world->fragile.dead) world_crash(world);
}

void world_compare(struct world *world)
{
    model_store_compare(&world->model, world->store, world_look_overdue(world));
}
