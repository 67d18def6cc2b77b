/* test_back_office.c - who waits for a clerk is answered, and who finds no room is told at once. */
#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/back_office.h"
#include "http/meter.h"
#include "support/bare_exchange.h"

enum { ASKED_MAX = BACK_OFFICE_WAITING_MAX + 8 };

/* A desk, an office of one clerk or two, and doors that their work waits at. */
struct fixture {
    struct house house;
    struct meter *meter;
    struct ticket *tickets;
    struct desk desk;
    struct desk clerks[2];
    atomic_uint clerk_count;
    struct back_office *office;
    struct bare_exchange *exchanges; /* [ASKED_MAX] */
    pthread_mutex_t door;
    pthread_mutex_t strong_door; /* Of strong questions only. */
    atomic_bool reachable;
    atomic_uint questions[CONSISTENCY_COUNT];
    atomic_uint worked;
    atomic_uint woken;
};

static struct fixture *here;

static void *enter(void *context, struct desk **ret_desk)
{
    struct fixture *fixture = context;
    struct desk *desk = &fixture->clerks[atomic_fetch_add(&fixture->clerk_count, 1)];
    desk->house = &fixture->house;
    *ret_desk = desk;
    return fixture;
}

static void leave(void *context, void *clerk)
{
    assert_ptr_equal(context, clerk);
}

static enum error ask_versions(void *context, enum consistency consistency,
                               const struct id *showtimes, uint32_t count, uint64_t *versions)
{
    struct fixture *fixture = context;
    pthread_mutex_t *door =
        consistency == CONSISTENCY_STRONG ? &fixture->strong_door : &fixture->door;
    assert_int_equal(count, 1);
    assert_false(id_is_none(showtimes[0]));
    atomic_fetch_add(&fixture->questions[consistency], 1);
    pthread_mutex_lock(door);
    pthread_mutex_unlock(door);
    versions[0] = 7;
    return ERROR_NONE;
}

static void wake(void *context, uint32_t loop)
{
    struct fixture *fixture = context;
    assert_int_equal(loop, 0);
    atomic_fetch_add(&fixture->woken, 1);
}

static bool is_open(void *context)
{
    const struct fixture *fixture = context;
    return atomic_load(&fixture->reachable);
}

static void do_work(struct desk *desk, struct exchange *exchange)
{
    pthread_mutex_lock(&here->door);
    pthread_mutex_unlock(&here->door);
    if (desk->checked.known) assert_int_equal(desk->checked.version, 7);
    atomic_fetch_add(&here->worked, 1);
    exchange_reply(exchange, 200, SLICE("text/plain"), SLICE("done"));
}

static int open_with(void **state, uint32_t clerk_count)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    here = fixture;
    fixture->meter = calloc(1, sizeof *fixture->meter);
    fixture->exchanges = calloc(ASKED_MAX, sizeof *fixture->exchanges);
    fixture->tickets = desk_make_tickets();
    assert_non_null(fixture->exchanges);
    assert_int_equal(pthread_mutex_init(&fixture->door, NULL), 0);
    assert_int_equal(pthread_mutex_init(&fixture->strong_door, NULL), 0);
    atomic_init(&fixture->reachable, true);
    fixture->house.loop_count = 1;
    fixture->house.meters = fixture->meter;
    fixture->office = back_office_open(&(struct back_office_options){.clerk_count = clerk_count,
                                                                     .loop_count = 1,
                                                                     .enter = enter,
                                                                     .leave = leave,
                                                                     .versions = ask_versions,
                                                                     .wake = wake,
                                                                     .is_open = is_open,
                                                                     .context = fixture});
    assert_non_null(fixture->office);
    fixture->house.back_office = fixture->office;
    desk_open(&fixture->desk, &fixture->house, 0, fixture->tickets);
    assert_true(back_office_start(fixture->office));
    *state = fixture;
    return 0;
}

static int set_up(void **state)
{
    return open_with(state, 1);
}

