/* test_engine_edit.c - edits of the catalogue between the turns, over the store in memory. */
#include "support/lone_house.h"
#include "support/unit.h"

#include "ports/catalogue_edit.h"

enum { EDITS_MAX = 16 };

#define NOW_MS LONE_HOUSE_NOW_MS
#define OLD_PRICE LONE_HOUSE_PRICE
#define NEW_PRICE 95000

static const struct id nobody = {.bytes = {8}};

/* By the places of their commands. */
static struct catalogue_edit edits[EDITS_MAX];

static const struct command *submit_edit(struct lone_house *house, struct catalogue_edit edit)
{
    assert_true(house->count < EDITS_MAX);
    struct catalogue_edit *kept = &edits[house->count];
    struct command *command = lone_house_next(house);
    *kept = edit;
    *command = (struct command){.kind = COMMAND_EDIT, .edit = kept};
    if (edit.kind == EDIT_SHOWTIME) command->showtime = edit.showtime.id;
    engine_submit(house->engine, command);
    return command;
}

static const struct command *submit_price(struct lone_house *house, struct id id, int64_t price)
{
    return submit_edit(house, (struct catalogue_edit){.kind = EDIT_SHOWTIME,
                                                      .members = 1U << SHOWTIME_PRICE,
                                                      .showtime = {.id = id, .prices = {price}}});
}

static int64_t published_price(struct lone_house *house)
{
    struct feed_view view;
    assert_true(feed_read(house->feed, lone_house_showtime(), &view));
    return view.prices[SEAT_STANDARD];
}

static void an_edit_takes_its_place_in_the_queue(void **state)
{
    struct lone_house *house = *state;
    const struct command *before = lone_house_submit_hold(house, 1);
    const struct command *edit = submit_price(house, lone_house_showtime(), NEW_PRICE);
    const struct command *after = lone_house_submit_hold(house, 2);
    lone_house_run(house, NOW_MS);
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
    struct lone_house *house = *state;
    const struct command *edit = submit_price(house, lone_house_showtime(), OLD_PRICE);
    lone_house_run(house, NOW_MS);
    assert_int_equal(edit->edit->outcome, EDIT_SAME);
    assert_int_equal(edit->answer.map_version, 1);
}

static void a_commit_that_fails_brings_the_old_price_back(void **state)
{
    struct lone_house *house = *state;
    lone_house_submit_hold(house, 1);
    lone_house_run(house, NOW_MS);
    memory_store_fail_next(house->store, MEMORY_FAULT_COMMIT_UNAVAILABLE);
    const struct command *edit = submit_price(house, lone_house_showtime(), NEW_PRICE);
    lone_house_run(house, NOW_MS);
    assert_int_equal(edit->answer.failure, ERROR_STORE_UNAVAILABLE);
    assert_int_equal(published_price(house), OLD_PRICE);
    const struct command *hold = lone_house_submit_hold(house, 2);
    lone_house_run(house, NOW_MS);
    assert_int_equal(hold->answer.booking.final_amount, OLD_PRICE);
}

static void an_edit_that_the_store_refuses_fails_alone(void **state)
{
    struct lone_house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_RECORD);
    const struct command *edit = submit_price(house, lone_house_showtime(), NEW_PRICE);
    const struct command *hold = lone_house_submit_hold(house, 1);
    lone_house_run(house, NOW_MS);
    assert_int_equal(edit->answer.failure, ERROR_INTERNAL_ERROR);
    assert_int_equal(hold->answer.failure, ERROR_NONE);
    assert_int_equal(hold->answer.booking.final_amount, OLD_PRICE);
}

static void a_full_disk_fails_the_batch_and_the_next_one_goes_on(void **state)
{
    struct lone_house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_RECORD_UNAVAILABLE);
    const struct command *edit = submit_price(house, lone_house_showtime(), NEW_PRICE);
    lone_house_run(house, NOW_MS);
    assert_int_equal(edit->answer.failure, ERROR_STORE_UNAVAILABLE);
    edit = submit_price(house, lone_house_showtime(), NEW_PRICE);
    lone_house_run(house, NOW_MS);
    assert_int_equal(edit->edit->outcome, EDIT_CHANGED);
}

