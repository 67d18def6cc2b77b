/* test_engine_edit.c - edits of the catalogue between the turns, over the store in memory. */
#include "support/unit.h"

#include "engine/engine.h"
#include "ports/catalogue_edit.h"
#include "store/memory/memory_store.h"

enum { COMMANDS_MAX = 16 };

#define NOW_MS INT64_C(1700000000000)
#define HOUR_MS INT64_C(3600000)
#define OLD_PRICE 90000
#define NEW_PRICE 95000

struct house {
    struct memory_store *store;
    struct feed *feed;
    struct engine *engine;
    uint32_t answered;
    uint32_t count;
    struct command commands[COMMANDS_MAX];
    struct catalogue_edit edits[COMMANDS_MAX];
};

static const struct id showtime = {.bytes = {7}};
static const struct id nobody = {.bytes = {8}};

static void count_answer(void *context, struct command *command)
{
    struct house *house = context;
    assert_null(command->next);
    house->answered++;
}

static int setup(void **state)
{
    static const struct siphash_key key = {.bytes = {1}};
    static const struct seat_layout layout = {.rows = 1, .cols = 10};
    struct house *house = calloc(1, sizeof *house);
    if (house == NULL) return -1;
    *state = house;
    house->store = memory_store_open(&key, &key);
    house->feed = feed_open(2);
    if (house->store == NULL || house->feed == NULL) return -1;
    memory_store_put_showtime(
        house->store, &(struct memory_showtime){.id = showtime,
                                                .layout = &layout,
                                                .starts_at_ms = NOW_MS + HOUR_MS,
                                                .ends_at_ms = NOW_MS + 2 * HOUR_MS,
                                                .prices = {OLD_PRICE, OLD_PRICE, OLD_PRICE}});
    const struct engine_options options = {.policy = {.hold_ms = HOLD_MS_DEFAULT,
                                                      .payment_ms = PAYMENT_MS_DEFAULT,
                                                      .held_seats_max = HELD_SEATS_MAX_DEFAULT,
                                                      .tag_key = key},
                                           .showtimes_max = 2,
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

static const struct command *submit_hold(struct house *house, uint16_t col)
{
    struct command *command = &house->commands[house->count++];
    *command = (struct command){.kind = COMMAND_HOLD,
                                .showtime = showtime,
                                .claim = {.user = user_of(SLICE("an")), .key.bytes = {1}},
                                .seat_count = 1,
                                .seats = {{.col = col}}};
    memcpy(command->claim.key.bytes + 8, &col, sizeof col);
    engine_submit(house->engine, command);
    return command;
}

static const struct command *submit_edit(struct house *house, struct catalogue_edit edit)
{
    struct command *command = &house->commands[house->count];
    house->edits[house->count] = edit;
    *command = (struct command){.kind = COMMAND_EDIT, .edit = &house->edits[house->count]};
    if (edit.kind == EDIT_SHOWTIME) command->showtime = edit.showtime.id;
    house->count++;
    engine_submit(house->engine, command);
    return command;
}

static const struct command *submit_price(struct house *house, struct id id, int64_t price)
{
    return submit_edit(house, (struct catalogue_edit){.kind = EDIT_SHOWTIME,
                                                      .members = 1U << SHOWTIME_PRICE,
                                                      .showtime = {.id = id, .prices = {price}}});
}

static void run(struct house *house, int64_t now_ms)
{
    uint32_t steps = 0;
    while (engine_step(house->engine, now_ms)) assert_true(++steps < 100);
    assert_int_equal(engine_counts(house->engine).queued, 0);
}

static int64_t published_price(struct house *house)
{
    struct feed_view view;
    assert_true(feed_read(house->feed, showtime, &view));
    return view.prices[SEAT_STANDARD];
}

static void an_edit_takes_its_place_in_the_queue(void **state)
{
    struct house *house = *state;
    const struct command *before = submit_hold(house, 1);
    const struct command *edit = submit_price(house, showtime, NEW_PRICE);
    const struct command *after = submit_hold(house, 2);
    run(house, NOW_MS);
    assert_int_equal(house->answered, 3);
    assert_int_equal(edit->edit->outcome, EDIT_CHANGED);
    assert_int_equal(before->answer.booking.final_amount, OLD_PRICE);
    assert_int_equal(after->answer.booking.final_amount, NEW_PRICE);
    assert_int_equal(before->answer.map_version, 2);
    assert_int_equal(edit->answer.map_version, 3);
    assert_int_equal(after->answer.map_version, 4);
    assert_int_equal(published_price(house), NEW_PRICE);
}

static void an_edit_that_changes_nothing_leaves_the_version(void **state)
{
    struct house *house = *state;
    const struct command *edit = submit_price(house, showtime, OLD_PRICE);
    run(house, NOW_MS);
    assert_int_equal(edit->edit->outcome, EDIT_SAME);
    assert_int_equal(edit->answer.map_version, 1);
}

static void a_commit_that_fails_brings_the_old_price_back(void **state)
{
    struct house *house = *state;
    submit_hold(house, 1);
    run(house, NOW_MS);
    memory_store_fail_next(house->store, MEMORY_FAULT_COMMIT_UNAVAILABLE);
    const struct command *edit = submit_price(house, showtime, NEW_PRICE);
    run(house, NOW_MS);
    assert_int_equal(edit->answer.failure, ERROR_STORE_UNAVAILABLE);
    assert_int_equal(published_price(house), OLD_PRICE);
    const struct command *hold = submit_hold(house, 2);
    run(house, NOW_MS);
    assert_int_equal(hold->answer.booking.final_amount, OLD_PRICE);
}

static void an_edit_that_the_store_refuses_fails_alone(void **state)
{
    struct house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_RECORD);
    const struct command *edit = submit_price(house, showtime, NEW_PRICE);
    const struct command *hold = submit_hold(house, 1);
    run(house, NOW_MS);
    assert_int_equal(edit->answer.failure, ERROR_INTERNAL_ERROR);
    assert_int_equal(hold->answer.failure, ERROR_NONE);
    assert_int_equal(hold->answer.booking.final_amount, OLD_PRICE);
}

static void a_full_disk_fails_the_batch_and_the_next_one_goes_on(void **state)
{
    struct house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_RECORD_UNAVAILABLE);
    const struct command *edit = submit_price(house, showtime, NEW_PRICE);
    run(house, NOW_MS);
    assert_int_equal(edit->answer.failure, ERROR_STORE_UNAVAILABLE);
    edit = submit_price(house, showtime, NEW_PRICE);
    run(house, NOW_MS);
    assert_int_equal(edit->edit->outcome, EDIT_CHANGED);
}

