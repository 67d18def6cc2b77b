/* test_layout.c - what a seat is unless its layout says otherwise. */
#include "support/unit.h"

#include "core/layout.h"

/* s standard, v vip, c couple. */
static void assert_row(uint32_t rows, uint32_t cols, uint32_t row, const char *expected)
{
    for (uint32_t col = 0; col < cols; col++) {
        const enum seat_type type = layout_default_type(rows, cols, row * cols + col);
        assert_int_equal("svc"[type], expected[col]);
    }
}

static void even_seats_of_the_first_row_are_couples_but_the_last_one(void **state)
{
    (void)state;
    assert_row(4, 6, 0, "scscss");
    assert_row(4, 5, 0, "scscs");
    assert_row(4, 6, 1, "ssssss");
}

static void the_last_two_rows_are_vip_even_if_there_are_no_others(void **state)
{
    (void)state;
    assert_row(4, 3, 2, "vvv");
    assert_row(4, 3, 3, "vvv");
    assert_row(2, 4, 0, "vvvv");
    assert_row(1, 4, 0, "vvvv");
}

static void places_and_seats_are_counted(void **state)
{
    (void)state;
    static struct seat_layout layout = {.rows = 3, .cols = 4};
    layout.types[0] = SEAT_TYPE_COUNT;
    layout.types[11] = SEAT_TYPE_COUNT;
    assert_int_equal(layout_places(&layout), 12);
    assert_int_equal(layout_seats(&layout), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(even_seats_of_the_first_row_are_couples_but_the_last_one),
        cmocka_unit_test(the_last_two_rows_are_vip_even_if_there_are_no_others),
        cmocka_unit_test(places_and_seats_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
