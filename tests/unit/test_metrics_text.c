/* test_metrics_text.c - Prometheus' text format, and the counters behind it. */
#include "support/unit.h"

#include <string.h>

#include "http/meter.h"
#include "http/metrics_sharing.h"
#include "http/metrics_text.h"

static char block[8192];
static struct buffer buffer;

static int setup(void **state)
{
    (void)state;
    buffer_init(&buffer, block, sizeof block);
    return 0;
}

static void a_metric_is_described_before_its_samples(void **state)
{
    (void)state;
    metrics_text_begin(&buffer, "usher_things_total", "counter", "Things.");
    metrics_text_sample(&buffer, "usher_things_total", (struct metrics_labels){0}, 7,
                        METRICS_COUNT);
    assert_slice_equal(buffer_text(&buffer), SLICE("# HELP usher_things_total Things.\n"
                                                   "# TYPE usher_things_total counter\n"
                                                   "usher_things_total 7\n"));
}

static void values_of_labels_are_escaped(void **state)
{
    (void)state;
    const struct metrics_label labels[] = {{"one", SLICE_INIT("a\"b\\c\nd")},
                                           {"two", SLICE_INIT("/x/:id")}};
    metrics_text_sample(&buffer, "x", (struct metrics_labels){labels, 2}, 1, METRICS_COUNT);
    assert_slice_equal(buffer_text(&buffer),
                       SLICE("x{one=\"a\\\"b\\\\c\\nd\",two=\"/x/:id\"} 1\n"));
}

static void micros_are_written_in_seconds(void **state)
{
    (void)state;
    static const struct {
        uint64_t micros;
        const char *text;
    } cases[] = {{0, "x 0\n"},           {1, "x 0.000001\n"},
                 {250000, "x 0.25\n"},   {1000000, "x 1\n"},
                 {2500000, "x 2.5\n"},   {100, "x 0.0001\n"},
                 {10050, "x 0.01005\n"}, {86400000001, "x 86400.000001\n"}};
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        buffer_init(&buffer, block, sizeof block);
        metrics_text_sample(&buffer, "x", (struct metrics_labels){0}, cases[index].micros,
                            METRICS_MICROS);
        assert_slice_equal(buffer_text(&buffer), slice_of(cases[index].text));
    }
}

static void a_histogram_is_cumulative_and_its_bounds_inclusive(void **state)
{
    (void)state;
    static const struct histogram_bounds bounds = {.count = 2, .bounds = {1000, 2500}};
    struct histogram histogram = {0};
    histogram_add(&histogram, &bounds, 0);
    histogram_add(&histogram, &bounds, 1000);
    histogram_add(&histogram, &bounds, 1001);
    histogram_add(&histogram, &bounds, 2501);
    histogram_add(&histogram, &bounds, 9000000);
    metrics_text_histogram(&buffer, "x_seconds", (struct metrics_labels){0}, &histogram, &bounds,
                           METRICS_MICROS);
    assert_slice_equal(buffer_text(&buffer), SLICE("x_seconds_bucket{le=\"0.001\"} 2\n"
                                                   "x_seconds_bucket{le=\"0.0025\"} 3\n"
                                                   "x_seconds_bucket{le=\"+Inf\"} 5\n"
                                                   "x_seconds_sum 9.004502\n"
                                                   "x_seconds_count 5\n"));
}

static void bounds_of_histograms_ascend(void **state)
{
    (void)state;
    const struct histogram_bounds *all[] = {&histogram_micros, &histogram_sizes};
    for (size_t which = 0; which < 2; which++) {
        assert_true(all[which]->count < HISTOGRAM_BUCKETS_MAX);
        for (size_t index = 1; index < all[which]->count; index++) {
            assert_true(all[which]->bounds[index] > all[which]->bounds[index - 1]);
        }
    }
}

