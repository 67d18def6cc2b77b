/* test_journal.c - the words of the journal, there and back. */
#include "core/journal.h"
#include "support/unit.h"

static void every_action_has_a_word_that_is_read_back(void **state)
{
    (void)state;
    for (uint32_t action = 0; action < JOURNAL_ACTION_COUNT; action++) {
        enum journal_action read;
        assert_true(journal_action_parse(journal_action_name((enum journal_action)action), &read));
        assert_int_equal(read, action);
    }
    enum journal_action untouched = JOURNAL_REFUND;
    assert_false(journal_action_parse(SLICE("resell"), &untouched));
    assert_int_equal(untouched, JOURNAL_REFUND);
}

static void every_role_has_a_word_that_is_read_back(void **state)
{
    (void)state;
    for (uint32_t role = 0; role < STAFF_ROLE_COUNT; role++) {
        enum staff_role read;
        assert_true(staff_role_parse(staff_role_name((enum staff_role)role), &read));
        assert_int_equal(read, role);
    }
    enum staff_role untouched = STAFF_ROLE_ADMIN;
    assert_false(staff_role_parse(SLICE("user"), &untouched));
    assert_int_equal(untouched, STAFF_ROLE_ADMIN);
}

static void an_action_says_what_it_was_done_to(void **state)
{
    (void)state;
    assert_slice_equal(journal_subject_kind(JOURNAL_BLOCK_SEATS), SLICE("block"));
    assert_slice_equal(journal_subject_kind(JOURNAL_RELEASE_SEATS), SLICE("block"));
    assert_slice_equal(journal_subject_kind(JOURNAL_REFUND), SLICE("payment"));
    assert_slice_equal(journal_subject_kind(JOURNAL_REFUND_DONE), SLICE("payment"));
    assert_slice_equal(journal_subject_kind(JOURNAL_CANCEL_SHOWTIME), SLICE("showtime"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_action_has_a_word_that_is_read_back),
        cmocka_unit_test(every_role_has_a_word_that_is_read_back),
        cmocka_unit_test(an_action_says_what_it_was_done_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
