#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "http/limiter.h"
#include "support/bare_exchange.h"

#define NOW_MS INT64_C(1700000000000)

/* Bursts that do not come back while a test runs. */
static struct limiter_options usual_options(void)
{
    struct limiter_options options = {0};
    static const uint32_t bursts[LIMIT_COUNT] = {
        [LIMIT_USER_WRITES] = 5,    [LIMIT_USER_READS] = 7, [LIMIT_ADDRESS_WRITES] = 12,
        [LIMIT_ADDRESS_READS] = 20, [LIMIT_WEBHOOKS] = 4,   [LIMIT_FAILURES] = 3,
        [LIMIT_CANCELS] = 2};
    for (uint32_t limit = 0; limit < LIMIT_COUNT; limit++) {
        options.rates[limit] =
            (struct rate){.burst = bursts[limit], .interval_us = RATE_INTERVAL_US_MAX};
    }
    return options;
}

static struct limiter_options options;
static struct limiter *limiter;
static struct bare_exchange fake;

static int open_limiter(void **state)
{
    (void)state;
    options = usual_options();
    limiter = limiter_open(&options);
    return limiter == NULL;
}

static int close_limiter(void **state)
{
    (void)state;
    limiter_close(limiter);
    return 0;
}

static int reopen(void)
{
    limiter_close(limiter);
    limiter = limiter_open(&options);
    return limiter == NULL;
}

static struct exchange *start(const char *user, const char *peer)
{
    struct exchange *exchange = bare_exchange_start(&fake);
    if (user[0] != '\0') exchange->user = user_of(slice_of(user));
    exchange->peer = slice_of(peer);
    return exchange;
}

static bool admit(enum limited limited, const char *user, const char *peer, enum http_method method)
{
    struct exchange *exchange = start(user, peer);
    exchange->method = method;
    const bool admitted = limiter_admit(limiter, exchange, limited, NOW_MS);
    assert_int_equal(fake.status, admitted ? 0 : 429);
    return admitted;
}

static bool writes(const char *user, const char *peer)
{
    return admit(LIMITED_BY_METHOD, user, peer, METHOD_POST);
}

static bool reads(const char *user, const char *peer)
{
    return admit(LIMITED_BY_METHOD, user, peer, METHOD_GET);
}

static bool holds(const char *user)
{
    return admit(LIMITED_HOLD, user, "192.0.2.1", METHOD_POST);
}

static bool fails(const char *peer)
{
    const bool told = limiter_admit_failure(limiter, start("", peer), NOW_MS);
    assert_int_equal(fake.status, told ? 0 : 429);
    return !told;
}

static void assert_header(const char *name, const char *expected)
{
    const struct slice value = bare_exchange_answered(&fake, slice_of(name));
    if (!slice_equal(value, slice_of(expected)))
        fail_msg("%s: %.*s, not %s", name, (int)value.size, value.data, expected);
}

static void a_user_has_one_bucket_wherever_he_asks_from(void **state)
{
    (void)state;
    static const char *const peers[] = {"192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.4",
                                        "192.0.2.5"};
    for (int count = 0; count < 5; count++) assert_true(writes("alice", peers[count]));
    assert_false(writes("alice", "192.0.2.6"));
    assert_true(writes("bob", "192.0.2.6"));
}

static void an_address_has_one_bucket_for_all_its_users(void **state)
{
    (void)state;
    static const char *const users[] = {"u1", "u2", "u3", "u4"};
    for (int count = 0; count < 12; count++) assert_true(writes(users[count % 4], "192.0.2.1"));
    assert_false(writes("u5", "192.0.2.1"));
    assert_header("ratelimit", "\"address-writes\";r=0;t=43200");
    assert_true(writes("u5", "192.0.2.2"));
}

static void a_users_refusals_cost_his_neighbours_nothing(void **state)
{
    (void)state;
    for (int count = 0; count < 5; count++) assert_true(writes("alice", "192.0.2.1"));
    for (int count = 0; count < 50; count++) assert_false(writes("alice", "192.0.2.1"));
    for (int count = 0; count < 5; count++) assert_true(writes("bob", "192.0.2.1"));
    for (int count = 0; count < 2; count++) assert_true(writes("carol", "192.0.2.1"));
    assert_false(writes("carol", "192.0.2.1"));
}

static void reads_and_writes_are_counted_apart(void **state)
{
    (void)state;
    for (int count = 0; count < 5; count++) assert_true(writes("alice", "192.0.2.1"));
    assert_false(writes("alice", "192.0.2.1"));
    for (int count = 0; count < 7; count++) assert_true(reads("alice", "192.0.2.1"));
    assert_false(reads("alice", "192.0.2.1"));
    for (int count = 0; count < 13; count++) assert_true(reads("", "192.0.2.1"));
    assert_false(reads("", "192.0.2.1"));
}

