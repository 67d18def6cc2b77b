#include "support/unit.h"

#include "base/buffer.h"
#include "base/hex.h"
#include "gateway/generic.h"

#define NOW_S INT64_C(1700000000)
#define NOW_MS (NOW_S * 1000 + 999)
#define SECRET "whsec_momo_0123456789"
#define REFERENCE "TXN_MOMO_0102030405060708090a0b0c"
#define BODY "{\"transaction_id\":\"" REFERENCE "\",\"status\":\"success\",\"amount\":200000}"
/* HMAC-SHA256 of SECRET over "1700000000." BODY, made with another library. */
#define SIGNATURE "2018188e8863915e08d49b97cb948bf2423d96a11c62a9ae5644f0efe43e7b96"

enum { HEADER_SIZE_MAX = 1024, ARENA_SIZE = 64 * 1024 };

static char arena_block[ARENA_SIZE];

struct request {
    struct slice header;
};

static struct slice give_header(const void *context, struct slice name)
{
    const struct request *request = context;
    return slice_equal(name, SLICE("x-signature")) ? request->header : (struct slice){0};
}

struct read {
    enum error error;
    struct gateway_news news;
    struct gateway_faults faults;
};

static struct read read_message(bool takes_unsigned, struct slice header, struct slice body)
{
    struct generic generic = {.mac = mac_open(SLICE(SECRET)), .takes_unsigned = takes_unsigned};
    const struct gateway gateway = generic_gateway(&generic);
    const struct request request = {.header = header};
    const struct gateway_message message = {
        .body = body, .header = give_header, .request = &request};
    struct arena arena;
    arena_init(&arena, arena_block, sizeof arena_block);
    struct read read = {0};
    read.error =
        gateway.methods->read(gateway.context, &message, NOW_MS, &arena, &read.news, &read.faults);
    mac_close(generic.mac);
    return read;
}

/* The header of a body signed with a secret, some seconds from now. */
static struct slice signed_with(struct slice secret, int64_t offset_s, struct slice body,
                                char *target)
{
    struct mac *mac = mac_open(secret);
    const struct slice header = generic_sign(mac, (NOW_S + offset_s) * 1000, body, target);
    mac_close(mac);
    return header;
}

static struct read read_body(const char *body)
{
    char target[GENERIC_SIGNATURE_SIZE];
    const struct slice text = slice_of(body);
    return read_message(false, signed_with(SLICE(SECRET), 0, text, target), text);
}

static enum error judge_header(const char *header)
{
    return read_message(false, slice_of(header), SLICE(BODY)).error;
}

static void a_signed_message_is_read(void **state)
{
    (void)state;
    const struct read read = read_message(false, SLICE("t=1700000000,v1=" SIGNATURE), SLICE(BODY));

    assert_int_equal(read.error, ERROR_NONE);
    assert_int_equal(read.news.method, PAYMENT_MOMO);
    assert_int_equal(read.news.payment.bytes[11], 0x0c);
    assert_int_equal(read.news.news, MONEY_PAID);
    assert_int_equal(read.news.amount, 200000);
    assert_int_equal(read.news.paid_at_ms, 0);
    assert_true(currency_is_none(read.news.currency));
}

static void what_is_signed_here_is_what_others_sign(void **state)
{
    (void)state;
    char target[GENERIC_SIGNATURE_SIZE];

    assert_slice_equal(signed_with(SLICE(SECRET), 0, SLICE(BODY), target),
                       SLICE("t=1700000000,v1=" SIGNATURE));
}

static void a_signature_is_good_for_300_seconds_to_both_sides(void **state)
{
    (void)state;
    static const struct {
        int64_t offset_s;
        enum error error;
    } rows[] = {
        {-299, ERROR_NONE},
        {-300, ERROR_NONE},
        {-301, ERROR_INVALID_WEBHOOK_SIGNATURE},
        {299, ERROR_NONE},
        {300, ERROR_NONE},
        {301, ERROR_INVALID_WEBHOOK_SIGNATURE},
        {-1000000, ERROR_INVALID_WEBHOOK_SIGNATURE},
    };
    for (size_t index = 0; index < sizeof rows / sizeof *rows; index++) {
        char target[GENERIC_SIGNATURE_SIZE];
        const struct slice header =
            signed_with(SLICE(SECRET), rows[index].offset_s, SLICE(BODY), target);
        assert_int_equal(read_message(false, header, SLICE(BODY)).error, rows[index].error);
    }
}

