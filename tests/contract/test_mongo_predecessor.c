/* test_mongo_predecessor.c - documents of another hand, field by field: what is read as it is, and
 * what is refused by the name of the field. */
#include "support/unit.h"

#include "contract/mongo_desk.h"
#include "store/mongo/mongo_documents.h"
#include "store/mongo/mongo_entries.h"
#include "store/mongo/mongo_indexes.h"
#include "store/mongo/mongo_showtime.h"
#include "store/mongo/mongo_watch.h"

static bson_t *from_json(const char *json)
{
    bson_error_t why = {0};
    bson_t *document = bson_new_from_json((const uint8_t *)json, -1, &why);
    if (document == NULL) fprintf(stderr, "%s in %s\n", why.message, json);
    assert_non_null(document);
    return document;
}

#define OID(last) "{\"$oid\": \"64a7b8c9d0e1f2a3b4c5d6" last "\"}"
#define DATE(ms) "{\"$date\": {\"$numberLong\": \"" ms "\"}}"

/* As the predecessor's README has them. */
#define SHOWTIME \
    "{\"_id\": " OID("e7") ", \"movie_id\": " OID("01") ", \"cinema_id\": " OID( \
        "02") ", " \
              "\"screen_id\": \"S1\", \"start_time\": " DATE( \
                  "1700007200000") ", " \
                                   "\"end_time\": " DATE( \
                                       "1700014400000") ", " \
                                                        "\"price\": {\"standard\": 90000, " \
                                                        "\"vip\": 120000.0, \"couple\": 200000}, " \
                                                        "\"total_seats\": 3, " \
                                                        "\"available_seats\": 1, \"seats\": {" \
                                                        "\"A1\": {\"status\": \"available\"}, " \
                                                        "\"A3\": {\"status\": \"booked\", " \
                                                        "\"booking_id\": " OID( \
                                                            "e8") ", \"seat_type\": \"couple\"}, " \
                                                                  "\"B1\": {\"status\": " \
                                                                  "\"held\", " \
                                                                  "\"booking_id\": " OID( \
                                                                      "e9") ", \"seat_type\": " \
                                                                            "\"vip\", " \
                                                                            "\"held_until\":" \
                                                                            " " DATE("17000006000" \
                                                                                     "00") "}}, " \
                                                                                           "\"ver" \
                                                                                           "sion" \
                                                                                           "\": " \
                                                                                           "0, " \
                                                                                           "\"sta" \
                                                                                           "tus\"" \
                                                                                           ": " \
                                                                                           "\"sch" \
                                                                                           "edule" \
                                                                                           "d\", " \
                                                                                           "\"__" \
                                                                                           "v\": " \
                                                                                           "0}"

#define BOOKING \
    "{\"_id\": " OID("e9") ", \"booking_code\": \"BK-ABC12345\", \"user_id\": " OID( \
        "11") ", " \
              "\"showtime_id\": " OID( \
                  "e7") ", \"seats\": [{\"seat_id\": \"B1\", \"seat_type\": \"vip\", " \
                        "\"price\": 120000}], \"total_amount\": 120000.0, \"discount_amount\": " \
                        "0, " \
                        "\"final_amount\": 120000, \"currency\": \"VND\", \"status\": " \
                        "\"pending\", " \
                        "\"held_at\": " DATE("1700000000000") ", \"hold_expires_at\": " DATE( \
                            "1700000600000") ", " \
                                             "\"idempotency_key\": \"not a uuid\"}"

#define PAYMENT \
    "{\"_id\": " OID("eb") ", \"booking_id\": " OID("e9") ", \"user_id\": " OID( \
        "11") ", " \
              "\"amount\": 120000, \"currency\": \"VND\", \"payment_method\": \"momo\", " \
              "\"status\": \"pending\", \"expires_at\": " DATE("1700000900000") "}"

static void a_plan_is_what_the_seats_say(void **state)
{
    (void)state;
    struct seat_plan plan;
    bson_t *document = from_json(SHOWTIME);
    assert_true(mongo_entries_read_plan(document, &plan));
    assert_int_equal(plan.layout.rows, 2);
    assert_int_equal(plan.layout.cols, 3);
    const uint8_t types[] = {SEAT_STANDARD, SEAT_TYPE_COUNT, SEAT_COUPLE,
                             SEAT_VIP,      SEAT_TYPE_COUNT, SEAT_TYPE_COUNT};
    assert_memory_equal(plan.layout.types, types, sizeof types);
    bson_destroy(document);
}

static void a_booking_and_a_payment_are_read_as_they_are(void **state)
{
    (void)state;
    struct mongo_booking booking = {0};
    bson_t *document = from_json(BOOKING);
    assert_true(mongo_documents_read_booking(document, &booking));
    assert_int_equal(booking.booking.final_amount, 120000);
    assert_int_equal(booking.booking.seats[0].type, SEAT_VIP);
    assert_int_equal(booking.version, 0);
    assert_true(uuid_is_none(booking.key));
    bson_destroy(document);
    struct mongo_payment payment = {0};
    document = from_json(PAYMENT);
    assert_true(mongo_documents_read_payment(document, &payment));
    assert_int_equal(payment.payment.method, PAYMENT_MOMO);
    assert_true(payment.foreign);
    bson_destroy(document);
}

