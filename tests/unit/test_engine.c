/* test_engine.c - queues, failures and timers of the engine, over the store in memory. */
#include "support/unit.h"

#include "engine/engine.h"
#include "store/memory/memory_store.h"

enum { COMMANDS_MAX = QUEUE_PER_SHOWTIME_MAX + 8 };

#define NOW_MS INT64_C(1700000000000)
#define HOUR_MS INT64_C(3600000)

struct house {
    struct memory_store *store;
    struct feed *feed;
    struct engine *engine;
    uint32_t answered;
    struct command commands[COMMANDS_MAX];
};

static const struct id showtime = {.bytes = {7}};

static void count_answer(void *context, struct command *command)
{
    struct house *house = context;
    assert_null(command->next);
    house->answered++;
}

static int setup(void **state)
{
    static const struct siphash_key key = {.bytes = {1}};
    static const struct seat_layout layout = {.rows = 10, .cols = 10};
    struct house *house = calloc(1, sizeof *house);
    if (house == NULL) return -1;
    *state = house;
    house->store = memory_store_open(&key, &key);
    house->feed = feed_open(1);
    if (house->store == NULL || house->feed == NULL) return -1;
    memory_store_put_showtime(house->store,
                              &(struct memory_showtime){.id = showtime,
                                                        .layout = &layout,
                                                        .starts_at_ms = NOW_MS + HOUR_MS,
                                                        .ends_at_ms = NOW_MS + 2 * HOUR_MS,
                                                        .prices = {90000, 90000, 90000}});
    const struct engine_options options = {.policy = {.hold_ms = HOLD_MS_DEFAULT,
                                                      .payment_ms = PAYMENT_MS_DEFAULT,
                                                      .held_seats_max = HELD_SEATS_MAX_DEFAULT,
                                                      .tag_key = key},
                                           .showtimes_max = 1,
                                           .store = memory_store_port(house->store),
                                           .feed = house->feed,
                                           .answered = count_answer,
                                           .answered_context = house};
    house->engine = engine_open(&options);
    return house->engine == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    struct house *house = *state;
    engine_close(house->engine);
    feed_close(house->feed);
    memory_store_close(house->store);
    free(house);
    return 0;
}

/* A hold of A1 under a key of its own. */
static struct command *submit_hold(struct house *house, uint32_t index)
{
    struct command *command = &house->commands[index];
    *command = (struct command){.kind = COMMAND_HOLD,
                                .showtime = showtime,
                                .claim = {.user = user_of(SLICE("an")), .key.bytes = {1}},
                                .seat_count = 1,
                                .seats = {{.col = 1}}};
    memcpy(command->claim.key.bytes + 8, &index, sizeof index);
    engine_submit(house->engine, command);
    return command;
}

static void run(struct house *house, int64_t now_ms)
{
    uint32_t steps = 0;
    while (engine_step(house->engine, now_ms)) assert_true(++steps < 100);
}

static size_t bookings(const struct house *house)
{
    size_t count = 0;
    memory_store_bookings(house->store, &count);
    return count;
}

static void a_queue_takes_what_the_contract_says_and_no_more(void **state)
{
    struct house *house = *state;
    for (uint32_t index = 0; index < QUEUE_PER_SHOWTIME_MAX; index++) submit_hold(house, index);
    assert_int_equal(house->answered, 0);
    const struct command *more = submit_hold(house, QUEUE_PER_SHOWTIME_MAX);
    assert_int_equal(house->answered, 1);
    assert_int_equal(more->answer.failure, ERROR_OVERLOADED);
    run(house, NOW_MS);
    assert_int_equal(house->answered, QUEUE_PER_SHOWTIME_MAX + 1);
    assert_int_equal(house->commands[0].answer.refusal, REFUSAL_NONE);
    assert_int_equal(bookings(house), 1);
    assert_int_equal(engine_counts(house->engine).queued, 0);
}

static void a_commit_that_fails_leaves_nothing_behind(void **state)
{
    struct house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_COMMIT_UNAVAILABLE);
    const struct command *first = submit_hold(house, 0);
    run(house, NOW_MS);
    assert_int_equal(first->answer.failure, ERROR_STORE_UNAVAILABLE);
    assert_true(id_is_none(first->answer.booking.id));
    assert_int_equal(bookings(house), 0);
    const struct command *second = submit_hold(house, 1);
    run(house, NOW_MS);
    assert_int_equal(second->answer.failure, ERROR_NONE);
    assert_int_equal(second->answer.refusal, REFUSAL_NONE);
    assert_int_equal(bookings(house), 1);
}

static void what_a_batch_did_counts_once_it_is_committed(void **state)
{
    struct house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_COMMIT_UNAVAILABLE);
    submit_hold(house, 0);
    run(house, NOW_MS);
    struct engine_counts counts = engine_counts(house->engine);
    assert_int_equal(counts.last_failure, ERROR_STORE_UNAVAILABLE);
    assert_true(counts.last_failure_at_ms == NOW_MS);
    assert_int_equal(counts.bookings[BOOKING_PENDING], 0);
    assert_int_equal(counts.batch_commands.sum, 0);

    for (uint32_t index = 1; index < 4; index++) submit_hold(house, index);
    run(house, NOW_MS);
    run(house, NOW_MS + HOLD_MS_DEFAULT);
    counts = engine_counts(house->engine);
    assert_int_equal(counts.last_failure, ERROR_NONE);
    assert_int_equal(counts.bookings[BOOKING_PENDING], 1);
    assert_int_equal(counts.bookings[BOOKING_EXPIRED], 1);
    assert_int_equal(counts.turn_commands.sum, 1 + 3 + 1);
    assert_int_equal(counts.batch_commands.sum, 3);
    assert_int_equal(counts.batch_turns.sum, 2);
}

