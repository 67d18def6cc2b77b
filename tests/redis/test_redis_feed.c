/* test_redis_feed.c - versions told by one instance are heard by others, over a real Redis. */
#include "support/unit.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "redis/redis_feed.h"
#include "redis_server.h"

#define PATIENCE_US INT64_C(20000000)
#define CHANNEL "seats:070000000000000000000000"

enum { HEARD_MAX = 4096 };

static const struct id showtime = {.bytes = {7}};

struct house {
    struct redis_server server;
    struct redis_link *link;
    struct redis_feed *feed;
    pthread_mutex_t mutex;
    uint32_t count;
    uint64_t versions[HEARD_MAX];
    bool other; /* A showtime that was not told of. */
};

static void note(void *context, struct id heard, uint64_t version)
{
    struct house *house = context;
    pthread_mutex_lock(&house->mutex);
    if (!id_equal(heard, showtime)) house->other = true;
    if (house->count < HEARD_MAX) house->versions[house->count++] = version;
    pthread_mutex_unlock(&house->mutex);
}

static uint32_t heard(struct house *house)
{
    pthread_mutex_lock(&house->mutex);
    const uint32_t count = house->count;
    pthread_mutex_unlock(&house->mutex);
    return count;
}

static void wait_until_heard(struct house *house, uint32_t count)
{
    const int64_t until_us = clock_steady_us() + PATIENCE_US;
    while (heard(house) < count) {
        if (clock_steady_us() > until_us) fail_msg("heard %u of %u", heard(house), count);
        (void)usleep(1000);
    }
}

static void wait_until_subscribed(const struct house *house, bool subscribed)
{
    const int64_t until_us = clock_steady_us() + PATIENCE_US;
    while ((redis_feed_counts(house->feed).subscribed != 0) != subscribed) {
        assert_true(clock_steady_us() < until_us);
        (void)usleep(1000);
    }
}

static void open_both(struct house *house)
{
    const struct redis_url url = redis_server_url(&house->server);
    house->link = redis_link_open(&url, "one");
    house->feed = redis_feed_open(&(struct redis_feed_options){
        .url = &url, .instance = "two", .heard = note, .context = house});
    assert_non_null(house->link);
    assert_non_null(house->feed);
}

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    *state = house;
    assert_int_equal(pthread_mutex_init(&house->mutex, NULL), 0);
    redis_server_start(&house->server);
    open_both(house);
    wait_until_subscribed(house, true);
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;
    redis_feed_close(house->feed);
    redis_link_close(house->link);
    redis_server_kill(&house->server);
    pthread_mutex_destroy(&house->mutex);
    free(house);
    return 0;
}

/* Publishes until it is heard: what is told while a connection is made is lost, as it may be. */
static void publish_until_heard(struct house *house, uint64_t version)
{
    const int64_t until_us = clock_steady_us() + PATIENCE_US;
    const uint32_t before = heard(house);
    while (heard(house) == before) {
        assert_true(clock_steady_us() < until_us);
        redis_feed_publish(house->link, showtime, version);
        (void)usleep(50000);
    }
    pthread_mutex_lock(&house->mutex);
    assert_int_equal(house->versions[before], version);
    assert_false(house->other);
    pthread_mutex_unlock(&house->mutex);
}

static void what_one_publishes_the_other_hears(void **state)
{
    struct house *house = *state;
    publish_until_heard(house, 1);
    publish_until_heard(house, INT64_MAX);
    assert_non_null(strstr(redis_server_ask(&house->server, "CLIENT LIST"), "name=two "));
}

/* Far more than the replies that may be owed. */
static void a_thousand_in_a_row_are_heard_in_order(void **state)
{
    struct house *house = *state;
    for (uint64_t version = 1; version <= 1000; version++) {
        redis_feed_publish(house->link, showtime, version);
    }
    assert_int_equal(redis_link_counts(house->link).errors, 0);
    wait_until_heard(house, 1000);
    pthread_mutex_lock(&house->mutex);
    for (uint32_t index = 0; index < 1000; index++) {
        assert_int_equal(house->versions[index], index + 1);
    }
    pthread_mutex_unlock(&house->mutex);
}

