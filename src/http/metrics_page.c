#include "http/metrics_page.h"

#include "base/log.h"
#include "http/metrics_sharing.h"
#include "http/metrics_text.h"
#include "http/process_facts.h"
#include "http/router.h"

/* Braces that a macro's argument may not have. */
#define LABELS(...) \
    ((struct metrics_labels){(const struct metrics_label[]){__VA_ARGS__}, \
                             sizeof((const struct metrics_label[]){__VA_ARGS__}) / \
                                 sizeof(struct metrics_label)})

static const struct metrics_labels no_labels;

static void write_one(struct buffer *buffer, const char *name, const char *type, const char *help,
                      uint64_t value)
{
    metrics_text_begin(buffer, name, type, help);
    metrics_text_sample(buffer, name, no_labels, value, METRICS_COUNT);
}

static void write_histogram(struct buffer *buffer, const char *name, const char *help,
                            const struct histogram *histogram, enum metrics_unit unit)
{
    const bool micros = unit == METRICS_MICROS;
    metrics_text_begin(buffer, name, "histogram", help);
    metrics_text_histogram(buffer, name, no_labels, histogram,
                           micros ? &histogram_micros : &histogram_sizes, unit);
}

/* A series appears with its first request. */
static void write_requests(struct buffer *buffer, const struct meter *meter)
{
    metrics_text_begin(buffer, "usher_requests_total", "counter",
                       "Answers, by the route's pattern, method and status. GET has HEAD in it; "
                       "route none: no such path, or refused before it was known.");
    for (uint32_t route = 0; route < router_route_count(); route++) {
        for (uint32_t method = 0; method < METER_METHOD_COUNT; method++) {
            for (uint32_t status = 0; status < METER_STATUS_COUNT; status++) {
                const uint64_t count = meter->requests[route][method][status];
                if (count == 0) continue;
                metrics_text_sample(buffer, "usher_requests_total",
                                    LABELS({"route", router_pattern(route)},
                                           {"method", router_method_name(method)},
                                           {"status", meter_status_name(status)}),
                                    count, METRICS_COUNT);
            }
        }
    }
}

static uint64_t count_of(const struct histogram *histogram)
{
    uint64_t count = 0;
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS_MAX; bucket++) {
        count += histogram->counts[bucket];
    }
    return count;
}

static void write_request_seconds(struct buffer *buffer, const struct meter *meter)
{
    metrics_text_begin(buffer, "usher_request_seconds", "histogram",
                       "Time from a whole request to its answer, by the route's pattern and "
                       "the status's class.");
    for (uint32_t route = 0; route < router_route_count(); route++) {
        for (uint32_t kind = 0; kind < METER_CLASS_COUNT; kind++) {
            const struct histogram *micros = &meter->micros[route][kind];
            if (count_of(micros) == 0) continue;
            metrics_text_histogram(
                buffer, "usher_request_seconds",
                LABELS({"route", router_pattern(route)}, {"status", meter_class_name(kind)}),
                micros, &histogram_micros, METRICS_MICROS);
        }
    }
}

static void write_answers(struct buffer *buffer, const struct meter *meter)
{
    write_requests(buffer, meter);
    write_request_seconds(buffer, meter);
    metrics_text_begin(buffer, "usher_refusals_total", "counter",
                       "Answers that are a problem, by its code.");
    for (uint32_t error = ERROR_NONE + 1; error < ERROR_COUNT; error++) {
        metrics_text_sample(buffer, "usher_refusals_total",
                            LABELS({"code", slice_of(error_name(error))}), meter->refusals[error],
                            METRICS_COUNT);
    }
    write_one(buffer, "usher_answer_bytes_total", "counter", "Bytes of bodies that were sent.",
              meter->body_bytes);
}

static void write_connections(struct buffer *buffer, const struct metrics_page *page)
{
    metrics_text_begin(buffer, "usher_connections", "gauge", "Open connections, by loop.");
    for (uint32_t loop = 0; loop < page->house->loop_count; loop++) {
        char digits[12];
        struct buffer number;
        buffer_init(&number, digits, sizeof digits);
        buffer_append_unsigned(&number, loop);
        metrics_text_sample(buffer, "usher_connections", LABELS({"loop", buffer_text(&number)}),
                            page->connections[loop], METRICS_COUNT);
    }
    write_one(buffer, "usher_listeners", "gauge", "Open streams of live seat maps.",
              page->listeners);
}