static void another_secret_or_body_is_refused(void **state)
{
    (void)state;
    char target[GENERIC_SIGNATURE_SIZE];
    const struct slice forged = signed_with(SLICE("whsec_momo_0123456780"), 0, SLICE(BODY), target);
    assert_int_equal(read_message(false, forged, SLICE(BODY)).error,
                     ERROR_INVALID_WEBHOOK_SIGNATURE);

    const struct slice header = SLICE("t=1700000000,v1=" SIGNATURE);
    assert_int_equal(read_message(false, header, SLICE(BODY " ")).error,
                     ERROR_INVALID_WEBHOOK_SIGNATURE);
    assert_int_equal(judge_header("t=1700000001,v1=" SIGNATURE), ERROR_INVALID_WEBHOOK_SIGNATURE);
}

static void one_good_signature_of_several_is_enough(void **state)
{
    (void)state;
    char target[GENERIC_SIGNATURE_SIZE];
    const struct slice other = slice_from(
        signed_with(SLICE("the next secret"), 0, SLICE(BODY), target), sizeof "t=1700000000," - 1);
    char first[HEADER_SIZE_MAX];
    char last[HEADER_SIZE_MAX];
    char none[HEADER_SIZE_MAX];
    const int size = (int)other.size;
    snprintf(first, sizeof first, "t=1700000000,v1=%s,%.*s", SIGNATURE, size, other.data);
    snprintf(last, sizeof last, "t=1700000000,%.*s,v1=%s", size, other.data, SIGNATURE);
    snprintf(none, sizeof none, "t=1700000000,%.*s,%.*s", size, other.data, size, other.data);

    assert_int_equal(judge_header(first), ERROR_NONE);
    assert_int_equal(judge_header(last), ERROR_NONE);
    assert_int_equal(judge_header(none), ERROR_INVALID_WEBHOOK_SIGNATURE);
}

static void malformed_headers_are_refused(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "",
        "t=1700000000",
        "t=1700000000,",
        "t=,v1=" SIGNATURE,
        "v1=" SIGNATURE,
        "v1=" SIGNATURE ",t=1700000000",
        "t=1700000000,v1=",
        "t=1700000000,v1=" SIGNATURE ",",
        "t=1700000000,v1=" SIGNATURE "00",
        "t=1700000000, v1=" SIGNATURE,
        " t=1700000000,v1=" SIGNATURE,
        "t= 1700000000,v1=" SIGNATURE,
        "t=+1700000000,v1=" SIGNATURE,
        "t=01700000000,v1=" SIGNATURE,
        "t=1700000000.0,v1=" SIGNATURE,
        "t=-1,v1=" SIGNATURE,
        "t=18446744073709551616,v1=" SIGNATURE,
        "t=9223372036854775807,v1=" SIGNATURE,
        "t=1700000000,t=1700000000,v1=" SIGNATURE,
        "t=1700000000,v0=" SIGNATURE,
        "t=1700000000,v1=" SIGNATURE ",v0=" SIGNATURE,
        "t=1700000000;v1=" SIGNATURE,
        "t=1700000000,v1=zz",
    };
    for (size_t index = 0; index < sizeof headers / sizeof *headers; index++) {
        assert_int_equal(judge_header(headers[index]), ERROR_INVALID_WEBHOOK_SIGNATURE);
    }
}

static void more_signatures_than_a_rotation_needs_are_refused(void **state)
{
    (void)state;
    char header[HEADER_SIZE_MAX];
    struct buffer buffer;
    buffer_init(&buffer, header, sizeof header - 1);
    buffer_append(&buffer, SLICE("t=1700000000"));
    for (int count = 1; count <= GENERIC_SIGNATURES_MAX + 1; count++) {
        buffer_append(&buffer, SLICE(",v1=" SIGNATURE));
        const enum error expected =
            count <= GENERIC_SIGNATURES_MAX ? ERROR_NONE : ERROR_INVALID_WEBHOOK_SIGNATURE;
        assert_int_equal(read_message(false, buffer_text(&buffer), SLICE(BODY)).error, expected);
    }
}

static void an_unsigned_message_passes_only_where_that_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(read_message(false, (struct slice){0}, SLICE(BODY)).error,
                     ERROR_INVALID_WEBHOOK_SIGNATURE);
    assert_int_equal(read_message(true, (struct slice){0}, SLICE(BODY)).error, ERROR_NONE);
    /* There is a header, so it must be right. */
    assert_int_equal(read_message(true, SLICE(""), SLICE(BODY)).error,
                     ERROR_INVALID_WEBHOOK_SIGNATURE);
    assert_int_equal(read_message(true, SLICE("t=1700000000,v1=00"), SLICE(BODY)).error,
                     ERROR_INVALID_WEBHOOK_SIGNATURE);
}

