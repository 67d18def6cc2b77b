/* day.h - one simulated day of several instances on one database: what a seed makes of it.
 *
 * Trouble first; then all processes die at once, and one alone puts right what is left; then
 * everybody hears what became of his request; then all that can end has ended.
 */
#pragma once

#include "sim_shared/weather.h"

enum { DAY_STEPS_DEFAULT = 60, DAY_STEPS_MAX = 400 };

struct day {
    uint64_t seed;
    uint32_t steps; /* Of trouble. */
    bool verbose;
    bool tells_story; /* Instead of trouble: this one, */
    uint32_t story;
    enum strike strike; /* whose operation of this number is struck. */
    uint64_t struck_at;
};

/* False if a rule was broken: judge.fault says which. */
bool day_run(const struct day *day);

/* Operations of the last day's trouble, or story. */
uint64_t day_operations(void);
