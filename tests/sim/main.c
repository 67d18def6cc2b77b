/* main.c - runs simulated days: one in detail, many and what they reached, or every crash of the
 * scripts.
 *
 *     sim --seed N [--steps S] [--without TROUBLE,...] [--acts A] [--verbose]
 *     sim --seeds COUNT [--from N] [--steps S] [--stop] ...
 *     sim --seconds S [--from N] ...        fresh seeds, until the time is over
 *     sim --list FILE                       each line's day: seeds that once failed
 *     sim --exhaustive                      the scripts, with a crash at every moment
 *     sim --script NAME [--dies-at K] [--again J] [--fault F] [--fault-at R] [--verbose]
 *
 * A run of at least COMPLETE_SEEDS seeds must have reached every state of sometimes.h. A day
 * that fails is made smaller, and the command line that repeats it is printed; with --stop it
 * is only printed, and ends the run. The last line is `N passed, M failed`.
 */
#include <inttypes.h>

#include "base/check.h"
#include "base/clock.h"
#include "sim/options.h"
#include "sim/script.h"
#include "sim/shrink.h"

enum {
    COMPLETE_SEEDS = 500, /* Fewer may miss a rare state by chance. */
    FAILURES_SHOWN = 10,
    FAILURES_SHRUNK = 3,
    LIST_LINES_MAX = 256,
    LIST_LINE_SIZE_MAX = 400,
    LIST_WORDS_MAX = 16,
};

static void report(const struct play *play, const struct probe_result *result, uint64_t failures)
{
    if (failures > FAILURES_SHOWN) return;
    printf("SEED=%" PRIu64 " step %" PRIu64 ": %s\n  ", play->seed, result->step, result->fault);
    options_print(play);
    if (failures > FAILURES_SHRUNK) return;
    const struct play small = shrink_play(play, result);
    printf("  shrunk: ");
    options_print(&small);
}

static int close_run(uint64_t passed, uint64_t failed)
{
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}

static int run_many(const struct options *options)
{
    uint64_t passed = 0;
    uint64_t failed = 0;
    struct probe_span span = {.first = options->play, .count = options->seeds};
    if (options->seconds > 0) {
        span.count = OPTIONS_SEEDS_MAX;
        span.until_us = clock_steady_us() + (int64_t)options->seconds * 1000000;
        if (!options->has_seed) span.first.seed = (uint64_t)clock_now_ms();
    }
    printf("SEED=%" PRIu64 "\n", span.first.seed);
    while (span.count > 0) {
        const struct probe_result result = probe_run(&span);
        passed += result.held;
        if (result.end == PROBE_HELD) break;
        failed++;
        struct play play = span.first;
        play.seed = result.seed;
        report(&play, &result, options->stops ? FAILURES_SHOWN : failed);
        if (options->stops) return close_run(passed, failed);
        span.count -= result.seed - span.first.seed + 1;
        span.first.seed = result.seed + 1;
    }
    const uint32_t missing = sometimes_report();
    const bool complete = missing == 0 || passed < COMPLETE_SEEDS;
    if (!complete) printf("%" PRIu32 " states were never reached\n", missing);
    return close_run(passed, failed + !complete);
}

/* In this process, for whoever wants to look with a debugger. */
static int run_verbose(const struct options *options)
{
    static struct stage stage;
    const bool held = play_run(&stage, &options->play, true);
    const struct model *model = &stage.world.model;
    if (!held) printf("step %" PRIu64 ": %s\n", model->step, model->fault);
    printf("seed %" PRIu64 " digest %016" PRIx64 "\n", options->play.seed, stage.world.digest);
    return close_run(held, !held);
}

static bool run_day(const struct play *play, uint64_t failures_before)
{
    const struct probe_span span = {.first = *play, .count = 1};
    const struct probe_result result = probe_run(&span);
    if (result.end != PROBE_HELD) report(play, &result, failures_before + 1);
    else printf("seed %" PRIu64 " digest %016" PRIx64 "\n", play->seed, result.digest);
    return result.end == PROBE_HELD;
}

/* Cuts a line of the list into words; what follows a # is for people. */
static uint32_t split(char *line, char **words)
{
    uint32_t count = 0;
    char *at = line;
    while (count < LIST_WORDS_MAX) {
        while (*at == ' ') at++;
        if (*at == '\0' || *at == '\n' || *at == '#') break;
        words[count++] = at;
        while (*at != ' ' && *at != '\n' && *at != '\0') at++;
        if (*at != '\0') *at++ = '\0';
    }
    return count;
}

/* Reads all of the list before a day is run: a child process would move the file's position. */
static bool read_list(const char *path, char lines[][LIST_LINE_SIZE_MAX], uint32_t *ret_count)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) return false;
    uint32_t count = 0;
    while (count < LIST_LINES_MAX && fgets(lines[count], LIST_LINE_SIZE_MAX, file) != NULL) count++;
    const bool whole = feof(file) != 0;
    fclose(file);
    *ret_count = count;
    return whole;
}

static int run_list(const char *path)
{
    static char lines[LIST_LINES_MAX][LIST_LINE_SIZE_MAX];
    uint32_t line_count = 0;
    if (!read_list(path, lines, &line_count)) {
        fprintf(stderr, "sim: %s: not there, or too long\n", path);
        return 2;
    }
    uint64_t passed = 0;
    uint64_t failed = 0;
    for (uint32_t index = 0; index < line_count; index++) {
        char *words[LIST_WORDS_MAX];
        const uint32_t count = split(lines[index], words);
        struct options options;
        if (count == 0) continue;
        const bool valid = options_read(count, words, &options);
        if (!valid) printf("%s:%" PRIu32 ": not understood\n", path, index + 1);
        const bool held = valid && run_day(&options.play, failed);
        passed += held;
        failed += !held;
    }
    return close_run(passed, failed);
}

static int run_scripts(const struct options *options)
{
    struct script_counts counts = {0};
    if (options->exhaustive) {
        counts = script_run_all();
    } else {
        const struct script_plan plan = {.name = options->script,
                                         .dies_at = options->dies_at,
                                         .dies_next = options->dies_next,
                                         .fault = options->fault,
                                         .fault_at = options->fault_at};
        counts = script_run_one(&plan, options->verbose);
    }
    return close_run(counts.passed, counts.failed);
}

int main(int count, char **arguments)
{
    struct options options;
    if (count < 1 || !options_read((uint32_t)count - 1, arguments + 1, &options)) {
        fprintf(stderr, "usage: sim --seed N [--steps S] [--without TROUBLE,...] [--acts A] "
                        "[--verbose]\n"
                        "       sim --seeds COUNT | --seconds S  [--from N]\n"
                        "       sim --list FILE | --exhaustive | --script NAME\n");
        return 2;
    }
    sometimes_open();
    if (options.exhaustive || options.script != NULL) return run_scripts(&options);
    if (options.list != NULL) return run_list(options.list);
    if (options.seeds > 0 || options.seconds > 0) return run_many(&options);
    if (options.verbose) return run_verbose(&options);
    return run_day(&options.play, 0) ? close_run(1, 0) : close_run(0, 1);
}