static void nothing_is_said_about_the_body_of_a_forged_message(void **state)
{
    (void)state;
    const struct read read = read_message(false, SLICE("t=1700000000,v1=" SIGNATURE), SLICE("{"));

    assert_int_equal(read.error, ERROR_INVALID_WEBHOOK_SIGNATURE);
    assert_int_equal(read.faults.count, 0);
}

static void all_that_a_body_may_say_is_understood(void **state)
{
    (void)state;
    struct read read = read_body(
        "{\"transaction_id\":\"TXN_ZALOPAY_0102030405060708090A0B0C\",\"status\":\"success\","
        "\"amount\":100000.00,\"currency\":\"vnd\",\"paid_at\":\"2024-01-15T17:30:00+07:00\","
        "\"new\":{\"member\":[1,2.5,null]}}");
    assert_int_equal(read.error, ERROR_NONE);
    assert_int_equal(read.news.method, PAYMENT_ZALOPAY);
    assert_int_equal(read.news.amount, 100000);
    assert_true(currency_is_none(read.news.currency));
    assert_int_equal(read.news.paid_at_ms, INT64_C(1705314600000));

    read = read_body("{\"transaction_id\":\"" REFERENCE "\",\"status\":\"failed\"}");
    assert_int_equal(read.error, ERROR_NONE);
    assert_int_equal(read.news.news, MONEY_FAILED);

    read = read_body("{\"transaction_id\":\"" REFERENCE "\",\"status\":\"pending\",\"amount\":-1}");
    assert_int_equal(read.error, ERROR_NONE);
    assert_int_equal(read.news.news, MONEY_PENDING);
    assert_int_equal(read.news.amount, 0);

    read = read_body("{\"transaction_id\":\"" REFERENCE
                     "\",\"status\":\"success\",\"amount\":8,\"currency\":\"USD\"}");
    assert_int_equal(read.error, ERROR_NONE);
    assert_slice_equal(currency_text(&read.news.currency), SLICE("USD"));
}

static void an_unreadable_paid_at_counts_as_unsaid(void **state)
{
    (void)state;
    static const char *const values[] = {"null", "\"\"", "\"yesterday\"", "1705314600", "[]"};
    for (size_t index = 0; index < sizeof values / sizeof *values; index++) {
        char body[HEADER_SIZE_MAX];
        snprintf(body, sizeof body,
                 "{\"transaction_id\":\"" REFERENCE
                 "\",\"status\":\"success\",\"amount\":1,\"paid_at\":%s}",
                 values[index]);
        const struct read read = read_body(body);
        assert_int_equal(read.error, ERROR_NONE);
        assert_int_equal(read.news.paid_at_ms, 0);
    }
}

static void what_is_wrong_with_a_body_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *field;
    } rows[] = {
        {"", ""},
        {"{", ""},
        {"[]", ""},
        {"null", ""},
        {BODY BODY, ""},
        {"{\"status\":\"success\",\"status\":\"failed\"}", ""},
        {"{\"status\":\"success\",\"amount\":1}", "transaction_id"},
        {"{\"transaction_id\":7,\"status\":\"success\",\"amount\":1}", "transaction_id"},
        {"{\"transaction_id\":\"" REFERENCE "\",\"amount\":1}", "status"},
        {"{\"transaction_id\":\"" REFERENCE "\",\"status\":\"SUCCESS\",\"amount\":1}", "status"},
        {"{\"transaction_id\":\"" REFERENCE "\",\"status\":\"paid\",\"amount\":1}", "status"},
        {"{\"transaction_id\":\"" REFERENCE "\",\"status\":\"success\"}", "amount"},
        {"{\"transaction_id\":\"" REFERENCE "\",\"status\":\"success\",\"amount\":null}", "amount"},
        {"{\"transaction_id\":\"" REFERENCE "\",\"status\":\"success\",\"amount\":-1}", "amount"},
        {"{\"transaction_id\":\"" REFERENCE "\",\"status\":\"success\",\"amount\":1.5}", "amount"},
        {"{\"transaction_id\":\"" REFERENCE "\",\"status\":\"success\",\"amount\":1e5}", "amount"},
        {"{\"transaction_id\":\"" REFERENCE "\",\"status\":\"success\",\"amount\":\"1\"}",
         "amount"},
        {"{\"transaction_id\":\"" REFERENCE
         "\",\"status\":\"success\",\"amount\":1,\"currency\":7}",
         "currency"},
    };
    for (size_t index = 0; index < sizeof rows / sizeof *rows; index++) {
        const struct read read = read_body(rows[index].body);
        assert_int_equal(read.error, ERROR_VALIDATION_FAILED);
        assert_int_equal(read.faults.count, 1);
        assert_slice_equal(read.faults.entries[0].field, slice_of(rows[index].field));
        assert_true(read.faults.entries[0].message.size > 0);
    }
}

