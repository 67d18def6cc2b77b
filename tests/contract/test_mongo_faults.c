/* test_mongo_faults.c - what a commit on MongoDB makes of each kind of failure: the table of
 * classes, then the same failures made by the server. */
#include "support/unit.h"

#include "contract/mongo_desk.h"
#include "store/mongo/mongo_commit.h"
#include "store/mongo/mongo_error.h"

struct house {
    struct mongo_fixture fixture;
    struct mongo_desk desk;
    struct mongo_desk rival;
};

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    if (house == NULL) return -1;
    *state = house;
    mongo_fixture_open(&house->fixture);
    mongo_fixture_put_showtime(&house->fixture, turn_fixture_id(1), FIXTURE_STARTS_AT_MS,
                               FIXTURE_ENDS_AT_MS);
    mongo_desk_open(&house->desk, &house->fixture, turn_fixture_id(1), (struct mongo_hook){0});
    mongo_desk_open(&house->rival, &house->fixture, turn_fixture_id(1), (struct mongo_hook){0});
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;
    mongo_fixture_fail(&house->fixture, 0, NULL);
    mongo_desk_close(&house->desk);
    mongo_desk_close(&house->rival);
    mongo_fixture_close(&house->fixture);
    free(house);
    return 0;
}

static void every_failure_has_its_class(void **state)
{
    (void)state;
    static const struct {
        uint32_t domain;
        uint32_t code;
        enum mongo_class class;
        enum error error;
    } rows[] = {
        {0, 0, MONGO_DONE, ERROR_NONE},
        {MONGOC_ERROR_SERVER, 11000, MONGO_DUPLICATE, ERROR_BOOKING_LOCK_FAILED},
        {MONGOC_ERROR_SERVER_SELECTION, 13053, MONGO_NOT_SENT, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT, MONGO_NOT_SENT, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_NAME_RESOLUTION, MONGO_NOT_SENT,
         ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 10107, MONGO_NOT_EXECUTED, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 10058, MONGO_NOT_EXECUTED, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 13435, MONGO_NOT_EXECUTED, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET, MONGO_UNKNOWN, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_PROTOCOL, MONGOC_ERROR_PROTOCOL_INVALID_REPLY, MONGO_UNKNOWN,
         ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 6, MONGO_UNKNOWN, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 91, MONGO_UNKNOWN, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 189, MONGO_UNKNOWN, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 262, MONGO_UNKNOWN, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 11602, MONGO_UNKNOWN, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 50, MONGO_UNKNOWN, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 987654, MONGO_UNKNOWN, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_WRITE_CONCERN, 64, MONGO_APPLIED, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 13, MONGO_CONFIG, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 18, MONGO_CONFIG, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 59, MONGO_CONFIG, ERROR_STORE_UNAVAILABLE},
        {MONGOC_ERROR_SERVER, 121, MONGO_BUG, ERROR_INTERNAL_ERROR},
        {MONGOC_ERROR_SERVER, 2, MONGO_BUG, ERROR_INTERNAL_ERROR},
        {MONGOC_ERROR_SERVER, 17419, MONGO_BUG, ERROR_INTERNAL_ERROR},
        {MONGOC_ERROR_BSON, MONGOC_ERROR_BSON_INVALID, MONGO_BUG, ERROR_INTERNAL_ERROR},
    };
    for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
        const bson_error_t error = {.domain = rows[index].domain, .code = rows[index].code};
        assert_int_equal(mongo_error_class(&error, NULL), rows[index].class);
        assert_int_equal(mongo_error_of(rows[index].class), rows[index].error);
    }
    bson_t *label = BCON_NEW("errorLabels", "[", BCON_UTF8("RetryableWriteError"), "]");
    const bson_error_t bug = {.domain = MONGOC_ERROR_SERVER, .code = 2};
    const bson_error_t secondary = {.domain = MONGOC_ERROR_SERVER, .code = 10107};
    assert_int_equal(mongo_error_class(&bug, label), MONGO_UNKNOWN);
    assert_int_equal(mongo_error_class(&secondary, label), MONGO_NOT_EXECUTED);
    bson_destroy(label);
}

