/* `usher audit`: a file that the store wrote passes; each rule, broken by hand, is found. */
#include "support/unit.h"

#include <sqlite3.h>

#include "contract/store_fixture.h"
#include "store/sqlite/audit.h"

enum { HEARD_MAX = 64 };

struct heard {
    size_t count;
    char sentences[HEARD_MAX][AUDIT_SENTENCE_SIZE];
};

static void hear(void *context, struct slice text)
{
    struct heard *heard = context;
    assert_true(heard->count < HEARD_MAX);
    assert_true(slice_to_string(text, heard->sentences[heard->count], AUDIT_SENTENCE_SIZE));
    heard->count++;
}

static struct audit_counts audit(const char *path, struct heard *ret_heard)
{
    struct audit_counts counts;
    struct database_reason reason;
    ret_heard->count = 0;
    assert_int_equal(audit_run(path, hear, ret_heard, &counts, &reason), ERROR_NONE);
    return counts;
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *handle = NULL;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    const int code = sqlite3_exec(handle, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK) print_error("%s: %s\n", sql, sqlite3_errmsg(handle));
    assert_int_equal(code, SQLITE_OK);
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

static void run(struct store_fixture *fixture, struct command command)
{
    store_fixture_run(fixture, 1, &command);
    assert_int_equal(command.answer.refusal, REFUSAL_NONE);
}

/* Bookings 1 pending, 2 confirmed by payment 1, 3 cancelled, 4 pending with payment 2 active,
 * 5 expired with payment 3 refunded; a lapsed and then rescued one is 6, by payment 4. */
static void make_history(struct store_fixture *fixture)
{
    (void)store_fixture_hold(fixture, "an", "A1 B1", 1);
    const struct booking sold = store_fixture_hold(fixture, "binh", "A2 B2", 2);
    const struct payment paid = store_fixture_pay(fixture, &sold, 3);
    run(fixture, turn_fixture_money(&paid, MONEY_PAID));
    const struct booking cancelled = store_fixture_hold(fixture, "chi", "A3", 4);
    run(fixture, turn_fixture_cancel("chi", cancelled.id));
    const struct booking paying = store_fixture_hold(fixture, "dung", "A4", 5);
    (void)store_fixture_pay(fixture, &paying, 6);
    const struct booking wrong = store_fixture_hold(fixture, "em", "A5", 7);
    const struct payment wrong_paid = store_fixture_pay(fixture, &wrong, 8);
    struct command too_little = turn_fixture_money(&wrong_paid, MONEY_PAID);
    too_little.amount--;
    run(fixture, too_little);
    const struct booking late = store_fixture_hold(fixture, "giang", "A6", 9);
    const struct payment late_paid = store_fixture_pay(fixture, &late, 10);
    const int64_t now_ms = fixture->now_ms;
    fixture->now_ms = late_paid.expires_at_ms;
    run(fixture, turn_fixture_expire(wrong.id));
    run(fixture, turn_fixture_expire(late.id));
    run(fixture, turn_fixture_money(&late_paid, MONEY_PAID));
    fixture->now_ms = now_ms;
}

/* Block 1 stands on B1 and B2, block 2 is released; booking 1 was refunded by hand, booking 2 is
 * sold and booking 3 held in showtime 2, which is cancelled just now. */
static void make_staff_history(struct store_fixture *fixture)
{
    struct staff_order order;
    (void)store_fixture_block(fixture, "staff", "B1 B2");
    const struct block released = store_fixture_block(fixture, "staff", "B3");
    run(fixture, turn_fixture_release("staff", released.id, &order));
    const struct booking sold = store_fixture_hold(fixture, "hoa", "B9", 11);
    const struct payment paid = store_fixture_sell(fixture, &sold, 12);
    run(fixture, turn_fixture_refund("staff", paid.id, 13, &order));
    run(fixture, turn_fixture_refund_done("staff", paid.id, "bank 1", &order));
    struct command hold = turn_fixture_hold("an", "A1", 14);
    hold.showtime = store_fixture_showtime(2);
    store_fixture_run(fixture, 2, &hold);
    fixture->now_ms += 1000;
    struct command cancel = turn_fixture_cancel_showtime("staff", "no light", &order);
    store_fixture_run(fixture, 2, &cancel);
}

static void an_empty_store_passes(void **state)
{
    struct store_fixture *fixture = *state;
    struct heard heard;
    const struct audit_counts counts = audit(fixture->path, &heard);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.showtimes, 2);
    assert_int_equal(counts.bookings, 0);
}

