/* test_mongo_leftovers.c - what a dead instance has left is put right by those who live: row by
 * row of the crash points, and nothing of it too early, twice, or against a commit under way. */
#include "support/unit.h"

#include "contract/mongo_desk.h"
#include "store/mongo/mongo_read.h"
#include "store/mongo/mongo_sweep.h"

#define MINUTE_MS INT64_C(60000)

struct house {
    struct mongo_fixture fixture;
    struct mongo_desk dead;
    struct mongo_desk heir;
    struct mongo_reader *readers;
    struct reader reader;
};

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    if (house == NULL) return -1;
    *state = house;
    mongo_fixture_open(&house->fixture);
    mongo_fixture_put_showtime(&house->fixture, turn_fixture_id(1), FIXTURE_STARTS_AT_MS,
                               FIXTURE_ENDS_AT_MS);
    mongo_desk_open(&house->dead, &house->fixture, turn_fixture_id(1), (struct mongo_hook){0});
    mongo_desk_open(&house->heir, &house->fixture, turn_fixture_id(1), (struct mongo_hook){0});
    assert_int_equal(mongo_reader_open(house->fixture.connection, &house->readers), ERROR_NONE);
    house->reader = mongo_reader_port(house->readers);
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;
    mongo_desk_close(&house->dead);
    mongo_desk_close(&house->heir);
    mongo_reader_close(house->readers);
    mongo_fixture_close(&house->fixture);
    free(house);
    return 0;
}

/* The heir's housekeeping at that moment, as often as it takes. */
static void tend(struct house *house, int64_t now_ms)
{
    const struct store *store = &house->heir.store;
    for (int round = 0; round < 3; round++) {
        assert_int_equal(store->methods->tend(store->context, now_ms + round * 10000), ERROR_NONE);
    }
}

static void assert_says(struct house *house, enum mongo_collection collection, struct id id,
                        const char *text)
{
    char *json = mongo_fixture_json(&house->fixture, collection, id);
    assert_non_null(json);
    if (strstr(json, text) == NULL) fprintf(stderr, "%s is not in %s\n", text, json);
    assert_non_null(strstr(json, text));
    bson_free(json);
}

static enum error find(struct house *house, struct id id, struct booking *ret_booking)
{
    uint64_t version = 0;
    return house->reader.methods->find_booking(house->reader.context, id, CONSISTENCY_LATEST,
                                               ret_booking, &version);
}

static void an_intent_alone_ends_when_its_time_is_over(void **state)
{
    struct house *house = *state;
    struct command hold = turn_fixture_hold("an", "A1 A2", 1);
    assert_int_equal(mongo_desk_decide(&house->dead, &hold), ERROR_NONE);
    const struct id booking = hold.answer.booking.id;
    tend(house, FIXTURE_NOW_MS + MINUTE_MS);
    assert_says(house, MONGO_BOOKINGS, booking, "\"status\" : \"pending\"");
    tend(house, FIXTURE_NOW_MS + HOLD_MS_DEFAULT + MINUTE_MS);
    assert_says(house, MONGO_BOOKINGS, booking, "\"status\" : \"expired\"");
    assert_says(house, MONGO_SHOWTIMES, turn_fixture_id(1), "\"settle\" : [  ]");
    /* The commit that was on its way is late for good. */
    assert_int_equal(mongo_desk_commit(&house->dead), ERROR_BOOKING_LOCK_FAILED);
    mongo_desk_load(&house->heir);
    assert_int_equal(seat_map_available(&house->heir.map), 29);
    assert_int_equal(mongo_store_counts(house->heir.mongo).swept, 2); /* Ended, then pruned. */
}

