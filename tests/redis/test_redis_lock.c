/* test_redis_lock.c - who has a showtime's lock, over a real Redis. */
#include "support/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "redis/redis_lock.h"
#include "redis_server.h"

#define KEY "lock:booking:showtime:070000000000000000000000"

static const struct id showtime = {.bytes = {7}};

/* One instance. */
struct locker {
    struct redis_link *link;
    struct redis_lock *lock;
    struct lock port;
};

static struct redis_server server;

static struct locker open_locker(const struct redis_url *url, const char *instance, bool required)
{
    struct locker locker = {.link = redis_link_open(url, instance)};
    assert_non_null(locker.link);
    locker.lock = redis_lock_open(&(struct redis_lock_options){
        .link = locker.link, .instance = instance, .required = required});
    assert_non_null(locker.lock);
    locker.port = redis_lock_port(locker.lock);
    return locker;
}

static struct locker locker_of(const char *instance, bool required)
{
    const struct redis_url url = redis_server_url(&server);
    return open_locker(&url, instance, required);
}

static void close_locker(const struct locker *locker)
{
    redis_lock_close(locker->lock);
    redis_link_close(locker->link);
}

static enum error acquire(const struct locker *locker, bool *ret_contended)
{
    return locker->port.methods->acquire(locker->port.context, showtime, ret_contended);
}

static void release(const struct locker *locker)
{
    locker->port.methods->release(locker->port.context, showtime);
}

/* Acquires; tries again if the machine was too slow for the deadlines. */
static bool take(const struct locker *locker)
{
    for (int tries = 0; tries < 10; tries++) {
        const struct redis_lock_counts before = redis_lock_counts(locker->lock);
        bool contended = false;
        (void)acquire(locker, &contended);
        const struct redis_lock_counts after = redis_lock_counts(locker->lock);
        if (after.skipped == before.skipped) return after.acquired > before.acquired;
        release(locker);
        (void)usleep(1100000);
    }
    fail_msg("Redis does not answer in time");
    return false;
}

static void must_take(const struct locker *locker)
{
    assert_true(take(locker));
}

/* Until a release has reached Redis. */
static void wait_until_free(void)
{
    for (int tries = 0; strcmp(redis_server_ask(&server, "EXISTS " KEY), "0") != 0; tries++) {
        assert_true(tries < 1000);
        (void)usleep(1000);
    }
}

static int clear(void **state)
{
    (void)state;
    (void)redis_server_ask(&server, "FLUSHALL");
    (void)redis_server_ask(&server, "SCRIPT FLUSH");
    (void)redis_server_ask(&server, "CONFIG RESETSTAT");
    return 0;
}

static uint64_t calls_of(const char *command)
{
    char name[64];
    (void)snprintf(name, sizeof name, "cmdstat_%s:calls=", command);
    const char *found = strstr(redis_server_ask(&server, "INFO commandstats"), name);
    return found == NULL ? 0 : strtoull(found + strlen(name), NULL, 10);
}

static void one_has_the_lock_and_the_other_goes_on_without(void **state)
{
    (void)state;
    const struct locker one = locker_of("one", false);
    const struct locker two = locker_of("two", false);
    must_take(&one);
    char token[128];
    (void)snprintf(token, sizeof token, "%s", redis_server_ask(&server, "GET " KEY));
    assert_int_equal(strlen(token), 36);
    assert_string_equal(token + 32, ":one");
    const long ttl_ms = strtol(redis_server_ask(&server, "PTTL " KEY), NULL, 10);
    assert_in_range(ttl_ms, 1, 5000);
    (void)redis_server_ask(&server, "PERSIST " KEY); /* However slow this machine is. */
    assert_false(take(&two));
    assert_int_equal(redis_lock_counts(two.lock).missed, 1);
    release(&two); /* What it does not have. */
    assert_string_equal(redis_server_ask(&server, "GET " KEY), token);
    release(&one);
    wait_until_free();
    must_take(&two);
    assert_string_equal(redis_server_ask(&server, "GET " KEY) + 32, ":two");
    release(&two);
    wait_until_free();
    close_locker(&one);
    close_locker(&two);
}

