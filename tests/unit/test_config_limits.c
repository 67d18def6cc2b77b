#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "app/config_limits.h"

/* The environment of a test: one variable. */
static const char *set_name;
static char set_value[1024];

static char *get(const char *name)
{
    return set_name != NULL && strcmp(name, set_name) == 0 ? set_value : NULL;
}

static bool read_with(const char *name, const char *value, struct config_limits *ret_limits,
                      struct config_limits_fault *ret_fault)
{
    set_name = name;
    assert_true(slice_to_string(slice_of(value), set_value, sizeof set_value));
    return config_limits_read(get, ret_limits, ret_fault);
}

static struct config_limits accept(const char *name, const char *value)
{
    struct config_limits limits;
    struct config_limits_fault fault = {0};
    if (!read_with(name, value, &limits, &fault))
        fail_msg("%s=%s: %s", name, value, fault.why.data);
    return limits;
}

static void refuse(const char *name, const char *value)
{
    struct config_limits limits = {.limited = true};
    struct config_limits_fault fault = {0};
    if (read_with(name, value, &limits, &fault)) fail_msg("accepted: %s=%s", name, value);
    assert_true(slice_equal(fault.name, slice_of(name)));
    assert_true(fault.why.size > 0);
}

static void without_settings_everybody_is_limited_as_usual(void **state)
{
    (void)state;
    const struct config_limits limits = accept(NULL, "");
    assert_true(limits.limited);
    assert_int_equal(limits.limiter.rates[LIMIT_USER_WRITES].burst, 2000);
    assert_int_equal(limits.limiter.rates[LIMIT_CANCELS].burst, 10);
    assert_int_equal(limits.limiter.proxies.count, 0);
    assert_int_equal(limits.cors.count, 0);
}

static void the_switch_knows_on_and_off(void **state)
{
    (void)state;
    assert_true(accept("RATE_LIMIT", "on").limited);
    assert_false(accept("RATE_LIMIT", "off").limited);
    refuse("RATE_LIMIT", "");
    refuse("RATE_LIMIT", "100");
    refuse("RATE_LIMIT", "OFF");
}

static void each_limit_has_a_variable(void **state)
{
    (void)state;
    for (uint32_t limit = 0; limit < LIMIT_COUNT; limit++) {
        const char *name = limiter_variable((enum limit)limit).data;
        const struct config_limits limits = accept(name, "3:4/m");
        assert_int_equal(limits.limiter.rates[limit].burst, 3);
        assert_int_equal(limits.limiter.rates[limit].interval_us, 15000000);
        assert_int_equal(accept(name, "off").limiter.rates[limit].burst, 0);
        refuse(name, "3");
        refuse(name, "");
    }
}

static void connections_are_a_number_or_off(void **state)
{
    (void)state;
    assert_int_equal(accept(NULL, "").connections_max, 3000);
    assert_int_equal(accept("RATE_LIMIT_CONNECTIONS", "7").connections_max, 7);
    assert_int_equal(accept("RATE_LIMIT_CONNECTIONS", "off").connections_max, 0);
    assert_int_equal(accept("RATE_LIMIT", "off").connections_max, 0);
    refuse("RATE_LIMIT_CONNECTIONS", "0");
    refuse("RATE_LIMIT_CONNECTIONS", "");
    refuse("RATE_LIMIT_CONNECTIONS", "1000001");
    refuse("RATE_LIMIT_CONNECTIONS", "10:1/s");
}

static void streams_are_a_number_or_off(void **state)
{
    (void)state;
    assert_int_equal(accept(NULL, "").limiter.streams_per_client_max, 1000);
    assert_int_equal(accept("RATE_LIMIT_STREAMS", "7").limiter.streams_per_client_max, 7);
    assert_int_equal(accept("RATE_LIMIT_STREAMS", "off").limiter.streams_per_client_max, 0);
    refuse("RATE_LIMIT_STREAMS", "0");
    refuse("RATE_LIMIT_STREAMS", "10:1/s");
}

static void proxies_are_addresses_and_ranges(void **state)
{
    (void)state;
    const struct config_limits limits = accept("TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,fd00::/8");
    assert_int_equal(limits.limiter.proxies.count, 3);
    assert_int_equal(limits.limiter.proxies.all[2].prefix_bits, 8);
    assert_int_equal(accept("TRUSTED_PROXIES", "").limiter.proxies.count, 0);
    refuse("TRUSTED_PROXIES", "localhost");
    refuse("TRUSTED_PROXIES", "127.0.0.1,,::1");
    refuse("TRUSTED_PROXIES", "10.0.0.1/8");
    refuse("TRUSTED_PROXIES", "*");
}

static void a_list_has_an_end(void **state)
{
    (void)state;
    char text[1024] = {0};
    for (int count = 0; count < 32; count++) memcpy(text + 4 * count, "::1,", 4);
    assert_int_equal(accept("TRUSTED_PROXIES", text).limiter.proxies.count, 32);
    memcpy(text + 128, "::1", 3);
    refuse("TRUSTED_PROXIES", text);
    memset(text, 0, sizeof text);
    for (int count = 0; count < 16; count++) memcpy(text + 9 * count, "http://a,", 9);
    assert_int_equal(accept("CORS_ORIGINS", text).cors.count, 16);
    memcpy(text + 144, "http://a", 8);
    refuse("CORS_ORIGINS", text);
}

static void origins_are_written_out(void **state)
{
    (void)state;
    const struct config_limits limits =
        accept("CORS_ORIGINS", "https://shop.example.com, http://localhost:5173");
    assert_int_equal(limits.cors.count, 2);
    assert_true(slice_equal(limits.cors.origins[1], SLICE("http://localhost:5173")));
    refuse("CORS_ORIGINS", "*");
    refuse("CORS_ORIGINS", "https://shop.example.com/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_settings_everybody_is_limited_as_usual),
        cmocka_unit_test(the_switch_knows_on_and_off),
        cmocka_unit_test(each_limit_has_a_variable),
        cmocka_unit_test(connections_are_a_number_or_off),
        cmocka_unit_test(streams_are_a_number_or_off),
        cmocka_unit_test(proxies_are_addresses_and_ranges),
        cmocka_unit_test(a_list_has_an_end),
        cmocka_unit_test(origins_are_written_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