static void an_edit_of_no_showtime_is_answered_and_forgotten(void **state)
{
    struct lone_house *house = *state;
    const struct command *edit = submit_price(house, nobody, NEW_PRICE);
    lone_house_run(house, NOW_MS);
    assert_int_equal(edit->answer.failure, ERROR_NONE);
    assert_int_equal(edit->edit->outcome, EDIT_NOT_FOUND);
    assert_int_equal(engine_counts(house->engine).resident, 0);
}

static void edits_without_a_showtime_are_done_one_after_the_other(void **state)
{
    struct lone_house *house = *state;
    for (uint32_t index = 0; index < 3; index++) {
        submit_edit(house, (struct catalogue_edit){.kind = EDIT_MOVIE, .movie.id = nobody});
    }
    lone_house_run(house, NOW_MS);
    assert_int_equal(house->answered, 3);
    for (uint32_t index = 0; index < 3; index++) {
        assert_int_equal(house->commands[index].answer.failure, ERROR_NONE);
        assert_int_equal(edits[index].outcome, EDIT_NOT_FOUND);
    }
}

static void a_closed_showtime_refuses_edits_too(void **state)
{
    struct lone_house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_RECORD);
    lone_house_submit_hold(house, 1);
    const struct command *edit = submit_price(house, lone_house_showtime(), NEW_PRICE);
    const struct command *hold = lone_house_submit_hold(house, 2);
    lone_house_run(house, NOW_MS);
    assert_int_equal(house->answered, 3);
    assert_int_equal(house->commands[0].answer.failure, ERROR_INTERNAL_ERROR);
    assert_int_equal(edit->answer.failure, ERROR_STORE_UNAVAILABLE);
    assert_int_equal(hold->answer.failure, ERROR_STORE_UNAVAILABLE);
}

static void a_failed_engine_refuses_edits_that_wait(void **state)
{
    struct lone_house *house = *state;
    memory_store_fail_next(house->store, MEMORY_FAULT_BEGIN);
    const struct command *edit = submit_price(house, lone_house_showtime(), NEW_PRICE);
    lone_house_run(house, NOW_MS);
    assert_int_equal(edit->answer.failure, ERROR_STORE_UNAVAILABLE);
}

static void holds_that_are_over_end_before_an_edit(void **state)
{
    struct lone_house *house = *state;
    lone_house_submit_hold(house, 1);
    lone_house_run(house, NOW_MS);
    const struct command *edit = submit_price(house, lone_house_showtime(), NEW_PRICE);
    lone_house_run(house, NOW_MS + HOLD_MS_DEFAULT);
    assert_int_equal(engine_counts(house->engine).holds_expired, 1);
    assert_int_equal(edit->edit->outcome, EDIT_CHANGED);
    assert_int_equal(edit->answer.map_version, 4); /* Held, over, edited. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LONE_HOUSE_TEST(an_edit_takes_its_place_in_the_queue),
        LONE_HOUSE_TEST(an_edit_that_changes_nothing_leaves_the_version),
        LONE_HOUSE_TEST(a_commit_that_fails_brings_the_old_price_back),
        LONE_HOUSE_TEST(an_edit_that_the_store_refuses_fails_alone),
        LONE_HOUSE_TEST(a_full_disk_fails_the_batch_and_the_next_one_goes_on),
        LONE_HOUSE_TEST(an_edit_of_no_showtime_is_answered_and_forgotten),
        LONE_HOUSE_TEST(edits_without_a_showtime_are_done_one_after_the_other),
        LONE_HOUSE_TEST(a_closed_showtime_refuses_edits_too),
        LONE_HOUSE_TEST(a_failed_engine_refuses_edits_that_wait),
        LONE_HOUSE_TEST(holds_that_are_over_end_before_an_edit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