static void what_is_no_such_message_is_ignored(void **state)
{
    struct house *house = *state;
    static const char *const wrong[] = {"PUBLISH seats: 1",
                                        "PUBLISH seats:07 1",
                                        "PUBLISH seats:*z 1",
                                        "PUBLISH " CHANNEL " x",
                                        "PUBLISH " CHANNEL " -1",
                                        "PUBLISH " CHANNEL "00 1",
                                        "PUBLISH " CHANNEL " 99999999999999999999"};
    enum { WRONG = sizeof wrong / sizeof wrong[0] };
    for (size_t index = 0; index < WRONG; index++) {
        assert_string_equal(redis_server_ask(&house->server, wrong[index]), "1");
    }
    assert_string_equal(redis_server_ask(&house->server, "PUBLISH " CHANNEL " 8"), "1");
    wait_until_heard(house, 1);
    assert_int_equal(house->versions[0], 8);
    assert_int_equal(redis_feed_counts(house->feed).ignored, WRONG);
    assert_int_equal(redis_feed_counts(house->feed).heard, 1);
}

static void after_a_restart_it_listens_again_by_itself(void **state)
{
    struct house *house = *state;
    publish_until_heard(house, 1);
    for (uint64_t restarts = 1; restarts <= 2; restarts++) {
        redis_server_kill(&house->server);
        wait_until_subscribed(house, false);
        redis_feed_publish(house->link, showtime, 2); /* To nobody. */
        redis_server_start(&house->server);
        wait_until_subscribed(house, true);
        publish_until_heard(house, 3 + restarts);
        assert_true(redis_feed_counts(house->feed).connects >= 1 + restarts);
    }
}

static void a_redis_that_falls_silent_is_left_and_found_again(void **state)
{
    struct house *house = *state;
    publish_until_heard(house, 1);
    redis_server_freeze(&house->server);
    wait_until_subscribed(house, false);
    redis_server_thaw(&house->server);
    wait_until_subscribed(house, true);
    publish_until_heard(house, 2);
    assert_true(redis_feed_counts(house->feed).connects >= 2);
}

static void a_quiet_house_keeps_its_connection(void **state)
{
    struct house *house = *state;
    const uint64_t connects = redis_feed_counts(house->feed).connects;
    (void)usleep((REDIS_FEED_SILENCE_MS + 1000) * 1000);
    assert_int_equal(redis_feed_counts(house->feed).connects, connects);
    assert_int_equal(redis_feed_counts(house->feed).subscribed, 1);
    publish_until_heard(house, 1);
}

static void it_ends_at_once_whatever_redis_does(void **state)
{
    struct house *house = *state;
    for (int kind = 0; kind < 3; kind++) {
        if (kind == 1) redis_server_freeze(&house->server);
        if (kind == 2) {
            redis_server_kill(&house->server);
            (void)usleep(300000); /* It waits to try again. */
        }
        const int64_t since_us = clock_steady_us();
        redis_feed_close(house->feed);
        redis_link_close(house->link);
        assert_true(clock_steady_us() - since_us < 3000000);
        open_both(house);
    }
}

#define FEED_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        FEED_TEST(what_one_publishes_the_other_hears),
        FEED_TEST(a_thousand_in_a_row_are_heard_in_order),
        FEED_TEST(what_is_no_such_message_is_ignored),
        FEED_TEST(after_a_restart_it_listens_again_by_itself),
        FEED_TEST(a_redis_that_falls_silent_is_left_and_found_again),
        FEED_TEST(a_quiet_house_keeps_its_connection),
        FEED_TEST(it_ends_at_once_whatever_redis_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
