/* test_redis_faults.c - Redis hangs, dies, forgets, talks nonsense: turns go on, and so does the
 * lock once it is back. */
#include "support/unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "redis/redis_feed.h"
#include "redis/redis_lock.h"
#include "redis_server.h"

#define KEY "lock:booking:showtime:070000000000000000000000"
#define PATIENCE_US INT64_C(20000000)
#define GENEROUS_US INT64_C(3000000) /* For REDIS_LOCK_MS_MAX on a busy machine. */

static const struct id showtime = {.bytes = {7}};

struct house {
    struct redis_server server;
    struct redis_link *link;
    struct redis_lock *lock;
    struct lock port;
};

static void open_lock(struct house *house, const struct redis_url *url, bool required)
{
    house->link = redis_link_open(url, "one");
    assert_non_null(house->link);
    house->lock = redis_lock_open(
        &(struct redis_lock_options){.link = house->link, .instance = "one", .required = required});
    assert_non_null(house->lock);
    house->port = redis_lock_port(house->lock);
}

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    *state = house;
    redis_server_start(&house->server);
    const struct redis_url url = redis_server_url(&house->server);
    open_lock(house, &url, false);
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;
    redis_lock_close(house->lock);
    redis_link_close(house->link);
    redis_server_kill(&house->server);
    free(house);
    return 0;
}

/* One turn. True if it had the lock. */
static bool turn(struct house *house)
{
    const uint64_t before = redis_lock_counts(house->lock).acquired;
    bool contended = false;
    assert_int_equal(house->port.methods->acquire(house->port.context, showtime, &contended),
                     ERROR_NONE);
    const bool had = redis_lock_counts(house->lock).acquired > before;
    house->port.methods->release(house->port.context, showtime);
    return had;
}

/* Turns until one has the lock again. */
static void wait_until_back(struct house *house)
{
    const int64_t until_us = clock_steady_us() + PATIENCE_US;
    while (!turn(house)) {
        assert_true(clock_steady_us() < until_us);
        (void)usleep(20000);
    }
    assert_int_equal(redis_link_counts(house->link).degraded, 0);
}

/* Redis is away: the first turn waits a moment, the others not at all, and none fails. */
static void expect_to_go_on_without(struct house *house)
{
    const uint64_t errors = redis_link_counts(house->link).errors;
    int64_t since_us = clock_steady_us();
    assert_false(turn(house));
    assert_true(clock_steady_us() - since_us < GENEROUS_US);
    assert_int_equal(redis_link_counts(house->link).degraded, 1);
    since_us = clock_steady_us();
    for (int turns = 0; turns < 1000; turns++) assert_false(turn(house));
    assert_true(clock_steady_us() - since_us < GENEROUS_US);
    assert_true(redis_link_counts(house->link).errors <= errors + 4); /* Not one a turn. */
    assert_true(redis_lock_counts(house->lock).skipped >= 1001);
}

static void while_redis_hangs_turns_go_on_and_it_comes_back_by_itself(void **state)
{
    struct house *house = *state;
    wait_until_back(house);
    redis_server_freeze(&house->server);
    expect_to_go_on_without(house);
    redis_server_thaw(&house->server);
    wait_until_back(house);
}

static void a_hang_while_the_lock_is_held_keeps_nobody(void **state)
{
    struct house *house = *state;
    wait_until_back(house);
    bool contended = false;
    const struct lock *port = &house->port;
    assert_int_equal(port->methods->acquire(port->context, showtime, &contended), ERROR_NONE);
    redis_server_freeze(&house->server);
    const int64_t since_us = clock_steady_us();
    port->methods->release(port->context, showtime);
    assert_true(clock_steady_us() - since_us < GENEROUS_US);
    expect_to_go_on_without(house);
    redis_server_thaw(&house->server);
    wait_until_back(house);
}

