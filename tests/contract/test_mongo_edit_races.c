/* test_mongo_edit_races.c - two stores that edit what one showtime is made of.
 *
 * Whatever comes between the judging of an edit and its commit, all edits, holds and files stand
 * in one order for everybody, and none is lost.
 */
#include "contract/programme_world.h"
#include "store/mongo/mongo_catalogue_write.h"

/* Two stores in one world. */
struct pair {
    struct world here;
    struct world there;
};

/* Another store, which comes between a commit and its writing. */
struct guest {
    struct world *world;
    bool came;
};

static enum error change_duration_once(void *context, enum mongo_step step)
{
    struct guest *guest = context;
    if (step != MONGO_STEP_WRITE_ENTRY || guest->world == NULL || guest->came) return ERROR_NONE;
    guest->came = true;
    world_run(guest->world, world_change_duration(guest->world), EDIT_CHANGED);
    return ERROR_NONE;
}

static void open_pair(struct pair *pair, struct mongo_fixture *fixture, uint64_t number,
                      struct mongo_hook hook)
{
    pair->here.number = number;
    pair->there.number = number;
    world_open(&pair->here, fixture, (struct mongo_hook){0});
    world_run(&pair->here, world_add_movie(&pair->here), EDIT_CREATED);
    world_run(&pair->here, world_add_cinema(&pair->here), EDIT_CREATED);
    const struct store *store = &pair->here.desk.store;
    assert_int_equal(store->methods->tend(store->context, pair->here.desk.now_ms), ERROR_NONE);
    mongo_desk_close(&pair->here.desk);
    world_open(&pair->here, fixture, hook);
    world_open(&pair->there, fixture, (struct mongo_hook){0});
    pair->there.desk.now_ms += 1000;
}

static void close_pair(struct pair *pair)
{
    mongo_desk_close(&pair->here.desk);
    mongo_desk_close(&pair->there.desk);
}

/* The edit of `here` was planned before, and is committed after, what `there` has done. */
static void assert_lost(struct pair *pair, struct catalogue_edit *edit, struct catalogue_edit other)
{
    assert_int_equal(world_plan(&pair->here, edit), ERROR_NONE);
    assert_true(edit_wrote(edit));
    world_run(&pair->there, other, EDIT_CHANGED);
    assert_int_equal(mongo_desk_commit(&pair->here.desk), ERROR_BOOKING_LOCK_FAILED);
}

static void two_stores_that_change_two_members_both_have_their_way(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct pair pair = {0};
    open_pair(&pair, fixture, 400, (struct mongo_hook){0});
    struct catalogue_edit title = world_change_title(&pair.here);
    assert_lost(&pair, &title, world_change_duration(&pair.there));
    world_run(&pair.here, title, EDIT_CHANGED);
    assert_true(world_says(fixture, MONGO_MOVIES, world_movie_id(&pair.here), "The Ebb"));
    assert_true(world_says(fixture, MONGO_MOVIES, world_movie_id(&pair.here), "\"duration\" : 30"));
    close_pair(&pair);
}

static void nothing_is_made_of_a_screen_that_is_gone(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct pair pair = {0};
    open_pair(&pair, fixture, 410, (struct mongo_hook){0});
    struct catalogue_edit show = world_add_showtime(&pair.here);
    assert_lost(&pair, &show, world_remove_screens(&pair.there));
    world_run(&pair.here, show, EDIT_NO_SCREEN);
    assert_null(mongo_fixture_json(fixture, MONGO_SHOWTIMES, pair.here.desk.showtime));
    close_pair(&pair);
}

static void nothing_is_as_long_as_its_movie_was_before(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct pair pair = {0};
    open_pair(&pair, fixture, 420, (struct mongo_hook){0});
    struct catalogue_edit show = world_add_showtime(&pair.here);
    assert_lost(&pair, &show, world_change_duration(&pair.there));
    world_run(&pair.here, show, EDIT_CREATED);
    mongo_desk_load(&pair.there.desk);
    assert_int_equal(pair.there.desk.map.ends_at_ms - pair.there.desk.map.starts_at_ms,
                     30 * MINUTE_MS);
    struct catalogue_edit move = world_move_showtime(&pair.here);
    assert_lost(&pair, &move, world_remove_screens(&pair.there));
    world_run(&pair.here, move, EDIT_NO_SCREEN);
    close_pair(&pair);
}