static void everything_that_is_wrong_is_named_at_once(void **state)
{
    (void)state;
    const struct read read = read_body("{\"currency\":1}");

    assert_int_equal(read.error, ERROR_VALIDATION_FAILED);
    assert_int_equal(read.faults.count, 4);
}

static void a_reference_that_is_none_of_ours_is_no_payment(void **state)
{
    (void)state;
    static const char *const references[] = {
        "",
        "TXN_",
        "TXN_MOMO_",
        "TXN_PAYPAL_0102030405060708090a0b0c",
        "txn_momo_0102030405060708090a0b0c",
        "TXN_MOMO_000000000000000000000000",
        "TXN_MOMO_0102030405060708090a0b0c0",
        "PAY_0b0e9c8e-0000-4000-8000-000000000000",
    };
    for (size_t index = 0; index < sizeof references / sizeof *references; index++) {
        char body[HEADER_SIZE_MAX];
        snprintf(body, sizeof body,
                 "{\"transaction_id\":\"%s\",\"status\":\"success\",\"amount\":1}",
                 references[index]);
        assert_int_equal(read_body(body).error, ERROR_PAYMENT_NOT_FOUND);
    }
}

static void a_body_with_too_many_values_is_too_large(void **state)
{
    (void)state;
    static char body[60000];
    struct buffer buffer;
    buffer_init(&buffer, body, sizeof body - 1);
    buffer_append(&buffer, SLICE("{\"values\":[1"));
    for (int count = 0; count < 20000; count++) buffer_append(&buffer, SLICE(",1"));
    buffer_append(&buffer, SLICE("]}"));
    body[buffer.size] = '\0';

    assert_int_equal(read_body(body).error, ERROR_BODY_TOO_LARGE);
}

static void each_outcome_is_answered_with_its_sentence(void **state)
{
    (void)state;
    struct generic generic = {.mac = mac_open(SLICE(SECRET))};
    const struct gateway gateway = generic_gateway(&generic);
    struct gateway_reply replies[MONEY_KNOWN_ALREADY + 1] = {0};
    for (uint32_t outcome = 0; outcome <= MONEY_KNOWN_ALREADY; outcome++) {
        assert_true(gateway.methods->reply(gateway.context, ERROR_NONE, (enum money_outcome)outcome,
                                           NULL, &replies[outcome]));
        assert_int_equal(replies[outcome].status, 200);
        assert_true(slice_starts_with(replies[outcome].body, SLICE("{\"success\":true,")));
        for (uint32_t other = 0; other < outcome; other++) {
            assert_false(slice_equal(replies[outcome].body, replies[other].body));
        }
    }
    /* Errors are the house's own. */
    assert_false(gateway.methods->reply(gateway.context, ERROR_PAYMENT_NOT_FOUND, MONEY_NOTED, NULL,
                                        &replies[0]));
    mac_close(generic.mac);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_message_is_read),
        cmocka_unit_test(what_is_signed_here_is_what_others_sign),
        cmocka_unit_test(a_signature_is_good_for_300_seconds_to_both_sides),
        cmocka_unit_test(another_secret_or_body_is_refused),
        cmocka_unit_test(one_good_signature_of_several_is_enough),
        cmocka_unit_test(malformed_headers_are_refused),
        cmocka_unit_test(more_signatures_than_a_rotation_needs_are_refused),
        cmocka_unit_test(an_unsigned_message_passes_only_where_that_is_allowed),
        cmocka_unit_test(nothing_is_said_about_the_body_of_a_forged_message),
        cmocka_unit_test(all_that_a_body_may_say_is_understood),
        cmocka_unit_test(an_unreadable_paid_at_counts_as_unsaid),
        cmocka_unit_test(what_is_wrong_with_a_body_is_named),
        cmocka_unit_test(everything_that_is_wrong_is_named_at_once),
        cmocka_unit_test(a_reference_that_is_none_of_ours_is_no_payment),
        cmocka_unit_test(a_body_with_too_many_values_is_too_large),
        cmocka_unit_test(each_outcome_is_answered_with_its_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
