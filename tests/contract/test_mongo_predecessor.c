/* test_mongo_predecessor.c - a store on documents of another hand: its showtimes are taken over,
 * its bookings, payments and indexes serve as they are. */
#include "support/unit.h"

#include "contract/mongo_desk.h"
#include "contract/predecessor_documents.h"
#include "store/mongo/mongo_documents.h"
#include "store/mongo/mongo_indexes.h"
#include "store/mongo/mongo_pager.h"
#include "store/mongo/mongo_watch.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define OWNER user_of(SLICE("64a7b8c9d0e1f2a3b4c5d611"))

static void insert(struct mongo_fixture *fixture, enum mongo_collection collection,
                   const char *json)
{
    bson_t *document = predecessor_document(json);
    assert_true(mongoc_collection_insert_one(fixture->client.collections[collection], document,
                                             NULL, NULL, NULL));
    bson_destroy(document);
}

static struct id id_of(const char *hex)
{
    struct id id;
    assert_true(id_parse(slice_of(hex), &id));
    return id;
}

static void assert_says(struct mongo_fixture *fixture, enum mongo_collection collection,
                        struct id id, const char *text)
{
    char *json = mongo_fixture_json(fixture, collection, id);
    assert_non_null(json);
    if (strstr(json, text) == NULL) fprintf(stderr, "%s is not in %s\n", text, json);
    assert_non_null(strstr(json, text));
    bson_free(json);
}

/* Nobody asks for the showtime: its overdue booking alone leads there. */
static void a_hold_of_a_showtime_that_nobody_loads_comes_due(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct mongo_desk desk;
    const struct id showtime = id_of("64a7b8c9d0e1f2a3b4c5d6e7");
    insert(fixture, MONGO_SHOWTIMES, SHOWTIME);
    insert(fixture, MONGO_BOOKINGS, BOOKING);
    mongo_desk_open(&desk, fixture, showtime, (struct mongo_hook){0});
    const struct store *store = &desk.store;
    struct id due[4];
    struct id after = {0};
    size_t count = 9;
    assert_int_equal(mongo_watch_due(&fixture->client, FIXTURE_ENDS_AT_MS, &after, due, 4, &count),
                     ERROR_NONE);
    assert_int_equal(count, 0);
    assert_int_equal(store->methods->tend(store->context, 1700000600000 + 60000), ERROR_NONE);
    assert_int_equal(mongo_watch_due(&fixture->client, FIXTURE_ENDS_AT_MS, &after, due, 4, &count),
                     ERROR_NONE);
    assert_int_equal(count, 1);
    assert_true(id_equal(due[0], showtime));
    desk.now_ms = 1700000600000 + 60000;
    struct command end = turn_fixture_expire(id_of("64a7b8c9d0e1f2a3b4c5d6e9"));
    mongo_desk_run(&desk, &end);
    assert_int_equal(end.answer.booking.status, BOOKING_EXPIRED);
    mongo_desk_close(&desk);
}

/* Its version may be 0, which is no version of ours. */
static void a_showtime_is_taken_over_when_it_is_loaded(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct mongo_desk desk;
    const struct id showtime = id_of("64a7b8c9d0e1f2a3b4c5d6e7");
    uint64_t version = 9;
    insert(fixture, MONGO_SHOWTIMES, SHOWTIME);
    assert_int_equal(mongo_watch_versions(&fixture->client, &showtime, 1, &version), ERROR_NONE);
    assert_int_equal(version, 1);
    mongo_desk_open(&desk, fixture, showtime, (struct mongo_hook){0});
    for (int load = 0; load < 3; load++) {
        mongo_desk_load(&desk);
        assert_int_equal(desk.map.version, 1); /* Once. */
        assert_int_equal(desk.map.next_lapse_ms, 1700000600000);
    }
    assert_says(fixture, MONGO_SHOWTIMES, showtime, "\"due_at\" : { \"$date\"");
    struct command hold = turn_fixture_hold("an", "A1", 1);
    mongo_desk_run(&desk, &hold);
    assert_int_equal(hold.answer.refusal, REFUSAL_NONE);
    mongo_desk_close(&desk);
}

