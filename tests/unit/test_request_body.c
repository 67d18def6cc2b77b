#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "http/request_body.h"
#include "support/bare_exchange.h"

#define NOW_MS INT64_C(1705314600000)

static struct bare_exchange fake;
static struct request_body body;

static struct exchange *start(const char *content_type, struct slice text)
{
    struct exchange *exchange = bare_exchange_start(&fake);
    if (content_type != NULL) {
        bare_exchange_send(&fake, SLICE("content-type"), slice_of(content_type));
    }
    exchange->body = text;
    return exchange;
}

static void parse(struct slice text)
{
    struct exchange *exchange = start("application/json", text);
    assert_true(request_body_parse(exchange, &body, NOW_MS));
}

static void finish_says(const char *words)
{
    assert_false(request_body_finish(&fake.exchange, &body, NOW_MS));
    assert_int_equal(fake.status, 400);
    assert_true(bare_exchange_says(&fake, "\"errorCode\":\"VALIDATION_FAILED\""));
    if (!bare_exchange_says(&fake, words)) fail_msg("%.*s", (int)fake.body_size, fake.body);
}

static void only_json_in_utf8_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bool good;
    } rows[] = {
        {"application/json", true},
        {"Application/JSON", true},
        {"application/json; charset=utf-8", true},
        {"application/json;charset=UTF-8", true},
        {"application/json; charset=\"utf-8\"", true},
        {"application/json ;", true},
        {NULL, false},
        {"", false},
        {"text/plain", false},
        {"application/jsonp", false},
        {"application/json; charset=latin1", false},
        {"application/json, text/plain", false},
        {"application/problem+json", false},
        {"multipart/form-data; boundary=application/json", false},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct exchange *exchange = start(rows[row].type, SLICE("{}"));
        if (request_body_parse(exchange, &body, NOW_MS) != rows[row].good) {
            fail_msg("row %zu", row);
        }
        if (!rows[row].good) assert_int_equal(fake.status, 415);
    }
    struct exchange *exchange = start("application/json", SLICE("{}"));
    bare_exchange_send(&fake, SLICE("content-type"), SLICE("application/json"));
    assert_false(request_body_parse(exchange, &body, NOW_MS));
    assert_int_equal(fake.status, 415);
}

static void what_is_no_json_object_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"", "[]", "null", "\"x\"", "{", "{\"a\":1,\"a\":2}", "{}x"};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct exchange *exchange = start("application/json", slice_of(rows[row]));
        assert_false(request_body_parse(exchange, &body, NOW_MS));
        assert_int_equal(fake.status, 400);
        assert_true(bare_exchange_says(&fake, "\"errorCode\":\"VALIDATION_FAILED\""));
        assert_true(bare_exchange_says(&fake, "\"errors\":[{\"field\":\"\""));
    }
}

static void a_good_hold_is_read(void **state)
{
    (void)state;
    parse(SLICE("{\"showtime_id\":\"65A1B2C3D4E5F60718293A4B\",\"seats\":[\"A1\",\"AB120\"]}"));
    struct seat_name seats[10];
    const struct id id = request_body_id(&body, SLICE("showtime_id"));
    assert_false(id_is_none(id));
    assert_int_equal(request_body_seats(&body, SLICE("seats"), seats, 10), 2);
    assert_int_equal(seats[1].col, 120);
    assert_true(request_body_finish(&fake.exchange, &body, NOW_MS));
    assert_int_equal(fake.status, 0);
    assert_true(slice_equal(json_member(body.root, SLICE("showtime_id"))->text,
                            SLICE("65a1b2c3d4e5f60718293a4b")));
}

static void every_wrong_member_is_told_at_once(void **state)
{
    (void)state;
    parse(SLICE("{\"showtime_id\":\"xyz\",\"seats\":[\"A1\",7,\"a1\",\"A1\",\"A01\",\"A1000\"],"
                "\"seat\":[]}"));
    struct seat_name seats[10];
    assert_true(id_is_none(request_body_id(&body, SLICE("showtime_id"))));
    assert_int_equal(request_body_seats(&body, SLICE("seats"), seats, 10), 0);
    finish_says("{\"field\":\"showtime_id\",\"message\":\"must be an id of 24 hex digits\"}");
    assert_true(
        bare_exchange_says(&fake, "{\"field\":\"seats[1]\",\"message\":\"must be a string\"}"));
    assert_true(bare_exchange_says(&fake, "\"field\":\"seats[2]\""));
    assert_true(
        bare_exchange_says(&fake, "{\"field\":\"seats[3]\",\"message\":\"names a seat twice\"}"));
    assert_false(bare_exchange_says(&fake, "\"field\":\"seats[4]\""));
    assert_true(bare_exchange_says(&fake, "\"field\":\"seats[5]\""));
    assert_true(
        bare_exchange_says(&fake, "{\"field\":\"seat\",\"message\":\"is an unknown member\"}"));
}

