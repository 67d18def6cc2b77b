/* test_journal.c - the words of the journal. */
#include "core/journal.h"
#include "support/unit.h"

static void an_action_names_what_it_was_done_to_and_what_was_done(void **state)
{
    (void)state;
    assert_slice_equal(journal_action_name(JOURNAL_BLOCK_SEATS), SLICE("block.create"));
    assert_slice_equal(journal_action_name(JOURNAL_RELEASE_SEATS), SLICE("block.release"));
    assert_slice_equal(journal_action_name(JOURNAL_REFUND), SLICE("payment.refund"));
    assert_slice_equal(journal_action_name(JOURNAL_REFUND_DONE), SLICE("payment.refund_done"));
    assert_slice_equal(journal_action_name(JOURNAL_CANCEL_SHOWTIME), SLICE("showtime.cancel"));
}

static void a_role_is_named_as_in_tokens(void **state)
{
    (void)state;
    assert_slice_equal(staff_role_name(STAFF_ROLE_STAFF), SLICE("staff"));
    assert_slice_equal(staff_role_name(STAFF_ROLE_ADMIN), SLICE("admin"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_action_names_what_it_was_done_to_and_what_was_done),
        cmocka_unit_test(a_role_is_named_as_in_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