/* Staff cancel a showtime that the predecessor has sold: the money goes back. */
static void a_sold_booking_is_refunded_with_the_payment_that_names_it(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct mongo_desk desk;
    const struct id showtime = id_of("64a7b8c9d0e1f2a3b4c5d6e7");
    const struct id booking = id_of("64a7b8c9d0e1f2a3b4c5d6e9");
    const struct id payment = id_of("64a7b8c9d0e1f2a3b4c5d6eb");
    static const struct damage sold = {
        "seats", "{\"seats\": {\"B1\": {\"status\": \"booked\", \"booking_id\": " OID("e9") "}}}",
        ""};
    static const struct damage confirmed = {"status", "{\"status\": \"confirmed\"}", ""};
    static const struct damage completed = {"status", "{\"status\": \"completed\"}", ""};
    const struct {
        enum mongo_collection collection;
        const char *whole;
        const struct damage *change;
    } documents[] = {{MONGO_SHOWTIMES, SHOWTIME, &sold},
                     {MONGO_BOOKINGS, BOOKING, &confirmed},
                     {MONGO_PAYMENTS, PAYMENT, &completed}};
    for (size_t index = 0; index < COUNT_OF(documents); index++) {
        bson_t *document = predecessor_damaged(documents[index].whole, documents[index].change);
        assert_true(mongoc_collection_insert_one(
            fixture->client.collections[documents[index].collection], document, NULL, NULL, NULL));
        bson_destroy(document);
    }
    mongo_desk_open(&desk, fixture, showtime, (struct mongo_hook){0});
    struct staff_order order;
    struct command cancel = turn_fixture_cancel_showtime("staff", "fire", &order);
    mongo_desk_run(&desk, &cancel);
    struct command end = turn_fixture_expire(booking);
    mongo_desk_run(&desk, &end);
    assert_int_equal(desk.store.methods->tend(desk.store.context, desk.now_ms), ERROR_NONE);
    assert_says(fixture, MONGO_PAYMENTS, payment, "\"status\" : \"refund_due\"");
    assert_says(fixture, MONGO_PAYMENTS, payment, "\"paid_amount\" : 120000");
    assert_says(fixture, MONGO_BOOKINGS, booking, "\"status\" : \"cancelled\"");
    mongo_desk_close(&desk);
}

/* Its booking never names the payment that is open. */
static void an_open_payment_is_shown_and_its_money_buys_the_seats(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct mongo_desk desk;
    struct mongo_reader *readers = NULL;
    struct payment payment;
    struct id showtime;
    uint64_t version = 0;
    insert(fixture, MONGO_SHOWTIMES, SHOWTIME);
    insert(fixture, MONGO_BOOKINGS, BOOKING);
    insert(fixture, MONGO_PAYMENTS, PAYMENT);
    assert_int_equal(mongo_reader_open(fixture->connection, &readers), ERROR_NONE);
    const struct reader reader = mongo_reader_port(readers);
    const struct payment_query query = {.id = id_of("64a7b8c9d0e1f2a3b4c5d6eb")};
    assert_int_equal(
        reader.methods->find_payment(reader.context, &query, &payment, &showtime, &version),
        ERROR_NONE);
    assert_int_equal(payment.status, PAYMENT_PENDING);
    mongo_desk_open(&desk, fixture, showtime, (struct mongo_hook){0});
    struct command money = turn_fixture_money(&payment, MONEY_PAID);
    mongo_desk_run(&desk, &money);
    assert_int_equal(money.answer.outcome, MONEY_CONFIRMED);
    mongo_desk_close(&desk);
    mongo_reader_close(readers);
}

/* One index of the predecessor stands in the way, the others are as good as ours. */
static void its_indexes_are_kept_but_for_the_one_that_is_too_narrow(void **state)
{
    struct mongo_fixture *fixture = *state;
    mongoc_database_t *database = mongo_client_database(&fixture->client);
    static const char *const commands[] = {
        "{\"createIndexes\": \"idempotencykeys\", \"indexes\": [{\"key\": {\"key\": 1, "
        "\"user_id\": 1},"
        " \"name\": \"key_1_user_id_1\", \"unique\": true}]}",
        "{\"createIndexes\": \"bookings\", \"indexes\": [{\"key\": {\"user_id\": 1, \"status\": "
        "1.0},"
        " \"name\": \"user_id_1_status_1\"}]}",
    };
    for (size_t index = 0; index < COUNT_OF(commands); index++) {
        bson_t *command = predecessor_document(commands[index]);
        assert_true(mongoc_database_command_simple(database, command, NULL, NULL, NULL));
        bson_destroy(command);
    }
    uint32_t missing = 9;
    assert_int_equal(mongo_indexes_make(&fixture->client, &missing), ERROR_NONE);
    assert_int_equal(missing, 0);
    for (uint32_t operation = 0; operation < 2; operation++) {
        bson_t *key = BCON_NEW("key", BCON_UTF8("k"), "user_id", BCON_UTF8("u"), "resource_type",
                               BCON_UTF8("payment"), "operation",
                               BCON_UTF8(operation == 0 ? "pay" : "confirm"));
        assert_true(mongoc_collection_insert_one(fixture->client.collections[MONGO_KEYS], key, NULL,
                                                 NULL, NULL));
        bson_destroy(key);
    }
    mongoc_database_destroy(database);
}