static int set_up_two(void **state)
{
    return open_with(state, 2);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    back_office_stop(fixture->office);
    back_office_close(fixture->office);
    desk_free_tickets(fixture->tickets);
    pthread_mutex_destroy(&fixture->door);
    pthread_mutex_destroy(&fixture->strong_door);
    free(fixture->exchanges);
    free(fixture->meter);
    free(fixture);
    return 0;
}

static void ask(struct fixture *fixture, uint32_t place, struct id current)
{
    struct bare_exchange *fake = &fixture->exchanges[place];
    fake->exchange.path = SLICE("/api/movies");
    fake->exchange.request_id = SLICE("test");
    arena_init(&fake->exchange.arena, fake->memory, sizeof fake->memory);
    back_office_ask(fixture->office, &fixture->desk, &fake->exchange, do_work, current);
}

static void ask_strongly(struct fixture *fixture, uint32_t place, struct id current)
{
    fixture->exchanges[place].exchange.consistency = CONSISTENCY_STRONG;
    ask(fixture, place, current);
}

static uint32_t count_of(const struct fixture *fixture, enum error error, int status)
{
    uint32_t count = 0;
    for (uint32_t place = 0; place < ASKED_MAX; place++) {
        const struct bare_exchange *fake = &fixture->exchanges[place];
        if (fake->status == status && fake->exchange.notes.error == error) count++;
    }
    return count;
}

/* Until so many have been answered; collecting them is what the loop would do. */
static void collect_until(struct fixture *fixture, uint32_t woken)
{
    const int64_t until_us = clock_steady_us() + 20 * INT64_C(1000000);
    while (atomic_load(&fixture->woken) < woken) assert_true(clock_steady_us() < until_us);
    back_office_collect(fixture->office, &fixture->desk);
}

static void one_too_many_is_told_at_once_and_the_others_are_answered(void **state)
{
    struct fixture *fixture = *state;
    pthread_mutex_lock(&fixture->door);
    for (uint32_t place = 0; place < BACK_OFFICE_WAITING_MAX; place++)
        ask(fixture, place, (struct id){0});
    assert_int_equal(count_of(fixture, ERROR_OVERLOADED, 503), 0);
    for (uint32_t place = BACK_OFFICE_WAITING_MAX; place < ASKED_MAX; place++) {
        ask(fixture, place, (struct id){0});
        const struct bare_exchange *fake = &fixture->exchanges[place];
        assert_int_equal(fake->status, 503);
        assert_true(bare_exchange_says(fake, "OVERLOADED"));
        assert_true(bare_exchange_answered(fake, SLICE("retry-after")).size > 0);
    }
    /* The door was shut all the time, so nobody was waited for. */
    pthread_mutex_unlock(&fixture->door);
    collect_until(fixture, BACK_OFFICE_WAITING_MAX);
    const uint32_t done = count_of(fixture, ERROR_NONE, 200);
    assert_int_equal(done, atomic_load(&fixture->worked));
    assert_int_equal(done + count_of(fixture, ERROR_STORE_UNAVAILABLE, 503),
                     BACK_OFFICE_WAITING_MAX);
    /* There is room again. */
    memset(&fixture->exchanges[0], 0, sizeof fixture->exchanges[0]);
    ask(fixture, 0, (struct id){0});
    collect_until(fixture, BACK_OFFICE_WAITING_MAX + 1);
    assert_int_equal(fixture->exchanges[0].status, 200);
}

static void who_has_waited_too_long_is_told_so(void **state)
{
    struct fixture *fixture = *state;
    pthread_mutex_lock(&fixture->door);
    for (uint32_t place = 0; place < 3; place++) ask(fixture, place, (struct id){0});
    const int64_t until_us = clock_steady_us() + BACK_OFFICE_PATIENCE_US + 100000;
    while (clock_steady_us() < until_us) (void)usleep(10000);
    pthread_mutex_unlock(&fixture->door);
    collect_until(fixture, 3);
    assert_int_equal(count_of(fixture, ERROR_NONE, 200), 1); /* The clerk had begun with it. */
    assert_int_equal(count_of(fixture, ERROR_STORE_UNAVAILABLE, 503), 2);
}

