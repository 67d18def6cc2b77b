/* test_mongo_programme.c - edits of the programme by stores that die.
 *
 * The first store ends before its n-th step, for every n; another one is asked the same and goes
 * on. Whatever n was, the programme, its showtime and the journal must say the same in the end.
 */
#include "contract/programme_world.h"

enum { STAGES = 7, CRASHES_MIN = 30, CRASHES_MAX = 120 };

struct crash {
    uint32_t left; /* Steps until the end. */
    bool happened;
    bool seen[MONGO_STEP_COUNT]; /* Ended before it, in some world. */
};

static enum error count_down(void *context, enum mongo_step step)
{
    struct crash *crash = context;
    if (crash->left-- > 0) return ERROR_NONE;
    crash->happened = true;
    crash->seen[step] = true;
    return ERROR_OUTCOME_UNKNOWN;
}

static enum error run_stage(struct world *world, int stage, struct catalogue_edit *edit)
{
    typedef struct catalogue_edit make(const struct world *world);
    static make *const makes[] = {world_add_movie,    world_add_cinema,    world_add_showtime,
                                  world_change_title, world_move_showtime, world_change_price};
    if (stage == STAGES - 1) {
        return world->desk.store.methods->tend(world->desk.store.context,
                                               world->desk.now_ms + MINUTE_MS);
    }
    *edit = makes[stage](world);
    return world_ask(world, edit);
}

/* As far as the store comes; STAGES if it comes to the end. A stage that is asked again may have
 * been done. */
static int run_all(struct world *world, int first, const struct crash *crash)
{
    for (int stage = first; stage < STAGES; stage++) {
        struct catalogue_edit edit = {.outcome = EDIT_SAME};
        const enum error error = run_stage(world, stage, &edit);
        if (crash != NULL && crash->happened) return stage;
        assert_int_equal(error, ERROR_NONE);
        if (stage == STAGES - 1 || (stage == first && crash == NULL && edit.outcome == EDIT_SAME)) {
            continue;
        }
        assert_int_equal(edit.outcome, stage < 3 ? EDIT_CREATED : EDIT_CHANGED);
    }
    return STAGES;
}

static void assert_programmed(struct mongo_fixture *fixture, struct world *world)
{
    mongo_desk_load(&world->desk);
    assert_int_equal(seat_map_available(&world->desk.map), 2);
    assert_int_equal(world->desk.map.prices[SEAT_VIP], 999);
    assert_int_equal(world->desk.map.ends_at_ms - world->desk.map.starts_at_ms, 90 * MINUTE_MS);
    assert_true(world_says(fixture, MONGO_MOVIES, world_movie_id(world), "The Ebb"));
    assert_true(world_says(fixture, MONGO_CINEMAS, world_cinema_id(world), "\"S2\""));
    assert_true(world_says(fixture, MONGO_SHOWTIMES, world->desk.showtime, "\"settle\" : [  ]"));
    assert_true(world_says(fixture, MONGO_SETTINGS, world_gate_id(), "\"version\""));
    assert_false(world_says(fixture, MONGO_SETTINGS, world_gate_id(), "\"edit\""));
}

static void a_crash_before_any_step_of_an_edit_is_put_right(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct crash crash = {0};
    uint32_t crashes = 0;
    for (bool ended = false; !ended; crashes++) {
        assert_true(crashes < CRASHES_MAX);
        struct world world = {.number = 100 + crashes};
        const int64_t lines = mongo_fixture_count(fixture, MONGO_JOURNAL);
        crash.left = crashes;
        crash.happened = false;
        world_open(&world, fixture, (struct mongo_hook){.before = count_down, .context = &crash});
        const int stage = run_all(&world, 0, &crash);
        mongo_desk_close(&world.desk);
        world_open(&world, fixture, (struct mongo_hook){0});
        ended = stage == STAGES;
        assert_int_equal(run_all(&world, ended ? STAGES - 1 : stage, NULL), STAGES);
        assert_programmed(fixture, &world);
        assert_int_equal(mongo_fixture_count(fixture, MONGO_JOURNAL), lines + 6);
        mongo_desk_close(&world.desk);
    }
    assert_true(crashes >= CRASHES_MIN);
    assert_true(crash.seen[MONGO_STEP_READ_GATE]);
    assert_true(crash.seen[MONGO_STEP_COMMIT]);
    assert_true(crash.seen[MONGO_STEP_WRITE_ENTRY]);
    assert_true(crash.seen[MONGO_STEP_WRITE_LINE]);
    assert_true(crash.seen[MONGO_STEP_PRUNE_GATE]);
    printf("%u crashes\n", crashes - 1);
}

/* Nobody asks again: what was committed is done by anybody's housekeeping, what was not is not. */
static void housekeeping_finishes_what_an_edit_has_left(void **state)
{
    struct mongo_fixture *fixture = *state;
    for (uint32_t number = 0; number < 3; number++) {
        struct world world = {.number = 300 + number};
        struct world_ending ending = {.step = MONGO_STEP_WRITE_ENTRY, .left = number};
        const struct mongo_hook hook = {.before = world_end_at, .context = &ending};
        const int64_t lines = mongo_fixture_count(fixture, MONGO_JOURNAL);
        world_open(&world, fixture, hook);
        for (int stage = 0; stage < 3; stage++) {
            struct catalogue_edit edit;
            const enum error error = run_stage(&world, stage, &edit);
            if (stage >= (int)number) assert_int_not_equal(error, ERROR_NONE);
            if (error != ERROR_NONE) break;
        }
        const int64_t now_ms = world.desk.now_ms;
        mongo_desk_close(&world.desk);
        world_open(&world, fixture, (struct mongo_hook){0});
        const struct store *store = &world.desk.store;
        assert_int_equal(store->methods->tend(store->context, now_ms + 100), ERROR_NONE);
        assert_int_equal(mongo_fixture_count(fixture, MONGO_JOURNAL), lines + number);
        assert_int_equal(store->methods->tend(store->context, now_ms + MINUTE_MS), ERROR_NONE);
        assert_int_equal(store->methods->tend(store->context, now_ms + 2 * MINUTE_MS), ERROR_NONE);
        assert_int_equal(mongo_fixture_count(fixture, MONGO_JOURNAL), lines + number + 1);
        assert_true(world_says(fixture, MONGO_MOVIES, world_movie_id(&world), "The Tide"));
        if (number == 2) mongo_desk_load(&world.desk);
        assert_false(world_says(fixture, MONGO_SETTINGS, world_gate_id(), "\"edit\""));
        mongo_desk_close(&world.desk);
    }
}

#define PROGRAMME_TEST(function) \
    cmocka_unit_test_setup_teardown(function, mongo_fixture_setup_borrowed, \
                                    mongo_fixture_teardown_borrowed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAMME_TEST(a_crash_before_any_step_of_an_edit_is_put_right),
        PROGRAMME_TEST(housekeeping_finishes_what_an_edit_has_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