static void the_feed_adds_up_the_seats_in_memory(void **state)
{
    struct house *house = *state;
    assert_int_equal(feed_totals(house->feed).showtimes, 0);
    submit_hold(house, 0);
    run(house, NOW_MS);
    const struct feed_totals totals = feed_totals(house->feed);
    assert_int_equal(totals.showtimes, 1);
    assert_int_equal(totals.seats[SEAT_HELD], 1);
    assert_int_equal(totals.seats[SEAT_AVAILABLE], 99);
}

static void an_unknown_outcome_stops_the_engine(void **state)
{
    struct house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_COMMIT_KEPT);
    const struct command *first = submit_hold(house, 0);
    run(house, NOW_MS);
    assert_int_equal(first->answer.failure, ERROR_OUTCOME_UNKNOWN);
    assert_true(engine_failed(house->engine));
    assert_int_equal(submit_hold(house, 1)->answer.failure, ERROR_STORE_UNAVAILABLE);
}

static void a_closed_showtime_serves_nothing_that_still_waits(void **state)
{
    struct house *house = *state;
    enum { COUNT = TURN_COMMANDS_MAX + 50 };
    memory_store_fail_next(house->store, MEMORY_FAULT_RECORD);
    for (uint32_t index = 0; index < COUNT; index++) submit_hold(house, index);
    run(house, NOW_MS);
    assert_int_equal(house->answered, COUNT);
    for (uint32_t index = 0; index < COUNT; index++) {
        const enum error expected =
            index < TURN_COMMANDS_MAX ? ERROR_INTERNAL_ERROR : ERROR_STORE_UNAVAILABLE;
        assert_int_equal(house->commands[index].answer.failure, expected);
    }
    assert_int_equal(bookings(house), 0);
    assert_int_equal(submit_hold(house, COUNT)->answer.failure, ERROR_STORE_UNAVAILABLE);
    assert_int_equal(engine_counts(house->engine).turns_refused, 1);
}

static void a_hold_ends_at_its_moment_without_anybody_asking(void **state)
{
    struct house *house = *state;
    submit_hold(house, 0);
    run(house, NOW_MS);
    const int64_t end_ms = NOW_MS + HOLD_MS_DEFAULT;
    assert_true(engine_next_due_ms(house->engine) == end_ms);
    run(house, end_ms - 1);
    assert_int_equal(engine_counts(house->engine).holds_expired, 0);
    run(house, end_ms);
    assert_int_equal(engine_counts(house->engine).holds_expired, 1);
    assert_true(engine_next_due_ms(house->engine) == INT64_MAX);
}

static void a_hold_that_was_given_back_rings_once_and_never_again(void **state)
{
    struct house *house = *state;
    const struct command *hold = submit_hold(house, 0);
    run(house, NOW_MS);
    struct command *cancel = &house->commands[1];
    *cancel = (struct command){.kind = COMMAND_CANCEL,
                               .showtime = showtime,
                               .claim.user = user_of(SLICE("an")),
                               .booking = hold->answer.booking.id};
    engine_submit(house->engine, cancel);
    run(house, NOW_MS);
    run(house, NOW_MS + HOLD_MS_DEFAULT);
    assert_true(engine_next_due_ms(house->engine) == INT64_MAX);
}

static void holds_end_on_time_when_the_clock_goes_back_after_a_failed_commit(void **state)
{
    struct house *house = *state;
    submit_hold(house, 0);
    run(house, NOW_MS);
    const int64_t end_ms = NOW_MS + HOLD_MS_DEFAULT;
    memory_store_fail_next(house->store, MEMORY_FAULT_COMMIT_UNAVAILABLE);
    run(house, end_ms + HOUR_MS);
    run(house, end_ms - 2 * EXPIRY_RETRY_MS);
    assert_int_equal(engine_counts(house->engine).holds_expired, 0);
    run(house, end_ms - EXPIRY_RETRY_MS);
    run(house, end_ms);
    assert_int_equal(engine_counts(house->engine).holds_expired, 1);
    assert_true(engine_next_due_ms(house->engine) == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_queue_takes_what_the_contract_says_and_no_more, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_commit_that_fails_leaves_nothing_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_batch_did_counts_once_it_is_committed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_feed_adds_up_the_seats_in_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_outcome_stops_the_engine, setup, teardown),
        cmocka_unit_test_setup_teardown(a_closed_showtime_serves_nothing_that_still_waits, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_hold_ends_at_its_moment_without_anybody_asking, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_hold_that_was_given_back_rings_once_and_never_again,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            holds_end_on_time_when_the_clock_goes_back_after_a_failed_commit, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