static void what_the_store_wrote_passes_while_it_runs(void **state)
{
    struct store_fixture *fixture = *state;
    make_history(fixture);
    store_fixture_begin(fixture);
    struct heard heard;
    const struct audit_counts counts = audit(fixture->path, &heard);
    store_fixture_rollback(fixture);
    if (heard.count > 0) print_error("%s\n", heard.sentences[0]);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(heard.count, 0);
    assert_int_equal(counts.bookings, 6);
    assert_int_equal(counts.claims, 6);
    assert_int_equal(counts.payments, 4);
    assert_int_equal(counts.keys, 10);
}

static void what_staff_did_passes_even_before_a_cancel_has_come_to_its_bookings(void **state)
{
    struct store_fixture *fixture = *state;
    make_staff_history(fixture);
    struct heard heard;
    const struct audit_counts counts = audit(fixture->path, &heard);
    if (heard.count > 0) print_error("%s\n", heard.sentences[0]);
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.claims, 3);
}

struct corruption {
    const char *sql;
    const char *sentence; /* Part of one that must be heard. */
};

static const struct corruption corruptions[] = {
    {"DELETE FROM seat_claim WHERE place=0", "Booking 1 does not have its seat A1: nobody has"},
    {"UPDATE seat_claim SET booking=1 WHERE place=1",
     "Booking 2 does not have its seat A2: booking 1 has"},
    {"UPDATE seat_claim SET booking=1 WHERE place=1",
     "Place 1 of showtime fe0000000000000000000001 is booking 1's, which does not list it"},
    {"UPDATE seat_claim SET state='booked' WHERE place=0",
     "Booking 1 is pending, but its seat A1 is booked"},
    {"UPDATE seat_claim SET state='held',held_until=1 WHERE place=1",
     "Booking 2 is confirmed, but its seat A2 is held"},
    {"UPDATE seat_claim SET held_until=held_until+1 WHERE place=0", "but holds its seat A1 until"},
    {"UPDATE seat_claim SET booking=77 WHERE place=0", "booking 77's, which does not exist"},
    {"INSERT INTO seat_claim VALUES(1,2,3,'held',1,NULL)",
     "is still booking 3's, which is cancelled"},
    {"INSERT INTO seat_claim VALUES(2,2,1,'held',1,NULL)", "is booking 1's, of another showtime"},
    {"INSERT INTO seat_claim VALUES(9,2,1,'held',1,NULL)",
     "Place 2 is claimed of showtime 9, which does not exist"},
    {"INSERT INTO seat_claim VALUES(1,29,1,'held',1,NULL)", "Place 29 of showtime"},
    {"UPDATE showtime SET available_seats=available_seats+1 WHERE number=1",
     "says 24 free seats, but 23 are"},
    {"INSERT INTO seat_claim VALUES(1,9,NULL,'blocked',NULL,1)", "says 23 free seats, but 22 are"},
    {"UPDATE showtime SET total_seats=30 WHERE number=2", "says 30 seats, its layout has 29"},
    {"UPDATE showtime SET layout=5 WHERE number=2", "has no seat layout"},
    {"UPDATE showtime SET price_vip=-1 WHERE number=2", "has a price that none can have"},
    {"UPDATE showtime SET version=-1 WHERE number=2", "has the version -1"},
    {"PRAGMA ignore_check_constraints=ON; UPDATE seat_layout SET rows=51",
     "Seat layout 1 has 51 rows of 10"},
    {"UPDATE showtime SET status='completed' WHERE number=1",
     "Booking 1 is pending, but its showtime is completed"},
    {"UPDATE booking SET status='confirmed' WHERE number=1",
     "Booking 1 is confirmed without a payment"},
    {"UPDATE booking SET status='cancelled' WHERE number=2",
     "Payment 1 is kept, but bought nothing: its booking is cancelled"},
    {"UPDATE booking SET payment=2 WHERE number=2",
     "Booking 2 is confirmed with payment 2, which is not its own"},
    {"UPDATE booking SET payment=99 WHERE number=2", "payment 99, which is not its own"},
    {"UPDATE payment SET paid_amount=paid_amount-1 WHERE number=1", "but its payment 1 paid"},
    {"UPDATE payment SET status='refund_due',refund_requested_at=1 WHERE number=1",
     "Payment 1 goes back, but its booking is still confirmed with it"},
    {"UPDATE payment SET status='refund_due',refund_requested_at=1 WHERE number=1",
     "Booking 2 is confirmed, but its payment 1 is not completed"},
    {"UPDATE payment SET status='completed',refund_requested_at=NULL WHERE number=3",
     "Payment 3 is kept, but bought nothing: its booking is expired"},
    {"UPDATE payment SET refund_requested_at=NULL WHERE number=3",
     "Payment 3 goes back, but refund_requested_at says otherwise"},
    {"UPDATE payment SET paid_at=NULL WHERE number=1", "Payment 1 was paid, but when is not said"},
    {"UPDATE payment SET paid_amount=5 WHERE number=2", "Payment 2 has money, but is not paid"},
    {"UPDATE payment SET amount=5 WHERE number=2", "Payment 2 asks for 5"},
    {"UPDATE payment SET booking=50 WHERE number=2",
     "Payment 2 is for booking 50, which does not exist"},
    {"UPDATE payment SET user='x' WHERE number=2", "Payment 2 is not its booking's user's"},
    {"UPDATE payment SET reason='mood' WHERE number=2", "Payment 2 has a value that no payment"},
    {"UPDATE booking SET total=total+1 WHERE number=1", "but its seats cost 210000"},
    {"UPDATE booking SET final=0 WHERE number=1", "210000 less 0 is not 0"},
    {"UPDATE booking SET code='BK-AAAAAAAA' WHERE number=1",
     "Booking 1 has the code BK-AAAAAAAA, but should have BK-"},
    {"UPDATE booking SET seats='[[\"C10\",\"couple\",210000]]' WHERE number=1",
     "lists seat C10, which its showtime does not have"},
    {"UPDATE booking SET seats='[[\"A1\",\"vip\",105000],[\"A1\",\"vip\",105000]]' WHERE number=1",
     "Booking 1 lists seat A1 twice"},
    {"UPDATE booking SET seats='nonsense' WHERE number=1",
     "Booking 1 has a value that no booking can have"},
    {"UPDATE booking SET showtime=9 WHERE number=1",
     "Booking 1 is of showtime 9, which does not exist"},
    {"UPDATE booking SET cancelled_at=NULL WHERE number=3",
     "Booking 3 is cancelled, but cancelled_at says otherwise"},
    {"UPDATE booking SET cancelled_at=5 WHERE number=1",
     "Booking 1 is not cancelled, but cancelled_at says otherwise"},
    {"UPDATE booking SET confirmed_at=NULL WHERE number=2",
     "Booking 2 is confirmed, but since when is not said"},
    {"INSERT INTO booking SELECT -4,showtime,user,code,'cancelled',seats,total,discount,final,"
     "held_at,first_expires_at,hold_expires_at,updated_at,NULL,1,NULL,NULL,NULL,0"
     " FROM booking WHERE number=1",
     "Booking -4 has a number that none can have"},
    {"UPDATE idempotency_1 SET booking=3 WHERE operation='hold' AND booking=1",
     "of user an names booking 3, which is not that user's"},
    {"UPDATE idempotency_1 SET payment=1 WHERE payment=2", "names payment 1"},
    {"INSERT INTO idempotency_0 SELECT * FROM idempotency_1 WHERE booking=1", "is kept twice"},
    {"UPDATE setting SET value=2 WHERE name='keys_table'", "keys_table and keys_day do not say"},
    {"DELETE FROM setting WHERE name='keys_day'", "keys_table and keys_day do not say"},
    {"PRAGMA ignore_check_constraints=ON; UPDATE booking SET status='lost' WHERE number=3",
     "Booking 3 has a value that no booking can have"},
    {"PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql='CREATE INDEX booking_user ON "
     "booking(code)' WHERE name='booking_user'",
     "The file is damaged: row 1 missing from index booking_user"},
};

