/* test_mongo_engines.c - two instances, each with its engine and its thread, on one showtime.
 *
 * Their clients want the same seats, some of them the same key at both. Every hold must be
 * answered, every seat must go to one of those who were told so, and the documents must say what
 * the answers said.
 */
#include "support/unit.h"

#include <pthread.h>

#include "base/clock.h"
#include "contract/mongo_desk.h"
#include "engine/engine.h"

enum { INSTANCES = 2, HOLDS = 120, SEATS = 29, STEPS_MAX = 20000 };

#define HOUR_MS INT64_C(3600000)

struct instance {
    struct mongo_store *store;
    struct feed *feed;
    struct engine *engine;
    uint32_t answered;
    struct command commands[HOLDS];
    pthread_t thread;
};

struct house {
    struct mongo_fixture fixture;
    struct instance instances[INSTANCES];
};

static void note_answer(void *context, struct command *command)
{
    struct instance *instance = context;
    (void)command;
    instance->answered++;
}

static void open_instance(struct house *house, struct instance *instance)
{
    static const struct siphash_key tag_key = {.bytes = {7}};
    instance->store = mongo_fixture_store(&house->fixture, &tag_key, (struct mongo_hook){0});
    instance->feed = feed_open(1);
    assert_non_null(instance->feed);
    const struct engine_options options = {.policy = {.hold_ms = HOLD_MS_DEFAULT,
                                                      .payment_ms = PAYMENT_MS_DEFAULT,
                                                      .held_seats_max = HELD_SEATS_MAX_DEFAULT,
                                                      .tag_key = tag_key},
                                           .showtimes_max = 1,
                                           .store = mongo_store_port(instance->store),
                                           .feed = instance->feed,
                                           .answered = note_answer,
                                           .answered_context = instance};
    instance->engine = engine_open(&options);
    assert_non_null(instance->engine);
}

static int setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    if (house == NULL) return -1;
    *state = house;
    const int64_t now_ms = clock_now_ms();
    mongo_fixture_open(&house->fixture);
    mongo_fixture_put_showtime(&house->fixture, turn_fixture_id(1), now_ms + HOUR_MS,
                               now_ms + 2 * HOUR_MS);
    for (size_t index = 0; index < INSTANCES; index++)
        open_instance(house, &house->instances[index]);
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;
    for (size_t index = 0; index < INSTANCES; index++) {
        engine_close(house->instances[index].engine);
        feed_close(house->instances[index].feed);
        mongo_store_close(house->instances[index].store);
    }
    mongo_fixture_close(&house->fixture);
    free(house);
    return 0;
}

/* A few commands at a time, so that there are many turns. */
static void *run(void *context)
{
    enum { AT_ONCE = 4 };
    struct instance *instance = context;
    uint32_t submitted = 0;
    for (int step = 0; step < STEPS_MAX && instance->answered < HOLDS; step++) {
        for (int more = 0; more < AT_ONCE && submitted < HOLDS; more++) {
            engine_submit(instance->engine, &instance->commands[submitted++]);
        }
        (void)engine_step(instance->engine, clock_now_ms());
    }
    return NULL;
}

/* Every third client is in a hurry and asks both instances under one key. */
static void make_commands(struct house *house)
{
    for (size_t which = 0; which < INSTANCES; which++) {
        for (uint32_t index = 0; index < HOLDS; index++) {
            char seat[8];
            char user[16];
            const bool both = index % 3 == 0;
            const uint32_t place = index % SEATS;
            (void)snprintf(seat, sizeof seat, "%c%u", (char)('A' + place / 10), place % 10 + 1);
            (void)snprintf(user, sizeof user, "u%u-%u", both ? 9 : (unsigned)which, index);
            house->instances[which].commands[index] = turn_fixture_hold(user, seat, 1 + index);
        }
    }
}

static const struct command *winner_of(struct house *house, uint32_t place, struct id owner)
{
    for (size_t which = 0; which < INSTANCES; which++) {
        for (uint32_t index = place; index < HOLDS; index += SEATS) {
            const struct command *command = &house->instances[which].commands[index];
            const bool granted =
                command->answer.failure == ERROR_NONE && command->answer.refusal == REFUSAL_NONE;
            if (granted && id_equal(command->answer.booking.id, owner)) return command;
        }
    }
    return NULL;
}

static void two_instances_sell_each_seat_to_one(void **state)
{
    struct house *house = *state;
    make_commands(house);
    for (size_t index = 0; index < INSTANCES; index++) {
        struct instance *instance = &house->instances[index];
        assert_int_equal(pthread_create(&instance->thread, NULL, run, instance), 0);
    }
    for (size_t index = 0; index < INSTANCES; index++) {
        assert_int_equal(pthread_join(house->instances[index].thread, NULL), 0);
        assert_int_equal(house->instances[index].answered, HOLDS);
    }
    struct mongo_desk desk;
    mongo_desk_open(&desk, &house->fixture, turn_fixture_id(1), (struct mongo_hook){0});
    mongo_desk_load(&desk);
    uint32_t granted = 0;
    uint32_t failed = 0;
    for (size_t which = 0; which < INSTANCES; which++) {
        for (uint32_t index = 0; index < HOLDS; index++) {
            const struct answer *answer = &house->instances[which].commands[index].answer;
            if (answer->failure != ERROR_NONE) {
                assert_int_equal(answer->failure, ERROR_BOOKING_LOCK_FAILED);
                failed++;
                continue;
            }
            if (answer->refusal != REFUSAL_NONE) {
                assert_int_equal(answer->refusal, REFUSAL_SEAT_HELD_BY_ANOTHER);
                continue;
            }
            granted++;
            assert_true(id_equal(desk.map.claims[index % SEATS].booking, answer->booking.id));
        }
    }
    for (uint32_t place = 0; place < SEATS; place++) {
        if (desk.map.states[place] == SEAT_AVAILABLE) continue;
        assert_non_null(winner_of(house, place, desk.map.claims[place].booking));
    }
    const struct engine_counts one = engine_counts(house->instances[0].engine);
    const struct engine_counts two = engine_counts(house->instances[1].engine);
    const struct mongo_store_counts store = mongo_store_counts(house->instances[0].store);
    printf("%u granted, %u refused as busy; %u and %u races lost; %.1f round trips a turn\n",
           granted, failed, (unsigned)one.races_lost, (unsigned)two.races_lost,
           (double)store.round_trips / (double)one.turns);
    assert_true(granted >= SEATS - failed);
    assert_true(one.races_lost + two.races_lost > 0); /* Or it was no race. */
    mongo_desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_instances_sell_each_seat_to_one, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
