#include "base/histogram.h"

#include "base/check.h"
#include "base/tally.h"

const struct histogram_bounds histogram_micros = {.count = 15,
                                                  .bounds = {100, 250, 500, 1000, 2500, 5000, 10000,
                                                             25000, 50000, 100000, 250000, 500000,
                                                             1000000, 2500000, 5000000}};

const struct histogram_bounds histogram_sizes = {
    .count = 13, .bounds = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}};

void histogram_add(struct histogram *histogram, const struct histogram_bounds *bounds,
                   uint64_t value)
{
    CHECK(bounds->count >= 1);
    CHECK(bounds->count < HISTOGRAM_BUCKETS_MAX);

    size_t bucket = 0;
    while (bucket < bounds->count && value > bounds->bounds[bucket]) bucket++;
    tally_add(&histogram->counts[bucket], 1);
    tally_add(&histogram->sum, value);
}

void histogram_gather(struct histogram *target, const struct histogram *source)
{
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS_MAX; bucket++) {
        target->counts[bucket] += tally_read(&source->counts[bucket]);
    }
    target->sum += tally_read(&source->sum);
}