static void write_turns(struct buffer *buffer, const struct writer_state *state)
{
    const struct engine_counts *counts = &state->counts;
    write_histogram(buffer, "usher_turn_commands",
                    "Commands and lapsed holds that one turn of a showtime decided.",
                    &counts->turn_commands, METRICS_COUNT);
    write_histogram(buffer, "usher_batch_turns", "Turns that one transaction committed.",
                    &counts->batch_turns, METRICS_COUNT);
    write_histogram(buffer, "usher_batch_commands", "Commands that one transaction answered.",
                    &counts->batch_commands, METRICS_COUNT);
    write_one(buffer, "usher_commit_failures_total", "counter",
              "Batches that were not committed; their commands heard 503.",
              counts->commit_failures);
    write_one(buffer, "usher_turns_refused_total", "counter",
              "Turns that the store refused, each closing its showtime: run usher audit.",
              counts->turns_refused);
    write_one(buffer, "usher_showtime_loads_total", "counter", "Seat maps read from the store.",
              counts->loads);
    write_one(buffer, "usher_queue_depth", "gauge", "Commands that wait for a turn.",
              (uint64_t)state->waiting + counts->queued);
    write_one(buffer, "usher_commands_in_flight", "gauge",
              "Commands between a request and its answer.", state->in_flight);
    write_one(buffer, "usher_showtimes_in_memory", "gauge", "Showtimes with their map in memory.",
              counts->resident);
}

static void write_outcomes(struct buffer *buffer, const struct engine_counts *counts)
{
    write_one(buffer, "usher_holds_expired_total", "counter", "Holds that ended by the clock.",
              counts->holds_expired);
    metrics_text_begin(buffer, "usher_bookings_total", "counter",
                       "Bookings that came into a state since the start; pending: held anew.");
    for (uint32_t status = 0; status < BOOKING_STATUS_COUNT; status++) {
        metrics_text_sample(buffer, "usher_bookings_total",
                            LABELS({"status", booking_status_name(status)}),
                            counts->bookings[status], METRICS_COUNT);
    }
    metrics_text_begin(buffer, "usher_payments_total", "counter",
                       "Payments that were written in a state since the start.");
    for (uint32_t status = 0; status < PAYMENT_STATUS_COUNT; status++) {
        metrics_text_sample(buffer, "usher_payments_total",
                            LABELS({"status", payment_status_name(status)}),
                            counts->payments[status], METRICS_COUNT);
    }
}

static void write_seats(struct buffer *buffer, struct feed *feed)
{
    const struct feed_totals totals = feed_totals(feed);
    metrics_text_begin(buffer, "usher_seats", "gauge",
                       "Seats of the showtimes in memory, by state.");
    for (uint32_t state = SEAT_AVAILABLE; state < SEAT_ABSENT; state++) {
        metrics_text_sample(buffer, "usher_seats", LABELS({"status", seat_state_name(state)}),
                            totals.seats[state], METRICS_COUNT);
    }
}

static void write_storage(struct buffer *buffer, const struct storage *storage)
{
    struct storage_state state;
    struct storage_meter meter = {0};
    storage->methods->examine(storage->context, &state);
    histogram_gather(&meter.commits, &storage->meter->commits);
    histogram_gather(&meter.checkpoints, &storage->meter->checkpoints);
    write_histogram(buffer, "usher_commit_seconds", "Time of commits that had something to write.",
                    &meter.commits, METRICS_MICROS);
    write_histogram(buffer, "usher_checkpoint_seconds",
                    "Time of copying the write-ahead log into the store.", &meter.checkpoints,
                    METRICS_MICROS);
    if (state.peers.any) return; /* The files are another server's. */
    write_one(buffer, "usher_store_in_place", "gauge",
              "1 if the store's files are where the next start looks for them.", state.in_place);
    write_one(buffer, "usher_store_bytes", "gauge", "Size of usher.db.", state.store_size);
    write_one(buffer, "usher_wal_bytes", "gauge", "Size of the write-ahead log.", state.wal_size);
    write_one(buffer, "usher_disk_bytes", "gauge", "Size of the disk that the store is on.",
              state.disk_size);
    write_one(buffer, "usher_disk_free_bytes", "gauge", "What may still be written to that disk.",
              state.disk_free);
}

