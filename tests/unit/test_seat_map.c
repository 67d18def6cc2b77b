/* test_seat_map.c - names of seats, layouts, counts and lapses. */
#include "support/unit.h"

#include "core/seat_map.h"

static _Alignas(16) uint8_t block[96 * 1024];

/* Two rows of three; A2 is no seat, B3 is a couple's. */
static struct seat_map make_map(void)
{
    struct seat_layout layout = {.rows = 2, .cols = 3};
    layout.types[1] = SEAT_TYPE_COUNT;
    layout.types[3] = SEAT_VIP;
    layout.types[5] = SEAT_COUPLE;
    memset(block, 0, sizeof block);
    struct seat_map map;
    seat_map_init(&map, &layout, block);
    return map;
}

static void hold(struct seat_map *map, uint32_t place, uint64_t holder, int64_t until_ms)
{
    const struct seat_claim claim = {.holder = holder, .held_until_ms = until_ms};
    seat_map_put(map, place, SEAT_HELD, &claim);
}

static void well_formed_names_are_read_and_written_back(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint16_t row, col, zeros;
    } cases[] = {
        {"A1", 0, 1, 0},        {"Z9", 25, 9, 0},      {"AA1", 26, 1, 0}, {"AX50", 49, 50, 0},
        {"ZZ999", 701, 999, 0}, {"AB120", 27, 120, 0}, {"A01", 0, 1, 1},  {"A001", 0, 1, 2},
        {"A0", 0, 0, 0},        {"A000", 0, 0, 2},     {"A10", 0, 10, 0}, {"B100", 1, 100, 0},
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        struct seat_name name;
        assert_true(seat_name_parse(slice_of(cases[index].text), &name));
        assert_int_equal(name.row, cases[index].row);
        assert_int_equal(name.col, cases[index].col);
        assert_int_equal(name.zeros, cases[index].zeros);
        char text[SEAT_NAME_SIZE_MAX];
        const size_t size = seat_name_format(name, text);
        assert_slice_equal(((struct slice){.data = text, .size = size}),
                           slice_of(cases[index].text));
    }
}

static void malformed_names_are_refused_and_touch_nothing(void **state)
{
    (void)state;
    static const struct slice texts[] = {
        SLICE_INIT(""),     SLICE_INIT("A"),     SLICE_INIT("1"),    SLICE_INIT("a1"),
        SLICE_INIT("AAA1"), SLICE_INIT("A1234"), SLICE_INIT("A1B"),  SLICE_INIT("A 1"),
        SLICE_INIT("A-1"),  SLICE_INIT("A1 "),   SLICE_INIT("AB"),   SLICE_INIT("ABC"),
        SLICE_INIT("@1"),   SLICE_INIT("[1"),    SLICE_INIT("A1\0"), SLICE_INIT("A:"),
    };
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        struct seat_name name = {42, 42, 42};
        assert_false(seat_name_parse(texts[index], &name));
        assert_int_equal(name.row, 42);
        assert_int_equal(name.col, 42);
        assert_int_equal(name.zeros, 42);
    }
}

static void a_layout_has_its_seats_and_no_others(void **state)
{
    (void)state;
    const struct seat_map map = make_map();
    assert_int_equal(seat_map_find(&map, (struct seat_name){0, 1, 0}), 0);
    assert_int_equal(seat_map_find(&map, (struct seat_name){0, 2, 0}), PLACE_NONE);
    assert_int_equal(seat_map_find(&map, (struct seat_name){1, 3, 0}), 5);
    assert_int_equal(seat_map_find(&map, (struct seat_name){0, 0, 0}), PLACE_NONE);
    assert_int_equal(seat_map_find(&map, (struct seat_name){0, 4, 0}), PLACE_NONE);
    assert_int_equal(seat_map_find(&map, (struct seat_name){2, 1, 0}), PLACE_NONE);
    assert_int_equal(seat_map_find(&map, (struct seat_name){0, 1, 1}), PLACE_NONE);
    assert_int_equal(map.types[3], SEAT_VIP);
    assert_true(map.next_lapse_ms == INT64_MAX);
}

static void a_place_and_its_name_are_one(void **state)
{
    (void)state;
    const struct seat_map map = make_map();
    for (uint32_t place = 0; place < map.place_count; place++) {
        if (map.states[place] == SEAT_ABSENT) continue;
        assert_int_equal(seat_map_find(&map, seat_map_name(&map, place)), place);
    }
}

