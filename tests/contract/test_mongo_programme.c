/* test_mongo_programme.c - edits of the programme by stores that die, wait and race.
 *
 * The first store ends before its n-th step, for every n; another one is asked the same and goes
 * on. Whatever n was, the programme, its showtime and the journal must say the same in the end.
 * Two stores that edit what one showtime is made of must come in one order for everybody.
 */
#include "support/unit.h"

#include "contract/mongo_desk.h"
#include "ports/catalogue_edit.h"
#include "store/mongo/mongo_catalogue_write.h"

enum { STAGES = 7, CRASHES_MIN = 30, CRASHES_MAX = 120, MOVIE_OFFSET = 5000, CINEMA_OFFSET = 9000 };

#define MINUTE_MS INT64_C(60000)

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

/* Ends the store before one step. */
struct ending {
    enum mongo_step step;
    uint32_t left; /* How often it is passed before. */
};

static enum error end_at(void *context, enum mongo_step step)
{
    struct ending *ending = context;
    if (step != ending->step || ending->left-- > 0) return ERROR_NONE;
    return ERROR_OUTCOME_UNKNOWN;
}

static struct slice as_it_is(struct slice text, struct arena *arena)
{
    return text.size > 0 ? arena_copy(arena, text) : SLICE("");
}

static const struct locale locale = {.fold = as_it_is};

static struct seat_plan small = {.layout = {.rows = 1, .cols = 2}};
static struct seat_plan large = {.layout = {.rows = 2, .cols = 2}};
static struct screen screens[] = {{.screen_id = SLICE_INIT("S1"),
                                   .name = SLICE_INIT("One"),
                                   .type = SLICE_INIT("imax"),
                                   .total_seats = 4,
                                   .plan = &large},
                                  {.screen_id = SLICE_INIT("S2"),
                                   .name = SLICE_INIT("Two"),
                                   .type = SLICE_INIT("imax"),
                                   .total_seats = 2,
                                   .plan = &small}};

/* What is edited; each world has its own. */
struct world {
    struct mongo_desk desk;
    uint64_t number;
};

static struct id movie_id(const struct world *world)
{
    return turn_fixture_id(MOVIE_OFFSET + world->number);
}

static struct id cinema_id(const struct world *world)
{
    return turn_fixture_id(CINEMA_OFFSET + world->number);
}

static struct catalogue_edit new_edit(enum edit_kind kind, uint32_t members)
{
    return (struct catalogue_edit){.kind = kind,
                                   .members = members,
                                   .locale = &locale,
                                   .actor = SLICE("staff"),
                                   .role = SLICE("admin")};
}

static struct catalogue_edit add_movie(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_MOVIE, (1U << MOVIE_MEMBER_COUNT) - 1);
    edit.create = true;
    edit.movie = (struct movie){.id = movie_id(world),
                                .title = SLICE("The Tide"),
                                .duration_minutes = 90,
                                .status = SLICE("now_showing")};
    return edit;
}

static struct catalogue_edit add_cinema(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_CINEMA, (1U << CINEMA_MEMBER_COUNT) - 1);
    edit.create = true;
    edit.cinema = (struct cinema){.id = cinema_id(world),
                                  .name = SLICE("Lantern"),
                                  .city = SLICE("Hue"),
                                  .timezone = SLICE("Asia/Ho_Chi_Minh"),
                                  .screen_count = 2,
                                  .screens = screens};
    return edit;
}

static struct catalogue_edit add_showtime(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_SHOWTIME, (1U << SHOWTIME_MEMBER_COUNT) - 1);
    edit.create = true;
    edit.showtime = (struct showtime){.id = world->desk.showtime,
                                      .movie = movie_id(world),
                                      .cinema = cinema_id(world),
                                      .screen_id = SLICE("S1"),
                                      .starts_at_ms = FIXTURE_STARTS_AT_MS,
                                      .prices = {100, 200, 300}};
    return edit;
}

static struct catalogue_edit change_title(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_MOVIE, 1U << MOVIE_TITLE);
    edit.movie = (struct movie){.id = movie_id(world), .title = SLICE("The Ebb")};
    return edit;
}

static struct catalogue_edit change_duration(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_MOVIE, 1U << MOVIE_DURATION);
    edit.movie = (struct movie){.id = movie_id(world), .duration_minutes = 30};
    return edit;
}