static void an_edit_of_no_showtime_is_answered_and_forgotten(void **state)
{
    struct house *house = *state;
    const struct command *edit = submit_price(house, nobody, NEW_PRICE);
    run(house, NOW_MS);
    assert_int_equal(edit->answer.failure, ERROR_NONE);
    assert_int_equal(edit->edit->outcome, EDIT_NOT_FOUND);
    assert_int_equal(engine_counts(house->engine).resident, 0);
}

static void edits_without_a_showtime_are_done_one_after_the_other(void **state)
{
    struct house *house = *state;
    for (uint32_t index = 0; index < 3; index++) {
        submit_edit(house, (struct catalogue_edit){.kind = EDIT_MOVIE, .movie.id = nobody});
    }
    run(house, NOW_MS);
    assert_int_equal(house->answered, 3);
    for (uint32_t index = 0; index < 3; index++) {
        assert_int_equal(house->commands[index].answer.failure, ERROR_NONE);
        assert_int_equal(house->edits[index].outcome, EDIT_NOT_FOUND);
    }
}

static void a_closed_showtime_refuses_edits_too(void **state)
{
    struct house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_RECORD);
    submit_hold(house, 1);
    const struct command *edit = submit_price(house, showtime, NEW_PRICE);
    const struct command *hold = submit_hold(house, 2);
    run(house, NOW_MS);
    assert_int_equal(house->answered, 3);
    assert_int_equal(house->commands[0].answer.failure, ERROR_INTERNAL_ERROR);
    assert_int_equal(edit->answer.failure, ERROR_STORE_UNAVAILABLE);
    assert_int_equal(hold->answer.failure, ERROR_STORE_UNAVAILABLE);
}

static void a_failed_engine_refuses_edits_that_wait(void **state)
{
    struct house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_BEGIN);
    const struct command *edit = submit_price(house, showtime, NEW_PRICE);
    run(house, NOW_MS);
    assert_int_equal(edit->answer.failure, ERROR_STORE_UNAVAILABLE);
}

static void holds_that_are_over_end_before_an_edit(void **state)
{
    struct house *house = *state;
    submit_hold(house, 1);
    run(house, NOW_MS);
    const struct command *edit = submit_price(house, showtime, NEW_PRICE);
    run(house, NOW_MS + HOLD_MS_DEFAULT);
    assert_int_equal(engine_counts(house->engine).holds_expired, 1);
    assert_int_equal(edit->edit->outcome, EDIT_CHANGED);
    assert_int_equal(edit->answer.map_version, 4); /* Held, over, edited. */
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_edit_takes_its_place_in_the_queue),
        TEST(an_edit_that_changes_nothing_leaves_the_version),
        TEST(a_commit_that_fails_brings_the_old_price_back),
        TEST(an_edit_that_the_store_refuses_fails_alone),
        TEST(a_full_disk_fails_the_batch_and_the_next_one_goes_on),
        TEST(an_edit_of_no_showtime_is_answered_and_forgotten),
        TEST(edits_without_a_showtime_are_done_one_after_the_other),
        TEST(a_closed_showtime_refuses_edits_too),
        TEST(a_failed_engine_refuses_edits_that_wait),
        TEST(holds_that_are_over_end_before_an_edit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
