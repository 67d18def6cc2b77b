/* test_mongo_documents.c - documents of another hand, field by field: what is read as it is, and
 * what is refused by the name of the field. */
#include "support/unit.h"

#include "contract/predecessor_documents.h"
#include "store/mongo/mongo_documents.h"
#include "store/mongo/mongo_entries.h"
#include "store/mongo/mongo_showtime.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static void a_plan_is_what_the_seats_say(void **state)
{
    (void)state;
    struct seat_plan plan;
    bson_t *document = predecessor_document(SHOWTIME);
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
    bson_t *document = predecessor_document(BOOKING);
    assert_true(mongo_documents_read_booking(document, &booking));
    assert_int_equal(booking.booking.final_amount, 120000);
    assert_int_equal(booking.booking.seats[0].type, SEAT_VIP);
    assert_int_equal(booking.version, 0);
    assert_true(uuid_is_none(booking.key));
    bson_destroy(document);
    struct mongo_payment payment = {0};
    document = predecessor_document(PAYMENT);
    assert_true(mongo_documents_read_payment(document, &payment));
    assert_int_equal(payment.payment.method, PAYMENT_MOMO);
    assert_true(payment.foreign);
    bson_destroy(document);
}

static void assert_blamed(bool (*fault_of)(const bson_t *, struct mongo_fault *), const char *whole,
                          const struct damage *damages, size_t count)
{
    struct mongo_fault fault = {""};
    for (size_t index = 0; index < count; index++) {
        bson_t *document = predecessor_damaged(whole, &damages[index]);
        if (!fault_of(document, &fault))
            fprintf(stderr, "nothing is wrong with %s\n", damages[index].blamed);
        assert_string_equal(fault.field, damages[index].blamed);
        bson_destroy(document);
    }
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_is_what_the_seats_say),
        cmocka_unit_test(a_booking_and_a_payment_are_read_as_they_are),
        cmocka_unit_test(a_booking_is_refused_by_the_name_of_its_field),
        cmocka_unit_test(a_payment_is_refused_by_the_name_of_its_field),
        cmocka_unit_test(a_showtime_is_refused_by_the_name_of_its_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