static void the_largest_layout_fits_its_block(void **state)
{
    (void)state;
    static struct seat_layout layout = {.rows = ROWS_MAX, .cols = COLS_MAX};
    assert_true(seat_map_size(SEATS_PER_SHOWTIME_MAX) <= sizeof block);
    struct seat_map map;
    seat_map_init(&map, &layout, block);
    assert_int_equal(seat_map_total(&map), SEATS_PER_SHOWTIME_MAX);
    const uint8_t *end = (const uint8_t *)(map.claims + map.place_count);
    assert_true((size_t)(end - block) == seat_map_size(map.place_count));
    assert_int_equal((uintptr_t)map.claims % _Alignof(struct seat_claim), 0);
}

static void counts_are_of_what_is_there(void **state)
{
    (void)state;
    struct seat_map map = make_map();
    assert_int_equal(seat_map_total(&map), 5);
    assert_int_equal(seat_map_available(&map), 5);
    hold(&map, 0, 1, 100);
    seat_map_put(&map, 3, SEAT_BOOKED, &(struct seat_claim){.booking = {.bytes = {1}}});
    seat_map_put(&map, 4, SEAT_BLOCKED, &(struct seat_claim){.booking = {.bytes = {2}}});
    assert_int_equal(seat_map_total(&map), 5);
    assert_int_equal(seat_map_available(&map), 2);
}

static void held_seats_of_a_user_are_counted_while_they_live(void **state)
{
    (void)state;
    struct seat_map map = make_map();
    hold(&map, 0, 7, 300);
    hold(&map, 2, 7, 200);
    hold(&map, 3, 8, 100);
    hold(&map, 4, 7, 400);
    int64_t first_end_ms = 0;
    assert_int_equal(seat_map_held_by(&map, 7, 199, &first_end_ms), 3);
    assert_true(first_end_ms == 200);
    assert_int_equal(seat_map_held_by(&map, 7, 200, &first_end_ms), 2);
    assert_true(first_end_ms == 300);
    assert_int_equal(seat_map_held_by(&map, 9, 0, &first_end_ms), 0);
}

static void a_booked_seat_counts_as_no_hold(void **state)
{
    (void)state;
    struct seat_map map = make_map();
    hold(&map, 0, 7, 300);
    seat_map_put(&map, 0, SEAT_BOOKED, &(struct seat_claim){.holder = 7, .held_until_ms = 300});
    int64_t first_end_ms = 0;
    assert_int_equal(seat_map_held_by(&map, 7, 0, &first_end_ms), 0);
}

/* Counts one place after the other, as a full house of many holders shows. */
static void assert_counted(const struct seat_map *map, uint64_t holder, int64_t now_ms)
{
    uint32_t held = 0;
    uint32_t available = 0;
    int64_t first_end_ms = INT64_MAX;
    for (uint32_t place = 0; place < map->place_count; place++) {
        const struct seat_claim *claim = &map->claims[place];
        available += map->states[place] == SEAT_AVAILABLE;
        if (map->states[place] != SEAT_HELD || claim->holder != holder) continue;
        if (claim->held_until_ms <= now_ms) continue;
        held++;
        if (claim->held_until_ms < first_end_ms) first_end_ms = claim->held_until_ms;
    }
    int64_t counted_end_ms = 0;
    assert_int_equal(seat_map_held_by(map, holder, now_ms, &counted_end_ms), held);
    assert_true(counted_end_ms == first_end_ms);
    assert_int_equal(seat_map_available(map), available);
}

static void houses_of_every_size_are_counted_whole(void **state)
{
    (void)state;
    uint32_t random = 1;
    printf("SEED=%u\n", random);
    for (uint16_t cols = 1; cols <= COLS_MAX; cols++) {
        struct seat_layout layout = {.rows = (uint16_t)(1 + cols % ROWS_MAX), .cols = cols};
        struct seat_map map;
        seat_map_init(&map, &layout, block);
        for (uint32_t place = 0; place < map.place_count; place++) {
            random = random * 1664525 + 1013904223;
            const struct seat_claim claim = {.holder = random >> 20 & 0x203,
                                             .held_until_ms = random >> 24};
            const enum seat_state kind = random >> 16 & 3; /* From available to blocked. */
            seat_map_put(&map, place, kind, &claim);
        }
        for (uint64_t holder = 0; holder < 4; holder++) {
            assert_counted(&map, holder, 100);
            assert_counted(&map, holder | 0x200, 0);
        }
    }
}