/* Makes the next `times` updates fail, and commits a hold of A1. */
static enum error commit_hold(struct house *house, int times, const char *data)
{
    struct command hold = turn_fixture_hold("an", "A1", 1);
    assert_int_equal(mongo_desk_decide(&house->desk, &hold), ERROR_NONE);
    mongo_fixture_fail(&house->fixture, times, data);
    const enum error error = mongo_desk_commit(&house->desk);
    mongo_fixture_fail(&house->fixture, 0, NULL);
    return error;
}

static void assert_held_once(struct house *house)
{
    mongo_desk_load(&house->rival);
    assert_int_equal(mongo_desk_state(&house->rival, "A1"), SEAT_HELD);
    assert_int_equal(house->rival.map.version, 2);
    struct command again = turn_fixture_hold("an", "A1", 1);
    mongo_desk_run(&house->rival, &again);
    assert_true(again.answer.replayed);
}

static void assert_not_held(struct house *house)
{
    mongo_desk_load(&house->rival);
    assert_int_equal(mongo_desk_state(&house->rival, "A1"), SEAT_AVAILABLE);
    assert_int_equal(house->rival.map.version, 1);
}

/* Failures that pass, whatever was applied: the commit is known to have happened, once. */
static void what_passes_is_tried_again_until_it_is_known(void **state)
{
    struct house *house = *state;
    static const char *const data[] = {
        "{\"failCommands\": [\"update\"], \"errorCode\": 10107}",
        "{\"failCommands\": [\"update\"], \"errorCode\": 13435}",
        "{\"failCommands\": [\"update\"], \"errorCode\": 91}",
        "{\"failCommands\": [\"update\"], \"errorCode\": 11602}",
        "{\"failCommands\": [\"update\"], \"errorCode\": 189}",
        "{\"failCommands\": [\"update\"], \"closeConnection\": true}",
        "{\"failCommands\": [\"update\"], \"writeConcernError\": {\"code\": 64}}",
        "{\"failCommands\": [\"update\"], \"writeConcernError\": {\"code\": 64, \"errmsg\":\"n\"}}",
    };
    for (size_t index = 0; index < sizeof data / sizeof data[0]; index++) {
        const struct id showtime = turn_fixture_id(10 + index);
        mongo_fixture_put_showtime(&house->fixture, showtime, FIXTURE_STARTS_AT_MS,
                                   FIXTURE_ENDS_AT_MS);
        house->desk.showtime = showtime;
        house->rival.showtime = showtime;
        struct command hold = turn_fixture_hold("an", "A1", 100 + index);
        assert_int_equal(mongo_desk_decide(&house->desk, &hold), ERROR_NONE);
        const uint64_t retries = mongo_store_counts(house->desk.mongo).retries;
        mongo_fixture_fail(&house->fixture, 2, data[index]);
        assert_int_equal(mongo_desk_commit(&house->desk), ERROR_NONE);
        mongo_fixture_fail(&house->fixture, 0, NULL);
        assert_true(mongo_store_counts(house->desk.mongo).retries > retries);
        mongo_desk_load(&house->rival);
        assert_int_equal(mongo_desk_state(&house->rival, "A1"), SEAT_HELD);
        assert_int_equal(house->rival.map.version, 2);
        struct command again = turn_fixture_hold("an", "A1", 100 + index);
        mongo_desk_run(&house->rival, &again);
        assert_true(again.answer.replayed);
    }
}

static void what_is_refused_is_not_tried_again(void **state)
{
    struct house *house = *state;
    assert_int_equal(commit_hold(house, 1, "{\"failCommands\": [\"update\"], \"errorCode\": 2}"),
                     ERROR_INTERNAL_ERROR);
    assert_not_held(house);
    assert_int_equal(commit_hold(house, 1, "{\"failCommands\": [\"update\"], \"errorCode\": 13}"),
                     ERROR_STORE_UNAVAILABLE);
    assert_not_held(house);
    assert_int_equal(mongo_store_counts(house->desk.mongo).retries, 0);
}