static const struct corruption staff_corruptions[] = {
    {"UPDATE seat_claim SET block=9 WHERE place=10", "is blocked by block 9, which does not exist"},
    {"UPDATE block SET showtime=2 WHERE number=1",
     "which does not exist or is of another showtime"},
    {"UPDATE block SET showtime=9 WHERE number=2",
     "Block 2 is of showtime 9, which does not exist"},
    {"UPDATE seat_claim SET block=NULL WHERE place=10", "is blocked, but not by whom it should"},
    {"UPDATE seat_claim SET booking=1 WHERE place=10", "is blocked, but not by whom it should"},
    {"UPDATE seat_claim SET block=1 WHERE showtime=2", "is held, but not by whom it should"},
    {"UPDATE block SET released_at=1 WHERE number=1",
     "Block 1 is released, but place 10 is still blocked by it"},
    {"UPDATE block SET released_at=1 WHERE number=1", "Block 1 has 0 entries of its release"},
    {"UPDATE block SET released_at=NULL WHERE number=2", "Block 2 does not have its seat B3"},
    {"UPDATE block SET released_at=NULL WHERE number=2", "Block 2 lists 1 seats, but has 0"},
    {"UPDATE block SET seats='[\"B1\",\"C10\"]' WHERE number=1",
     "Block 1 lists seat C10, which its showtime does not have"},
    {"UPDATE block SET seats='[1]' WHERE number=1", "Block 1 has seats that no block can have"},
    {"DELETE FROM seat_claim WHERE place=11", "Block 1 does not have its seat B2"},
    {"UPDATE seat_claim SET block=2 WHERE place=11", "Block 1 does not have its seat B2"},
    {"UPDATE showtime SET cancelled_at=NULL WHERE number=2", "but cancelled_at says otherwise"},
    {"UPDATE showtime SET cancelled_at=5 WHERE number=1", "but cancelled_at says otherwise"},
    {"UPDATE booking SET held_at=held_at+100000 WHERE number=2",
     "Booking 2 was pending after its showtime was cancelled"},
    {"UPDATE booking SET status='confirmed',confirmed_at=held_at+100000 WHERE number=2",
     "Booking 2 was confirmed after its showtime was cancelled"},
    {"UPDATE booking SET status='expired',cancelled_at=NULL WHERE number=1",
     "Payment 1 goes back at the staff's request, but its booking is expired"},
    {"UPDATE payment SET reason='showtime_cancelled'",
     "Payment 1 goes back for a cancelled showtime, which is scheduled"},
    {"UPDATE payment SET refund_done_at=NULL", "Payment 1 is refunded, but refund_done_at says"},
    {"UPDATE payment SET status='refund_due',refund_done_at=NULL",
     "Payment 1 is refund_due, but has the reference of a refund"},
    {"DELETE FROM journal WHERE action='block.create'", "Block 2 has 0 entries of its making"},
    {"DELETE FROM journal WHERE action='payment.refund'",
     "Payment 1 has 0 entries of its refund in"},
    {"INSERT INTO journal SELECT NULL,at,actor,role,action,subject,detail FROM journal"
     " WHERE action='payment.refund'",
     "Payment 1 has 2 entries of its refund in"},
    {"DELETE FROM journal WHERE action='payment.refund_done'",
     "Payment 1 has 0 entries of its refund by"},
    {"DELETE FROM journal WHERE action='showtime.cancel'", "has 0 entries of its cancel"},
};