/* Nobody was told of it, so nobody is shown it: not as expired either. */
static void an_intent_that_ended_is_shown_to_nobody_and_its_key_holds_anew(void **state)
{
    struct house *house = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    struct booking found;
    assert_int_equal(mongo_desk_decide(&house->dead, &hold), ERROR_NONE);
    mongo_desk_undo(&house->dead);
    const struct id id = hold.answer.booking.id;
    house->heir.now_ms = FIXTURE_NOW_MS + HOLD_MS_DEFAULT + MINUTE_MS;
    tend(house, house->heir.now_ms);
    assert_says(house, MONGO_BOOKINGS, id, "\"status\" : \"expired\"");
    assert_int_equal(find(house, id, &found), ERROR_BOOKING_NOT_FOUND);
    for (int time = 0; time < 2; time++) {
        struct command again = turn_fixture_hold("an", "B1 B2", 1); /* Other seats. */
        mongo_desk_run(&house->heir, &again);
        assert_int_equal(again.answer.refusal, REFUSAL_NONE);
        assert_int_equal(again.answer.replayed, time > 0);
        assert_true(id_equal(again.answer.booking.id, id));
        assert_true(again.answer.booking.held_at_ms > FIXTURE_NOW_MS + HOLD_MS_DEFAULT);
        assert_int_equal(find(house, id, &found), ERROR_NONE);
        assert_int_equal(found.status, BOOKING_PENDING);
        assert_int_equal(found.seat_count, 2);
        tend(house, house->heir.now_ms);
    }
    assert_says(house, MONGO_BOOKINGS, id, "\"status\" : \"pending\"");
    mongo_desk_load(&house->heir);
    assert_int_equal(mongo_desk_state(&house->heir, "A1"), SEAT_AVAILABLE);
    assert_int_equal(mongo_desk_state(&house->heir, "B2"), SEAT_HELD);
}

static void a_hold_that_was_committed_is_none_of_the_intents(void **state)
{
    struct house *house = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    mongo_desk_run(&house->dead, &hold);
    struct command lost = turn_fixture_hold("binh", "B1", 2);
    assert_int_equal(mongo_desk_decide(&house->dead, &lost), ERROR_NONE);
    mongo_desk_undo(&house->dead);
    tend(house, FIXTURE_NOW_MS + HOLD_MS_DEFAULT + MINUTE_MS);
    assert_says(house, MONGO_BOOKINGS, hold.answer.booking.id, "\"status\" : \"pending\"");
    assert_says(house, MONGO_BOOKINGS, lost.answer.booking.id, "\"status\" : \"expired\"");
    mongo_desk_load(&house->heir);
    assert_int_equal(mongo_desk_state(&house->heir, "A1"), SEAT_HELD);
}

static void an_intent_of_no_showtime_stops_nothing(void **state)
{
    struct house *house = *state;
    struct command lost = turn_fixture_hold("an", "A1", 1);
    assert_int_equal(mongo_desk_decide(&house->dead, &lost), ERROR_NONE);
    mongo_desk_undo(&house->dead);
    bson_error_t why;
    for (uint32_t number = 0; number < 40; number++) { /* More than a round looks at. */
        bson_oid_t oid = {{0}};
        oid.bytes[11] = (uint8_t)number;
        char code[] = "BK-AAAAAA00";
        code[9] = (char)('A' + number / 10);
        code[10] = (char)('0' + number % 10);
        bson_t *booking = BCON_NEW("_id", BCON_OID(&oid), "showtime_id", BCON_OID(&oid), "status",
                                   BCON_UTF8("pending"), "hold_expires_at", BCON_DATE_TIME(1000),
                                   "booking_code", BCON_UTF8(code));
        assert_true(mongoc_collection_insert_one(house->fixture.client.collections[MONGO_BOOKINGS],
                                                 booking, NULL, NULL, &why));
        bson_destroy(booking);
    }
    tend(house, FIXTURE_NOW_MS + HOLD_MS_DEFAULT + MINUTE_MS);
    assert_says(house, MONGO_BOOKINGS, lost.answer.booking.id, "\"status\" : \"expired\"");
}

/* Commits several holds whose rest is never written. */
static void leave_rests(struct house *house, uint64_t first, uint64_t count)
{
    for (uint64_t number = first; number < first + count; number++) {
        mongo_fixture_put_showtime(&house->fixture, turn_fixture_id(number), FIXTURE_STARTS_AT_MS,
                                   FIXTURE_ENDS_AT_MS);
        house->dead.showtime = turn_fixture_id(number);
        struct command hold = turn_fixture_hold("an", "A1", number);
        mongo_desk_run(&house->dead, &hold);
        struct command cancel = turn_fixture_cancel("an", hold.answer.booking.id);
        mongo_desk_run(&house->dead, &cancel);
        mongo_desk_close(&house->dead);
        mongo_desk_open(&house->dead, &house->fixture, turn_fixture_id(1), (struct mongo_hook){0});
    }
}