static void a_lock_of_others_is_tried_three_times(void **state)
{
    (void)state;
    (void)redis_server_ask(&server, "SET " KEY " other");
    const struct locker one = locker_of("one", false);
    const uint64_t before = calls_of("set");
    const int64_t since_us = clock_steady_us();
    bool contended = false;
    assert_int_equal(acquire(&one, &contended), ERROR_NONE);
    const int64_t passed_us = clock_steady_us() - since_us;
    assert_true(contended);
    assert_int_equal(redis_lock_counts(one.lock).missed, 1);
    assert_int_equal(calls_of("set"), before + 3);
    assert_true(passed_us >= 300000); /* 100 and 200 ms. */
    assert_true(passed_us < 10000000);
    release(&one);
    assert_string_equal(redis_server_ask(&server, "GET " KEY), "other");
    close_locker(&one);
}

struct teller {
    struct redis_lock *lock;
    struct id showtime;
    atomic_bool over;
};

/* Says again and again that somebody has committed. */
static void *tell(void *context)
{
    struct teller *teller = context;
    while (!atomic_load(&teller->over)) {
        redis_lock_heard(teller->lock, teller->showtime);
        (void)usleep(2000);
    }
    return NULL;
}

/* How often a lock that others have is tried while there is such news. */
static uint64_t tries_beside_news(struct id of)
{
    (void)redis_server_ask(&server, "SET " KEY " other");
    const struct locker one = locker_of("one", false);
    struct teller teller = {.lock = one.lock, .showtime = of};
    pthread_t thread;
    bool contended = false;
    const uint64_t before = calls_of("set");
    assert_int_equal(pthread_create(&thread, NULL, tell, &teller), 0);
    assert_int_equal(acquire(&one, &contended), ERROR_NONE);
    atomic_store(&teller.over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(contended);
    assert_int_equal(redis_lock_counts(one.lock).missed, 1);
    close_locker(&one);
    return calls_of("set") - before;
}

static void who_waits_tries_when_the_holder_has_committed(void **state)
{
    (void)state;
    const uint64_t tries = tries_beside_news(showtime);
    assert_true(tries > 3);
    assert_true(tries <= 3 + 2 * 64); /* However many news there are. */
}

static void commits_of_other_showtimes_wake_nobody(void **state)
{
    (void)state;
    assert_int_equal(tries_beside_news((struct id){.bytes = {77}}), 3);
}

static void without_a_lock_that_is_required_nothing_goes_on(void **state)
{
    (void)state;
    (void)redis_server_ask(&server, "SET " KEY " other");
    const struct locker one = locker_of("one", true);
    bool contended = false;
    assert_int_equal(acquire(&one, &contended), ERROR_BOOKING_LOCK_FAILED);
    (void)redis_server_ask(&server, "DEL " KEY);
    must_take(&one);
    release(&one);
    wait_until_free();
    close_locker(&one);
}

static void a_lock_ends_by_itself_and_its_late_holder_gives_nothing_back(void **state)
{
    (void)state;
    const struct locker one = locker_of("one", false);
    const struct locker two = locker_of("two", false);
    must_take(&one);
    (void)redis_server_ask(&server, "PEXPIRE " KEY " 50");
    must_take(&two);
    (void)redis_server_ask(&server, "PERSIST " KEY);
    release(&one);
    assert_false(take(&one)); /* Reads what became of it. */
    assert_string_equal(redis_server_ask(&server, "GET " KEY) + 32, ":two");
    assert_int_equal(redis_lock_counts(one.lock).lost, 1);
    close_locker(&one);
    close_locker(&two);
}

static void what_is_somebody_elses_by_now_is_not_given_back(void **state)
{
    (void)state;
    const struct locker one = locker_of("one", false);
    for (int round = 0; round < 2; round++) { /* By EVAL, then by EVALSHA. */
        must_take(&one);
        (void)redis_server_ask(&server, "SET " KEY " other");
        release(&one);
        assert_false(take(&one)); /* Reads what became of it. */
        assert_string_equal(redis_server_ask(&server, "GET " KEY), "other");
        assert_int_equal(redis_lock_counts(one.lock).lost, round + 1);
        (void)redis_server_ask(&server, "DEL " KEY);
    }
    close_locker(&one);
}

static void the_script_is_sent_once_and_again_when_redis_forgets_it(void **state)
{
    (void)state;
    const struct locker one = locker_of("one", false);
    for (int round = 0; round < 3; round++) {
        must_take(&one);
        release(&one);
        wait_until_free();
    }
    if (redis_link_counts(one.link).connects == 1) {
        assert_int_equal(calls_of("eval"), 1);
        assert_int_equal(calls_of("evalsha"), 2);
    }
    (void)redis_server_ask(&server, "SCRIPT FLUSH");
    must_take(&one);
    release(&one);   /* In vain, */
    must_take(&one); /* which the next use puts right. */
    release(&one);
    wait_until_free();
    assert_int_equal(redis_lock_counts(one.lock).missed, 0);
    assert_int_equal(redis_lock_counts(one.lock).lost, 0);
    assert_true(calls_of("eval") >= 2);
    close_locker(&one);
}

/* --- Many at once. --- */

enum { THREADS = 4, ROUNDS = 8 };

static uint32_t inside;
static uint32_t met;
static uint32_t entered;

static void *go_in_and_out(void *context)
{
    const struct locker *locker = context;
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t before = redis_lock_counts(locker->lock).acquired;
        bool contended = false;
        const enum error error = acquire(locker, &contended);
        const bool taken = redis_lock_counts(locker->lock).acquired > before;
        if (taken) {
            if (__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST) != 1) met = 1;
            (void)usleep(2000);
            (void)__atomic_add_fetch(&entered, 1, __ATOMIC_SEQ_CST);
            (void)__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
        }
        if (error == ERROR_NONE) release(locker);
    }
    return NULL;
}