static void a_redis_that_is_killed_is_found_again(void **state)
{
    struct house *house = *state;
    wait_until_back(house);
    wait_until_back(house); /* The second release names a script that is forgotten now. */
    redis_server_kill(&house->server);
    expect_to_go_on_without(house);
    redis_server_start(&house->server);
    wait_until_back(house);
    wait_until_back(house);
    assert_true(redis_link_counts(house->link).connects >= 2);
}

static void a_restart_between_two_turns_costs_nothing(void **state)
{
    struct house *house = *state;
    wait_until_back(house);
    for (int restarts = 0; restarts < 3; restarts++) {
        (void)usleep(20000);
        redis_link_look(house->link); /* Nothing is owed: the end alone is there to be seen. */
        redis_server_kill(&house->server);
        redis_server_start(&house->server);
        wait_until_back(house);
    }
    assert_true(redis_link_counts(house->link).connects >= 4);
    /* Unless the machine was too slow for the deadlines. */
    const uint64_t errors = redis_link_counts(house->link).errors;
    if (errors == 0) assert_int_equal(redis_lock_counts(house->lock).skipped, 0);
    assert_true(errors <= 1);
}

static void a_flush_gives_the_lock_to_others_and_the_holder_takes_nothing_from_them(void **state)
{
    struct house *house = *state;
    bool contended = false;
    const struct lock *port = &house->port;
    wait_until_back(house);
    const uint64_t before = redis_lock_counts(house->lock).acquired;
    assert_int_equal(port->methods->acquire(port->context, showtime, &contended), ERROR_NONE);
    assert_int_equal(redis_lock_counts(house->lock).acquired, before + 1);
    (void)redis_server_ask(&house->server, "FLUSHALL");
    assert_string_equal(redis_server_ask(&house->server, "SET " KEY " other NX PX 60000"), "OK");
    port->methods->release(port->context, showtime);
    assert_false(turn(house));
    assert_string_equal(redis_server_ask(&house->server, "GET " KEY), "other");
    assert_int_equal(redis_lock_counts(house->lock).lost, 1);
}

static void a_redis_that_takes_no_writes_is_one_that_is_away(void **state)
{
    struct house *house = *state;
    wait_until_back(house);
    (void)redis_server_ask(&house->server, "REPLICAOF 127.0.0.1 1");
    expect_to_go_on_without(house);
    (void)redis_server_ask(&house->server, "REPLICAOF NO ONE");
    wait_until_back(house);
}

static void a_lock_that_is_required_says_no_at_once_while_redis_is_away(void **state)
{
    struct house *house = *state;
    redis_lock_close(house->lock);
    redis_link_close(house->link);
    const struct redis_url url = redis_server_url(&house->server);
    open_lock(house, &url, true);
    redis_server_kill(&house->server);
    const int64_t since_us = clock_steady_us();
    for (int turns = 0; turns < 1000; turns++) {
        bool contended = false;
        assert_int_equal(house->port.methods->acquire(house->port.context, showtime, &contended),
                         ERROR_BOOKING_LOCK_FAILED);
    }
    assert_true(clock_steady_us() - since_us < GENEROUS_US);
    redis_server_start(&house->server);
    const int64_t until_us = clock_steady_us() + PATIENCE_US;
    enum error error = ERROR_BOOKING_LOCK_FAILED;
    while (error != ERROR_NONE) {
        bool contended = false;
        error = house->port.methods->acquire(house->port.context, showtime, &contended);
        assert_true(clock_steady_us() < until_us);
        (void)usleep(20000);
    }
}

static void what_is_published_while_redis_hangs_keeps_nobody(void **state)
{
    struct house *house = *state;
    redis_feed_publish(house->link, showtime, 1);
    assert_int_equal(redis_link_counts(house->link).connects, 1);
    redis_server_freeze(&house->server);
    const int64_t since_us = clock_steady_us();
    for (uint64_t version = 2; version < 10000; version++) {
        redis_feed_publish(house->link, showtime, version);
    }
    assert_true(clock_steady_us() - since_us < GENEROUS_US);
    assert_int_equal(redis_link_counts(house->link).degraded, 1);
    redis_server_thaw(&house->server);
    wait_until_back(house);
}

