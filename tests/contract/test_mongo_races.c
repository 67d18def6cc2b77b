/* test_mongo_races.c - several stores on one showtime: who is second decides again. */
#include "support/unit.h"

#include "contract/mongo_desk.h"
#include "store/mongo/mongo_documents.h"
#include "store/mongo/mongo_watch.h"

struct house {
    struct mongo_fixture fixture;
    struct mongo_desk one;
    struct mongo_desk two;
    struct mongo_reader *readers;
    struct reader reader;
};

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    if (house == NULL) return -1;
    *state = house;
    mongo_fixture_open(&house->fixture);
    for (uint64_t number = 1; number <= 2; number++) {
        mongo_fixture_put_showtime(&house->fixture, turn_fixture_id(number), FIXTURE_STARTS_AT_MS,
                                   FIXTURE_ENDS_AT_MS);
    }
    mongo_desk_open(&house->one, &house->fixture, turn_fixture_id(1), (struct mongo_hook){0});
    mongo_desk_open(&house->two, &house->fixture, turn_fixture_id(1), (struct mongo_hook){0});
    assert_int_equal(mongo_reader_open(house->fixture.connection, &house->readers), ERROR_NONE);
    house->reader = mongo_reader_port(house->readers);
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;
    mongo_desk_close(&house->one);
    mongo_desk_close(&house->two);
    mongo_reader_close(house->readers);
    mongo_fixture_close(&house->fixture);
    free(house);
    return 0;
}

static enum error find(struct house *house, struct id id, struct booking *ret_booking)
{
    uint64_t version = 0;
    return house->reader.methods->find_booking(house->reader.context, id, CONSISTENCY_LATEST,
                                               ret_booking, &version);
}