/* Absent while the store cannot be read, so that nobody takes 0 for an answer. */
static void write_counts(struct buffer *buffer, const struct storage *storage, int64_t now_ms)
{
    struct storage_counts counts = {0};
    if (storage->methods->count(storage->context, &counts) != ERROR_NONE) return;
    const int64_t since_ms = counts.oldest_refund_due_ms;
    const int64_t age_ms = since_ms == 0 || since_ms > now_ms ? 0 : now_ms - since_ms;
    write_one(buffer, "usher_bookings_pending", "gauge",
              "Bookings whose seats are held; of a shared store, counted every 10 seconds up to "
              "100000.",
              counts.bookings_pending);
    write_one(buffer, "usher_refunds_due", "gauge",
              "Payments whose money has to go back; of a shared store, counted every 10 seconds up "
              "to 100000.",
              counts.refunds_due);
    write_one(buffer, "usher_refund_due_oldest_seconds", "gauge",
              "How long the oldest of them waits.", (uint64_t)age_ms / 1000);
}

static void write_process(struct buffer *buffer, const struct metrics_page *page)
{
    const struct process_facts facts = process_facts_read();
    const int64_t started_at_ms = page->house->started_at_ms;
    const int64_t up_ms = page->now_ms < started_at_ms ? 0 : page->now_ms - started_at_ms;
    write_one(buffer, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
              facts.resident_size);
    write_one(buffer, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.",
              facts.virtual_size);
    metrics_text_begin(buffer, "process_cpu_seconds_total", "counter",
                       "Total user and system CPU time spent in seconds.");
    metrics_text_sample(buffer, "process_cpu_seconds_total", no_labels, facts.cpu_micros,
                        METRICS_MICROS);
    write_one(buffer, "usher_log_lines_lost_total", "counter",
              "Lines of the log that were dropped because nobody took them.", log_lost());
    write_one(buffer, "process_open_fds", "gauge", "Number of open file descriptors.",
              facts.open_files);
    write_one(buffer, "process_max_fds", "gauge", "Maximum number of open file descriptors.",
              facts.open_files_max);
    write_one(buffer, "process_start_time_seconds", "gauge",
              "Start time of the process since unix epoch in seconds.",
              (uint64_t)started_at_ms / 1000);
    write_one(buffer, "usher_uptime_seconds", "gauge", "Time since the start.",
              (uint64_t)up_ms / 1000);
    metrics_text_begin(buffer, "usher_build_info", "gauge",
                       "1, with the version that runs, and whether its store is embedded or "
                       "shared.");
    const bool shared = page->house->back_office != NULL;
    metrics_text_sample(buffer, "usher_build_info",
                        LABELS({"version", page->house->version},
                               {"mode", shared ? SLICE("shared") : SLICE("embedded")}),
                        1, METRICS_COUNT);
}

/* Absent where nothing is shared. */
static void write_sharing(struct buffer *buffer, const struct house *house,
                          const struct engine_counts *engine)
{
    struct sharing_counts counts;
    if (house->sharing.count == NULL || !desk_is_open(house)) return;
    house->sharing.count(house->sharing.context, &counts);
    metrics_sharing_write(&counts, engine, buffer);
}

void metrics_page_write(const struct metrics_page *page, struct buffer *buffer)
{
    static struct meter meter; /* 100 KB; one thread at a time. */
    const struct house *house = page->house;
    meter = (struct meter){0};
    for (uint32_t loop = 0; loop < house->loop_count; loop++) {
        meter_gather(&meter, &house->meters[loop]);
    }
    struct writer_state state = {0};
    if (desk_is_open(house)) state = writers_state(&house->writers);
    write_answers(buffer, &meter);
    write_connections(buffer, page);
    write_turns(buffer, &state);
    write_outcomes(buffer, &state.counts);
    write_seats(buffer, house->feed);
    write_storage(buffer, &house->storage);
    write_sharing(buffer, house, &state.counts);
    write_counts(buffer, &house->storage, page->now_ms);
    write_process(buffer, page);
}
