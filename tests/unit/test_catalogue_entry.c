/* test_catalogue_entry.c - single entries out of requests, whole and in part. */
#include "support/unit.h"

#include "catalogue/catalogue_entry.h"

enum { ARENA_SIZE = 256 * 1024 };

struct fixture {
    struct arena arena;
    struct catalogue_edit edit;
    struct faults faults;
    char block[ARENA_SIZE];
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL) return -1;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static bool read(struct fixture *fixture, enum edit_kind kind, bool create, const char *text)
{
    const struct json *root = NULL;
    struct json_fault fault;
    arena_init(&fixture->arena, fixture->block, sizeof fixture->block);
    fixture->faults = (struct faults){0};
    fixture->edit = (struct catalogue_edit){.kind = kind, .create = create};
    assert_true(json_parse(slice_of(text), &fixture->arena, &root, &fault));
    return catalogue_entry_read(root, &fixture->arena, &fixture->edit, &fixture->faults);
}

static void assert_fault(const struct fixture *fixture, size_t index, const char *place,
                         const char *message)
{
    assert_in_range(index + 1, 1, fixture->faults.count);
    assert_true(slice_equal(faults_place(&fixture->faults, index), slice_of(place)));
    assert_true(slice_equal(faults_message(&fixture->faults, index), slice_of(message)));
}

static void a_new_movie_has_all_members_and_an_id_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    const char *text = "{\"title\":\"T\",\"duration\":90,\"release_date\":\"2024-01-15\","
                       "\"status\":\"ended\"}";
    assert_true(read(fixture, EDIT_MOVIE, true, text));
    assert_int_equal(fixture->edit.members, (1U << MOVIE_MEMBER_COUNT) - 1);
    assert_int_equal(fixture->edit.movie.duration_minutes, 90);
    const struct id derived = fixture->edit.movie.id;
    assert_false(id_is_none(derived));
    assert_true(read(fixture, EDIT_MOVIE, true, text));
    assert_true(id_equal(fixture->edit.movie.id, derived));
}

static void a_change_has_the_members_that_it_gives(void **state)
{
    struct fixture *fixture = *state;
    assert_true(read(fixture, EDIT_MOVIE, false, "{\"title\":\"T\",\"genre\":[]}"));
    assert_int_equal(fixture->edit.members, 1U << MOVIE_TITLE | 1U << MOVIE_GENRE);
    assert_true(id_is_none(fixture->edit.movie.id));
    assert_true(read(fixture, EDIT_MOVIE, false, "{}"));
    assert_int_equal(fixture->edit.members, 0);
    assert_true(read(fixture, EDIT_CINEMA, false, "{\"name\":\"N\",\"is_active\":false}"));
    assert_int_equal(fixture->edit.members, 1U << CINEMA_NAME | 1U << CINEMA_IS_ACTIVE);
    assert_false(fixture->edit.cinema.is_active);
    assert_true(id_is_none(fixture->edit.cinema.id));
    assert_true(read(fixture, EDIT_SHOWTIME, false, "{\"price\":{\"vip\":7}}"));
    assert_int_equal(fixture->edit.members, 1U << SHOWTIME_PRICE);
    assert_int_equal(fixture->edit.showtime.prices[SEAT_STANDARD], 0);
    assert_int_equal(fixture->edit.showtime.prices[SEAT_VIP], 7);
    assert_true(read(fixture, EDIT_SHOWTIME, false, "{\"price\":{}}"));
    assert_true(read(fixture, EDIT_SHOWTIME, false,
                     "{\"id\":\"0123456789abcdef01234567\","
                     "\"start_time\":\"2024-01-15T10:30:00+07:00\"}"));
    assert_true(fixture->edit.showtime.starts_at_ms == INT64_C(1705289400000));
    assert_int_equal(fixture->edit.showtime.id.bytes[0], 0x01);
}

static void what_a_new_entry_lacks_is_missing(void **state)
{
    struct fixture *fixture = *state;
    assert_false(read(fixture, EDIT_SHOWTIME, true, "{\"price\":{\"vip\":1}}"));
    assert_int_equal(fixture->faults.count, 6);
    assert_fault(fixture, 0, "movie_id", "is missing");
    assert_fault(fixture, 3, "start_time", "is missing");
    assert_fault(fixture, 4, "price.standard", "is missing");
    assert_false(read(fixture, EDIT_MOVIE, true, "{\"title\":\"T\"}"));
    assert_fault(fixture, 0, "duration", "is missing");
    assert_false(read(fixture, EDIT_CINEMA, true, "{}"));
    assert_fault(fixture, 2, "screens", "is missing");
}

static void a_given_member_is_checked_wherever_it_comes_from(void **state)
{
    struct fixture *fixture = *state;
    for (int create = 0; create < 2; create++) {
        assert_false(read(fixture, EDIT_SHOWTIME, create, "{\"start_time\":\"noon\"}"));
        assert_false(read(fixture, EDIT_MOVIE, create, "{\"title\":\"\"}"));
        assert_false(read(fixture, EDIT_MOVIE, create, "{\"duration\":null}"));
    }
    assert_fault(fixture, 1, "duration", "must be an integer >= 1");
    assert_false(read(fixture, EDIT_SHOWTIME, false, "{\"price\":{\"vip\":0},\"version\":1}"));
    assert_int_equal(fixture->faults.count, 2);
    assert_fault(fixture, 0, "version", "is not a member of this");
    assert_fault(fixture, 1, "price.vip", "must be an integer >= 1");
    assert_false(read(fixture, EDIT_CINEMA, false, "{\"screens\":[{\"screen_id\":\"S\"}]}"));
    assert_fault(fixture, 0, "screens[0].name", "is missing");
    assert_false(read(fixture, EDIT_CINEMA, false,
                      "{\"screens\":[{\"screen_id\":\"S\",\"name\":\"N\",\"type\":\"imax\","
                      "\"total_seats\":1,\"seat_layout\":{\"rows\":0,\"cols\":1}}]}"));
    assert_fault(fixture, 0, "screens[0].seat_layout.rows", "must be an integer >= 1");
}

static void an_entry_that_fits_no_arena_is_told_so(void **state)
{
    struct fixture *fixture = *state;
    struct arena small;
    char block[64];
    const struct json screen = {.kind = JSON_OBJECT};
    const struct json screens = {
        .kind = JSON_ARRAY, .key = SLICE("screens"), .count = 1, .first = (struct json *)&screen};
    const struct json root = {.kind = JSON_OBJECT, .count = 1, .first = (struct json *)&screens};
    arena_init(&small, block, sizeof block);
    fixture->edit.kind = EDIT_CINEMA;
    assert_false(catalogue_entry_read(&root, &small, &fixture->edit, &fixture->faults));
    assert_fault(fixture, 0, "", "does not fit into memory");
}

static void members_have_the_contracts_names(void **state)
{
    (void)state;
    assert_true(slice_equal(catalogue_entry_member(EDIT_MOVIE, MOVIE_STATUS), SLICE("status")));
    assert_true(slice_equal(catalogue_entry_member(EDIT_CINEMA, CINEMA_CITY), SLICE("city")));
    assert_true(
        slice_equal(catalogue_entry_member(EDIT_SHOWTIME, SHOWTIME_START), SLICE("start_time")));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_movie_has_all_members_and_an_id_of_its_own),
        TEST(a_change_has_the_members_that_it_gives),
        TEST(what_a_new_entry_lacks_is_missing),
        TEST(a_given_member_is_checked_wherever_it_comes_from),
        TEST(an_entry_that_fits_no_arena_is_told_so),
        TEST(members_have_the_contracts_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