static void what_was_never_executed_is_not_unknown(void **state)
{
    struct house *house = *state;
    assert_int_equal(
        commit_hold(house, 1000, "{\"failCommands\": [\"update\"], \"errorCode\": 10107}"),
        ERROR_STORE_UNAVAILABLE);
    assert_not_held(house);
    mongo_desk_load(&house->desk);
    assert_int_equal(mongo_store_counts(house->desk.mongo).resolved, 0);
}

static void an_outcome_that_stays_unknown_is_resolved_before_the_next_look(void **state)
{
    struct house *house = *state;
    assert_int_equal(
        commit_hold(house, 1000, "{\"failCommands\": [\"update\"], \"closeConnection\": true}"),
        ERROR_OUTCOME_UNKNOWN);
    assert_not_held(house);
    mongo_desk_load(&house->desk); /* Sends it again. */
    assert_int_equal(mongo_desk_state(&house->desk, "A1"), SEAT_HELD);
    assert_int_equal(mongo_store_counts(house->desk.mongo).resolved, 1);
    assert_held_once(house);
}

static void an_unknown_commit_that_a_rival_overtook_is_lost_for_good(void **state)
{
    struct house *house = *state;
    assert_int_equal(
        commit_hold(house, 1000, "{\"failCommands\": [\"update\"], \"closeConnection\": true}"),
        ERROR_OUTCOME_UNKNOWN);
    struct command rival = turn_fixture_hold("binh", "A1", 2);
    mongo_desk_run(&house->rival, &rival);
    assert_int_equal(rival.answer.refusal, REFUSAL_NONE);
    mongo_desk_load(&house->desk);
    assert_true(id_equal(mongo_desk_owner(&house->desk, "A1"), rival.answer.booking.id));
    assert_int_equal(house->desk.map.version, 2);
    struct command again = turn_fixture_hold("an", "A1", 1);
    mongo_desk_run(&house->desk, &again);
    assert_int_equal(again.answer.refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
}

static void an_unresolved_commit_keeps_its_showtime_closed_while_the_server_is_away(void **state)
{
    struct house *house = *state;
    assert_int_equal(
        commit_hold(house, 1000, "{\"failCommands\": [\"update\"], \"closeConnection\": true}"),
        ERROR_OUTCOME_UNKNOWN);
    mongo_fixture_fail(&house->fixture, 1000,
                       "{\"failCommands\": [\"update\"], \"closeConnection\": true}");
    struct command hold = turn_fixture_hold("binh", "B1", 2);
    assert_int_equal(mongo_desk_try(&house->desk, &hold), ERROR_STORE_UNAVAILABLE);
    mongo_fixture_fail(&house->fixture, 0, NULL);
    mongo_desk_run(&house->desk, &hold);
    assert_int_equal(hold.answer.refusal, REFUSAL_NONE);
    mongo_desk_load(&house->desk);
    assert_int_equal(mongo_desk_state(&house->desk, "A1"), SEAT_HELD);
}

static void an_intent_that_cannot_be_written_writes_nothing_else(void **state)
{
    struct house *house = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    mongo_fixture_fail(&house->fixture, 1,
                       "{\"failCommands\": [\"insert\"], \"closeConnection\": true}");
    assert_int_equal(mongo_desk_try(&house->desk, &hold), ERROR_STORE_UNAVAILABLE);
    mongo_fixture_fail(&house->fixture, 0, NULL);
    assert_not_held(house);
    mongo_desk_run(&house->desk, &hold);
    assert_false(hold.answer.replayed);
    assert_held_once(house);
}

#define FAULT_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failure_has_its_class),
        FAULT_TEST(what_passes_is_tried_again_until_it_is_known),
        FAULT_TEST(what_is_refused_is_not_tried_again),
        FAULT_TEST(what_was_never_executed_is_not_unknown),
        FAULT_TEST(an_outcome_that_stays_unknown_is_resolved_before_the_next_look),
        FAULT_TEST(an_unknown_commit_that_a_rival_overtook_is_lost_for_good),
        FAULT_TEST(an_unresolved_commit_keeps_its_showtime_closed_while_the_server_is_away),
        FAULT_TEST(an_intent_that_cannot_be_written_writes_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
