#include "http/metrics_sharing.h"

#include "http/metrics_text.h"

static void write_counter(struct buffer *buffer, const char *name, const char *help, uint64_t value)
{
    metrics_text_begin(buffer, name, "counter", help);
    metrics_text_sample(buffer, name, (struct metrics_labels){0}, value, METRICS_COUNT);
}

static void write_labelled(struct buffer *buffer, const char *name, const char *label,
                           const char *value, uint64_t number)
{
    const struct metrics_label labels[] = {{label, slice_of(value)}};
    metrics_text_sample(buffer, name, (struct metrics_labels){labels, 1}, number, METRICS_COUNT);
}

static void write_store(const struct sharing_counts *counts, const struct engine_counts *engine,
                        struct buffer *buffer)
{
    write_counter(buffer, "usher_store_round_trips_total",
                  "Questions and writes of turns and housekeeping to the database.",
                  counts->round_trips);
    write_counter(buffer, "usher_store_commits_total",
                  "Turns that the database has committed, each by one update of its showtime.",
                  counts->commits);
    write_counter(buffer, "usher_races_lost_total",
                  "Turns that another instance came before, and that were decided again.",
                  engine->races_lost);
    write_counter(buffer, "usher_store_retries_total",
                  "Updates sent again because their outcome was not known, or for want of a "
                  "primary.",
                  counts->retries);
    write_counter(buffer, "usher_store_unresolved_total",
                  "Commits whose outcome could not be found out in time; their commands heard "
                  "OUTCOME_UNKNOWN.",
                  counts->unresolved);
    write_counter(buffer, "usher_store_resolved_total",
                  "Those of them whose outcome was found out later.", counts->resolved);
    write_counter(buffer, "usher_store_swept_total",
                  "Showtimes that housekeeping has put in order, after others too.", counts->swept);
}

static void write_lock(const struct sharing_counts *counts, const struct engine_counts *engine,
                       struct buffer *buffer)
{
    static const char *const modes[LOCK_MODE_COUNT] = {
        [LOCK_MODE_OFF] = "off", [LOCK_MODE_LOCK] = "lock", [LOCK_MODE_DEGRADED] = "degraded"};
    metrics_text_begin(buffer, "usher_lock_turns_total", "counter",
                       "Turns by what they got of the lock; busy: others had it to the last try, "
                       "away: Redis was.");
    write_labelled(buffer, "usher_lock_turns_total", "lock", "taken", counts->lock_taken);
    write_labelled(buffer, "usher_lock_turns_total", "lock", "busy", counts->lock_busy);
    write_labelled(buffer, "usher_lock_turns_total", "lock", "away", counts->lock_away);
    write_counter(buffer, "usher_lock_refused_total",
                  "Turns that did not run for want of the lock; with LOCK=required only.",
                  engine->locks_refused);
    write_counter(buffer, "usher_lock_lost_total",
                  "Locks that were no longer ours when they were given back.", counts->lock_lost);
    write_counter(buffer, "usher_lock_errors_total",
                  "Connections and commands to Redis that failed or took too long.",
                  counts->lock_errors);
    metrics_text_begin(buffer, "usher_lock_mode", "gauge",
                       "1 for the mode of the lock: off, lock, or degraded while Redis is away.");
    for (uint32_t mode = 0; mode < LOCK_MODE_COUNT; mode++) {
        write_labelled(buffer, "usher_lock_mode", "mode", modes[mode], counts->lock_mode == mode);
    }
}

void metrics_sharing_write(const struct sharing_counts *counts, const struct engine_counts *engine,
                           struct buffer *buffer)
{
    write_store(counts, engine, buffer);
    write_lock(counts, engine, buffer);
}