/* A value put in place of what stands there; NULL: the field is gone. */
struct damage {
    const char *field;
    const char *value;
    const char *blamed;
};

static bson_t *damaged(const char *whole, const struct damage *damage)
{
    bson_t *document = from_json(whole);
    bson_t *copy = bson_new();
    bson_copy_to_excluding_noinit(document, copy, damage->field, NULL);
    bson_destroy(document);
    if (damage->value != NULL) {
        bson_t *value = from_json(damage->value);
        assert_true(bson_concat(copy, value));
        bson_destroy(value);
    }
    return copy;
}

static void assert_blamed(bool (*fault_of)(const bson_t *, struct mongo_fault *), const char *whole,
                          const struct damage *damages, size_t count)
{
    struct mongo_fault fault = {""};
    for (size_t index = 0; index < count; index++) {
        bson_t *document = damaged(whole, &damages[index]);
        if (!fault_of(document, &fault))
            fprintf(stderr, "nothing is wrong with %s\n", damages[index].blamed);
        assert_string_equal(fault.field, damages[index].blamed);
        bson_destroy(document);
    }
}

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static void a_booking_is_refused_by_the_name_of_its_field(void **state)
{
    (void)state;
    static const struct damage damages[] = {
        {"user_id", "{\"user_id\": 7}", "user_id"},
        {"user_id", "{\"user_id\": \"\"}", "user_id"},
        {"showtime_id", "{\"showtime_id\": \"e7\"}", "showtime_id"},
        {"showtime_id", NULL, "showtime_id"},
        {"status", "{\"status\": \"open\"}", "status"},
        {"status", NULL, "status"},
        {"seats", "{\"seats\": []}", "seats"},
        {"seats", "{\"seats\": [{\"seat_id\": \"?\"}]}", "seats"},
        {"seats", "{\"seats\": [{\"seat_id\": \"A1\", \"price\": 1.5}]}", "seats"},
        {"final_amount", "{\"final_amount\": \"120000\"}", "final_amount"},
        {"final_amount", "{\"final_amount\": -1}", "final_amount"},
        {"final_amount", "{\"final_amount\": 0.5}", "final_amount"},
        {"final_amount", "{\"final_amount\": {\"$numberDouble\": \"NaN\"}}", "final_amount"},
        {"final_amount", "{\"final_amount\": 1e300}", "final_amount"},
        {"final_amount", NULL, "final_amount"},
        {"hold_expires_at", "{\"hold_expires_at\": 1700000600000}", "hold_expires_at"},
        {"hold_expires_at", NULL, "hold_expires_at"},
        {"held_at", "{\"held_at\": {\"$date\": {\"$numberLong\": \"-1\"}}}", "held_at"},
        {"booking_code", "{\"booking_code\": \"ABC12345\"}", "booking_code"},
        {"currency", "{\"currency\": \"USD\"}", "currency"},
        {"_id", "{\"_id\": 7}", "_id"},
        {"had_payment", "{\"had_payment\": \"yes\"}", "had_payment"},
        {"createdAt", "{\"createdAt\": \"yesterday\"}", "createdAt"},
    };
    assert_blamed(mongo_documents_booking_fault, BOOKING, damages, COUNT_OF(damages));
}

static void a_payment_is_refused_by_the_name_of_its_field(void **state)
{
    (void)state;
    static const struct damage damages[] = {
        {"booking_id", NULL, "booking_id"},
        {"booking_id", "{\"booking_id\": 1}", "booking_id"},
        {"amount", "{\"amount\": \"1\"}", "amount"},
        {"amount", NULL, "amount"},
        {"status", "{\"status\": \"paid\"}", "status"},
        {"status", NULL, "status"},
        {"payment_method", NULL, "method"},
        {"payment_method", "{\"payment_method\": \"cash\"}", "payment_method"},
        {"currency", "{\"currency\": \"USD\"}", "currency"},
        {"paid_at", "{\"paid_at\": 1}", "paid_at"},
        {"v", "{\"v\": -1}", "v"},
    };
    assert_blamed(mongo_documents_payment_fault, PAYMENT, damages, COUNT_OF(damages));
}