static void seats_are_one_to_ten(void **state)
{
    (void)state;
    static const char *const rows[] = {"{\"seats\":[]}",
                                       "{\"seats\":[\"A1\",\"A2\",\"A3\",\"A4\",\"A5\",\"A6\","
                                       "\"A7\",\"A8\",\"A9\",\"B1\",\"B2\"]}"};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct seat_name seats[10];
        parse(slice_of(rows[row]));
        assert_int_equal(request_body_seats(&body, SLICE("seats"), seats, 10), 0);
        finish_says("must have 1 to 10 entries");
    }
    struct seat_name seats[10];
    parse(SLICE("{\"seats\":\"A1\"}"));
    assert_int_equal(request_body_seats(&body, SLICE("seats"), seats, 10), 0);
    finish_says("must be an array of strings");
}

static void strings_are_required_or_not_and_bounded(void **state)
{
    (void)state;
    parse(SLICE("{\"a\":\"abc\",\"b\":\"\",\"c\":null,\"d\":\"abcd\"}"));
    assert_true(slice_equal(request_body_string(&body, SLICE("a"), 3), SLICE("abc")));
    assert_int_equal(request_body_string(&body, SLICE("b"), 3).size, 0);
    assert_int_equal(request_body_optional_string(&body, SLICE("c"), 3).size, 0);
    assert_int_equal(request_body_optional_string(&body, SLICE("d"), 3).size, 0);
    assert_int_equal(request_body_optional_string(&body, SLICE("e"), 3).size, 0);
    assert_int_equal(request_body_string(&body, SLICE("f"), 3).size, 0);
    finish_says("{\"field\":\"b\",\"message\":\"must not be empty\"}");
    assert_true(bare_exchange_says(&fake, "{\"field\":\"c\",\"message\":\"must be a string\"}"));
    assert_true(bare_exchange_says(
        &fake, "{\"field\":\"d\",\"message\":\"must be at most 3 bytes long\"}"));
    assert_false(bare_exchange_says(&fake, "\"field\":\"e\""));
    assert_true(bare_exchange_says(&fake, "{\"field\":\"f\",\"message\":\"is required\"}"));
}

static void arrays_of_strings_are_judged_entry_by_entry(void **state)
{
    (void)state;
    struct slice texts[3];
    parse(SLICE("{\"a\":[\"x\",\"yy\"],\"b\":[\"x\",\"yyyy\",null]}"));
    assert_int_equal(request_body_strings(&body, SLICE("a"), 3, texts, 3), 2);
    assert_true(slice_equal(texts[1], SLICE("yy")));
    assert_int_equal(request_body_strings(&body, SLICE("b"), 3, texts, 3), 0);
    finish_says("\"field\":\"b[1]\"");
    assert_true(bare_exchange_says(&fake, "\"field\":\"b[2]\""));
    assert_false(bare_exchange_says(&fake, "\"field\":\"b[0]\""));
}

static void errors_are_bounded(void **state)
{
    (void)state;
    char text[1024];
    struct buffer buffer;
    buffer_init(&buffer, text, sizeof text);
    for (int index = 0; index < 40; index++) {
        buffer_append(&buffer, index == 0 ? SLICE("{\"m") : SLICE(",\"m"));
        buffer_append_number(&buffer, index);
        buffer_append(&buffer, SLICE("\":1"));
    }
    buffer_append_char(&buffer, '}');
    parse(buffer_text(&buffer));
    finish_says("m15");
    assert_false(bare_exchange_says(&fake, "m16"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_json_in_utf8_is_read),
        cmocka_unit_test(what_is_no_json_object_is_refused),
        cmocka_unit_test(a_good_hold_is_read),
        cmocka_unit_test(every_wrong_member_is_told_at_once),
        cmocka_unit_test(seats_are_one_to_ten),
        cmocka_unit_test(strings_are_required_or_not_and_bounded),
        cmocka_unit_test(arrays_of_strings_are_judged_entry_by_entry),
        cmocka_unit_test(errors_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
