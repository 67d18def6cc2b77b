/* The contract of ports/staff_reader.h. Every adapter passes this file: run as
 * `test_staff_reader sqlite` or `test_staff_reader memory`. */
#include "support/unit.h"

#include "contract/store_assert.h"
#include "contract/store_fixture.h"

enum { FOUND_MAX = 20 };

/* The bookings of all pages of a query, by pages of two. */
static size_t find_bookings(struct store_fixture *fixture, struct staff_booking_query query,
                            struct booking *found)
{
    const struct staff_reader *reader = &fixture->staff_reader;
    size_t total = 0;
    query.page.limit = 2;
    do {
        size_t count = 0;
        assert_true(total + 2 <= FOUND_MAX);
        assert_int_equal(reader->methods->list_bookings(reader->context, &query, found + total,
                                                        &count, &query.page.after),
                         ERROR_NONE);
        total += count;
    } while (!id_is_none(query.page.after));
    return total;
}

static void bookings_are_found_by_each_of_their_marks_newest_first(void **state)
{
    struct store_fixture *fixture = *state;
    struct booking made[5];
    made[0] = store_fixture_hold(fixture, "an", "A1", 1);
    made[1] = store_fixture_hold(fixture, "binh", "A2", 1);
    made[2] = store_fixture_hold(fixture, "an", "A3", 2);
    struct command elsewhere = turn_fixture_hold("an", "A1", 3);
    elsewhere.showtime = store_fixture_showtime(2);
    store_fixture_run(fixture, 2, &elsewhere);
    made[3] = elsewhere.answer.booking;
    struct command cancel = turn_fixture_cancel("an", made[2].id);
    store_fixture_run(fixture, 1, &cancel);
    made[4] = store_fixture_hold(fixture, "an", "A4", 4);

    struct booking found[FOUND_MAX];
    struct staff_booking_query query = {.any_status = true};
    assert_int_equal(find_bookings(fixture, query, found), 5);
    for (size_t index = 0; index < 5; index++) {
        assert_true(id_equal(found[index].id, made[4 - index].id));
    }
    store_assert_booking(&found[0], &made[4]);
    query.user = user_of(SLICE("an"));
    assert_int_equal(find_bookings(fixture, query, found), 4);
    query.showtime = store_fixture_showtime(1);
    assert_int_equal(find_bookings(fixture, query, found), 3);
    query.any_status = false;
    query.status = BOOKING_PENDING;
    assert_int_equal(find_bookings(fixture, query, found), 2);
    assert_true(id_equal(found[1].id, made[0].id));
    query.user = (struct user){0};
    assert_int_equal(find_bookings(fixture, query, found), 3);
    query.showtime = (struct id){0};
    query.status = BOOKING_CANCELLED;
    assert_int_equal(find_bookings(fixture, query, found), 1);
    assert_true(id_equal(found[0].id, made[2].id));
}

static void a_code_leads_to_its_one_booking(void **state)
{
    struct store_fixture *fixture = *state;
    const struct booking first = store_fixture_hold(fixture, "an", "A1", 1);
    const struct booking second = store_fixture_hold(fixture, "an", "A2", 2);
    struct booking found[FOUND_MAX];
    struct staff_booking_query query = {.has_code = true, .code = first.code, .any_status = true};
    assert_int_equal(find_bookings(fixture, query, found), 1);
    assert_true(id_equal(found[0].id, first.id));
    query.user = user_of(SLICE("binh"));
    assert_int_equal(find_bookings(fixture, query, found), 0);
    query.user = (struct user){0};
    query.page.after = first.id; /* Behind the only one. */
    assert_int_equal(find_bookings(fixture, query, found), 0);
    query.page.after = second.id;
    assert_int_equal(find_bookings(fixture, query, found), 1);
    query.code.letters[0] = query.code.letters[0] == 'A' ? 'B' : 'A';
    query.page.after = (struct id){0};
    assert_int_equal(find_bookings(fixture, query, found), 0);
}

static size_t find_refunds(struct store_fixture *fixture, struct staff_refund_query query,
                           struct payment *found)
{
    const struct staff_reader *reader = &fixture->staff_reader;
    size_t total = 0;
    query.page.limit = 1;
    do {
        size_t count = 0;
        assert_int_equal(reader->methods->list_refunds(reader->context, &query, found + total,
                                                       &count, &query.page.after),
                         ERROR_NONE);
        total += count;
    } while (!id_is_none(query.page.after));
    return total;
}