static struct catalogue_edit remove_screens(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_CINEMA, 1U << CINEMA_SCREENS);
    edit.cinema = (struct cinema){.id = cinema_id(world)};
    return edit;
}

static struct catalogue_edit move_showtime(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_SHOWTIME, 1U << SHOWTIME_SCREEN);
    edit.showtime = (struct showtime){.id = world->desk.showtime, .screen_id = SLICE("S2")};
    return edit;
}

static struct catalogue_edit change_price(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_SHOWTIME, 1U << SHOWTIME_PRICE);
    edit.showtime = (struct showtime){.id = world->desk.showtime, .prices[SEAT_VIP] = 999};
    return edit;
}

/* Up to the commit. */
static enum error plan(struct world *world, struct catalogue_edit *edit)
{
    const struct store *store = &world->desk.store;
    const enum error error = store->methods->begin(store->context);
    if (error != ERROR_NONE) return error;
    return store->methods->edit(store->context, edit, ++world->desk.now_ms);
}

/* A batch with the edit; again while others come first. */
static enum error ask(struct world *world, struct catalogue_edit *edit)
{
    enum error error = ERROR_BOOKING_LOCK_FAILED;
    for (int race = 0; race < 5 && error == ERROR_BOOKING_LOCK_FAILED; race++) {
        error = plan(world, edit);
        if (error == ERROR_NONE) error = mongo_desk_commit(&world->desk);
        else mongo_desk_undo(&world->desk);
    }
    return error;
}

static void run(struct world *world, struct catalogue_edit edit, enum edit_outcome expected)
{
    assert_int_equal(ask(world, &edit), ERROR_NONE);
    assert_int_equal(edit.outcome, expected);
}