/* What is committed is there before the next edit is, also if its store is dead. */
static void a_dead_store_s_showtime_comes_before_the_next_edit(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct world_ending ending = {.step = MONGO_STEP_WRITE_ENTRY};
    struct pair pair = {0};
    open_pair(&pair, fixture, 430, (struct mongo_hook){.before = world_end_at, .context = &ending});
    struct catalogue_edit show = world_add_showtime(&pair.here);
    assert_int_equal(world_ask(&pair.here, &show), ERROR_OUTCOME_UNKNOWN);
    assert_null(mongo_fixture_json(fixture, MONGO_SHOWTIMES, pair.here.desk.showtime));
    world_run(&pair.there, world_remove_screens(&pair.there), EDIT_CHANGED);
    mongo_desk_load(&pair.there.desk);
    assert_int_equal(seat_map_available(&pair.there.desk.map), 4);
    close_pair(&pair);
}

static void one_id_at_once_is_one_showtime(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct pair pair = {0};
    open_pair(&pair, fixture, 440, (struct mongo_hook){0});
    struct catalogue_edit one = world_add_showtime(&pair.here);
    struct catalogue_edit other = world_add_showtime(&pair.there);
    other.showtime.screen_id = SLICE("S2");
    assert_int_equal(world_plan(&pair.here, &one), ERROR_NONE);
    world_run(&pair.there, other, EDIT_CREATED);
    assert_int_equal(mongo_desk_commit(&pair.here.desk), ERROR_BOOKING_LOCK_FAILED);
    world_run(&pair.here, one, EDIT_TAKEN);
    world_run(&pair.here, other, EDIT_SAME);
    close_pair(&pair);
}

/* A file does not ask the gate for its showtimes. */
static void what_a_file_has_added_meanwhile_is_not_taken_for_one_s_own(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct pair pair = {0};
    open_pair(&pair, fixture, 445, (struct mongo_hook){0});
    struct catalogue_edit show = world_add_showtime(&pair.here);
    struct showtime_entry entry = {.showtime = show.showtime, .screen = &world_screens[1]};
    entry.showtime.screen_id = SLICE("S2");
    entry.showtime.total_seats = 2;
    entry.showtime.ends_at_ms = FIXTURE_ENDS_AT_MS;
    const struct catalogue_entries entries = {.showtime_count = 1, .showtimes = &entry};
    struct catalogue_report report;
    assert_int_equal(world_plan(&pair.here, &show), ERROR_NONE);
    assert_int_equal(mongo_catalogue_write(pair.there.desk.mongo, &entries, &world_locale,
                                           pair.there.desk.now_ms, &report),
                     ERROR_NONE);
    assert_int_equal(report.showtimes.added, 1);
    assert_int_equal(mongo_desk_commit(&pair.here.desk), ERROR_BOOKING_LOCK_FAILED);
    world_run(&pair.here, show, EDIT_TAKEN);
    close_pair(&pair);
}

static void hold_there(struct pair *pair, const char *seats, uint64_t key)
{
    struct command hold = turn_fixture_hold("an", seats, pair->there.number * 10 + key);
    hold.showtime = pair->there.desk.showtime;
    mongo_desk_run(&pair->there.desk, &hold);
    assert_int_equal(hold.answer.refusal, REFUSAL_NONE);
}

static void a_hold_that_comes_between_keeps_a_showtime_where_it_is(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct pair pair = {0};
    open_pair(&pair, fixture, 450, (struct mongo_hook){0});
    world_run(&pair.here, world_add_showtime(&pair.here), EDIT_CREATED);
    const int64_t lines = mongo_fixture_count(fixture, MONGO_JOURNAL);
    struct catalogue_edit move = world_move_showtime(&pair.here);
    assert_int_equal(world_plan(&pair.here, &move), ERROR_NONE);
    hold_there(&pair, "B1", 1);
    assert_int_equal(mongo_desk_commit(&pair.here.desk), ERROR_BOOKING_LOCK_FAILED);
    world_run(&pair.here, move, EDIT_KEPT);
    mongo_desk_load(&pair.there.desk);
    assert_int_equal(mongo_desk_state(&pair.there.desk, "B1"), SEAT_HELD);
    assert_int_equal(mongo_fixture_count(fixture, MONGO_JOURNAL), lines);
    close_pair(&pair);
}

