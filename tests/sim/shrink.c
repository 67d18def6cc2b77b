#include "sim/shrink.h"

#include "base/check.h"

enum {
    ROUNDS_MAX = 4,
    TRIES_MAX = 1500, /* Some ten seconds. */
};

struct search {
    struct play best;
    const struct probe_result *failure;
    uint32_t tries;
};

/* Takes the play if it fails in the same way. */
static bool try_play(struct search *search, const struct play *play)
{
    if (search->tries == TRIES_MAX) return false;
    search->tries++;
    const struct probe_span span = {.first = *play, .count = 1, .silent = true};
    const struct probe_result result = probe_run(&span);
    if (!probe_same(&result, search->failure)) return false;
    search->best = *play;
    return true;
}

/* A day that fails after some steps may hold after more: the shortest is found by trying each. */
static bool try_fewer_steps(struct search *search)
{
    struct play play = search->best;
    for (uint32_t steps = 1; steps < search->best.steps; steps++) {
        play.steps = steps;
        if (try_play(search, &play)) return true;
    }
    return false;
}

static bool try_less_trouble(struct search *search)
{
    bool better = false;
    for (uint32_t trouble = 0; trouble < TROUBLE_COUNT; trouble++) {
        struct play play = search->best;
        play.without |= UINT32_C(1) << trouble;
        if (play.without != search->best.without && try_play(search, &play)) better = true;
    }
    return better;
}

static bool try_fewer_acts(struct search *search)
{
    static const uint32_t acts[] = {1, 2, 3, 4, 5, 6, 12, 24};
    for (size_t index = 0; index < sizeof acts / sizeof acts[0]; index++) {
        struct play play = search->best;
        if (acts[index] >= play.acts_max) return false;
        play.acts_max = acts[index];
        if (try_play(search, &play)) return true;
    }
    return false;
}

struct play shrink_play(const struct play *failed, const struct probe_result *result)
{
    CHECK(result->end != PROBE_HELD);
    struct search search = {.best = *failed, .failure = result};
    struct play cut = *failed;
    cut.steps = (uint32_t)result->step;
    if (cut.steps >= 1 && cut.steps < failed->steps) try_play(&search, &cut);
    bool better = true;
    for (uint32_t round = 0; round < ROUNDS_MAX && better; round++) {
        better = try_fewer_steps(&search);
        if (try_less_trouble(&search)) better = true;
        if (try_fewer_acts(&search)) better = true;
    }
    return search.best;
}