static void refunds_are_listed_by_where_they_are(void **state)
{
    struct store_fixture *fixture = *state;
    struct staff_order order;
    struct payment paid[3];
    static const char *const seats[] = {"A1", "A2", "A3"};
    for (uint64_t index = 0; index < 3; index++) {
        const struct booking held = store_fixture_hold(fixture, "an", seats[index], 10 + index);
        paid[index] = store_fixture_sell(fixture, &held, 20 + index);
    }
    for (uint64_t index = 0; index < 2; index++) {
        struct command refund = turn_fixture_refund("staff", paid[index].id, 30 + index, &order);
        store_fixture_run(fixture, 1, &refund);
    }
    struct command done = turn_fixture_refund_done("staff", paid[0].id, "bank 1", &order);
    store_fixture_run(fixture, 1, &done);

    struct payment found[FOUND_MAX];
    struct staff_refund_query query = {.any_status = true};
    assert_int_equal(find_refunds(fixture, query, found), 2);
    assert_true(id_equal(found[0].id, paid[1].id));
    store_assert_payment(&found[1], &done.answer.payment);
    query = (struct staff_refund_query){.status = PAYMENT_REFUND_DUE};
    assert_int_equal(find_refunds(fixture, query, found), 1);
    assert_true(id_equal(found[0].id, paid[1].id));
    query.status = PAYMENT_REFUNDED;
    assert_int_equal(find_refunds(fixture, query, found), 1);
    query.status = PAYMENT_REFUND_FAILED;
    assert_int_equal(find_refunds(fixture, query, found), 0);
}

/* The journal's lines by pages of at most `limit`, with a memory of `size` for each page. */
static size_t find_lines(struct store_fixture *fixture, struct staff_journal_query query,
                         size_t limit, size_t size, struct journal_line *found)
{
    static _Alignas(16) char block[FOUND_MAX][4096];
    const struct staff_reader *reader = &fixture->staff_reader;
    size_t total = 0;
    query.page.limit = limit;
    do {
        struct arena arena;
        arena_init(&arena, block[total], size);
        size_t count = 0;
        assert_int_equal(reader->methods->list_journal(reader->context, &query, &arena,
                                                       found + total, &count, &query.page.after),
                         ERROR_NONE);
        total += count;
    } while (!id_is_none(query.page.after));
    return total;
}

static void the_journal_is_told_newest_first_of_one_or_of_all(void **state)
{
    struct store_fixture *fixture = *state;
    struct staff_order order;
    const struct block first = store_fixture_block(fixture, "mai", "B1");
    fixture->now_ms += 1000;
    struct command release = turn_fixture_release("nam", first.id, &order);
    order.role = STAFF_ROLE_ADMIN;
    store_fixture_run(fixture, 1, &release);
    fixture->now_ms += 1000;
    const struct block last = store_fixture_block(fixture, "mai", "B2");

    struct journal_line found[FOUND_MAX];
    struct staff_journal_query query = {0};
    assert_int_equal(find_lines(fixture, query, 1, 4096, found), 3);
    assert_true(id_equal(found[0].subject, last.id));
    assert_slice_equal(found[0].action, SLICE("block.create"));
    assert_int_equal(found[0].at_ms, fixture->now_ms);
    assert_slice_equal(found[0].detail, SLICE("rehearsal"));
    assert_slice_equal(found[1].action, SLICE("block.release"));
    assert_slice_equal(found[1].role, SLICE("admin"));
    assert_slice_equal(user_name(&found[1].actor), SLICE("nam"));
    assert_int_equal(found[1].detail.size, 0);
    query.since_ms = fixture->now_ms - 1500;
    assert_int_equal(find_lines(fixture, query, 1, 4096, found), 2);
    query.actor = user_of(SLICE("mai"));
    assert_int_equal(find_lines(fixture, query, 1, 4096, found), 1);
    query.since_ms = 0;
    assert_int_equal(find_lines(fixture, query, 1, 4096, found), 2);
    assert_true(id_equal(found[1].subject, first.id));
}

