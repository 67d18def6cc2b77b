/* test_desk.c - the memory that a desk lends to commands. */
#include "support/unit.h"

#include "http/desk.h"

static void room_is_lent_until_the_command_is_given_back(void **state)
{
    (void)state;
    static const struct house house;
    struct desk desk;
    struct ticket *tickets = desk_make_tickets();
    assert_non_null(tickets);
    desk_open(&desk, &house, 0, tickets);
    struct command *first = desk_take(&desk);
    struct command *second = desk_take(&desk);
    assert_non_null(first);
    assert_non_null(second);
    const char *room = desk_room(&desk, first, DESK_ROOM_MAX - 10);
    assert_non_null(room);
    assert_int_equal(room[0], 0);
    assert_null(desk_room(&desk, second, 11));
    assert_non_null(desk_room(&desk, second, 10));
    desk_give_back(&desk, first);
    desk_give_back(&desk, second);
    assert_int_equal(desk.room_used, 0);
    struct command *third = desk_take(&desk);
    assert_non_null(desk_room(&desk, third, DESK_ROOM_MAX));
    desk_free_tickets(tickets); /* With what was never given back. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_is_lent_until_the_command_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