static void never_do_two_have_it_at_once(void **state)
{
    (void)state;
    static const char *const names[THREADS] = {"a", "b", "c", "d"};
    struct locker lockers[THREADS];
    pthread_t threads[THREADS];
    for (int index = 0; index < THREADS; index++) {
        lockers[index] = locker_of(names[index], true);
        assert_int_equal(pthread_create(&threads[index], NULL, go_in_and_out, &lockers[index]), 0);
    }
    for (int index = 0; index < THREADS; index++) pthread_join(threads[index], NULL);
    assert_int_equal(met, 0);
    assert_true(entered >= THREADS * ROUNDS / 4);
    for (int index = 0; index < THREADS; index++) close_locker(&lockers[index]);
}

/* --- Who we are. --- */

static void the_database_and_the_password_of_the_url_are_used(void **state)
{
    (void)state;
    struct redis_server safe = {.password = "secret"};
    redis_server_start(&safe);
    struct redis_url url = redis_server_url(&safe);
    url.password[0] = 'S';
    const struct locker stranger = open_locker(&url, "stranger", false);
    bool contended = false;
    assert_int_equal(acquire(&stranger, &contended), ERROR_NONE);
    assert_int_equal(redis_lock_counts(stranger.lock).skipped, 1);
    assert_int_equal(redis_link_counts(stranger.link).degraded, 1);
    close_locker(&stranger);
    url = redis_server_url(&safe);
    url.database = 2;
    (void)snprintf(url.user, sizeof url.user, "default");
    const struct locker one = open_locker(&url, "box one\n", false);
    must_take(&one);
    assert_non_null(strstr(redis_server_ask(&safe, "CLIENT LIST"), "name=box-one- "));
    assert_string_equal(redis_server_ask(&safe, "EXISTS " KEY), "0");
    (void)redis_server_ask(&safe, "SWAPDB 0 2");
    assert_string_equal(redis_server_ask(&safe, "EXISTS " KEY), "1");
    close_locker(&one);
    redis_server_kill(&safe);
}

static int start(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    redis_server_start(&server);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    redis_server_kill(&server);
    return 0;
}

#define LOCK_TEST(function) cmocka_unit_test_setup(function, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOCK_TEST(one_has_the_lock_and_the_other_goes_on_without),
        LOCK_TEST(a_lock_of_others_is_tried_three_times),
        LOCK_TEST(who_waits_tries_when_the_holder_has_committed),
        LOCK_TEST(commits_of_other_showtimes_wake_nobody),
        LOCK_TEST(without_a_lock_that_is_required_nothing_goes_on),
        LOCK_TEST(a_lock_ends_by_itself_and_its_late_holder_gives_nothing_back),
        LOCK_TEST(what_is_somebody_elses_by_now_is_not_given_back),
        LOCK_TEST(the_script_is_sent_once_and_again_when_redis_forgets_it),
        LOCK_TEST(never_do_two_have_it_at_once),
        LOCK_TEST(the_database_and_the_password_of_the_url_are_used),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
