/* test_redis_url.c - which texts are a way to Redis, and what the others are told. */
#include "support/unit.h"

#include "redis/redis_breaker.h"
#include "redis/redis_url.h"

static void a_url_says_where_and_as_whom(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct redis_url url;
    } rows[] = {
        {"redis://127.0.0.1", {.host = "127.0.0.1", .port = 6379}},
        {"redis://127.0.0.1:6380", {.host = "127.0.0.1", .port = 6380}},
        {"redis://[::1]:6380/3", {.host = "::1", .port = 6380, .database = 3}},
        {"redis://[2001:db8::1]", {.host = "2001:db8::1", .port = 6379}},
        {"redis://cache.example.com/", {.host = "cache.example.com", .port = 6379}},
        {"REDIS://cache/0", {.host = "cache", .port = 6379}},
        {"redis://cache:65535/9999", {.host = "cache", .port = 65535, .database = 9999}},
        {"redis://:secret@cache", {.host = "cache", .port = 6379, .password = "secret"}},
        {"redis://an:b%40%2f%3A%25@cache/2",
         {.host = "cache", .port = 6379, .database = 2, .user = "an", .password = "b@/:%"}},
        {"redis://an:b:c@cache", {.host = "cache", .port = 6379, .user = "an", .password = "b:c"}},
    };
    for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
        struct redis_url url;
        const char *why = redis_url_parse(slice_of(rows[index].text), &url);
        if (why != NULL) fail_msg("%s: %s", rows[index].text, why);
        assert_string_equal(url.host, rows[index].url.host);
        assert_string_equal(url.user, rows[index].url.user);
        assert_string_equal(url.password, rows[index].url.password);
        assert_int_equal(url.port, rows[index].url.port);
        assert_int_equal(url.database, rows[index].url.database);
    }
}

static void what_is_no_such_url_is_refused_with_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *part; /* Of the reason. */
    } rows[] = {
        {"", "empty"},
        {"cache:6379", "redis://"},
        {"http://cache", "redis://"},
        {"unix:///run/redis.sock", "redis://"},
        {"rediss://cache", "TLS"},
        {"REDISS://:secret@cache", "TLS"},
        {"redis:", "host"},
        {"redis://", "host"},
        {"redis:///1", "host"},
        {"redis://:6379", "host"},
        {"redis://c%41che", "host"},
        {"redis://[v1.x]", "host"},
        {"redis://cache:0", "port"},
        {"redis://cache:65536", "port"},
        {"redis://cache:06379", "port"},
        {"redis://cache/x", "database"},
        {"redis://cache/-1", "database"},
        {"redis://cache/10000", "database"},
        {"redis://cache/1/2", "database"},
        {"redis://cache/1?db=2", "behind"},
        {"redis://cache/1#x", "behind"},
        {"redis://an@cache", "user:password"},
        {"redis://an:@cache", "user:password"},
        {"redis://:@cache", "user:password"},
        {"redis://:a%00b@cache", "NUL"},
        {"redis://:a%zzb@cache", "not a URL"},
        {"redis://:a/b@cache", "not a URL"},
        {"redis://ca che", "not a URL"},
        {" redis://cache", "not a URL"},
        {"redis://cache\n", "not a URL"},
        {"redis://[::1", "not a URL"},
    };
    for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
        struct redis_url url = {.port = 7};
        const char *why = redis_url_parse(slice_of(rows[index].text), &url);
        if (why == NULL) fail_msg("took %s", rows[index].text);
        else if (strstr(why, rows[index].part) == NULL) fail_msg("%s: %s", rows[index].text, why);
        assert_int_equal(url.port, 7);
    }
}

static void a_part_that_is_too_long_is_refused(void **state)
{
    (void)state;
    char text[2 * REDIS_PASSWORD_SIZE];
    struct redis_url url;
    static const struct {
        const char *before;
        size_t size;
        const char *after;
    } rows[] = {{"redis://", REDIS_HOST_SIZE, ""},
                {"redis://", REDIS_USER_SIZE, ":x@cache"},
                {"redis://:", REDIS_PASSWORD_SIZE, "@cache"}};
    for (size_t index = 0; index < 3; index++) {
        for (size_t less = 0; less <= 1; less++) {
            char middle[REDIS_PASSWORD_SIZE + 1] = {0};
            memset(middle, 'a', rows[index].size - less);
            (void)snprintf(text, sizeof text, "%s%s%s", rows[index].before, middle,
                           rows[index].after);
            assert_int_equal(redis_url_parse(slice_of(text), &url) == NULL, less == 1);
        }
    }
}

static void a_breaker_rests_longer_with_each_failure_and_forgets_them(void **state)
{
    (void)state;
    static const int64_t rests_ms[] = {1000, 2000, 4000, 8000, 10000, 10000};
    struct redis_breaker breaker = {0};
    int64_t now_ms = 5;
    assert_true(redis_breaker_allows(&breaker, now_ms));
    for (size_t index = 0; index < sizeof rests_ms / sizeof rests_ms[0]; index++) {
        redis_breaker_failed(&breaker, now_ms);
        assert_false(redis_breaker_allows(&breaker, now_ms));
        now_ms += rests_ms[index];
        assert_false(redis_breaker_allows(&breaker, now_ms - 1));
        assert_true(redis_breaker_allows(&breaker, now_ms));
    }
    redis_breaker_succeeded(&breaker);
    assert_true(redis_breaker_allows(&breaker, 0));
    redis_breaker_failed(&breaker, now_ms);
    assert_true(redis_breaker_allows(&breaker, now_ms + 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_says_where_and_as_whom),
        cmocka_unit_test(what_is_no_such_url_is_refused_with_its_reason),
        cmocka_unit_test(a_part_that_is_too_long_is_refused),
        cmocka_unit_test(a_breaker_rests_longer_with_each_failure_and_forgets_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