/* Each try takes seconds in which commands wait: the first one speaks for all. */
static void a_server_that_answers_no_update_is_asked_by_one_showtime_a_round(void **state)
{
    enum { OVER = 4, TRIES_MAX = 20 };
    struct house *house = *state;
    for (uint64_t number = 10; number < 10 + OVER; number++) {
        mongo_fixture_put_showtime(&house->fixture, turn_fixture_id(number), FIXTURE_STARTS_AT_MS,
                                   FIXTURE_ENDS_AT_MS);
    }
    const int64_t over_ms = FIXTURE_ENDS_AT_MS + MINUTE_MS;
    mongo_fixture_fail(&house->fixture, 1000,
                       "{\"failCommands\": [\"update\"], \"closeConnection\": true}");
    const struct store *store = &house->heir.store;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(store->methods->tend(store->context, over_ms + round * MINUTE_MS),
                         ERROR_NONE);
    }
    mongo_fixture_fail(&house->fixture, 0, NULL);
    assert_true(mongo_store_counts(house->heir.mongo).retries > 0);
    assert_true(mongo_store_counts(house->heir.mongo).retries < TRIES_MAX);
    tend(house, over_ms + 10 * MINUTE_MS);
    assert_int_equal(mongo_store_counts(house->heir.mongo).resolved, 1);
    for (uint64_t number = 10; number < 10 + OVER; number++) {
        assert_says(house, MONGO_SHOWTIMES, turn_fixture_id(number), "\"status\" : \"completed\"");
    }
}

/* More broken showtimes than a round looks at stand before the good one. */
static void what_nothing_helps_hides_no_others(void **state)
{
    enum { BROKEN = 20 };
    struct house *house = *state;
    for (uint64_t number = 10; number < 10 + BROKEN; number++) {
        mongo_fixture_put_showtime(&house->fixture, turn_fixture_id(number), FIXTURE_STARTS_AT_MS,
                                   FIXTURE_ENDS_AT_MS - MINUTE_MS);
        mongo_fixture_update(
            &house->fixture, MONGO_SHOWTIMES, turn_fixture_id(number),
            "{\"$set\": {\"settle\": 7, \"settle_at\": {\"$date\": {\"$numberLong\": \"1000\"}}}}");
    }
    leave_rests(house, 50, 1);
    tend(house, FIXTURE_NOW_MS + MINUTE_MS);
    assert_says(house, MONGO_SHOWTIMES, turn_fixture_id(50), "\"settle\" : [  ]");
    tend(house, FIXTURE_ENDS_AT_MS + MINUTE_MS);
    assert_says(house, MONGO_SHOWTIMES, turn_fixture_id(50), "\"status\" : \"completed\"");
    assert_says(house, MONGO_SHOWTIMES, turn_fixture_id(10), "\"status\" : \"scheduled\"");
}

/* The driver sends no empty name of its own accord. */
static void an_entry_that_cannot_be_sent_ends_no_process(void **state)
{
    struct house *house = *state;
    const struct id showtime = turn_fixture_id(10);
    leave_rests(house, 10, 2);
    mongo_fixture_update(
        &house->fixture, MONGO_SHOWTIMES, showtime,
        "{\"$set\": {\"settle\": [{\"b\": {\"$oid\": \"0123456789abcdef01234567\"}, \"v\": 9, "
        "\"set\": {\"\": 1}}, {\"k\": {\"$oid\": \"0123456789abcdef01234567\"}, \"v\": 9, "
        "\"put\": {\"_id\": {\"$oid\": \"0123456789abcdef01234567\"}, \"\": 1}}]}}");
    tend(house, FIXTURE_NOW_MS + MINUTE_MS);
    assert_says(house, MONGO_SHOWTIMES, turn_fixture_id(11), "\"settle\" : [  ]");
    mongo_desk_load(&house->heir);
}

