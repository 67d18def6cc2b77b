#include "engine/writers.h"

#include "base/check.h"

bool writers_submit(const struct writers *writers, struct command *command)
{
    CHECK(writers->count >= 1);
    return writer_submit(writers->all[engine_part(command->showtime, writers->count)], command);
}

static void add_counts(struct engine_counts *sum, const struct engine_counts *counts)
{
    sum->batches += counts->batches;
    sum->turns += counts->turns;
    sum->commands += counts->commands;
    sum->commits += counts->commits;
    sum->commit_failures += counts->commit_failures;
    sum->locks_refused += counts->locks_refused;
    sum->races_lost += counts->races_lost;
    sum->turns_refused += counts->turns_refused;
    sum->holds_expired += counts->holds_expired;
    sum->loads += counts->loads;
    for (size_t status = 0; status < BOOKING_STATUS_COUNT; status++) {
        sum->bookings[status] += counts->bookings[status];
    }
    for (size_t status = 0; status < PAYMENT_STATUS_COUNT; status++) {
        sum->payments[status] += counts->payments[status];
    }
    histogram_gather(&sum->turn_commands, &counts->turn_commands);
    histogram_gather(&sum->batch_turns, &counts->batch_turns);
    histogram_gather(&sum->batch_commands, &counts->batch_commands);
    if (counts->last_failure_at_ms > sum->last_failure_at_ms) {
        sum->last_failure_at_ms = counts->last_failure_at_ms;
    }
    if (counts->last_failure != ERROR_NONE) sum->last_failure = counts->last_failure;
    sum->resident += counts->resident;
    sum->queued += counts->queued;
}

struct writer_state writers_state(const struct writers *writers)
{
    struct writer_state sum = writer_state(writers->all[0]);
    for (uint32_t place = 1; place < writers->count; place++) {
        const struct writer_state state = writer_state(writers->all[place]);
        add_counts(&sum.counts, &state.counts);
        sum.waiting += state.waiting;
        sum.in_flight += state.in_flight;
    }
    return sum;
}

bool writers_alive(const struct writers *writers, int64_t now_us, int64_t patience_us)
{
    for (uint32_t place = 0; place < writers->count; place++) {
        if (!writer_alive(writers->all[place], now_us, patience_us)) return false;
    }
    return true;
}