static void an_ipv6_network_is_one_client(void **state)
{
    (void)state;
    static const char *const peers[] = {"2001:db8::1", "2001:db8::2", "2001:db8::ffff:0:3"};
    for (int count = 0; count < 20; count++) assert_true(reads("", peers[count % 3]));
    assert_false(reads("", "2001:db8::99"));
    assert_true(reads("", "2001:db8:0:1::1"));
}

static void what_a_client_says_of_its_address_counts_behind_trusted_proxies_only(void **state)
{
    (void)state;
    static const char *const claims[] = {"198.51.100.1", "198.51.100.2"};
    int admitted = 0;
    for (int count = 0; count < 30; count++) {
        struct exchange *exchange = start("", "192.0.2.1");
        exchange->method = METHOD_GET;
        bare_exchange_send(&fake, SLICE("x-forwarded-for"), slice_of(claims[count % 2]));
        admitted += limiter_admit(limiter, exchange, LIMITED_BY_METHOD, NOW_MS);
    }
    assert_int_equal(admitted, 20);

    options.proxies.count = 1;
    assert_true(address_range_parse(SLICE("192.0.2.1"), &options.proxies.all[0]));
    assert_int_equal(reopen(), 0);
    for (int count = 0; count < 40; count++) {
        struct exchange *exchange = start("", "192.0.2.1");
        exchange->method = METHOD_GET;
        bare_exchange_send(&fake, SLICE("x-forwarded-for"), slice_of(claims[count % 2]));
        assert_true(limiter_admit(limiter, exchange, LIMITED_BY_METHOD, NOW_MS));
    }
}

static void the_answer_announces_the_limits(void **state)
{
    (void)state;
    assert_true(writes("alice", "192.0.2.1"));
    assert_header("ratelimit-policy",
                  "\"user-writes\";q=5;w=18000, \"address-writes\";q=12;w=43200");
    assert_header("ratelimit", "\"user-writes\";r=4;t=3600");
    assert_true(reads("", "192.0.2.1"));
    assert_header("ratelimit-policy", "\"address-reads\";q=20;w=72000");
    assert_header("ratelimit", "\"address-reads\";r=19;t=3600");
}

static void a_refusal_says_which_limit_and_when_to_come_back(void **state)
{
    (void)state;
    for (int count = 0; count < 5; count++) assert_true(writes("alice", "192.0.2.1"));
    assert_false(writes("alice", "192.0.2.1"));
    assert_header("retry-after", "3600");
    assert_header("ratelimit", "\"user-writes\";r=0;t=18000");
    assert_header("ratelimit-policy", "\"user-writes\";q=5;w=18000");
    assert_header("cache-control", "no-store");
    assert_true(bare_exchange_says(&fake, "\"errorCode\":\"RATE_LIMITED\""));
    assert_true(bare_exchange_says(&fake, "the limit user-writes allows 5 at once"));
}

static void failures_beyond_the_limit_are_not_told_apart_and_stop_nobody_else(void **state)
{
    (void)state;
    for (int count = 0; count < 3; count++) assert_false(fails("192.0.2.1"));
    assert_header("ratelimit-policy", "\"failures\";q=3;w=10800");
    assert_header("ratelimit", "\"failures\";r=0;t=10800");
    assert_true(fails("192.0.2.1"));
    assert_true(bare_exchange_says(&fake, "Too many tokens or signatures that are not valid"));
    assert_false(fails("192.0.2.2"));
    assert_true(writes("alice", "192.0.2.1"));
}

static void cancelled_holds_stop_the_next_hold_and_nothing_else(void **state)
{
    (void)state;
    limiter_note_cancel(limiter, start("alice", "192.0.2.1"));
    assert_true(holds("alice"));
    limiter_note_cancel(limiter, start("alice", "192.0.2.1"));
    assert_false(holds("alice"));
    assert_true(bare_exchange_says(&fake, "Too many held bookings were cancelled lately"));
    assert_header("retry-after", "3600");
    assert_true(holds("bob"));
    assert_true(writes("alice", "192.0.2.1"));
    assert_true(reads("alice", "192.0.2.1"));
}

static void holds_that_were_cancelled_at_once_are_all_owed(void **state)
{
    (void)state;
    for (int count = 0; count < 20; count++)
        limiter_note_cancel(limiter, start("alice", "192.0.2.1"));
    assert_false(holds("alice"));
    assert_header("retry-after", "68400"); /* Nineteen have to come back. */
}

static void staff_may_cancel_as_they_like(void **state)
{
    (void)state;
    for (int count = 0; count < 10; count++) {
        struct exchange *exchange = start("clerk", "192.0.2.1");
        exchange->role = ROLE_STAFF;
        limiter_note_cancel(limiter, exchange);
    }
    assert_true(holds("clerk"));
}

static bool reports(enum payment_method method, const char *peer)
{
    return limiter_admit_webhook(limiter, start("", peer), method, NOW_MS);
}