static void one_of_two_turns_on_a_version_wins(void **state)
{
    struct house *house = *state;
    struct command first = turn_fixture_hold("an", "A1", 1);
    struct command second = turn_fixture_hold("binh", "A1 A2", 2);
    assert_int_equal(mongo_desk_decide(&house->one, &first), ERROR_NONE);
    assert_int_equal(mongo_desk_decide(&house->two, &second), ERROR_NONE);
    assert_int_equal(mongo_desk_commit(&house->two), ERROR_NONE);
    assert_int_equal(mongo_desk_commit(&house->one), ERROR_BOOKING_LOCK_FAILED);
    mongo_desk_run(&house->one, &first);
    assert_int_equal(first.answer.refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    mongo_desk_load(&house->one);
    assert_true(id_equal(mongo_desk_owner(&house->one, "A1"), second.answer.booking.id));
    assert_int_equal(house->one.map.version, 2);
    assert_int_equal(mongo_store_counts(house->one.mongo).races_lost, 1);
}

static void a_refusal_by_an_old_map_does_not_leave(void **state)
{
    struct house *house = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    mongo_desk_run(&house->one, &hold);
    mongo_desk_load(&house->two);
    struct command cancel = turn_fixture_cancel("an", hold.answer.booking.id);
    mongo_desk_run(&house->one, &cancel);
    const struct store *store = &house->two.store;
    struct command late = turn_fixture_hold("binh", "A1", 2);
    assert_int_equal(store->methods->begin(store->context), ERROR_NONE);
    turn_begin(house->two.turn, &house->two.policy, NULL, &house->two.map, FIXTURE_NOW_MS);
    turn_add(house->two.turn, &late);
    assert_int_equal(store->methods->gather(store->context, house->two.turn), ERROR_NONE);
    turn_decide(house->two.turn);
    assert_int_equal(late.answer.refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
    assert_false(turn_changed(house->two.turn));
    assert_int_equal(mongo_desk_commit(&house->two), ERROR_BOOKING_LOCK_FAILED);
    mongo_desk_run(&house->two, &late);
    assert_int_equal(late.answer.refusal, REFUSAL_NONE);
}

/* Acts for another instance while one reads. */
struct meanwhile {
    struct mongo_desk *rival;
    struct command *command;
    enum mongo_step at;
    bool done;
};

static enum error act(void *context, enum mongo_step step)
{
    struct meanwhile *meanwhile = context;
    if (step != meanwhile->at || meanwhile->done) return ERROR_NONE;
    meanwhile->done = true;
    struct mongo_desk *rival = meanwhile->rival;
    mongo_desk_run(rival, meanwhile->command);
    return rival->store.methods->tend(rival->store.context, rival->now_ms);
}

static void documents_that_are_newer_than_the_map_are_not_mixed_with_it(void **state)
{
    struct house *house = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    mongo_desk_run(&house->two, &hold);
    struct command cancel = turn_fixture_cancel("an", hold.answer.booking.id);
    struct meanwhile meanwhile = {
        .rival = &house->two, .command = &cancel, .at = MONGO_STEP_READ_DOCUMENTS};
    struct mongo_desk reading;
    mongo_desk_open(&reading, &house->fixture, turn_fixture_id(1),
                    (struct mongo_hook){.before = act, .context = &meanwhile});
    struct command pay = turn_fixture_pay("an", hold.answer.booking.id, PAYMENT_MOMO, 2);
    assert_int_equal(mongo_desk_decide(&reading, &pay), ERROR_BOOKING_LOCK_FAILED);
    assert_true(meanwhile.done);
    mongo_desk_run(&reading, &pay);
    assert_int_equal(pay.answer.refusal, REFUSAL_BOOKING_NOT_PENDING);
    mongo_desk_close(&reading);
}

static void one_key_at_two_instances_makes_one_booking(void **state)
{
    struct house *house = *state;
    struct command first = turn_fixture_hold("an", "A1", 1);
    struct command second = turn_fixture_hold("an", "A1", 1);
    assert_int_equal(mongo_desk_decide(&house->one, &first), ERROR_NONE);
    assert_int_equal(mongo_desk_decide(&house->two, &second), ERROR_NONE);
    assert_int_equal(mongo_desk_commit(&house->one), ERROR_NONE);
    assert_int_equal(mongo_desk_commit(&house->two), ERROR_BOOKING_LOCK_FAILED);
    mongo_desk_run(&house->two, &second);
    assert_true(second.answer.replayed);
    assert_true(id_equal(second.answer.booking.id, first.answer.booking.id));
    assert_memory_equal(&second.answer.booking.code, &first.answer.booking.code, CODE_SIZE);
    mongo_desk_load(&house->one);
    assert_int_equal(seat_map_available(&house->one.map), 28);
}

static void an_intent_alone_is_not_seen_and_the_next_one_adopts_it(void **state)
{
    struct house *house = *state;
    struct command first = turn_fixture_hold("an", "A1 A2", 1);
    assert_int_equal(mongo_desk_decide(&house->one, &first), ERROR_NONE);
    struct booking found;
    assert_int_equal(find(house, first.answer.booking.id, &found), ERROR_BOOKING_NOT_FOUND);
    struct command second = turn_fixture_hold("an", "B1", 1); /* Asks for something else. */
    house->two.now_ms += 5000;
    mongo_desk_run(&house->two, &second);
    assert_false(second.answer.replayed);
    assert_true(id_equal(second.answer.booking.id, first.answer.booking.id));
    assert_int_equal(mongo_desk_commit(&house->one), ERROR_BOOKING_LOCK_FAILED);
    for (int look = 0; look < 2; look++) { /* Before the document follows, and after. */
        assert_int_equal(find(house, first.answer.booking.id, &found), ERROR_NONE);
        assert_int_equal(found.seat_count, 1);
        assert_int_equal(found.final_amount, FIXTURE_PRICE_STANDARD);
        assert_int_equal(found.hold_expires_at_ms, second.answer.booking.hold_expires_at_ms);
        assert_memory_equal(&found.code, &second.answer.booking.code, CODE_SIZE);
        assert_int_equal(
            house->two.store.methods->tend(house->two.store.context, house->two.now_ms),
            ERROR_NONE);
    }
    mongo_desk_load(&house->one);
    assert_int_equal(mongo_desk_state(&house->one, "A1"), SEAT_AVAILABLE);
}

static void a_key_of_another_showtime_is_taken_even_as_an_intent(void **state)
{
    struct house *house = *state;
    struct command first = turn_fixture_hold("an", "A1", 1);
    assert_int_equal(mongo_desk_decide(&house->one, &first), ERROR_NONE);
    house->two.showtime = turn_fixture_id(2);
    struct command second = turn_fixture_hold("an", "A1", 1);
    second.claim.fingerprint.bytes[0] ^= 1;
    mongo_desk_run(&house->two, &second);
    assert_int_equal(second.answer.refusal, REFUSAL_IDEMPOTENCY_KEY_REUSED);
    assert_int_equal(mongo_desk_commit(&house->one), ERROR_NONE);
}

static void money_and_a_cancel_leave_one_truth(void **state)
{
    struct house *house = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    mongo_desk_run(&house->one, &hold);
    struct command pay = turn_fixture_pay("an", hold.answer.booking.id, PAYMENT_MOMO, 2);
    mongo_desk_run(&house->one, &pay);
    struct command money = turn_fixture_money(&pay.answer.payment, MONEY_PAID);
    struct command cancel = turn_fixture_cancel("an", hold.answer.booking.id);
    assert_int_equal(mongo_desk_decide(&house->one, &money), ERROR_NONE);
    assert_int_equal(mongo_desk_decide(&house->two, &cancel), ERROR_NONE);
    assert_int_equal(mongo_desk_commit(&house->two), ERROR_NONE);
    assert_int_equal(mongo_desk_commit(&house->one), ERROR_BOOKING_LOCK_FAILED);
    mongo_desk_run(&house->one, &money);
    assert_int_equal(money.answer.outcome, MONEY_TO_REFUND);
    assert_int_equal(money.answer.payment.reason, REASON_BOOKING_CANCELLED);
    struct command twice = turn_fixture_money(&pay.answer.payment, MONEY_PAID);
    mongo_desk_run(&house->two, &twice);
    assert_int_equal(twice.answer.outcome, MONEY_KNOWN_ALREADY);
    assert_int_equal(twice.answer.payment.status, PAYMENT_REFUND_DUE);
}

static void a_broken_document_refuses_its_turn_and_not_the_process(void **state)
{
    struct house *house = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    mongo_desk_run(&house->one, &hold);
    static const char *const breaks[] = {
        "{\"$unset\": {\"seats\": 1}}", "{\"$set\": {\"status\": 7}}",
        "{\"$set\": {\"user_id\": \"\"}}", "{\"$set\": {\"seats\": [{\"seat_id\": \"?\"}]}}"};
    for (size_t index = 0; index < sizeof breaks / sizeof breaks[0]; index++) {
        bson_t filter = BSON_INITIALIZER;
        bson_t *update = bson_new_from_json((const uint8_t *)breaks[index], -1, NULL);
        assert_non_null(update);
        assert_true(mongoc_collection_update_one(house->fixture.client.collections[MONGO_BOOKINGS],
                                                 &filter, update, NULL, NULL, NULL));
        bson_destroy(update);
        struct command cancel = turn_fixture_cancel("an", hold.answer.booking.id);
        assert_int_equal(mongo_desk_decide(&house->two, &cancel), ERROR_INTERNAL_ERROR);
    }
}

static void money_that_was_only_recorded_is_found_and_decided(void **state)
{
    struct house *house = *state;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    mongo_desk_run(&house->one, &hold);
    struct command pay = turn_fixture_pay("an", hold.answer.booking.id, PAYMENT_MOMO, 2);
    mongo_desk_run(&house->one, &pay);
    struct command money = turn_fixture_money(&pay.answer.payment, MONEY_PAID);
    struct command waiting[4];
    struct id after = {0};
    struct mongo_client *client = &house->fixture.client;
    size_t count = 9;
    assert_int_equal(mongo_watch_money(client, &after, waiting, 4, &count), ERROR_NONE);
    assert_int_equal(count, 0);
    assert_int_equal(mongo_desk_decide(&house->one, &money), ERROR_NONE);
    mongo_desk_undo(&house->one); /* And is heard of no more. */
    assert_int_equal(mongo_watch_money(client, &after, waiting, 4, &count), ERROR_NONE);
    assert_int_equal(count, 1);
    assert_true(id_equal(waiting[0].showtime, turn_fixture_id(1)));
    assert_int_equal(waiting[0].amount, pay.answer.payment.amount);
    mongo_desk_run(&house->two, &waiting[0]);
    assert_int_equal(waiting[0].answer.outcome, MONEY_CONFIRMED);
    assert_int_equal(house->two.store.methods->tend(house->two.store.context, FIXTURE_NOW_MS),
                     ERROR_NONE);
    assert_int_equal(mongo_watch_money(client, &after, waiting, 4, &count), ERROR_NONE);
    assert_int_equal(count, 0);
}

/* Payments of nobody, and showtimes that stay due. */
static void what_stays_as_it_is_does_not_hide_the_rest(void **state)
{
    enum { NOBODY_S = 6, AT_ONCE = 4 };
    struct house *house = *state;
    struct mongo_client *client = &house->fixture.client;
    struct command hold = turn_fixture_hold("an", "A1", 1);
    mongo_desk_run(&house->one, &hold);
    struct command pay = turn_fixture_pay("an", hold.answer.booking.id, PAYMENT_MOMO, 2);
    mongo_desk_run(&house->one, &pay);
    struct command money = turn_fixture_money(&pay.answer.payment, MONEY_PAID);
    assert_int_equal(mongo_desk_decide(&house->one, &money), ERROR_NONE);
    mongo_desk_undo(&house->one);
    for (uint32_t number = 1; number <= NOBODY_S; number++) {
        bson_oid_t oid = {{0}};
        bson_error_t why;
        oid.bytes[11] = (uint8_t)number;
        bson_t *payment =
            BCON_NEW("_id", BCON_OID(&oid), "status", BCON_UTF8(MONGO_MONEY_RECORDED));
        assert_true(mongoc_collection_insert_one(client->collections[MONGO_PAYMENTS], payment, NULL,
                                                 NULL, &why));
        bson_destroy(payment);
        mongo_fixture_put_showtime(&house->fixture, turn_fixture_id(10 + number),
                                   FIXTURE_STARTS_AT_MS, FIXTURE_ENDS_AT_MS);
        mongo_fixture_update(&house->fixture, MONGO_SHOWTIMES, turn_fixture_id(10 + number),
                             "{\"$set\": {\"due_at\": {\"$date\": {\"$numberLong\": \"1000\"}}}}");
    }
    struct command waiting[AT_ONCE];
    struct id due[AT_ONCE];
    struct id money_after = {0};
    struct id due_after = {0};
    static const size_t money_counts[] = {0, 1, 0};
    static const size_t due_counts[] = {AT_ONCE, NOBODY_S - AT_ONCE, AT_ONCE};
    for (size_t round = 0; round < sizeof money_counts / sizeof money_counts[0]; round++) {
        size_t count = 9;
        assert_int_equal(mongo_watch_money(client, &money_after, waiting, AT_ONCE, &count),
                         ERROR_NONE);
        assert_int_equal(count, money_counts[round]);
        assert_int_equal(mongo_watch_due(client, 2000, &due_after, due, AT_ONCE, &count),
                         ERROR_NONE);
        assert_int_equal(count, due_counts[round]);
    }
}

static void many_turns_of_two_instances_sell_every_seat_once(void **state)
{
    struct house *house = *state;
    enum { HOLDS = 24 };
    struct id owners[HOLDS];
    for (uint32_t index = 0; index < HOLDS; index++) {
        char seat[8];
        char user[8];
        (void)snprintf(seat, sizeof seat, "%c%u", (char)('A' + index / 10), index % 10 + 1);
        (void)snprintf(user, sizeof user, "u%u", index);
        struct mongo_desk *mine = index % 2 == 0 ? &house->one : &house->two;
        struct mongo_desk *other = index % 2 == 0 ? &house->two : &house->one;
        struct command hold = turn_fixture_hold(user, seat, 1);
        struct command rival = turn_fixture_hold("rival", seat, 100 + index);
        assert_int_equal(mongo_desk_decide(other, &rival), ERROR_NONE);
        mongo_desk_run(mine, &hold);
        assert_int_equal(mongo_desk_commit(other), ERROR_BOOKING_LOCK_FAILED);
        mongo_desk_run(other, &rival);
        assert_int_equal(rival.answer.refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
        owners[index] = hold.answer.booking.id;
    }
    mongo_desk_load(&house->one);
    assert_int_equal(seat_map_available(&house->one.map), 29 - HOLDS);
    for (uint32_t index = 0; index < HOLDS; index++) {
        struct booking found;
        assert_int_equal(find(house, owners[index], &found), ERROR_NONE);
        assert_int_equal(found.status, BOOKING_PENDING);
    }
}

#define RACE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RACE_TEST(one_of_two_turns_on_a_version_wins),
        RACE_TEST(a_refusal_by_an_old_map_does_not_leave),
        RACE_TEST(documents_that_are_newer_than_the_map_are_not_mixed_with_it),
        RACE_TEST(one_key_at_two_instances_makes_one_booking),
        RACE_TEST(an_intent_alone_is_not_seen_and_the_next_one_adopts_it),
        RACE_TEST(a_key_of_another_showtime_is_taken_even_as_an_intent),
        RACE_TEST(money_and_a_cancel_leave_one_truth),
        RACE_TEST(a_broken_document_refuses_its_turn_and_not_the_process),
        RACE_TEST(money_that_was_only_recorded_is_found_and_decided),
        RACE_TEST(what_stays_as_it_is_does_not_hide_the_rest),
        RACE_TEST(many_turns_of_two_instances_sell_every_seat_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
