#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "http/cors.h"
#include "support/bare_exchange.h"

static const struct cors cors = {
    .count = 2,
    .origins = {SLICE_INIT("https://shop.example.com"), SLICE_INIT("http://localhost:5173")}};
static const struct cors off = {0};
static struct bare_exchange fake;

static struct exchange *start(const char *origin)
{
    struct exchange *exchange = bare_exchange_start(&fake);
    exchange->method = METHOD_GET;
    if (origin != NULL) bare_exchange_send(&fake, SLICE("origin"), slice_of(origin));
    return exchange;
}

static void assert_header(const char *name, const char *expected)
{
    const struct slice value = bare_exchange_answered(&fake, slice_of(name));
    if (!slice_equal(value, slice_of(expected)))
        fail_msg("%s: %.*s, not %s", name, (int)value.size, value.data, expected);
}

static void a_listed_page_gets_its_own_origin(void **state)
{
    (void)state;
    cors_mark(&cors, start("http://localhost:5173"));
    assert_header("access-control-allow-origin", "http://localhost:5173");
    assert_header("vary", "Origin");
    assert_header("access-control-allow-credentials", "");
    assert_true(bare_exchange_answered(&fake, SLICE("access-control-expose-headers")).size > 0);
}

static void any_other_page_gets_nothing_but_the_hint_to_caches(void **state)
{
    (void)state;
    static const char *const strangers[] = {"https://shop.example.com.evil.com",
                                            "https://shop.example.co",
                                            "http://shop.example.com",
                                            "https://SHOP.example.com",
                                            "https://shop.example.com:443",
                                            "https://shop.example.com/",
                                            "null",
                                            "*",
                                            "",
                                            "https://shop.example.com, http://localhost:5173",
                                            "https://shop.example.com http://localhost:5173"};
    for (size_t index = 0; index < sizeof strangers / sizeof strangers[0]; index++) {
        cors_mark(&cors, start(strangers[index]));
        assert_header("access-control-allow-origin", "");
        assert_header("vary", "Origin");
    }
    cors_mark(&cors, start(NULL));
    assert_header("access-control-allow-origin", "");
    assert_header("vary", "Origin");
    struct exchange *twice = start("http://localhost:5173");
    bare_exchange_send(&fake, SLICE("origin"), SLICE("http://localhost:5173"));
    cors_mark(&cors, twice);
    assert_header("access-control-allow-origin", "");
}

static void switched_off_it_leaves_no_trace(void **state)
{
    (void)state;
    cors_mark(&off, start("https://shop.example.com"));
    assert_int_equal(fake.answered_count, 0);
}

static bool asks(const struct cors *rules, const char *origin, enum http_method method,
                 bool preflight)
{
    struct exchange *exchange = start(origin);
    exchange->method = method;
    if (preflight) bare_exchange_send(&fake, SLICE("access-control-request-method"), SLICE("POST"));
    const bool answered = cors_answer_preflight(rules, exchange, SLICE("POST"));
    assert_int_equal(fake.status, answered ? 204 : 0);
    return answered;
}

static void a_listed_page_may_ask_first(void **state)
{
    (void)state;
    assert_true(asks(&cors, "https://shop.example.com", METHOD_OPTIONS, true));
    assert_header("access-control-allow-methods", "POST");
    assert_header("access-control-max-age", "7200");
    const struct slice headers =
        bare_exchange_answered(&fake, SLICE("access-control-allow-headers"));
    assert_non_null(memmem(headers.data, headers.size, "X-Idempotency-Key", 17));
    assert_int_equal(fake.body_size, 0);
}

static void what_is_no_preflight_of_a_listed_page_is_left_alone(void **state)
{
    (void)state;
    assert_false(asks(&cors, "https://evil.example.com", METHOD_OPTIONS, true));
    assert_false(asks(&cors, NULL, METHOD_OPTIONS, true));
    assert_false(asks(&cors, "https://shop.example.com", METHOD_OPTIONS, false));
    assert_false(asks(&cors, "https://shop.example.com", METHOD_POST, true));
    assert_false(asks(&off, "https://shop.example.com", METHOD_OPTIONS, true));
}

static void only_whole_origins_may_be_listed(void **state)
{
    (void)state;
    static const char *const right[] = {"https://shop.example.com", "http://localhost:5173",
                                        "https://a-b.example:8443", "http://127.0.0.1:3000"};
    static const char *const wrong[] = {"",
                                        "*",
                                        "null",
                                        "shop.example.com",
                                        "https://",
                                        "https://shop.example.com/",
                                        "https://*.example.com",
                                        "HTTPS://shop.example.com",
                                        "https://Shop.example.com",
                                        "ftp://shop.example.com",
                                        "https://user@shop.example.com",
                                        "https://shop.example.com:",
                                        "https://shop.example.com:99999",
                                        "https://shop.example.com:443",
                                        "http://shop.example.com:80",
                                        "https://shop.example.com:0443",
                                        "https://shop.example.com:0",
                                        "https://shop.example.com:443/x",
                                        "https://a b",
                                        "https://shop.example.com?x",
                                        "https://shop.example.com#x"};
    for (size_t index = 0; index < sizeof right / sizeof right[0]; index++)
        if (!cors_origin_valid(slice_of(right[index]))) fail_msg("refused: %s", right[index]);
    for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++)
        if (cors_origin_valid(slice_of(wrong[index]))) fail_msg("accepted: %s", wrong[index]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listed_page_gets_its_own_origin),
        cmocka_unit_test(any_other_page_gets_nothing_but_the_hint_to_caches),
        cmocka_unit_test(switched_off_it_leaves_no_trace),
        cmocka_unit_test(a_listed_page_may_ask_first),
        cmocka_unit_test(what_is_no_preflight_of_a_listed_page_is_left_alone),
        cmocka_unit_test(only_whole_origins_may_be_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