static void a_hold_is_dead_at_the_very_moment_it_ends(void **state)
{
    (void)state;
    assert_true(seat_live(1000, 999));
    assert_false(seat_live(1000, 1000));
    assert_false(seat_live(1000, 1001));
}

static void a_scheduled_showtime_is_completed_from_its_end_on(void **state)
{
    (void)state;
    assert_int_equal(showtime_status_at(SHOWTIME_SCHEDULED, 1000, 999), SHOWTIME_SCHEDULED);
    assert_int_equal(showtime_status_at(SHOWTIME_SCHEDULED, 1000, 1000), SHOWTIME_COMPLETED);
    assert_int_equal(showtime_status_at(SHOWTIME_CANCELLED, 1000, 1001), SHOWTIME_CANCELLED);
    assert_int_equal(showtime_status_at(SHOWTIME_COMPLETED, 1000, 1), SHOWTIME_COMPLETED);
}

static void states_types_and_statuses_have_the_contracts_words(void **state)
{
    (void)state;
    static const struct slice states[] = {SLICE_INIT("available"), SLICE_INIT("held"),
                                          SLICE_INIT("booked"), SLICE_INIT("blocked"),
                                          SLICE_INIT("absent")};
    for (uint32_t index = 0; index <= SEAT_ABSENT; index++) {
        assert_slice_equal(seat_state_name((enum seat_state)index), states[index]);
    }
    static const struct slice types[] = {SLICE_INIT("standard"), SLICE_INIT("vip"),
                                         SLICE_INIT("couple")};
    for (uint32_t index = 0; index < SEAT_TYPE_COUNT; index++) {
        enum seat_type type = SEAT_TYPE_COUNT;
        assert_slice_equal(seat_type_name((enum seat_type)index), types[index]);
        assert_true(seat_type_parse(types[index], &type));
        assert_int_equal(type, index);
    }
    static const struct slice statuses[] = {SLICE_INIT("scheduled"), SLICE_INIT("cancelled"),
                                            SLICE_INIT("completed")};
    for (uint32_t index = 0; index <= SHOWTIME_COMPLETED; index++) {
        enum showtime_status status = SHOWTIME_SCHEDULED;
        assert_slice_equal(showtime_status_name((enum showtime_status)index), statuses[index]);
        assert_true(showtime_status_parse(statuses[index], &status));
        assert_int_equal(status, index);
    }
}

static void unknown_words_are_refused_and_touch_nothing(void **state)
{
    (void)state;
    enum seat_type type = SEAT_COUPLE;
    enum showtime_status status = SHOWTIME_COMPLETED;
    assert_false(seat_type_parse(SLICE("throne"), &type));
    assert_false(showtime_status_parse(SLICE("delayed"), &status));
    assert_int_equal(type, SEAT_COUPLE);
    assert_int_equal(status, SHOWTIME_COMPLETED);
}

static void name_a_place_outside(void *context)
{
    const struct seat_map *map = context;
    (void)seat_map_name(map, map->place_count);
}

static void naming_a_place_outside_the_map_is_a_bug(void **state)
{
    (void)state;
    struct seat_map map = make_map();
    assert_true(unit_aborts(name_a_place_outside, &map));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_names_are_read_and_written_back),
        cmocka_unit_test(malformed_names_are_refused_and_touch_nothing),
        cmocka_unit_test(a_layout_has_its_seats_and_no_others),
        cmocka_unit_test(a_place_and_its_name_are_one),
        cmocka_unit_test(the_largest_layout_fits_its_block),
        cmocka_unit_test(counts_are_of_what_is_there),
        cmocka_unit_test(held_seats_of_a_user_are_counted_while_they_live),
        cmocka_unit_test(a_booked_seat_counts_as_no_hold),
        cmocka_unit_test(houses_of_every_size_are_counted_whole),
        cmocka_unit_test(a_hold_is_dead_at_the_very_moment_it_ends),
        cmocka_unit_test(a_scheduled_showtime_is_completed_from_its_end_on),
        cmocka_unit_test(states_types_and_statuses_have_the_contracts_words),
        cmocka_unit_test(unknown_words_are_refused_and_touch_nothing),
        cmocka_unit_test(naming_a_place_outside_the_map_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