/* The gate has the move, the showtime not yet: whoever is first there decides. */
static void a_dead_store_s_move_loses_to_a_hold(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct world_ending ending = {.step = MONGO_STEP_COMMIT, .left = 2};
    struct pair pair = {0};
    open_pair(&pair, fixture, 460, (struct mongo_hook){.before = world_end_at, .context = &ending});
    world_run(&pair.here, world_add_showtime(&pair.here), EDIT_CREATED);
    struct catalogue_edit move = world_move_showtime(&pair.here);
    assert_int_equal(world_ask(&pair.here, &move), ERROR_OUTCOME_UNKNOWN);
    const int64_t lines = mongo_fixture_count(fixture, MONGO_JOURNAL);
    assert_true(world_says(fixture, MONGO_SETTINGS, world_gate_id(), "\"edit\""));
    hold_there(&pair, "B1", 1);
    world_run(&pair.there, world_change_title(&pair.there), EDIT_CHANGED);
    mongo_desk_load(&pair.there.desk);
    assert_int_equal(mongo_desk_state(&pair.there.desk, "B1"), SEAT_HELD);
    assert_int_equal(seat_map_available(&pair.there.desk.map), 3);
    assert_int_equal(mongo_fixture_count(fixture, MONGO_JOURNAL), lines + 1);
    close_pair(&pair);
}

static void an_answer_that_never_came_is_found_out(void **state)
{
    struct mongo_fixture *fixture = *state;
    static const char *const faults[] = {
        "{\"failCommands\": [\"update\"], \"closeConnection\": true}",
        "{\"failCommands\": [\"insert\"], \"closeConnection\": true}",
        "{\"failCommands\": [\"update\"], \"writeConcernError\": {\"code\": 64, \"errmsg\": "
        "\"w\"}}",
        "{\"failCommands\": [\"insert\"], \"writeConcernError\": {\"code\": 64, \"errmsg\": "
        "\"w\"}}",
    };
    for (size_t index = 0; index < sizeof faults / sizeof faults[0]; index++) {
        struct pair pair = {0};
        open_pair(&pair, fixture, 470 + index, (struct mongo_hook){0});
        const int64_t lines = mongo_fixture_count(fixture, MONGO_JOURNAL);
        mongo_fixture_fail(fixture, 1, faults[index]);
        world_run(&pair.here, world_add_showtime(&pair.here), EDIT_CREATED);
        mongo_fixture_fail(fixture, 1, faults[index]);
        world_run(&pair.here, world_change_title(&pair.here), EDIT_CHANGED);
        mongo_fixture_fail(fixture, 1, faults[index]);
        world_run(&pair.here, world_move_showtime(&pair.here), EDIT_CHANGED);
        mongo_fixture_fail(fixture, 0, NULL);
        mongo_desk_load(&pair.there.desk);
        assert_int_equal(seat_map_available(&pair.there.desk.map), 2);
        const struct store *store = &pair.there.desk.store;
        (void)store->methods->tend(store->context, pair.there.desk.now_ms + MINUTE_MS);
        assert_int_equal(mongo_fixture_count(fixture, MONGO_JOURNAL), lines + 3);
        close_pair(&pair);
    }
}

/* A file beside staff: an edit that was judged before it is judged again, and what an edit has
 * not settled yet stays in the showtime. */
static void a_catalogue_file_and_staff_do_not_lose_each_other(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct world_ending ending = {.step = MONGO_STEP_COMMITTED, .left = 1};
    struct pair pair = {0};
    open_pair(&pair, fixture, 480, (struct mongo_hook){.before = world_end_at, .context = &ending});
    world_run(&pair.here, world_add_showtime(&pair.here), EDIT_CREATED);
    struct catalogue_edit price = world_change_price(&pair.here);
    assert_int_equal(world_ask(&pair.here, &price), ERROR_OUTCOME_UNKNOWN);
    const int64_t lines = mongo_fixture_count(fixture, MONGO_JOURNAL);
    struct movie movie = world_add_movie(&pair.there).movie;
    struct cinema cinema = world_add_cinema(&pair.there).cinema;
    struct showtime_entry entry = {.showtime = world_add_showtime(&pair.there).showtime,
                                   .screen = &world_screens[1],
                                   .timezone = SLICE("Asia/Ho_Chi_Minh")};
    entry.showtime.screen_id = SLICE("S2");
    entry.showtime.total_seats = 2;
    entry.showtime.ends_at_ms = FIXTURE_ENDS_AT_MS;
    const struct catalogue_entries entries = {.movie_count = 1,
                                              .movies = &movie,
                                              .cinema_count = 1,
                                              .cinemas = &cinema,
                                              .showtime_count = 1,
                                              .showtimes = &entry};
    struct catalogue_report report;
    struct world third = {.number = pair.here.number};
    world_open(&third, fixture, (struct mongo_hook){0});
    struct catalogue_edit title = world_change_title(&third);
    assert_int_equal(world_plan(&third, &title), ERROR_NONE);
    movie.description = SLICE("Of the file.");
    assert_int_equal(mongo_catalogue_write(pair.there.desk.mongo, &entries, &world_locale,
                                           pair.there.desk.now_ms, &report),
                     ERROR_NONE);
    assert_int_equal(report.movies.changed, 1);
    assert_int_equal(report.showtimes.changed, 1);
    assert_int_equal(mongo_desk_commit(&third.desk), ERROR_BOOKING_LOCK_FAILED);
    world_run(&third, title, EDIT_CHANGED);
    assert_true(world_says(fixture, MONGO_MOVIES, world_movie_id(&third), "Of the file."));
    assert_true(world_says(fixture, MONGO_MOVIES, world_movie_id(&third), "The Ebb"));
    const struct store *store = &pair.there.desk.store;
    assert_int_equal(store->methods->tend(store->context, pair.there.desk.now_ms + MINUTE_MS),
                     ERROR_NONE);
    assert_int_equal(mongo_fixture_count(fixture, MONGO_JOURNAL),
                     lines + 2); /* The title's, and the price's. */
    mongo_desk_close(&third.desk);
    close_pair(&pair);
}

