#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "http/idempotency_key.h"
#include "support/bare_exchange.h"

#define KEY "550e8400-e29b-41d4-a716-446655440000"
#define OTHER_KEY "550e8400-e29b-41d4-a716-446655440001"

static struct bare_exchange fake;
static struct idempotency_key key;

static enum error read_header(const char *name, const char *value)
{
    struct exchange *exchange = bare_exchange_start(&fake);
    bare_exchange_send(&fake, slice_of(name), slice_of(value));
    return idempotency_key_read(exchange, &key);
}

static void assert_key(const char *expected)
{
    char text[UUID_TEXT_SIZE];
    uuid_format(key.key, text);
    assert_memory_equal(text, expected, sizeof text);
}

static void both_names_are_read_without_case(void **state)
{
    (void)state;
    assert_int_equal(read_header("x-idempotency-key", KEY), ERROR_NONE);
    assert_key(KEY);
    assert_false(key.draft);
    assert_int_equal(read_header("x-idempotency-key", "550E8400-E29B-41D4-A716-446655440000"),
                     ERROR_NONE);
    assert_key(KEY);
    assert_int_equal(read_header("idempotency-key", KEY), ERROR_NONE);
    assert_true(key.draft);
    assert_int_equal(read_header("idempotency-key", "\"" KEY "\""), ERROR_NONE);
    assert_key(KEY);
}

static void a_reused_key_of_the_draft_has_its_own_status(void **state)
{
    (void)state;
    assert_int_equal(read_header("idempotency-key", KEY), ERROR_NONE);
    assert_int_equal(idempotency_key_status(&key, ERROR_IDEMPOTENCY_KEY_REUSED), 422);
    assert_int_equal(idempotency_key_status(&key, ERROR_SEAT_ALREADY_BOOKED), 0);
    assert_int_equal(read_header("x-idempotency-key", KEY), ERROR_NONE);
    assert_int_equal(idempotency_key_status(&key, ERROR_IDEMPOTENCY_KEY_REUSED), 0);
}

static void no_key_is_required_and_a_bad_one_invalid(void **state)
{
    (void)state;
    struct exchange *exchange = bare_exchange_start(&fake);
    assert_int_equal(idempotency_key_read(exchange, &key), ERROR_IDEMPOTENCY_KEY_REQUIRED);
    static const char *const rows[] = {
        "",
        "x",
        "550e8400-e29b-11d4-a716-446655440000",
        "550e8400-e29b-41d4-c716-446655440000",
        "550e8400e29b41d4a716446655440000",
        "{550e8400-e29b-41d4-a716-446655440000}",
        "550e8400-e29b-41d4-a716-44665544000g",
        "550e8400-e29b-41d4-a716-4466554400000",
        KEY ", " OTHER_KEY,
        "\"" KEY,
        "\"\"" KEY "\"\"",
        "00000000-0000-0000-0000-000000000000",
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        assert_int_equal(read_header("x-idempotency-key", rows[row]),
                         ERROR_IDEMPOTENCY_KEY_INVALID);
        assert_int_equal(read_header("idempotency-key", rows[row]), ERROR_IDEMPOTENCY_KEY_INVALID);
    }
    assert_int_equal(read_header("x-idempotency-key", "\"" KEY "\""),
                     ERROR_IDEMPOTENCY_KEY_INVALID);
}

static void two_headers_of_one_name_are_invalid_and_the_first_name_counts(void **state)
{
    (void)state;
    struct exchange *exchange = bare_exchange_start(&fake);
    bare_exchange_send(&fake, SLICE("x-idempotency-key"), SLICE(KEY));
    bare_exchange_send(&fake, SLICE("x-idempotency-key"), SLICE(KEY));
    assert_int_equal(idempotency_key_read(exchange, &key), ERROR_IDEMPOTENCY_KEY_INVALID);
    exchange = bare_exchange_start(&fake);
    bare_exchange_send(&fake, SLICE("idempotency-key"), SLICE(OTHER_KEY));
    bare_exchange_send(&fake, SLICE("x-idempotency-key"), SLICE(KEY));
    assert_int_equal(idempotency_key_read(exchange, &key), ERROR_NONE);
    assert_key(KEY);
    assert_false(key.draft);
    exchange = bare_exchange_start(&fake);
    bare_exchange_send(&fake, SLICE("idempotency-key"), SLICE(KEY));
    bare_exchange_send(&fake, SLICE("x-idempotency-key"), SLICE("bad"));
    assert_int_equal(idempotency_key_read(exchange, &key), ERROR_IDEMPOTENCY_KEY_INVALID);
}

static struct fingerprint print_of(const char *path, const char *text)
{
    static char memory[16 * 1024];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    const struct json *root = NULL;
    struct json_fault fault;
    if (text != NULL) assert_true(json_parse(slice_of(text), &arena, &root, &fault));
    struct fingerprint fingerprint;
    const size_t used = arena.used;
    assert_true(idempotency_key_fingerprint(slice_of(path), root, &arena, &fingerprint));
    assert_int_equal(arena.used, used);
    return fingerprint;
}

static bool same(const char *path, const char *text, const char *other_path, const char *other)
{
    const struct fingerprint left = print_of(path, text);
    const struct fingerprint right = print_of(other_path, other);
    return fingerprint_equal(&left, &right);
}

static void one_request_in_other_words_has_one_fingerprint(void **state)
{
    (void)state;
    assert_true(same("/a", "{\"b\":1,\"a\":[1,2]}", "/a", " { \"a\" : [1, 2], \"b\":1 } "));
    assert_true(same("/a", "{\"a\":\"\\u0041\"}", "/a", "{\"a\":\"A\"}"));
    assert_true(same("/api/bookings/65A1B2C3D4E5F60718293A4B/confirm", "{}",
                     "/api/bookings/65a1b2c3d4e5f60718293a4b/confirm", "{}"));
    const struct fingerprint print = print_of("/a", "{\"b\":1,\"a\":2}");
    uint8_t expected[SHA256_SIZE];
    crypto_sha256(&SLICE("/a\n{\"a\":2,\"b\":1}"), 1, expected);
    assert_memory_equal(print.bytes, expected, sizeof expected);
}

static void another_request_has_another_fingerprint(void **state)
{
    (void)state;
    assert_false(same("/a", "{}", "/b", "{}"));
    assert_false(same("/a", "{\"a\":[1,2]}", "/a", "{\"a\":[2,1]}"));
    assert_false(same("/a", "{\"a\":1}", "/a", "{\"a\":\"1\"}"));
    assert_false(same("/a", "{\"a\":\"x\"}", "/a", "{\"a\":\"X\"}"));
    assert_false(same("/a", "{}", "/a", NULL));
}

static void without_room_there_is_no_fingerprint(void **state)
{
    (void)state;
    char memory[32];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    struct fingerprint fingerprint;
    const struct slice path = SLICE("/a/path/that/is/longer/than/that/arena");
    assert_false(idempotency_key_fingerprint(path, NULL, &arena, &fingerprint));
    arena.used = arena.capacity;
    assert_false(idempotency_key_fingerprint(path, NULL, &arena, &fingerprint));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_names_are_read_without_case),
        cmocka_unit_test(a_reused_key_of_the_draft_has_its_own_status),
        cmocka_unit_test(no_key_is_required_and_a_bad_one_invalid),
        cmocka_unit_test(two_headers_of_one_name_are_invalid_and_the_first_name_counts),
        cmocka_unit_test(one_request_in_other_words_has_one_fingerprint),
        cmocka_unit_test(another_request_has_another_fingerprint),
        cmocka_unit_test(without_room_there_is_no_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
