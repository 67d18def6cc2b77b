/* main.c - runs simulations: one seed in detail, or many and what they reached.
 *
 *     sim --seed N [--steps S] [--verbose]
 *     sim --seeds COUNT [--from N | --seed N] [--steps S]
 *
 * A run of at least COMPLETE_SEEDS seeds must have reached every state of sometimes.h. The
 * last line is `N passed, M failed`.
 */
#include <inttypes.h>
#include <signal.h>
#include <unistd.h>

#include "base/check.h"
#include "sim/gateway.h"
#include "sim/staff.h"

enum {
    STEPS_DEFAULT = 120,
    STEPS_MAX = 1000,
    SEEDS_MAX = 100000000,
    COMPLETE_SEEDS = 300, /* Fewer may miss a rare state by chance. */
    REPEAT_EVERY = 25,    /* Seeds between those that are run twice. */
    /* Where one showtime has room, each may keep the next out for its longest hold: all rounds
     * outlast five of them. */
    CALM_ROUNDS_MAX = 200,
    CALM_ROUND_MS = 40000,
    FAULTS_SHOWN = 10,
};

struct options {
    uint64_t seed;
    uint64_t seeds; /* 0: one seed in detail. */
    uint32_t steps;
    bool verbose;
};

static struct world world;
static struct clients clients;
static struct gateway gateway;

/* For the report of a CHECK that fails in the middle of a run. */
static volatile sig_atomic_t running;
static uint64_t running_seed;
static uint32_t running_steps;

static void print_seed(FILE *stream, uint64_t seed, uint32_t steps)
{
    fprintf(stream, "SEED=%" PRIu64 "\n  sim --seed %" PRIu64 " --steps %" PRIu32 " --verbose\n",
            seed, seed, steps);
}

static void tell_the_seed(int number)
{
    (void)number;
    if (running) print_seed(stderr, running_seed, running_steps);
    fflush(NULL);
    signal(SIGABRT, SIG_DFL);
}

static void told(void *context, const struct attempt *attempt, bool heard)
{
    (void)context;
    const int32_t message = clients_told(&clients, attempt, heard);
    if (message >= 0) gateway_told(&gateway, message, heard);
}

/* Moments at which something ends or begins, a blink before and after included. */
static int64_t choose_edge(void)
{
    const struct model *model = &world.model;
    struct random *random = &world.random;
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
        clients.focus = (int32_t)index;
    }
    return first_ms == INT64_MAX ? 0 : first_ms + (random_chance(random, 50) ? 0 : blink_ms);
}

static void pass_time(void)
{
    struct random *random = &world.random;
    clients.focus = MODEL_NONE;
    int64_t moment_ms = world.now_ms;
    const uint32_t dice = random_below(random, 100);
    if (dice < 50) moment_ms += random_between(random, 0, 3000);
    else if (dice < 70) moment_ms += random_between(random, 0, 60000);
    else if (dice < 75) moment_ms += random_between(random, 0, 600000);
    else if (dice < 92) moment_ms = choose_edge();
    /* An edge far ahead would end the run's day: people sleep through it now and then. */
    const int64_t far_ms = world.now_ms + INT64_C(3600000);
    if (moment_ms > far_ms) moment_ms = world.now_ms;
    world_advance(&world, moment_ms > world.now_ms ? moment_ms : world.now_ms);
}

static void step(uint32_t index, uint32_t flood_at)
{
    pass_time();
    world_arm(&world);
    if (index == flood_at) clients_flood(&clients);
    clients_act(&clients);
    staff_act(&clients);
    gateway_act(&gateway, false);
    if (random_chance(&world.random, 2)) world_crash(&world);
    world_run(&world);
    if (random_chance(&world.random, 10)) world_compare(&world);
}

/* No more faults: all that is open must come to its end. */
static void settle(void)
{
    world.calm = true;
    world_crash(&world);
    uint32_t open = 1;
    for (uint32_t round = 0; round < CALM_ROUNDS_MAX && open > 0; round++) {
        world_advance(&world, world.now_ms + CALM_ROUND_MS);
        open = clients_retry(&clients);
        open += gateway_act(&gateway, true);
        world_run(&world);
        if (world.model.broken) return;
    }
    MODEL_MUST(&world.model, open == 0, "%u calls never got a definite answer", open);
    const int64_t longest_ms = HOLD_MS_DEFAULT + PAYMENT_MS_DEFAULT;
    world_advance(&world, world.now_ms + longest_ms);
    world_run(&world);
    const struct engine_counts counts = engine_counts(world.engine);
    MODEL_MUST(&world.model, counts.queued == 0, "a command waits for ever");
    MODEL_MUST(&world.model, engine_next_due_ms(world.engine) == INT64_MAX, "a hold never ends");
    world_compare(&world);
    gateway_check(&gateway);
    world_crash(&world);
    world_compare(&world);
}