static enum error run_stage(struct world *world, int stage, struct catalogue_edit *edit)
{
    typedef struct catalogue_edit make(const struct world *world);
    static make *const makes[] = {add_movie,    add_cinema,    add_showtime,
                                  change_title, move_showtime, change_price};
    if (stage == STAGES - 1) {
        return world->desk.store.methods->tend(world->desk.store.context,
                                               world->desk.now_ms + MINUTE_MS);
    }
    *edit = makes[stage](world);
    return ask(world, edit);
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

static int64_t count_journal(struct mongo_fixture *fixture)
{
    bson_t filter = BSON_INITIALIZER;
    bson_error_t why;
    const int64_t count = mongoc_collection_count_documents(
        fixture->client.collections[MONGO_JOURNAL], &filter, NULL, NULL, NULL, &why);
    bson_destroy(&filter);
    return count;
}

static bool says(struct mongo_fixture *fixture, enum mongo_collection collection, struct id id,
                 const char *text)
{
    char *json = mongo_fixture_json(fixture, collection, id);
    const bool found = json != NULL && strstr(json, text) != NULL;
    bson_free(json);
    return found;
}

static struct id gate_id(void)
{
    return (struct id){.bytes = {'p', 'r', 'o', 'g', 'r', 'a', 'm', 'm', 'e', 0, 0, 0}};
}

static void assert_programmed(struct mongo_fixture *fixture, struct world *world)
{
    mongo_desk_load(&world->desk);
    assert_int_equal(seat_map_available(&world->desk.map), 2);
    assert_int_equal(world->desk.map.prices[SEAT_VIP], 999);
    assert_int_equal(world->desk.map.ends_at_ms - world->desk.map.starts_at_ms, 90 * MINUTE_MS);
    assert_true(says(fixture, MONGO_MOVIES, movie_id(world), "The Ebb"));
    assert_true(says(fixture, MONGO_CINEMAS, cinema_id(world), "\"S2\""));
    assert_true(says(fixture, MONGO_SHOWTIMES, world->desk.showtime, "\"settle\" : [  ]"));
    assert_true(says(fixture, MONGO_SETTINGS, gate_id(), "\"version\""));
    assert_false(says(fixture, MONGO_SETTINGS, gate_id(), "\"edit\""));
}

static void open_world(struct world *world, struct mongo_fixture *fixture, struct mongo_hook hook)
{
    mongo_desk_open(&world->desk, fixture, turn_fixture_id(world->number), hook);
}

static void a_crash_before_any_step_of_an_edit_is_put_right(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct crash crash = {0};
    uint32_t crashes = 0;
    for (bool ended = false; !ended; crashes++) {
        assert_true(crashes < CRASHES_MAX);
        struct world world = {.number = 100 + crashes};
        const int64_t lines = count_journal(fixture);
        crash.left = crashes;
        crash.happened = false;
        open_world(&world, fixture, (struct mongo_hook){.before = count_down, .context = &crash});
        const int stage = run_all(&world, 0, &crash);
        mongo_desk_close(&world.desk);
        open_world(&world, fixture, (struct mongo_hook){0});
        ended = stage == STAGES;
        assert_int_equal(run_all(&world, ended ? STAGES - 1 : stage, NULL), STAGES);
        assert_programmed(fixture, &world);
        assert_int_equal(count_journal(fixture), lines + 6);
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
        struct ending ending = {.step = MONGO_STEP_WRITE_ENTRY, .left = number};
        const struct mongo_hook hook = {.before = end_at, .context = &ending};
        const int64_t lines = count_journal(fixture);
        open_world(&world, fixture, hook);
        for (int stage = 0; stage < 3; stage++) {
            struct catalogue_edit edit;
            const enum error error = run_stage(&world, stage, &edit);
            if (stage >= (int)number) assert_int_not_equal(error, ERROR_NONE);
            if (error != ERROR_NONE) break;
        }
        const int64_t now_ms = world.desk.now_ms;
        mongo_desk_close(&world.desk);
        open_world(&world, fixture, (struct mongo_hook){0});
        const struct store *store = &world.desk.store;
        assert_int_equal(store->methods->tend(store->context, now_ms + 100), ERROR_NONE);
        assert_int_equal(count_journal(fixture), lines + number);
        assert_int_equal(store->methods->tend(store->context, now_ms + MINUTE_MS), ERROR_NONE);
        assert_int_equal(store->methods->tend(store->context, now_ms + 2 * MINUTE_MS), ERROR_NONE);
        assert_int_equal(count_journal(fixture), lines + number + 1);
        assert_true(says(fixture, MONGO_MOVIES, movie_id(&world), "The Tide"));
        if (number == 2) mongo_desk_load(&world.desk);
        assert_false(says(fixture, MONGO_SETTINGS, gate_id(), "\"edit\""));
        mongo_desk_close(&world.desk);
    }
}

/* Two stores in one world. */
struct pair {
    struct world here;
    struct world there;
};

static void open_pair(struct pair *pair, struct mongo_fixture *fixture, uint64_t number,
                      struct mongo_hook hook)
{
    pair->here.number = number;
    pair->there.number = number;
    open_world(&pair->here, fixture, (struct mongo_hook){0});
    run(&pair->here, add_movie(&pair->here), EDIT_CREATED);
    run(&pair->here, add_cinema(&pair->here), EDIT_CREATED);
    const struct store *store = &pair->here.desk.store;
    assert_int_equal(store->methods->tend(store->context, pair->here.desk.now_ms), ERROR_NONE);
    mongo_desk_close(&pair->here.desk);
    open_world(&pair->here, fixture, hook);
    open_world(&pair->there, fixture, (struct mongo_hook){0});
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
    assert_int_equal(plan(&pair->here, edit), ERROR_NONE);
    assert_true(edit_wrote(edit));
    run(&pair->there, other, EDIT_CHANGED);
    assert_int_equal(mongo_desk_commit(&pair->here.desk), ERROR_BOOKING_LOCK_FAILED);
}

static void two_stores_that_change_two_members_both_have_their_way(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct pair pair = {0};
    open_pair(&pair, fixture, 400, (struct mongo_hook){0});
    struct catalogue_edit title = change_title(&pair.here);
    assert_lost(&pair, &title, change_duration(&pair.there));
    run(&pair.here, title, EDIT_CHANGED);
    assert_true(says(fixture, MONGO_MOVIES, movie_id(&pair.here), "The Ebb"));
    assert_true(says(fixture, MONGO_MOVIES, movie_id(&pair.here), "\"duration\" : 30"));
    close_pair(&pair);
}

static void nothing_is_made_of_a_screen_that_is_gone(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct pair pair = {0};
    open_pair(&pair, fixture, 410, (struct mongo_hook){0});
    struct catalogue_edit show = add_showtime(&pair.here);
    assert_lost(&pair, &show, remove_screens(&pair.there));
    run(&pair.here, show, EDIT_NO_SCREEN);
    assert_null(mongo_fixture_json(fixture, MONGO_SHOWTIMES, pair.here.desk.showtime));
    close_pair(&pair);
}

static void nothing_is_as_long_as_its_movie_was_before(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct pair pair = {0};
    open_pair(&pair, fixture, 420, (struct mongo_hook){0});
    struct catalogue_edit show = add_showtime(&pair.here);
    assert_lost(&pair, &show, change_duration(&pair.there));
    run(&pair.here, show, EDIT_CREATED);
    mongo_desk_load(&pair.there.desk);
    assert_int_equal(pair.there.desk.map.ends_at_ms - pair.there.desk.map.starts_at_ms,
                     30 * MINUTE_MS);
    struct catalogue_edit move = move_showtime(&pair.here);
    assert_lost(&pair, &move, remove_screens(&pair.there));
    run(&pair.here, move, EDIT_NO_SCREEN);
    close_pair(&pair);
}

/* What is committed is there before the next edit is, also if its store is dead. */
static void a_dead_store_s_showtime_comes_before_the_next_edit(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct ending ending = {.step = MONGO_STEP_WRITE_ENTRY};
    struct pair pair = {0};
    open_pair(&pair, fixture, 430, (struct mongo_hook){.before = end_at, .context = &ending});
    struct catalogue_edit show = add_showtime(&pair.here);
    assert_int_equal(ask(&pair.here, &show), ERROR_OUTCOME_UNKNOWN);
    assert_null(mongo_fixture_json(fixture, MONGO_SHOWTIMES, pair.here.desk.showtime));
    run(&pair.there, remove_screens(&pair.there), EDIT_CHANGED);
    mongo_desk_load(&pair.there.desk);
    assert_int_equal(seat_map_available(&pair.there.desk.map), 4);
    close_pair(&pair);
}

static void one_id_at_once_is_one_showtime(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct pair pair = {0};
    open_pair(&pair, fixture, 440, (struct mongo_hook){0});
    struct catalogue_edit one = add_showtime(&pair.here);
    struct catalogue_edit other = add_showtime(&pair.there);
    other.showtime.screen_id = SLICE("S2");
    assert_int_equal(plan(&pair.here, &one), ERROR_NONE);
    run(&pair.there, other, EDIT_CREATED);
    assert_int_equal(mongo_desk_commit(&pair.here.desk), ERROR_BOOKING_LOCK_FAILED);
    run(&pair.here, one, EDIT_TAKEN);
    run(&pair.here, other, EDIT_SAME);
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
    run(&pair.here, add_showtime(&pair.here), EDIT_CREATED);
    const int64_t lines = count_journal(fixture);
    struct catalogue_edit move = move_showtime(&pair.here);
    assert_int_equal(plan(&pair.here, &move), ERROR_NONE);
    hold_there(&pair, "B1", 1);
    assert_int_equal(mongo_desk_commit(&pair.here.desk), ERROR_BOOKING_LOCK_FAILED);
    run(&pair.here, move, EDIT_KEPT);
    mongo_desk_load(&pair.there.desk);
    assert_int_equal(mongo_desk_state(&pair.there.desk, "B1"), SEAT_HELD);
    assert_int_equal(count_journal(fixture), lines);
    close_pair(&pair);
}

/* The gate has the move, the showtime not yet: whoever is first there decides. */
static void a_dead_store_s_move_loses_to_a_hold(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct ending ending = {.step = MONGO_STEP_COMMIT, .left = 2};
    struct pair pair = {0};
    open_pair(&pair, fixture, 460, (struct mongo_hook){.before = end_at, .context = &ending});
    run(&pair.here, add_showtime(&pair.here), EDIT_CREATED);
    struct catalogue_edit move = move_showtime(&pair.here);
    assert_int_equal(ask(&pair.here, &move), ERROR_OUTCOME_UNKNOWN);
    const int64_t lines = count_journal(fixture);
    assert_true(says(fixture, MONGO_SETTINGS, gate_id(), "\"edit\""));
    hold_there(&pair, "B1", 1);
    run(&pair.there, change_title(&pair.there), EDIT_CHANGED);
    mongo_desk_load(&pair.there.desk);
    assert_int_equal(mongo_desk_state(&pair.there.desk, "B1"), SEAT_HELD);
    assert_int_equal(seat_map_available(&pair.there.desk.map), 3);
    assert_int_equal(count_journal(fixture), lines + 1);
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
        const int64_t lines = count_journal(fixture);
        mongo_fixture_fail(fixture, 1, faults[index]);
        run(&pair.here, add_showtime(&pair.here), EDIT_CREATED);
        mongo_fixture_fail(fixture, 1, faults[index]);
        run(&pair.here, change_title(&pair.here), EDIT_CHANGED);
        mongo_fixture_fail(fixture, 1, faults[index]);
        run(&pair.here, move_showtime(&pair.here), EDIT_CHANGED);
        mongo_fixture_fail(fixture, 0, NULL);
        mongo_desk_load(&pair.there.desk);
        assert_int_equal(seat_map_available(&pair.there.desk.map), 2);
        const struct store *store = &pair.there.desk.store;
        (void)store->methods->tend(store->context, pair.there.desk.now_ms + MINUTE_MS);
        assert_int_equal(count_journal(fixture), lines + 3);
        close_pair(&pair);
    }
}

