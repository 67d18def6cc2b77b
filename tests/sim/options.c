#include "sim/options.h"

#include <inttypes.h>

/* Those that stand alone; false if it is none. */
static bool read_flag(struct slice name, struct options *options)
{
    if (slice_equal(name, SLICE("--verbose"))) options->verbose = true;
    else if (slice_equal(name, SLICE("--stop"))) options->stops = true;
    else if (slice_equal(name, SLICE("--exhaustive"))) options->exhaustive = true;
    else return false;
    return true;
}

static bool read_text(struct slice name, char *word, struct options *options, bool *ret_valid)
{
    *ret_valid = true;
    if (slice_equal(name, SLICE("--list"))) options->list = word;
    else if (slice_equal(name, SLICE("--script"))) options->script = word;
    else if (slice_equal(name, SLICE("--without"))) {
        *ret_valid = trouble_parse(slice_of(word), &options->play.without);
    } else {
        return false;
    }
    return true;
}

static bool read_number(struct slice name, struct slice word, struct options *options)
{
    struct {
        const char *name;
        uint64_t least;
        uint64_t most;
        uint64_t *number;
    } numbers[] = {
        {"--seed", 0, UINT64_MAX, &options->play.seed},
        {"--from", 0, UINT64_MAX, &options->play.seed},
        {"--seeds", 1, OPTIONS_SEEDS_MAX, &options->seeds},
        {"--seconds", 1, OPTIONS_SECONDS_MAX, &options->seconds},
        {"--dies-at", 0, UINT64_MAX, &options->dies_at},
        {"--again", 0, UINT64_MAX, &options->dies_next},
        {"--fault", 0, UINT64_MAX, &options->fault},
        {"--fault-at", 0, UINT64_MAX, &options->fault_at},
    };
    uint64_t number = 0;
    if (!slice_to_number(word, UINT64_MAX, &number)) return false;
    for (size_t index = 0; index < sizeof numbers / sizeof numbers[0]; index++) {
        if (!slice_equal(name, slice_of(numbers[index].name))) continue;
        if (numbers[index].number == &options->play.seed) options->has_seed = true;
        *numbers[index].number = number;
        return number >= numbers[index].least && number <= numbers[index].most;
    }
    if (slice_equal(name, SLICE("--steps"))) {
        options->play.steps = (uint32_t)number;
        return number >= 1 && number <= PLAY_STEPS_MAX;
    }
    options->play.acts_max = (uint32_t)number;
    return slice_equal(name, SLICE("--acts")) && number <= UINT32_MAX;
}

bool options_read(uint32_t count, char **words, struct options *ret_options)
{
    *ret_options =
        (struct options){.play = {.seed = 1, .steps = PLAY_STEPS_DEFAULT, .acts_max = UINT32_MAX}};
    for (uint32_t index = 0; index < count; index++) {
        const struct slice name = slice_of(words[index]);
        if (read_flag(name, ret_options)) continue;
        if (++index == count) return false;
        bool valid = false;
        if (read_text(name, words[index], ret_options, &valid)) {
            if (!valid) return false;
        } else if (!read_number(name, slice_of(words[index]), ret_options)) {
            return false;
        }
    }
    return true;
}

void options_print(const struct play *play)
{
    printf("sim --seed %" PRIu64 " --steps %" PRIu32, play->seed, play->steps);
    const char *mark = " --without ";
    for (uint32_t trouble = 0; trouble < TROUBLE_COUNT; trouble++) {
        if ((play->without >> trouble & 1) == 0) continue;
        printf("%s%s", mark, trouble_name(trouble));
        mark = ",";
    }
    if (play->acts_max != UINT32_MAX) printf(" --acts %" PRIu32, play->acts_max);
    printf("\n");
}
