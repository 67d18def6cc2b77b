#include "sim/play.h"

#include "base/check.h"
#include "sim/staff.h"

enum {
    CALM_ROUND_MS = 40000,
    HOUR_MS = 3600000,
};

static void told(void *context, const struct attempt *attempt, bool heard)
{
    struct stage *stage = context;
    const int32_t message = clients_told(&stage->clients, attempt, heard);
    if (message >= 0) gateway_told(&stage->gateway, message, heard);
}

void play_open(struct stage *stage, const struct play *play, bool verbose)
{
    CHECK(play->steps >= 1);
    CHECK(play->steps <= PLAY_STEPS_MAX);
    struct world *world = &stage->world;
    world_open(world, play->seed);
    world->verbose = verbose;
    world->without = play->without;
    world->acts_max = play->acts_max;
    world->told = told;
    world->told_context = stage;
    clients_open(&stage->clients, world);
    gateway_open(&stage->gateway, &stage->clients);
}

void play_close(struct stage *stage)
{
    world_close(&stage->world);
}

/* Moments at which something ends or begins, a blink before and after included. */
static int64_t choose_edge(struct stage *stage)
{
    const struct model *model = &stage->world.model;
    struct random *random = &stage->world.random;
    const int64_t blink_ms = random_between(random, -1, 1);
    if (random_chance(random, 15)) {
        const struct model_showtime *showtime =
            &model->showtimes[random_below(random, model->showtime_count)];
        const bool start = random_chance(random, 70);
        return (start ? showtime->starts_at_ms : showtime->ends_at_ms) + blink_ms;
    }
    int64_t first_ms = INT64_MAX;
    for (uint32_t index = 0; index < model->booking_count; index++) {
        const struct model_booking *booking = &model->bookings[index];
        if (booking->status != BOOKING_PENDING || booking->end_ms >= first_ms) continue;
        first_ms = booking->end_ms;
        stage->clients.focus = (int32_t)index;
    }
    return first_ms == INT64_MAX ? 0 : first_ms + (random_chance(random, 50) ? 0 : blink_ms);
}

static void pass_time(struct stage *stage)
{
    struct world *world = &stage->world;
    struct random *random = &world->random;
    stage->clients.focus = MODEL_NONE;
    int64_t moment_ms = world->now_ms;
    const uint32_t dice = random_below(random, 100);
    if (dice < 50) moment_ms += random_between(random, 0, 3000);
    else if (dice < 70) moment_ms += random_between(random, 0, 60000);
    else if (dice < 75) moment_ms += random_between(random, 0, 600000);
    else if (dice < 92) moment_ms = choose_edge(stage);
    /* An edge far ahead would end the run's day: people sleep through it now and then. */
    if (moment_ms > world->now_ms + HOUR_MS) moment_ms = world->now_ms;
    world_advance(world, moment_ms > world->now_ms ? moment_ms : world->now_ms);
}

/* An operator, or a time server, sets the clock: by an hour, or by a little. */
static void set_clock(struct stage *stage)
{
    struct world *world = &stage->world;
    struct random *random = &world->random;
    const bool sets = random_chance(random, 2);
    const bool back = random_chance(random, 60);
    const bool far = random_chance(random, 40);
    const int64_t by_ms = far ? HOUR_MS : random_between(random, 1, 5000);
    if (!sets || !world_may(world, TROUBLE_CLOCK)) return;
    if (back) {
        world_turn_back(world, world->now_ms - by_ms);
        return;
    }
    sometimes_saw(SOMETIMES_CLOCK_WENT_FORTH);
    world_advance(world, world->now_ms + by_ms);
}

/* What was just sent waits while the disk takes its time. */
static void wait_for_disk(struct stage *stage)
{
    struct world *world = &stage->world;
    const bool slow = random_chance(&world->random, 6);
    if (slow && world_may(world, TROUBLE_SLOW)) pass_time(stage);
}

static void step(struct stage *stage, bool floods)
{
    struct world *world = &stage->world;
    world->model.step++;
    set_clock(stage);
    pass_time(stage);
    world_arm(world);
    if (floods) clients_flood(&stage->clients);
    const bool money_first = random_chance(&world->random, 50);
    if (money_first) gateway_act(&stage->gateway, false);
    clients_act(&stage->clients);
    staff_act(&stage->clients);
    if (!money_first) gateway_act(&stage->gateway, false);
    wait_for_disk(stage);
    const bool crashes = random_chance(&world->random, 2);
    if (crashes && world_may(world, TROUBLE_CRASH)) world_crash(world);
    world_run(world);
    if (random_chance(&world->random, 20)) world_tend(world);
    if (random_chance(&world->random, 10)) world_compare(world);
}

void play_settle(struct stage *stage)
{
    struct world *world = &stage->world;
    world_calm(world);
    /* The longest hold there may be: made before the clock was put back, and extended. Where one
     * showtime has room, each of them may keep the next out for so long. */
    const int64_t longest_ms =
        world->model.latest_ms - world->now_ms + HOLD_MS_DEFAULT + PAYMENT_MS_DEFAULT;
    const int64_t until_ms = world->now_ms + MODEL_SHOWTIMES_MAX * longest_ms;
    uint32_t open = 1;
    while (world->now_ms < until_ms && open > 0) {
        world->model.step++;
        world_advance(world, world->now_ms + CALM_ROUND_MS);
        open = clients_retry(&stage->clients);
        open += gateway_act(&stage->gateway, true);
        world_run(world);
        if (world->model.broken) return;
    }
    MODEL_MUST(&world->model, open == 0, "%u calls never got a definite answer", open);
    world->model.step++;
    world_advance(world, world->now_ms + longest_ms);
    world_run(world);
    const struct engine_counts counts = engine_counts(world->engine);
    MODEL_MUST(&world->model, counts.queued == 0, "a command waits for ever");
    MODEL_MUST(&world->model, engine_next_due_ms(world->engine) == INT64_MAX, "a hold never ends");
    world_tend(world);
    world_compare(world);
    gateway_check(&stage->gateway);
    world_crash(world);
    world_compare(world);
}

bool play_run(struct stage *stage, const struct play *play, bool verbose)
{
    struct world *world = &stage->world;
    play_open(stage, play, verbose);
    const bool floods = random_chance(&world->random, 3) && world_may(world, TROUBLE_FLOOD);
    /* Wherever the run ends, the flood comes in the same step. */
    const uint32_t flood_at = random_below(&world->random, PLAY_STEPS_DEFAULT);
    for (uint32_t index = 0; index < play->steps && !world->model.broken; index++) {
        step(stage, floods && index == flood_at);
    }
    if (!world->model.broken) play_settle(stage);
    play_close(stage);
    return !world->model.broken;
}
