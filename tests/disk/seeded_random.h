/* seeded_random.h - base/random.h for programs whose every byte follows from a seed.
 *
 * Thread: one.
 */
#pragma once

#include "sim/random.h"

/* Begins anew; gives what was before, to go back to. */
struct random seeded_random_begin(uint64_t seed);
void seeded_random_resume(const struct random *before);
