/* metrics_text.h - Prometheus' text format, appended to a buffer of fixed size.
 *
 * Thread: one owner at a time.
 * Source: Prometheus exposition formats, "Text-based format", version 0.0.4
 */
#pragma once

#include "base/buffer.h"
#include "base/histogram.h"

#define METRICS_TEXT_TYPE SLICE("text/plain; version=0.0.4; charset=utf-8")

struct metrics_label {
    const char *name;
    struct slice value;
};

/* The labels of a sample; NULL and 0: none. */
struct metrics_labels {
    const struct metrics_label *labels;
    size_t count;
};

enum metrics_unit {
    METRICS_COUNT,
    METRICS_MICROS, /* Written in seconds. */
};

/* `# HELP` and `# TYPE`, once before the samples of a metric. */
void metrics_text_begin(struct buffer *buffer, const char *name, const char *type,
                        const char *help);

void metrics_text_sample(struct buffer *buffer, const char *name, struct metrics_labels labels,
                         uint64_t value, enum metrics_unit unit);

/* The buckets, sum and count of one histogram. At most three labels. */
void metrics_text_histogram(struct buffer *buffer, const char *name, struct metrics_labels labels,
                            const struct histogram *histogram,
                            const struct histogram_bounds *bounds, enum metrics_unit unit);