static void a_page_of_the_journal_ends_where_its_memory_does(void **state)
{
    struct store_fixture *fixture = *state;
    static const char *const seats[] = {"B1", "B2", "B3"};
    for (size_t index = 0; index < 3; index++) {
        (void)store_fixture_block(fixture, "mai", seats[index]);
    }
    struct journal_line found[FOUND_MAX];
    const struct staff_journal_query query = {0};
    assert_int_equal(find_lines(fixture, query, 3, 64, found), 3);
    const struct staff_reader *reader = &fixture->staff_reader;
    struct arena none;
    size_t count = 0;
    struct id next;
    char block[1];
    arena_init(&none, block, sizeof block);
    const struct staff_journal_query all = {.page.limit = 3};
    assert_int_equal(
        reader->methods->list_journal(reader->context, &all, &none, found, &count, &next),
        ERROR_OVERLOADED);
}

static size_t find_blocks(struct store_fixture *fixture, uint32_t showtime, struct block *found)
{
    const struct staff_reader *reader = &fixture->staff_reader;
    struct staff_block_query query = {.showtime = store_fixture_showtime(showtime),
                                      .page.limit = 1};
    size_t total = 0;
    do {
        size_t count = 0;
        assert_int_equal(reader->methods->list_blocks(reader->context, &query, found + total,
                                                      &count, &query.page.after),
                         ERROR_NONE);
        total += count;
    } while (!id_is_none(query.page.after));
    return total;
}

static void blocks_that_stand_are_listed_of_their_showtime(void **state)
{
    struct store_fixture *fixture = *state;
    struct staff_order order;
    const struct block first = store_fixture_block(fixture, "mai", "B1 B2");
    const struct block second = store_fixture_block(fixture, "mai", "B3");
    const struct block third = store_fixture_block(fixture, "mai", "B4");
    struct command release = turn_fixture_release("mai", second.id, &order);
    store_fixture_run(fixture, 1, &release);
    struct block found[FOUND_MAX];
    assert_int_equal(find_blocks(fixture, 1, found), 2);
    store_assert_block(&found[0], &third);
    store_assert_block(&found[1], &first);
    assert_int_equal(find_blocks(fixture, 2, found), 0);
    assert_int_equal(find_blocks(fixture, 99, found), 0);
}

static void a_cursor_of_another_list_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    const struct staff_reader *reader = &fixture->staff_reader;
    const struct booking held = store_fixture_hold(fixture, "an", "A1", 1);
    const struct staff_page page = {.after = turn_fixture_id(5), .limit = 1};
    const struct staff_page foreign = {.after = held.id, .limit = 1};
    struct booking bookings[1];
    struct payment payments[1];
    struct journal_line lines[1];
    struct arena arena = {0};
    struct block blocks[1];
    size_t count = 0;
    struct id next;
    const struct staff_booking_query booking = {.any_status = true, .page = page};
    const struct staff_refund_query refund = {.any_status = true, .page = foreign};
    const struct staff_journal_query entry = {.page = foreign};
    const struct staff_block_query block = {.showtime = held.showtime, .page = foreign};
    assert_int_equal(
        reader->methods->list_bookings(reader->context, &booking, bookings, &count, &next),
        ERROR_NOT_FOUND);
    assert_int_equal(
        reader->methods->list_refunds(reader->context, &refund, payments, &count, &next),
        ERROR_NOT_FOUND);
    assert_int_equal(
        reader->methods->list_journal(reader->context, &entry, &arena, lines, &count, &next),
        ERROR_NOT_FOUND);
    assert_int_equal(reader->methods->list_blocks(reader->context, &block, blocks, &count, &next),
                     ERROR_NOT_FOUND);
}

int main(int argument_count, char **arguments)
{
    static const struct CMUnitTest tests[] = {
        STORE_TEST(bookings_are_found_by_each_of_their_marks_newest_first),
        STORE_TEST(a_code_leads_to_its_one_booking),
        STORE_TEST(refunds_are_listed_by_where_they_are),
        STORE_TEST(a_page_of_the_journal_ends_where_its_memory_does),
        STORE_TEST(the_journal_is_told_newest_first_of_one_or_of_all),
        STORE_TEST(blocks_that_stand_are_listed_of_their_showtime),
        STORE_TEST(a_cursor_of_another_list_is_refused),
    };
    if (!store_fixture_choose(argument_count, arguments)) return 2;
    return cmocka_run_group_tests_name(arguments[1], tests, NULL, NULL);
}