static void an_answer_is_counted_once_under_its_labels(void **state)
{
    (void)state;
    static struct meter meter;
    static struct meter sum;
    const struct exchange exchange = {.method = METHOD_POST,
                                      .notes = {.route = 3, .error = ERROR_SEAT_ALREADY_BOOKED}};
    const struct server_answer refused = {.exchange = &exchange, .status = 409, .body_size = 10};
    const struct server_answer fault = {.fault = ERROR_BAD_REQUEST, .status = 400, .body_size = 5};
    const struct server_answer odd = {.exchange = &exchange, .status = 418};
    meter_note(&meter, &refused, 120);
    meter_note(&meter, &refused, -5); /* A clock that steps back. */
    meter_note(&meter, &fault, 0);
    meter_note(&meter, &odd, 1);
    meter_gather(&sum, &meter);
    meter_gather(&sum, &meter);
    assert_int_equal(sum.requests[3][METHOD_POST][METER_STATUS_409], 4);
    assert_int_equal(sum.requests[3][METHOD_POST][METER_STATUS_OTHER], 2);
    assert_int_equal(sum.requests[0][METHOD_OTHER][METER_STATUS_400], 2);
    assert_int_equal(sum.refusals[ERROR_SEAT_ALREADY_BOOKED], 6);
    assert_int_equal(sum.refusals[ERROR_BAD_REQUEST], 2);
    assert_int_equal(sum.body_bytes, 50);
    assert_int_equal(sum.micros[3][METER_4XX].sum, 242);
    assert_int_equal(sum.micros[3][METER_4XX].counts[1], 2);
    assert_int_equal(sum.micros[3][METER_2XX].sum, 0);
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS_MAX; bucket++)
        assert_int_equal(sum.micros[0][METER_4XX].counts[bucket], 0);
}

static void every_status_has_a_name(void **state)
{
    (void)state;
    assert_slice_equal(meter_status_name(METER_STATUS_OTHER), SLICE("other"));
    assert_slice_equal(meter_status_name(METER_STATUS_503), SLICE("503"));
    for (uint32_t error = ERROR_NONE + 1; error < ERROR_COUNT; error++) {
        static struct meter meter;
        memset(&meter, 0, sizeof meter);
        meter_note(&meter, &(struct server_answer){.fault = error, .status = error_status(error)},
                   0);
        assert_int_equal(meter.requests[0][METHOD_OTHER][METER_STATUS_OTHER], 0);
    }
}

static void what_instances_share_is_written_by_name(void **state)
{
    (void)state;
    static const char *const samples[] = {"usher_store_round_trips_total 1\n",
                                          "usher_store_commits_total 2\n",
                                          "usher_races_lost_total 3\n",
                                          "usher_store_retries_total 4\n",
                                          "usher_store_unresolved_total 5\n",
                                          "usher_store_resolved_total 6\n",
                                          "usher_store_swept_total 7\n",
                                          "usher_lock_turns_total{lock=\"taken\"} 8\n",
                                          "usher_lock_turns_total{lock=\"busy\"} 9\n",
                                          "usher_lock_turns_total{lock=\"away\"} 10\n",
                                          "usher_lock_refused_total 11\n",
                                          "usher_lock_lost_total 12\n",
                                          "usher_lock_errors_total 13\n",
                                          "usher_lock_mode{mode=\"off\"} 0\n",
                                          "usher_lock_mode{mode=\"lock\"} 0\n",
                                          "usher_lock_mode{mode=\"degraded\"} 1\n"};
    const struct sharing_counts counts = {.round_trips = 1,
                                          .commits = 2,
                                          .retries = 4,
                                          .unresolved = 5,
                                          .resolved = 6,
                                          .swept = 7,
                                          .lock_taken = 8,
                                          .lock_busy = 9,
                                          .lock_away = 10,
                                          .lock_lost = 12,
                                          .lock_errors = 13,
                                          .lock_mode = LOCK_MODE_DEGRADED};
    const struct engine_counts engine = {.races_lost = 3, .locks_refused = 11};
    metrics_sharing_write(&counts, &engine, &buffer);
    block[buffer.size] = '\0';
    for (size_t index = 0; index < sizeof samples / sizeof *samples; index++) {
        const char *found = strstr(block, samples[index]);
        assert_non_null(found);
        assert_true(found[-1] == '\n');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_metric_is_described_before_its_samples, setup),
        cmocka_unit_test_setup(values_of_labels_are_escaped, setup),
        cmocka_unit_test_setup(micros_are_written_in_seconds, setup),
        cmocka_unit_test_setup(what_instances_share_is_written_by_name, setup),
        cmocka_unit_test_setup(a_histogram_is_cumulative_and_its_bounds_inclusive, setup),
        cmocka_unit_test(bounds_of_histograms_ascend),
        cmocka_unit_test(an_answer_is_counted_once_under_its_labels),
        cmocka_unit_test(every_status_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