/* Inserts bookings 0 to `count` - 1, of which the first `dated` have a date, each two a later one
 * than the two before; the first is cancelled, the others expired. */
static void insert_bookings(struct mongo_fixture *fixture, uint32_t count, uint32_t dated)
{
    bson_t *documents[MONGO_PAGE_MAX + 4];
    assert_true(count <= COUNT_OF(documents));
    for (uint32_t number = 0; number < count; number++) {
        bson_t *document = predecessor_document(BOOKING);
        bson_t *copy = bson_new();
        char code[] = "BK-AAAAAA00";
        bson_oid_t oid = {{1}};
        oid.bytes[11] = (uint8_t)number;
        code[9] = (char)('A' + number / 10);
        code[10] = (char)('0' + number % 10);
        bson_copy_to_excluding_noinit(document, copy, "_id", "booking_code", "status", NULL);
        BSON_APPEND_OID(copy, "_id", &oid);
        BSON_APPEND_UTF8(copy, "booking_code", code);
        BSON_APPEND_UTF8(copy, "status", number == 0 ? "cancelled" : "expired");
        if (number < dated) BSON_APPEND_DATE_TIME(copy, "createdAt", 1000 + number / 2);
        documents[number] = copy;
        bson_destroy(document);
    }
    assert_true(mongoc_collection_insert_many(fixture->client.collections[MONGO_BOOKINGS],
                                              (const bson_t **)documents, count, NULL, NULL, NULL));
    for (uint32_t number = 0; number < count; number++) bson_destroy(documents[number]);
    insert(fixture, MONGO_SHOWTIMES, SHOWTIME);
}

static void bookings_without_a_date_are_listed_last_and_once(void **state)
{
    enum { BOOKINGS = 7, DATED = 3 };
    struct mongo_fixture *fixture = *state;
    struct mongo_reader *readers = NULL;
    insert_bookings(fixture, BOOKINGS, DATED);
    assert_int_equal(mongo_reader_open(fixture->connection, &readers), ERROR_NONE);
    const struct reader reader = mongo_reader_port(readers);
    struct booking_query query = {.user = OWNER, .any_status = true, .limit = 1};
    static const uint8_t order[BOOKINGS] = {2, 1, 0, 6, 5, 4, 3};
    for (uint32_t page = 0; page < BOOKINGS; page++) {
        struct booking found;
        size_t count = 0;
        bool more = false;
        assert_int_equal(
            reader.methods->list_bookings(reader.context, &query, &found, &count, &more),
            ERROR_NONE);
        assert_int_equal(count, 1);
        assert_int_equal(found.id.bytes[11], order[page]);
        assert_int_equal(more, page + 1 < BOOKINGS);
        query.after = found.id;
    }
    mongo_reader_close(readers);
}

static void a_list_goes_on_by_the_date_that_sorts_it(void **state)
{
    enum { BOOKINGS = MONGO_PAGE_MAX + 4 };
    struct mongo_fixture *fixture = *state;
    struct mongo_reader *readers = NULL;
    insert_bookings(fixture, BOOKINGS, BOOKINGS);
    assert_int_equal(mongo_reader_open(fixture->connection, &readers), ERROR_NONE);
    const struct reader reader = mongo_reader_port(readers);
    const struct booking_query query = {.user = OWNER, .status = BOOKING_CANCELLED, .limit = 4};
    struct booking found[4];
    size_t count = 0;
    bool more = true;
    assert_int_equal(reader.methods->list_bookings(reader.context, &query, found, &count, &more),
                     ERROR_NONE);
    assert_int_equal(count, 1); /* The oldest of them all. */
    assert_false(more);
    mongo_reader_close(readers);
}

#define BASE_TEST(function) \
    cmocka_unit_test_setup_teardown(function, mongo_fixture_setup, mongo_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BASE_TEST(a_hold_of_a_showtime_that_nobody_loads_comes_due),
        BASE_TEST(a_showtime_is_taken_over_when_it_is_loaded),
        BASE_TEST(a_sold_booking_is_refunded_with_the_payment_that_names_it),
        BASE_TEST(an_open_payment_is_shown_and_its_money_buys_the_seats),
        BASE_TEST(its_indexes_are_kept_but_for_the_one_that_is_too_narrow),
        BASE_TEST(bookings_without_a_date_are_listed_last_and_once),
        BASE_TEST(a_list_goes_on_by_the_date_that_sorts_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