static void without_a_database_nobody_waits(void **state)
{
    struct fixture *fixture = *state;
    atomic_store(&fixture->reachable, false);
    ask(fixture, 0, (struct id){0});
    assert_int_equal(fixture->exchanges[0].status, 503);
    assert_true(bare_exchange_says(&fixture->exchanges[0], "STORE_UNAVAILABLE"));
    assert_true(bare_exchange_answered(&fixture->exchanges[0], SLICE("retry-after")).size > 0);
}

static void one_question_serves_all_who_wait_for_it(void **state)
{
    struct fixture *fixture = *state;
    pthread_mutex_lock(&fixture->door);
    for (uint32_t place = 0; place < 40; place++) ask(fixture, place, (struct id){{1}});
    pthread_mutex_unlock(&fixture->door);
    collect_until(fixture, 40);
    assert_int_equal(count_of(fixture, ERROR_NONE, 200), 40);
    assert_in_range(atomic_load(&fixture->questions[CONSISTENCY_LATEST]), 1, 2);
}

/* Each of its own showtime: ask_versions allows no more in one. */
static void a_strong_question_is_of_one_showtime_and_serves_all_who_ask_for_it(void **state)
{
    struct fixture *fixture = *state;
    pthread_mutex_lock(&fixture->strong_door);
    for (uint32_t place = 0; place < 40; place++)
        ask_strongly(fixture, place, (struct id){{(uint8_t)(1 + place / 20)}});
    pthread_mutex_unlock(&fixture->strong_door);
    collect_until(fixture, 40);
    assert_int_equal(count_of(fixture, ERROR_NONE, 200), 40);
    assert_in_range(atomic_load(&fixture->questions[CONSISTENCY_STRONG]), 2, 3);
    assert_int_equal(atomic_load(&fixture->questions[CONSISTENCY_LATEST]), 0);
}

static void strong_questions_that_hang_hold_up_nobody_else(void **state)
{
    struct fixture *fixture = *state;
    pthread_mutex_lock(&fixture->strong_door);
    for (uint32_t place = 0; place < 3; place++)
        ask_strongly(fixture, place, (struct id){{(uint8_t)(1 + place)}});
    for (uint32_t place = 3; place < 20; place++) ask(fixture, place, (struct id){{1}});
    for (uint32_t place = 20; place < 30; place++) ask(fixture, place, (struct id){0});
    collect_until(fixture, 27);
    assert_int_equal(count_of(fixture, ERROR_NONE, 200), 27);
    assert_int_equal(atomic_load(&fixture->questions[CONSISTENCY_STRONG]), 1);
    const int64_t until_us = clock_steady_us() + BACK_OFFICE_PATIENCE_US + 100000;
    while (clock_steady_us() < until_us) (void)usleep(10000);
    pthread_mutex_unlock(&fixture->strong_door);
    collect_until(fixture, 30);
    /* What was asked in time is told; of the others it is not even asked. */
    assert_int_equal(count_of(fixture, ERROR_NONE, 200), 28);
    assert_int_equal(count_of(fixture, ERROR_STORE_UNAVAILABLE, 503), 2);
    assert_int_equal(atomic_load(&fixture->questions[CONSISTENCY_STRONG]), 1);
}

static void the_end_answers_what_waits(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t place = 0; place < 50; place++) ask(fixture, place, (struct id){0});
    back_office_stop(fixture->office);
    back_office_collect(fixture->office, &fixture->desk);
    assert_int_equal(count_of(fixture, ERROR_NONE, 200), 50);
    ask(fixture, 50, (struct id){0});
    assert_true(bare_exchange_says(&fixture->exchanges[50], "OVERLOADED"));
}

#define OFFICE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(one_too_many_is_told_at_once_and_the_others_are_answered),
        OFFICE_TEST(who_has_waited_too_long_is_told_so),
        OFFICE_TEST(without_a_database_nobody_waits),
        OFFICE_TEST(one_question_serves_all_who_wait_for_it),
        OFFICE_TEST(a_strong_question_is_of_one_showtime_and_serves_all_who_ask_for_it),
        cmocka_unit_test_setup_teardown(strong_questions_that_hang_hold_up_nobody_else, set_up_two,
                                        tear_down),
        OFFICE_TEST(the_end_answers_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