static void a_showtime_is_refused_by_the_name_of_its_field(void **state)
{
    (void)state;
    static const struct damage damages[] = {
        {"version", NULL, "version"},
        {"version", "{\"version\": -1}", "version"},
        {"version", "{\"version\": 1.5}", "version"},
        {"status", NULL, "status"},
        {"status", "{\"status\": \"open\"}", "status"},
        {"start_time", "{\"start_time\": 5}", "start_time"},
        {"end_time", NULL, "end_time"},
        {"price", NULL, "price"},
        {"price", "{\"price\": {\"standard\": 1, \"vip\": 1}}", "price.couple"},
        {"price", "{\"price\": {\"standard\": 1, \"vip\": -1, \"couple\": 1}}", "price"},
        {"seats", NULL, "seats"},
        {"seats", "{\"seats\": []}", "seats"},
        {"seats", "{\"seats\": {\"A01\": {\"status\": \"available\"}}}", "seats.A01"},
        {"seats", "{\"seats\": {\"A51\": {\"status\": \"available\"}}}", "seats.A51"},
        {"seats", "{\"seats\": {\"A1\": 7}}", "seats.A1"},
        {"seats", "{\"seats\": {\"A1\": {}}}", "seats.A1.status"},
        {"seats", "{\"seats\": {\"A1\": {\"status\": \"gone\"}}}", "seats.A1.status"},
        {"seats", "{\"seats\": {\"A1\": {\"status\": \"booked\"}}}", "seats.A1.booking_id"},
        {"seats", "{\"seats\": {\"A1\": {\"status\": \"held\", \"booking_id\": " OID("e8") "}}}",
         "seats.A1.held_until"},
        {"seats", "{\"seats\": {\"A1\": {\"status\": \"blocked\"}}}", "seats.A1.block_id"},
        {"layout", "{\"layout\": {\"cols\": 0}}", "layout.cols"},
        {"settle", "{\"settle\": [{\"b\": 7}]}", "settle"},
    };
    assert_blamed(mongo_showtime_fault, SHOWTIME, damages, COUNT_OF(damages));
}

static int setup(void **state)
{
    struct mongo_fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL) return -1;
    mongo_fixture_open(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    mongo_fixture_close(*state);
    free(*state);
    return 0;
}

static void insert(struct mongo_fixture *fixture, enum mongo_collection collection,
                   const char *json)
{
    bson_t *document = from_json(json);
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
    size_t count = 9;
    assert_int_equal(mongo_watch_due(&fixture->client, FIXTURE_ENDS_AT_MS, due, 4, &count),
                     ERROR_NONE);
    assert_int_equal(count, 0);
    assert_int_equal(store->methods->tend(store->context, 1700000600000 + 60000), ERROR_NONE);
    assert_int_equal(mongo_watch_due(&fixture->client, FIXTURE_ENDS_AT_MS, due, 4, &count),
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
        bson_t *document = damaged(documents[index].whole, documents[index].change);
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
    assert_says(fixture, MONGO_BOOKINGS, booking, "\"status\" : \"cancelled\"");
    mongo_desk_close(&desk);
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
        bson_t *command = from_json(commands[index]);
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

static void bookings_without_a_date_are_listed_last_and_once(void **state)
{
    struct mongo_fixture *fixture = *state;
    enum { BOOKINGS = 7, DATED = 3 };
    struct mongo_reader *readers = NULL;
    insert(fixture, MONGO_SHOWTIMES, SHOWTIME);
    for (uint32_t number = 0; number < BOOKINGS; number++) {
        bson_t *document = from_json(BOOKING);
        bson_t copy = BSON_INITIALIZER;
        char code[] = "BK-AAAAAAA0";
        bson_oid_t oid = {{1}};
        oid.bytes[11] = (uint8_t)number;
        code[10] = (char)('0' + number);
        bson_copy_to_excluding_noinit(document, &copy, "_id", "booking_code", "status", NULL);
        BSON_APPEND_OID(&copy, "_id", &oid);
        BSON_APPEND_UTF8(&copy, "booking_code", code);
        BSON_APPEND_UTF8(&copy, "status", "expired");
        if (number < DATED) BSON_APPEND_DATE_TIME(&copy, "createdAt", 1000 + number);
        assert_true(mongoc_collection_insert_one(fixture->client.collections[MONGO_BOOKINGS], &copy,
                                                 NULL, NULL, NULL));
        bson_destroy(&copy);
        bson_destroy(document);
    }
    assert_int_equal(mongo_reader_open(fixture->connection, &readers), ERROR_NONE);
    const struct reader reader = mongo_reader_port(readers);
    struct booking_query query = {
        .user = user_of(SLICE("64a7b8c9d0e1f2a3b4c5d611")), .any_status = true, .limit = 1};
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

#define BASE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_is_what_the_seats_say),
        cmocka_unit_test(a_booking_and_a_payment_are_read_as_they_are),
        cmocka_unit_test(a_booking_is_refused_by_the_name_of_its_field),
        cmocka_unit_test(a_payment_is_refused_by_the_name_of_its_field),
        cmocka_unit_test(a_showtime_is_refused_by_the_name_of_its_field),
        BASE_TEST(a_hold_of_a_showtime_that_nobody_loads_comes_due),
        BASE_TEST(a_showtime_is_taken_over_when_it_is_loaded),
        BASE_TEST(a_sold_booking_is_refunded_with_the_payment_that_names_it),
        BASE_TEST(its_indexes_are_kept_but_for_the_one_that_is_too_narrow),
        BASE_TEST(bookings_without_a_date_are_listed_last_and_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