/* A file beside staff: an edit that was judged before it is judged again, and what an edit has
 * not settled yet stays in the showtime. */
static void a_catalogue_file_and_staff_do_not_lose_each_other(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct ending ending = {.step = MONGO_STEP_COMMITTED, .left = 1};
    struct pair pair = {0};
    open_pair(&pair, fixture, 480, (struct mongo_hook){.before = end_at, .context = &ending});
    run(&pair.here, add_showtime(&pair.here), EDIT_CREATED);
    struct catalogue_edit price = change_price(&pair.here);
    assert_int_equal(ask(&pair.here, &price), ERROR_OUTCOME_UNKNOWN);
    const int64_t lines = count_journal(fixture);
    struct movie movie = add_movie(&pair.there).movie;
    struct cinema cinema = add_cinema(&pair.there).cinema;
    struct showtime_entry entry = {.showtime = add_showtime(&pair.there).showtime,
                                   .screen = &screens[1],
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
    open_world(&third, fixture, (struct mongo_hook){0});
    struct catalogue_edit title = change_title(&third);
    assert_int_equal(plan(&third, &title), ERROR_NONE);
    movie.description = SLICE("Of the file.");
    assert_int_equal(mongo_catalogue_write(pair.there.desk.mongo, &entries, &locale,
                                           pair.there.desk.now_ms, &report),
                     ERROR_NONE);
    assert_int_equal(report.movies.changed, 1);
    assert_int_equal(report.showtimes.changed, 1);
    assert_int_equal(mongo_desk_commit(&third.desk), ERROR_BOOKING_LOCK_FAILED);
    run(&third, title, EDIT_CHANGED);
    assert_true(says(fixture, MONGO_MOVIES, movie_id(&third), "Of the file."));
    assert_true(says(fixture, MONGO_MOVIES, movie_id(&third), "The Ebb"));
    const struct store *store = &pair.there.desk.store;
    assert_int_equal(store->methods->tend(store->context, pair.there.desk.now_ms + MINUTE_MS),
                     ERROR_NONE);
    assert_int_equal(count_journal(fixture), lines + 2); /* The title's, and the price's. */
    mongo_desk_close(&third.desk);
    close_pair(&pair);
}

static int setup(void **state)
{
    struct mongo_fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL) return -1;
    mongo_fixture_borrow(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

#define PROGRAMME_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROGRAMME_TEST(a_crash_before_any_step_of_an_edit_is_put_right),
        PROGRAMME_TEST(housekeeping_finishes_what_an_edit_has_left),
        PROGRAMME_TEST(two_stores_that_change_two_members_both_have_their_way),
        PROGRAMME_TEST(nothing_is_made_of_a_screen_that_is_gone),
        PROGRAMME_TEST(nothing_is_as_long_as_its_movie_was_before),
        PROGRAMME_TEST(a_dead_store_s_showtime_comes_before_the_next_edit),
        PROGRAMME_TEST(one_id_at_once_is_one_showtime),
        PROGRAMME_TEST(a_hold_that_comes_between_keeps_a_showtime_where_it_is),
        PROGRAMME_TEST(a_dead_store_s_move_loses_to_a_hold),
        PROGRAMME_TEST(an_answer_that_never_came_is_found_out),
        PROGRAMME_TEST(a_catalogue_file_and_staff_do_not_lose_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