/* Nothing leaves the showtime before its documents have it for good. */
static void a_rest_that_may_not_last_stays_in_its_showtime(void **state)
{
    struct house *house = *state;
    static const char *const failures[] = {
        "{\"failCommands\": [\"update\"], \"writeConcernError\": {\"code\": 64}}",
        "{\"failCommands\": [\"update\"], \"writeConcernError\": {\"code\": 64, \"errmsg\":\"n\"}}",
    };
    for (size_t index = 0; index < sizeof failures / sizeof failures[0]; index++) {
        const struct id showtime = turn_fixture_id(10 + index);
        leave_rests(house, 10 + index, 1);
        mongo_fixture_fail(&house->fixture, 1, failures[index]);
        const struct store *store = &house->heir.store;
        const int64_t now_ms = FIXTURE_NOW_MS + ((int64_t)index + 1) * 60 * MINUTE_MS;
        assert_int_equal(store->methods->tend(store->context, now_ms), ERROR_NONE);
        mongo_fixture_fail(&house->fixture, 0, NULL);
        assert_says(house, MONGO_SHOWTIMES, showtime, "\"settle\" : [ {");
        tend(house, now_ms + MINUTE_MS);
        assert_says(house, MONGO_SHOWTIMES, showtime, "\"settle\" : [  ]");
    }
}

/* The driver names the first failure of several. */
static void what_hides_behind_a_repeat_is_no_repeat(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        enum error error;
    } rows[] = {
        {"{\"writeErrors\": [{\"index\": 0, \"code\": 11000}]}", ERROR_NONE},
        {"{\"writeErrors\": [{\"index\": 0, \"code\": 11000}, {\"index\": 3, \"code\": 11000}]}",
         ERROR_NONE},
        {"{\"writeErrors\": [{\"index\": 0, \"code\": 11000}, {\"index\": 1, \"code\": 50}]}",
         ERROR_STORE_UNAVAILABLE},
        {"{\"writeErrors\": [{\"index\": 0, \"code\": 11000}], \"writeConcernErrors\": [{\"code\": "
         "64}]}",
         ERROR_STORE_UNAVAILABLE},
        {"{}", ERROR_STORE_UNAVAILABLE},
    };
    const bson_error_t first = {.domain = MONGOC_ERROR_SERVER, .code = 11000};
    for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
        bson_t *reply = bson_new_from_json((const uint8_t *)rows[index].reply, -1, NULL);
        assert_non_null(reply);
        assert_int_equal(mongo_read_written("test", false, true, &first, reply), rows[index].error);
        assert_int_equal(mongo_read_written("test", false, false, &first, reply),
                         bson_has_field(reply, "writeConcernErrors") ? ERROR_STORE_UNAVAILABLE
                                                                     : ERROR_BOOKING_LOCK_FAILED);
        bson_destroy(reply);
    }
}

static void an_intent_that_may_not_last_is_not_committed(void **state)
{
    struct house *house = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    mongo_fixture_fail(&house->fixture, 1,
                       "{\"failCommands\": [\"insert\"], \"writeConcernError\": {\"code\": 64}}");
    assert_int_equal(mongo_desk_decide(&house->heir, &hold), ERROR_STORE_UNAVAILABLE);
    mongo_fixture_fail(&house->fixture, 0, NULL);
    mongo_desk_run(&house->heir, &hold);
    assert_false(hold.answer.replayed);
}

/* Money of a payment whose turn never came. */
static void record_money(struct house *house, const struct payment *payment)
{
    struct command money = turn_fixture_money(payment, MONEY_PAID);
    assert_int_equal(mongo_desk_decide(&house->dead, &money), ERROR_NONE);
    mongo_desk_undo(&house->dead);
    assert_says(house, MONGO_PAYMENTS, payment->id, "\"status\" : \"succeeded\"");
}

static void who_pays_anew_after_money_that_waits_is_told_that_it_is_paid(void **state)
{
    struct house *house = *state;
    struct command hold = turn_fixture_hold("an", "A1 A2", 1);
    mongo_desk_run(&house->dead, &hold);
    const struct id booking = hold.answer.booking.id;
    struct command first = turn_fixture_pay("an", booking, PAYMENT_MOMO, 2);
    mongo_desk_run(&house->dead, &first);
    struct command second = turn_fixture_pay("an", booking, PAYMENT_VNPAY, 3);
    mongo_desk_run(&house->dead, &second); /* The booking names the first one no more. */
    record_money(house, &first.answer.payment);
    struct command third = turn_fixture_pay("an", booking, PAYMENT_CARD, 4);
    mongo_desk_run(&house->heir, &third);
    assert_int_equal(third.answer.refusal, REFUSAL_BOOKING_ALREADY_PAID);
    mongo_desk_load(&house->heir);
    assert_int_equal(mongo_desk_state(&house->heir, "A2"), SEAT_BOOKED);
    tend(house, FIXTURE_NOW_MS + MINUTE_MS);
    assert_says(house, MONGO_PAYMENTS, first.answer.payment.id, "\"status\" : \"completed\"");
    assert_says(house, MONGO_PAYMENTS, second.answer.payment.id, "\"status\" : \"failed\"");
}