/* Who committed the later version has written ours first: it is judged and told once. */
static void an_edit_that_others_wrote_and_followed_is_one_s_own(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct guest guest = {0};
    struct pair pair = {0};
    open_pair(&pair, fixture, 490,
              (struct mongo_hook){.before = change_duration_once, .context = &guest});
    const int64_t lines = mongo_fixture_count(fixture, MONGO_JOURNAL);
    guest.world = &pair.there;
    world_run(&pair.here, world_change_title(&pair.here), EDIT_CHANGED);
    assert_true(guest.came);
    assert_true(world_says(fixture, MONGO_MOVIES, world_movie_id(&pair.here), "The Ebb"));
    assert_true(world_says(fixture, MONGO_MOVIES, world_movie_id(&pair.here), "\"duration\" : 30"));
    assert_int_equal(mongo_fixture_count(fixture, MONGO_JOURNAL), lines + 2);
    close_pair(&pair);
}

static void a_gate_of_another_hand_is_refused(void **state)
{
    struct mongo_fixture *fixture = *state;
    static const char *const breaks[] = {
        "{\"$set\": {\"version\": 1000, \"edit\": {\"id\": {\"$oid\": "
        "\"0123456789abcdef01234567\"}, "
        "\"c\": \"movies\", \"t\": {\"$oid\": \"0123456789abcdef01234567\"}, \"set\": {\"a\": "
        "1}}}}",
        "{\"$set\": {\"version\": 0}, \"$unset\": {\"edit\": 1}}",
        "{\"$set\": {\"version\": -1}}",
    };
    struct pair pair = {0};
    open_pair(&pair, fixture, 495, (struct mongo_hook){0});
    for (size_t index = 0; index < sizeof breaks / sizeof breaks[0]; index++) {
        struct catalogue_edit title = world_change_title(&pair.here);
        mongo_fixture_update(fixture, MONGO_SETTINGS, world_gate_id(), breaks[index]);
        assert_int_equal(world_ask(&pair.here, &title), ERROR_INTERNAL_ERROR);
    }
    mongo_fixture_update(fixture, MONGO_SETTINGS, world_gate_id(),
                         "{\"$set\": {\"version\": 2000}}");
    world_run(&pair.here, world_change_title(&pair.here), EDIT_CHANGED);
    close_pair(&pair);
}

#define PROGRAMME_TEST(function) \
    cmocka_unit_test_setup_teardown(function, mongo_fixture_setup_borrowed, \
                                    mongo_fixture_teardown_borrowed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAMME_TEST(two_stores_that_change_two_members_both_have_their_way),
        PROGRAMME_TEST(nothing_is_made_of_a_screen_that_is_gone),
        PROGRAMME_TEST(nothing_is_as_long_as_its_movie_was_before),
        PROGRAMME_TEST(a_dead_store_s_showtime_comes_before_the_next_edit),
        PROGRAMME_TEST(one_id_at_once_is_one_showtime),
        PROGRAMME_TEST(what_a_file_has_added_meanwhile_is_not_taken_for_one_s_own),
        PROGRAMME_TEST(a_hold_that_comes_between_keeps_a_showtime_where_it_is),
        PROGRAMME_TEST(a_dead_store_s_move_loses_to_a_hold),
        PROGRAMME_TEST(an_answer_that_never_came_is_found_out),
        PROGRAMME_TEST(an_edit_that_others_wrote_and_followed_is_one_s_own),
        PROGRAMME_TEST(a_gate_of_another_hand_is_refused),
        PROGRAMME_TEST(a_catalogue_file_and_staff_do_not_lose_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
