#include "contract/programme_world.h"

enum { MOVIE_OFFSET = 5000, CINEMA_OFFSET = 9000 };

enum error world_end_at(void *context, enum mongo_step step)
{
    struct world_ending *ending = context;
    if (step != ending->step || ending->left-- > 0) return ERROR_NONE;
    return ERROR_OUTCOME_UNKNOWN;
}

static struct slice as_it_is(struct slice text, struct arena *arena)
{
    return text.size > 0 ? arena_copy(arena, text) : SLICE("");
}

const struct locale world_locale = {.fold = as_it_is};

static struct seat_plan small = {.layout = {.rows = 1, .cols = 2}};
static struct seat_plan large = {.layout = {.rows = 2, .cols = 2}};
struct screen world_screens[] = {{.screen_id = SLICE_INIT("S1"),
                                  .name = SLICE_INIT("One"),
                                  .type = SLICE_INIT("imax"),
                                  .total_seats = 4,
                                  .plan = &large},
                                 {.screen_id = SLICE_INIT("S2"),
                                  .name = SLICE_INIT("Two"),
                                  .type = SLICE_INIT("imax"),
                                  .total_seats = 2,
                                  .plan = &small}};

struct id world_movie_id(const struct world *world)
{
    return turn_fixture_id(MOVIE_OFFSET + world->number);
}

struct id world_cinema_id(const struct world *world)
{
    return turn_fixture_id(CINEMA_OFFSET + world->number);
}

static struct catalogue_edit new_edit(enum edit_kind kind, uint32_t members)
{
    return (struct catalogue_edit){.kind = kind,
                                   .members = members,
                                   .locale = &world_locale,
                                   .actor = SLICE("staff"),
                                   .role = SLICE("admin")};
}

struct catalogue_edit world_add_movie(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_MOVIE, (1U << MOVIE_MEMBER_COUNT) - 1);
    edit.create = true;
    edit.movie = (struct movie){.id = world_movie_id(world),
                                .title = SLICE("The Tide"),
                                .duration_minutes = 90,
                                .status = SLICE("now_showing")};
    return edit;
}

struct catalogue_edit world_add_cinema(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_CINEMA, (1U << CINEMA_MEMBER_COUNT) - 1);
    edit.create = true;
    edit.cinema = (struct cinema){.id = world_cinema_id(world),
                                  .name = SLICE("Lantern"),
                                  .city = SLICE("Hue"),
                                  .timezone = SLICE("Asia/Ho_Chi_Minh"),
                                  .screen_count = 2,
                                  .screens = world_screens};
    return edit;
}

struct catalogue_edit world_add_showtime(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_SHOWTIME, (1U << SHOWTIME_MEMBER_COUNT) - 1);
    edit.create = true;
    edit.showtime = (struct showtime){.id = world->desk.showtime,
                                      .movie = world_movie_id(world),
                                      .cinema = world_cinema_id(world),
                                      .screen_id = SLICE("S1"),
                                      .starts_at_ms = FIXTURE_STARTS_AT_MS,
                                      .prices = {100, 200, 300}};
    return edit;
}

struct catalogue_edit world_change_title(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_MOVIE, 1U << MOVIE_TITLE);
    edit.movie = (struct movie){.id = world_movie_id(world), .title = SLICE("The Ebb")};
    return edit;
}

struct catalogue_edit world_change_duration(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_MOVIE, 1U << MOVIE_DURATION);
    edit.movie = (struct movie){.id = world_movie_id(world), .duration_minutes = 30};
    return edit;
}

struct catalogue_edit world_remove_screens(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_CINEMA, 1U << CINEMA_SCREENS);
    edit.cinema = (struct cinema){.id = world_cinema_id(world)};
    return edit;
}

struct catalogue_edit world_move_showtime(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_SHOWTIME, 1U << SHOWTIME_SCREEN);
    edit.showtime = (struct showtime){.id = world->desk.showtime, .screen_id = SLICE("S2")};
    return edit;
}

struct catalogue_edit world_change_price(const struct world *world)
{
    struct catalogue_edit edit = new_edit(EDIT_SHOWTIME, 1U << SHOWTIME_PRICE);
    edit.showtime = (struct showtime){.id = world->desk.showtime, .prices[SEAT_VIP] = 999};
    return edit;
}

enum error world_plan(struct world *world, struct catalogue_edit *edit)
{
    const struct store *store = &world->desk.store;
    const enum error error = store->methods->begin(store->context);
    if (error != ERROR_NONE) return error;
    return store->methods->edit(store->context, edit, ++world->desk.now_ms);
}

enum error world_ask(struct world *world, struct catalogue_edit *edit)
{
    enum error error = ERROR_BOOKING_LOCK_FAILED;
    for (int race = 0; race < 5 && error == ERROR_BOOKING_LOCK_FAILED; race++) {
        error = world_plan(world, edit);
        if (error == ERROR_NONE) error = mongo_desk_commit(&world->desk);
        else mongo_desk_undo(&world->desk);
    }
    return error;
}

void world_run(struct world *world, struct catalogue_edit edit, enum edit_outcome expected)
{
    assert_int_equal(world_ask(world, &edit), ERROR_NONE);
    assert_int_equal(edit.outcome, expected);
}

bool world_says(struct mongo_fixture *fixture, enum mongo_collection collection, struct id id,
                const char *text)
{
    char *json = mongo_fixture_json(fixture, collection, id);
    const bool found = json != NULL && strstr(json, text) != NULL;
    bson_free(json);
    return found;
}

struct id world_gate_id(void)
{
    return (struct id){.bytes = {'p', 'r', 'o', 'g', 'r', 'a', 'm', 'm', 'e', 0, 0, 0}};
}

void world_open(struct world *world, struct mongo_fixture *fixture, struct mongo_hook hook)
{
    mongo_desk_open(&world->desk, fixture, turn_fixture_id(world->number), hook);
}
