/* main.c - several instances on one simulated MongoDB, day after day.
 *
 * Usage: sim_shared [--seeds N] [--from SEED] [--seed SEED] [--steps N] [--seconds N] [--verbose]
 * The last line is "N passed, M failed"; a day that fails is printed with its seed.
 */
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include "base/check.h"
#include "sim_shared/day.h"
#include "sim_shared/judge.h"
#include "sim_shared/reached.h"
#include "sim_shared/story.h"

enum {
    REPEAT_EVERY = 50,          /* Seeds between those that are run twice, to the same end. */
    SEEDS_FOR_ALL_STATES = 1500 /* From so many on every state must have been reached. */
};

struct options {
    struct day day;
    uint64_t seeds;
    uint64_t seconds;
    bool exhaustive;
};

static uint64_t running;

/* A broken CHECK must tell of its day. */
static void tell_seed(int number)
{
    char text[48];
    const int size = snprintf(text, sizeof text, "SEED=%" PRIu64 " died\n", running);
    if (size > 0 && write(STDOUT_FILENO, text, (size_t)size) < 0) _exit(2);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static bool read_number(const char *text, uint64_t *ret_number)
{
    return text != NULL && slice_to_number(slice_of(text), UINT64_MAX, ret_number);
}

static void tell_one(struct options *options, uint64_t story)
{
    options->day.tells_story = story < STORIES;
    options->day.story = (uint32_t)story;
}

static bool read_flag(struct slice name, struct options *options)
{
    if (slice_equal(name, SLICE("--verbose"))) options->day.verbose = true;
    else if (slice_equal(name, SLICE("--exhaustive"))) options->exhaustive = true;
    else return false;
    return true;
}

static bool read_options(int count, char **words, struct options *options)
{
    *options = (struct options){.day = {.seed = 1, .steps = DAY_STEPS_DEFAULT}, .seeds = 1};
    for (int index = 1; index < count; index++) {
        const struct slice name = slice_of(words[index]);
        uint64_t number = 0;
        if (read_flag(name, options)) continue;
        if (index + 1 == count || !read_number(words[++index], &number)) return false;
        if (slice_equal(name, SLICE("--seeds"))) options->seeds = number;
        else if (slice_equal(name, SLICE("--seconds"))) options->seconds = number;
        else if (slice_equal(name, SLICE("--from"))) options->day.seed = number;
        else if (slice_equal(name, SLICE("--seed"))) options->day.seed = number;
        else if (slice_equal(name, SLICE("--steps"))) options->day.steps = (uint32_t)number;
        else if (slice_equal(name, SLICE("--story"))) tell_one(options, number);
        else if (slice_equal(name, SLICE("--strike"))) options->day.strike = (enum strike)number;
        else if (slice_equal(name, SLICE("--at"))) options->day.struck_at = number;
        else return false;
    }
    return options->day.strike < STRIKE_COUNT && options->day.steps >= 1 &&
           options->day.steps <= DAY_STEPS_MAX;
}

static bool run_one(const struct day *day)
{
    running = day->seed;
    if (!day_run(day)) {
        printf("SEED=%" PRIu64 ": %s\n", day->seed, judge.fault);
        return false;
    }
    if (day->seed % REPEAT_EVERY != 0) return true;
    const uint64_t digest = judge.digest;
    if (day_run(day) && judge.digest == digest) return true;
    printf("SEED=%" PRIu64 ": two runs ended differently\n", day->seed);
    return false;
}

/* Each operation of each story, struck in each way. */
static bool run_stories(struct day day, uint64_t *passed)
{
    day.tells_story = true;
    for (day.story = 0; day.story < STORIES; day.story++) {
        uint64_t count = UINT64_MAX;
        for (day.struck_at = 0; day.struck_at <= count; day.struck_at++) {
            for (uint32_t strike = STRIKE_NOT_SENT; strike < STRIKE_COUNT; strike++) {
                day.strike = day.struck_at == 0 ? STRIKE_NONE : (enum strike)strike;
                if (!day_run(&day)) {
                    printf("%s\n  sim_shared --story %u --strike %u --at %" PRIu64 "\n",
                           judge.fault, day.story, (unsigned)day.strike, day.struck_at);
                    return false;
                }
                ++*passed;
                if (day.struck_at == 0) count = day_operations();
                if (day.struck_at == 0) break;
            }
        }
        printf("story %u: %" PRIu64 " operations\n", day.story, count);
    }
    return true;
}

int main(int count, char **words)
{
    struct options options;
    if (!read_options(count, words, &options)) {
        fprintf(stderr, "usage: sim_shared [--seeds N] [--from SEED] [--seed SEED] [--steps N] "
                        "[--seconds N] [--verbose]\n");
        return 2;
    }
    CHECK(signal(SIGABRT, tell_seed) != SIG_ERR);
    /* Instances take megabytes that they hardly touch: fresh pages need not be cleared. */
    (void)mallopt(M_MMAP_THRESHOLD, 512 * 1024);
    const time_t until = time(NULL) + (time_t)options.seconds;
    uint64_t passed = 0;
    bool well = !options.exhaustive || run_stories(options.day, &passed);
    if (options.exhaustive) options.seeds = passed; /* No days. */
    for (; well && (options.seconds > 0 ? time(NULL) < until : passed < options.seeds);) {
        well = run_one(&options.day);
        passed += well;
        options.day.seed++;
    }
    const uint32_t missing = reached_report();
    if (well && !options.exhaustive && passed >= SEEDS_FOR_ALL_STATES && missing > 0) {
        printf("%u states were never reached\n", missing);
        well = false;
    }
    printf("%" PRIu64 " passed, %d failed\n", passed, well ? 0 : 1);
    return well ? 0 : 1;
}
