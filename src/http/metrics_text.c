#include "http/metrics_text.h"

#include "base/check.h"

enum { HISTOGRAM_LABELS_MAX = 3, MICROS_PER_SECOND = 1000000 };

void metrics_text_begin(struct buffer *buffer, const char *name, const char *type, const char *help)
{
    buffer_append(buffer, SLICE("# HELP "));
    buffer_append(buffer, slice_of(name));
    buffer_append_char(buffer, ' ');
    buffer_append(buffer, slice_of(help));
    buffer_append(buffer, SLICE("\n# TYPE "));
    buffer_append(buffer, slice_of(name));
    buffer_append_char(buffer, ' ');
    buffer_append(buffer, slice_of(type));
    buffer_append_char(buffer, '\n');
}

static void append_escaped(struct buffer *buffer, struct slice text)
{
    for (size_t index = 0; index < text.size; index++) {
        const char letter = text.data[index];
        if (letter == '"' || letter == '\\') buffer_append_char(buffer, '\\');
        if (letter == '\n') buffer_append(buffer, SLICE("\\n"));
        else buffer_append_char(buffer, letter);
    }
}

static void append_value(struct buffer *buffer, uint64_t value, enum metrics_unit unit)
{
    if (unit == METRICS_COUNT) {
        buffer_append_unsigned(buffer, value);
        return;
    }
    buffer_append_unsigned(buffer, value / MICROS_PER_SECOND);
    uint64_t rest = value % MICROS_PER_SECOND;
    if (rest == 0) return;
    buffer_append_char(buffer, '.');
    while (rest > 0) {
        rest *= 10;
        buffer_append_char(buffer, (char)('0' + rest / MICROS_PER_SECOND));
        rest %= MICROS_PER_SECOND;
    }
}

static void append_sample(struct buffer *buffer, const char *name, const char *suffix,
                          struct metrics_labels labels)
{
    buffer_append(buffer, slice_of(name));
    buffer_append(buffer, slice_of(suffix));
    for (size_t index = 0; index < labels.count; index++) {
        buffer_append_char(buffer, index == 0 ? '{' : ',');
        buffer_append(buffer, slice_of(labels.labels[index].name));
        buffer_append(buffer, SLICE("=\""));
        append_escaped(buffer, labels.labels[index].value);
        buffer_append_char(buffer, '"');
    }
    if (labels.count > 0) buffer_append_char(buffer, '}');
    buffer_append_char(buffer, ' ');
}

void metrics_text_sample(struct buffer *buffer, const char *name, struct metrics_labels labels,
                         uint64_t value, enum metrics_unit unit)
{
    append_sample(buffer, name, "", labels);
    append_value(buffer, value, unit);
    buffer_append_char(buffer, '\n');
}

static void append_bucket(struct buffer *buffer, const char *name, struct metrics_labels labels,
                          struct slice bound, uint64_t count)
{
    struct metrics_label all[HISTOGRAM_LABELS_MAX + 1];
    for (size_t index = 0; index < labels.count; index++) all[index] = labels.labels[index];
    all[labels.count] = (struct metrics_label){"le", bound};
    append_sample(buffer, name, "_bucket", (struct metrics_labels){all, labels.count + 1});
    buffer_append_unsigned(buffer, count);
    buffer_append_char(buffer, '\n');
}

void metrics_text_histogram(struct buffer *buffer, const char *name, struct metrics_labels labels,
                            const struct histogram *histogram,
                            const struct histogram_bounds *bounds, enum metrics_unit unit)
{
    CHECK(labels.count <= HISTOGRAM_LABELS_MAX);

    uint64_t count = 0;
    for (size_t bucket = 0; bucket < bounds->count; bucket++) {
        char digits[32];
        struct buffer bound;
        buffer_init(&bound, digits, sizeof digits);
        append_value(&bound, bounds->bounds[bucket], unit);
        count += histogram->counts[bucket];
        append_bucket(buffer, name, labels, buffer_text(&bound), count);
    }
    count += histogram->counts[bounds->count];
    append_bucket(buffer, name, labels, SLICE("+Inf"), count);
    append_sample(buffer, name, "_sum", labels);
    append_value(buffer, histogram->sum, unit);
    buffer_append_char(buffer, '\n');
    append_sample(buffer, name, "_count", labels);
    buffer_append_unsigned(buffer, count);
    buffer_append_char(buffer, '\n');
}