static void a_hold_that_lapses_with_money_waiting_keeps_its_seats(void **state)
{
    struct house *house = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    mongo_desk_run(&house->dead, &hold);
    const struct id booking = hold.answer.booking.id;
    struct command pay = turn_fixture_pay("an", booking, PAYMENT_MOMO, 2);
    mongo_desk_run(&house->dead, &pay);
    record_money(house, &pay.answer.payment);
    house->heir.now_ms += PAYMENT_MS_DEFAULT + MINUTE_MS;
    struct command end = turn_fixture_expire(booking);
    mongo_desk_run(&house->heir, &end);
    assert_int_equal(end.answer.booking.status, BOOKING_CONFIRMED);
    mongo_desk_load(&house->heir);
    assert_int_equal(mongo_desk_state(&house->heir, "A1"), SEAT_BOOKED);
}

struct outage {
    struct mongo_fixture *fixture;
    int settled; /* Showtimes whose rest is written, and which no update takes it out of. */
};

static enum error fail_updates(void *context, enum mongo_step step)
{
    struct outage *outage = context;
    if (step != MONGO_STEP_PRUNE) return ERROR_NONE;
    outage->settled++;
    mongo_fixture_fail(outage->fixture, 1000,
                       "{\"failCommands\": [\"update\"], \"closeConnection\": true}");
    return ERROR_NONE;
}

static void settling_for_an_export_ends_at_the_first_unknown_outcome(void **state)
{
    struct house *house = *state;
    struct outage outage = {.fixture = &house->fixture};
    leave_rests(house, 20, 3);
    mongo_desk_close(&house->heir);
    mongo_desk_open(&house->heir, &house->fixture, turn_fixture_id(1),
                    (struct mongo_hook){.before = fail_updates, .context = &outage});
    assert_int_equal(mongo_sweep_settle(house->heir.mongo), ERROR_OUTCOME_UNKNOWN);
    mongo_fixture_fail(&house->fixture, 0, NULL);
    assert_int_equal(outage.settled, 1);
}

static void a_hold_without_money_is_asked_about_none(void **state)
{
    struct house *house = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    mongo_desk_run(&house->heir, &hold);
    house->heir.now_ms += HOLD_MS_DEFAULT + MINUTE_MS;
    const uint64_t before = mongo_store_counts(house->heir.mongo).round_trips;
    struct command end = turn_fixture_expire(hold.answer.booking.id);
    mongo_desk_run(&house->heir, &end);
    assert_int_equal(end.answer.booking.status, BOOKING_EXPIRED);
    /* The keys of the hold, the showtime, the booking, the commit. */
    assert_true(mongo_store_counts(house->heir.mongo).round_trips - before <= 4);
}

#define LEFT_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEFT_TEST(an_intent_alone_ends_when_its_time_is_over),
        LEFT_TEST(an_intent_that_ended_is_shown_to_nobody_and_its_key_holds_anew),
        LEFT_TEST(a_hold_that_was_committed_is_none_of_the_intents),
        LEFT_TEST(an_intent_of_no_showtime_stops_nothing),
        LEFT_TEST(a_server_that_answers_no_update_is_asked_by_one_showtime_a_round),
        LEFT_TEST(what_nothing_helps_hides_no_others),
        LEFT_TEST(an_entry_that_cannot_be_sent_ends_no_process),
        LEFT_TEST(a_rest_that_may_not_last_stays_in_its_showtime),
        cmocka_unit_test(what_hides_behind_a_repeat_is_no_repeat),
        LEFT_TEST(an_intent_that_may_not_last_is_not_committed),
        LEFT_TEST(who_pays_anew_after_money_that_waits_is_told_that_it_is_paid),
        LEFT_TEST(a_hold_that_lapses_with_money_waiting_keeps_its_seats),
        LEFT_TEST(a_hold_without_money_is_asked_about_none),
        LEFT_TEST(settling_for_an_export_ends_at_the_first_unknown_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