static void each_gateway_has_its_own_limit_at_each_address(void **state)
{
    (void)state;
    for (int count = 0; count < 4; count++) assert_true(reports(PAYMENT_MOMO, "192.0.2.1"));
    assert_header("ratelimit", "\"webhooks\";r=0;t=14400");
    assert_false(reports(PAYMENT_MOMO, "192.0.2.1"));
    assert_true(reports(PAYMENT_VNPAY, "192.0.2.1"));
    assert_true(reports(PAYMENT_MOMO, "192.0.2.2"));
    for (int count = 0; count < 4; count++) assert_true(reports(PAYMENT_METHOD_COUNT, "192.0.2.1"));
    assert_false(reports(PAYMENT_METHOD_COUNT, "192.0.2.1"));
}

static bool listens(const char *peer, struct address *ret_client)
{
    return limiter_begin_stream(limiter, start("", peer), ret_client);
}

static void an_address_has_so_many_streams_and_gets_them_back(void **state)
{
    (void)state;
    options.streams_per_client_max = 2;
    options.streams_max = 4;
    assert_int_equal(reopen(), 0);
    struct address client, neighbour, other;
    assert_true(listens("2001:db8::1", &client));
    assert_true(listens("2001:db8::2", &neighbour));
    assert_false(listens("2001:db8::3", &other));
    assert_true(listens("192.0.2.1", &other));
    limiter_refuse_stream(limiter, start("", "2001:db8::3"), NOW_MS);
    assert_int_equal(fake.status, 429);
    assert_header("ratelimit-policy", "\"streams\";q=2");
    assert_header("ratelimit", "\"streams\";r=0");
    assert_header("retry-after", "5");
    assert_true(bare_exchange_says(&fake, "the limit streams allows 2"));
    limiter_end_stream(limiter, &neighbour);
    assert_true(listens("2001:db8::3", &neighbour));
    limiter_end_stream(limiter, &client);
    limiter_end_stream(limiter, &neighbour);
    limiter_end_stream(limiter, &other);
}

static void what_watches_the_server_is_never_limited(void **state)
{
    (void)state;
    for (int count = 0; count < 100; count++)
        assert_true(admit(LIMITED_NOT, "", "192.0.2.1", METHOD_GET));
    assert_header("ratelimit", "");
}

static void a_limit_that_is_off_counts_nothing(void **state)
{
    (void)state;
    options.rates[LIMIT_USER_WRITES].burst = 0;
    options.rates[LIMIT_CANCELS].burst = 0;
    assert_int_equal(reopen(), 0);
    for (int count = 0; count < 5; count++)
        limiter_note_cancel(limiter, start("alice", "192.0.2.1"));
    for (int count = 0; count < 12; count++) assert_true(holds("alice"));
    assert_header("ratelimit-policy", "\"address-writes\";q=12;w=43200");
    assert_false(holds("alice"));
}

static void without_a_limiter_everything_is_admitted(void **state)
{
    (void)state;
    struct exchange *exchange = start("alice", "192.0.2.1");
    assert_true(limiter_admit(NULL, exchange, LIMITED_HOLD, NOW_MS));
    assert_true(limiter_admit_failure(NULL, exchange, NOW_MS));
    assert_true(limiter_admit_webhook(NULL, exchange, PAYMENT_MOMO, NOW_MS));
    limiter_note_cancel(NULL, exchange);
    struct address client;
    assert_true(limiter_begin_stream(NULL, exchange, &client));
    limiter_end_stream(NULL, &client);
    assert_header("ratelimit", "");
    limiter_close(NULL);
}

static void the_usual_limits_let_a_thousand_requests_at_once_through(void **state)
{
    (void)state;
    for (uint32_t limit = 0; limit < LIMIT_COUNT; limit++)
        options.rates[limit] = limiter_default((enum limit)limit);
    assert_int_equal(reopen(), 0);
    for (int count = 0; count < 1500; count++) assert_true(holds("alice"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_limiter, close_limiter)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_user_has_one_bucket_wherever_he_asks_from),
        CASE(an_address_has_one_bucket_for_all_its_users),
        CASE(a_users_refusals_cost_his_neighbours_nothing),
        CASE(reads_and_writes_are_counted_apart),
        CASE(an_ipv6_network_is_one_client),
        CASE(what_a_client_says_of_its_address_counts_behind_trusted_proxies_only),
        CASE(the_answer_announces_the_limits),
        CASE(a_refusal_says_which_limit_and_when_to_come_back),
        CASE(failures_beyond_the_limit_are_not_told_apart_and_stop_nobody_else),
        CASE(cancelled_holds_stop_the_next_hold_and_nothing_else),
        CASE(holds_that_were_cancelled_at_once_are_all_owed),
        CASE(staff_may_cancel_as_they_like),
        CASE(each_gateway_has_its_own_limit_at_each_address),
        CASE(an_address_has_so_many_streams_and_gets_them_back),
        CASE(what_watches_the_server_is_never_limited),
        CASE(a_limit_that_is_off_counts_nothing),
        CASE(without_a_limiter_everything_is_admitted),
        CASE(the_usual_limits_let_a_thousand_requests_at_once_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