/* Runs a seed; false if a rule was broken. */
static bool run(uint64_t seed, uint32_t steps, bool verbose, uint64_t *ret_digest)
{
    running_seed = seed;
    running_steps = steps;
    running = 1;
    world_open(&world, seed);
    world.verbose = verbose;
    world.told = told;
    clients_open(&clients, &world);
    gateway_open(&gateway, &clients);
    const bool floods = random_chance(&world.random, 3);
    const uint32_t flood_at = floods ? random_below(&world.random, steps) : steps;
    for (uint32_t index = 0; index < steps && !world.model.broken; index++) step(index, flood_at);
    if (!world.model.broken) settle();
    world_close(&world);
    running = 0;
    *ret_digest = world.digest;
    return !world.model.broken;
}

static bool run_twice(uint64_t seed, uint32_t steps)
{
    uint64_t first = 0;
    uint64_t second = 0;
    if (!run(seed, steps, false, &first)) return false;
    if (seed % REPEAT_EVERY != 0) return true;
    const bool held = run(seed, steps, false, &second);
    MODEL_MUST(&world.model, first == second, "the same seed gave another history");
    return held && first == second;
}

static int run_many(const struct options *options)
{
    uint64_t failed = 0;
    for (uint64_t index = 0; index < options->seeds; index++) {
        const uint64_t seed = options->seed + index;
        if (run_twice(seed, options->steps)) continue;
        failed++;
        if (failed > FAULTS_SHOWN) continue;
        printf("step %" PRIu64 ": %s\n", world.model.step, world.model.fault);
        print_seed(stdout, seed, options->steps);
    }
    const uint32_t missing = sometimes_report();
    const bool complete = missing == 0 || options->seeds < COMPLETE_SEEDS;
    if (!complete) printf("%" PRIu32 " states were never reached\n", missing);
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", options->seeds - failed,
           failed + (complete ? 0 : 1));
    return failed == 0 && complete ? 0 : 1;
}

static int run_one(const struct options *options)
{
    uint64_t digest = 0;
    const bool held = run(options->seed, options->steps, options->verbose, &digest);
    if (!held) printf("step %" PRIu64 ": %s\n", world.model.step, world.model.fault);
    if (!held) print_seed(stdout, options->seed, options->steps);
    printf("seed %" PRIu64 " digest %016" PRIx64 "\n", options->seed, digest);
    printf("%d passed, %d failed\n", held, !held);
    return held ? 0 : 1;
}

static bool read_options(int count, char **arguments, struct options *options)
{
    for (int index = 1; index < count; index++) {
        const struct slice name = slice_of(arguments[index]);
        if (slice_equal(name, SLICE("--verbose"))) {
            options->verbose = true;
            continue;
        }
        uint64_t number = 0;
        if (++index == count) return false;
        if (!slice_to_number(slice_of(arguments[index]), UINT64_MAX, &number)) return false;
        if (slice_equal(name, SLICE("--seed")) || slice_equal(name, SLICE("--from"))) {
            options->seed = number;
        } else if (slice_equal(name, SLICE("--seeds"))) {
            if (number == 0 || number > SEEDS_MAX) return false;
            options->seeds = number;
        } else if (slice_equal(name, SLICE("--steps"))) {
            if (number == 0 || number > STEPS_MAX) return false;
            options->steps = (uint32_t)number;
        } else {
            return false;
        }
    }
    return true;
}

int main(int count, char **arguments)
{
    struct options options = {.seed = 1, .steps = STEPS_DEFAULT};
    if (!read_options(count, arguments, &options)) {
        fprintf(stderr, "usage: sim --seed N [--steps S] [--verbose]\n"
                        "       sim --seeds COUNT [--from N] [--steps S]\n");
        return 2;
    }
    signal(SIGABRT, tell_the_seed);
    return options.seeds > 0 ? run_many(&options) : run_one(&options);
}