static bool was_heard(const struct heard *heard, const char *part)
{
    for (size_t index = 0; index < heard->count; index++) {
        if (strstr(heard->sentences[index], part) != NULL) return true;
    }
    return false;
}

static void assert_found(void (*make)(struct store_fixture *), const struct corruption *table,
                         size_t count)
{
    for (size_t index = 0; index < count; index++) {
        const struct corruption *corruption = &table[index];
        void *opened = NULL;
        assert_int_equal(store_fixture_setup(&opened), 0);
        struct store_fixture *fixture = opened;
        make(fixture);
        run_sql(fixture->path, corruption->sql);
        struct heard heard;
        const struct audit_counts counts = audit(fixture->path, &heard);
        const bool found = was_heard(&heard, corruption->sentence);
        if (!found) {
            print_error("not found: %s\n", corruption->sql);
            for (size_t line = 0; line < heard.count; line++) {
                print_error("  %s\n", heard.sentences[line]);
            }
        }
        assert_true(found);
        assert_true(counts.violations > 0);
        assert_int_equal(store_fixture_teardown(&opened), 0);
    }
}

static void every_broken_rule_is_found(void **state)
{
    (void)state;
    assert_found(make_history, corruptions, sizeof corruptions / sizeof corruptions[0]);
}

static void every_broken_rule_of_the_staff_is_found(void **state)
{
    (void)state;
    assert_found(make_staff_history, staff_corruptions,
                 sizeof staff_corruptions / sizeof staff_corruptions[0]);
}