/* ThreadSanitizer does not know the threads that the C library makes to look a name up. */
#ifndef __SANITIZE_THREAD__

static void a_host_may_have_a_name(void **state)
{
    struct house *house = *state;
    redis_lock_close(house->lock);
    redis_link_close(house->link);
    struct redis_url url = redis_server_url(&house->server);
    (void)snprintf(url.host, sizeof url.host, "localhost");
    open_lock(house, &url, false);
    wait_until_back(house);
    redis_server_kill(&house->server);
    expect_to_go_on_without(house);
    redis_server_start(&house->server);
    wait_until_back(house);
}

/* Whether a name server says so or does not answer. */
static void a_name_that_nobody_knows_keeps_nobody(void **state)
{
    struct house *house = *state;
    redis_lock_close(house->lock);
    redis_link_close(house->link);
    struct redis_url url = redis_server_url(&house->server);
    (void)snprintf(url.host, sizeof url.host, "redis.invalid");
    open_lock(house, &url, false);
    expect_to_go_on_without(house);
    (void)usleep(1100000);
    assert_false(turn(house));
    assert_int_equal(redis_link_counts(house->link).connects, 0);
}

#endif

/* --- A peer that is no Redis. --- */

struct peer {
    int listener;
    const char *says;
};

static void *answer_everybody(void *context)
{
    const struct peer *peer = context;
    for (;;) {
        const int caller = accept(peer->listener, NULL, NULL);
        if (caller < 0) return NULL;
        (void)send(caller, peer->says, strlen(peer->says), MSG_NOSIGNAL);
        (void)usleep(20000);
        (void)close(caller);
    }
}

static void a_peer_that_talks_nonsense_is_one_that_is_away(void **state)
{
    struct house *house = *state;
    static const char *const nonsense[] = {"HTTP/1.1 400 Bad Request\r\n\r\n",
                                           "+OK\r\n",
                                           "$-5\r\n",
                                           "*99999999999\r\n",
                                           "$99999999\r\nx",
                                           ""};
    for (size_t index = 0; index < sizeof nonsense / sizeof nonsense[0]; index++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        struct peer peer = {.listener = socket(AF_INET, SOCK_STREAM, 0), .says = nonsense[index]};
        assert_int_equal(bind(peer.listener, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(peer.listener, 8), 0);
        assert_int_equal(getsockname(peer.listener, (struct sockaddr *)&address, &size), 0);
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, answer_everybody, &peer), 0);
        redis_lock_close(house->lock);
        redis_link_close(house->link);
        open_lock(house, &(struct redis_url){.host = "127.0.0.1", .port = ntohs(address.sin_port)},
                  false);
        expect_to_go_on_without(house);
        (void)shutdown(peer.listener, SHUT_RDWR);
        (void)pthread_join(thread, NULL);
        (void)close(peer.listener);
    }
}

#define FAULT_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        FAULT_TEST(while_redis_hangs_turns_go_on_and_it_comes_back_by_itself),
        FAULT_TEST(a_hang_while_the_lock_is_held_keeps_nobody),
        FAULT_TEST(a_redis_that_is_killed_is_found_again),
        FAULT_TEST(a_restart_between_two_turns_costs_nothing),
        FAULT_TEST(a_flush_gives_the_lock_to_others_and_the_holder_takes_nothing_from_them),
        FAULT_TEST(a_redis_that_takes_no_writes_is_one_that_is_away),
        FAULT_TEST(a_lock_that_is_required_says_no_at_once_while_redis_is_away),
        FAULT_TEST(what_is_published_while_redis_hangs_keeps_nobody),
#ifndef __SANITIZE_THREAD__
        FAULT_TEST(a_host_may_have_a_name),
        FAULT_TEST(a_name_that_nobody_knows_keeps_nobody),
#endif
        FAULT_TEST(a_peer_that_talks_nonsense_is_one_that_is_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
