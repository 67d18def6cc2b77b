/* histogram.h - how often a quantity was how large, in buckets with fixed upper bounds.
 *
 * Thread: histogram_add by the owner only; histogram_gather by any, see base/tally.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS_MAX = 16 };

/* Inclusive upper bounds, ascending; one bucket more takes what is larger. */
struct histogram_bounds {
    size_t count; /* 1..HISTOGRAM_BUCKETS_MAX - 1 */
    uint64_t bounds[HISTOGRAM_BUCKETS_MAX - 1];
};

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS_MAX];
    uint64_t sum;
};

/* From 0.1 ms to 5 s, in microseconds: an answer, a commit. */
extern const struct histogram_bounds histogram_micros;

/* From 1 to 4096: how many things were done in one go. */
extern const struct histogram_bounds histogram_sizes;

void histogram_add(struct histogram *histogram, const struct histogram_bounds *bounds,
                   uint64_t value);

/* Adds what `source` holds at this moment to `target`, which is the caller's alone. */
void histogram_gather(struct histogram *target, const struct histogram *source);