static void a_rule_broken_often_is_told_shortly(void **state)
{
    struct store_fixture *fixture = *state;
    make_history(fixture);
    run_sql(fixture->path,
            "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i+1 FROM n WHERE i<149)"
            " INSERT INTO seat_claim SELECT 1,i,1,'held',1,NULL FROM n");
    struct heard heard;
    const struct audit_counts counts = audit(fixture->path, &heard);
    assert_int_equal(counts.violations, 51); /* The free seats are counted wrong, too. */
    assert_int_equal(heard.count, 1 + AUDIT_LISTED_MAX + 1);
    assert_string_equal(heard.sentences[heard.count - 1], "and 30 more of this kind");
}

static void a_file_that_is_not_there_cannot_be_audited(void **state)
{
    (void)state;
    struct heard heard;
    struct audit_counts counts;
    struct database_reason reason;
    assert_int_equal(audit_run("/nowhere/usher.db", hear, &heard, &counts, &reason),
                     ERROR_STORE_UNAVAILABLE);
    assert_non_null(strstr(reason.text, "/nowhere/usher.db cannot be opened"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STORE_TEST(an_empty_store_passes),
        STORE_TEST(what_the_store_wrote_passes_while_it_runs),
        STORE_TEST(what_staff_did_passes_even_before_a_cancel_has_come_to_its_bookings),
        cmocka_unit_test(every_broken_rule_is_found),
        cmocka_unit_test(every_broken_rule_of_the_staff_is_found),
        STORE_TEST(a_rule_broken_often_is_told_shortly),
        cmocka_unit_test(a_file_that_is_not_there_cannot_be_audited),
    };
    char *arguments[] = {(char[]){"test_audit"}, (char[]){"sqlite"}};
    if (!store_fixture_choose(2, arguments)) return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
