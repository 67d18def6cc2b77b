/* Lines of an export: each kind of record reads and writes the same, and what is wrong is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/move/move_check.h"
#include "store/move/move_line.h"

enum { MEMORY_SIZE = 4 * 1024 * 1024 };

#define UUID "00000000-0000-4000-8000-000000000001"
#define HASH "2222222222222222222222222222222222222222222222222222222222222222"
#define PLAN \
    "\"plan\":{\"rows\":1,\"cols\":4,\"places\":\"sv-c\",\"aisles_after\":[2],\"accessible\":[0]}"
#define SHOWTIME(status, available) \
    "{\"showtime\":{\"id\":\"555555555555555555555555\",\"movie\":\"aaaaaaaaaaaaaaaaaaaaaaaa\"," \
    "\"cinema\":\"cccccccccccccccccccccccc\",\"screen_id\":\"S1\",\"timezone\":\"UTC\"," \
    "\"starts_at\":1,\"ends_at\":2,\"prices\":[1,2,3],\"status\":\"" status "\",\"version\":7," \
    "\"available\":" available "," PLAN "}}"
#define BOOKING(id, status, seat) \
    "{\"booking\":{\"id\":\"" id "\",\"showtime\":\"555555555555555555555555\"," \
    "\"code\":\"BK-ABCDEFG1\",\"user\":\"u\",\"status\":\"" status "\",\"seats\":[[\"" seat \
    "\",\"vip\",2]],\"total\":2,\"discount\":0,\"final\":2,\"held_at\":1,\"first_expires_at\":2," \
    "\"hold_expires_at\":2,\"updated_at\":1,\"had_payment\":false,\"key\":\"" UUID \
    "\",\"fingerprint\":\"" HASH "\"}}"
#define PAYMENT(booking, amount) \
    "{\"payment\":{\"id\":\"dddddddddddddddddddddddd\",\"booking\":\"" booking \
    "\",\"user\":\"u\"," \
    "\"method\":\"momo\",\"status\":\"refund_due\",\"reason\":\"seats_taken\",\"amount\":" amount \
    ",\"paid_amount\":2,\"paid_currency\":\"EUR\",\"alias\":\"" UUID \
    "\",\"payment_url\":\"https://g.example/1\",\"created_at\":1,\"updated_at\":1," \
    "\"expires_at\":9,\"paid_at\":3,\"refund_requested_at\":4,\"operation\":\"confirm\"}}"
#define NAMING(booking, field, payment) \
    with(booking, "\"had_payment\"", "\"" field "\":\"" payment "\",\"had_payment\"")
#define P1 "dddddddddddddddddddddddd"
#define P2 "d2dddddddddddddddddddddd"
#define B1 "b1bbbbbbbbbbbbbbbbbbbbbb"
#define B2 "b2bbbbbbbbbbbbbbbbbbbbbb"

static const char *const lines[] = {
    "{\"usher_export\":{\"format\":1,\"usher\":\"0.1.0\",\"made_at\":5,\"store\":\"embedded\","
    "\"seal_key\":\"00112233445566778899aabbccddeeff\"}}",
    "{\"movie\":{\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaa\",\"title\":\"M\",\"duration\":90,"
    "\"genres\":[\"Drama\"],\"status\":\"ended\"}}",
    "{\"cinema\":{\"id\":\"cccccccccccccccccccccccc\",\"name\":\"n\",\"is_active\":true,"
    "\"timezone\":\"UTC\",\"screens\":[{\"screen_id\":\"S1\",\"name\":\"s\",\"type\":\"imax\","
    "\"total_seats\":3," PLAN "}]}}",
    SHOWTIME("scheduled", "2"),
    BOOKING(B1, "pending", "A2"),
    PAYMENT(B1, "2"),
    "{\"block\":{\"id\":\"ffffffffffffffffffffffff\",\"showtime\":\"555555555555555555555555\","
    "\"seats\":[\"A4\",\"A1\"],\"reason\":\"desk\",\"created_by\":\"s\",\"created_at\":1,"
    "\"released_at\":2}}",
    "{\"key\":{\"key\":\"" UUID "\",\"user\":\"u\",\"operation\":\"refund\",\"fingerprint\":\"" HASH
    "\",\"booking\":\"" B1 "\",\"payment\":\"dddddddddddddddddddddddd\",\"created\":true,"
    "\"created_at\":1}}",
    "{\"entry\":{\"at\":1,\"actor\":\"s\",\"role\":\"staff\",\"action\":\"block.create\","
    "\"subject\":\"ffffffffffffffffffffffff\",\"detail\":\"desk\"}}",
    "{\"end\":{\"counts\":{\"movie\":1,\"cinema\":1,\"showtime\":1,\"booking\":1,\"payment\":1,"
    "\"block\":1,\"key\":1,\"entry\":1},\"head\":\"" HASH "\",\"lines\":\"" HASH "\"}}",
};

enum { LINE_COUNT = sizeof lines / sizeof *lines };

static char memory[MEMORY_SIZE];
static struct move_record record;

static bool read_line(const char *line, struct move_reason *ret_reason)
{
    static struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    return move_line_read(slice_of(line), &arena, &record, ret_reason);
}

static void every_record_reads_and_writes_the_same(void **state)
{
    (void)state;
    for (size_t index = 0; index < LINE_COUNT; index++) {
        static char text[8192];
        struct buffer buffer;
        struct move_reason reason = {""};
        if (!read_line(lines[index], &reason)) fail_msg("%s: %s", lines[index], reason.text);
        assert_int_equal(record.kind, index);
        buffer_init(&buffer, text, sizeof text - 1);
        move_line_write(&buffer, &record);
        text[buffer.size] = '\0';
        assert_string_equal(text, lines[index]);
    }
    assert_int_equal(LINE_COUNT, MOVE_KIND_COUNT);
}

/* The line with one part replaced; until some lines later. */
static const char *with(const char *line, const char *old, const char *new)
{
    static char texts[16][8192];
    static size_t next;
    char *text = texts[next++ % 16];
    const char *at = strstr(line, old);
    assert_non_null(at);
    (void)snprintf(text, sizeof texts[0], "%.*s%s%s", (int)(at - line), line, new,
                   at + strlen(old));
    return text;
}

static void expect_refusal(const char *line, const char *old, const char *new, const char *why)
{
    struct move_reason reason = {""};
    const char *text = with(line, old, new);
    assert_false(read_line(text, &reason));
    if (strstr(reason.text, why) == NULL) fail_msg("%s: %s, not %s", text, reason.text, why);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    const char *const booking = lines[MOVE_BOOKING];
    expect_refusal(booking, "booking", "bookings", "no record that this usher knows");
    expect_refusal(booking, "{\"booking\"", "[\"booking\"", "no JSON");
    expect_refusal(booking, "\"pending\"", "\"sold\"", "booking: \"status\" has a value");
    expect_refusal(booking, "\"pending\"", "7", "booking: \"status\" has a value");
    expect_refusal(booking, "BK-ABCDEFG1", "BK-ABCDEFG", "booking: \"code\" has a value");
    expect_refusal(booking, "\"held_at\":1,", "", "booking: \"held_at\" is missing");
    expect_refusal(booking, "\"held_at\":1", "\"held_at\":-1", "booking: \"held_at\" has a value");
    expect_refusal(booking, "\"held_at\":1", "\"held_at\":1.5", "booking: \"held_at\" has a value");
    expect_refusal(booking, "\"user\"", "\"more\":1,\"user\"", "booking: \"more\" is not known");
    expect_refusal(booking, "\"user\":\"u\"", "\"user\":\"\"", "booking: \"user\" has a value");
    expect_refusal(booking, "[[\"A2\"", "[[\"2A\"", "booking: \"seats\" has a value");
    expect_refusal(booking, "\"vip\",2]", "\"vip\"]", "booking: \"seats\" has a value");
    expect_refusal(booking, "[[\"A2\",\"vip\",2]]", "[]", "booking: \"seats\" has a value");
    expect_refusal(booking, UUID, "1" UUID, "booking: \"key\" has a value");
    expect_refusal(booking, HASH, "22", "booking: \"fingerprint\" has a value");
    expect_refusal(lines[MOVE_HEAD], "00112233", "0011", "\"seal_key\" has a value");
    expect_refusal(lines[MOVE_SHOWTIME], "sv-c", "sv-", "showtime: \"plan\" has a value");
    expect_refusal(lines[MOVE_SHOWTIME], "sv-c", "svxc", "showtime: \"plan\" has a value");
    expect_refusal(lines[MOVE_SHOWTIME], "[0]", "[4]", "showtime: \"plan\" has a value");
    expect_refusal(lines[MOVE_SHOWTIME], "[1,2,3]", "[1,2]", "showtime: \"prices\" has a value");
    expect_refusal(lines[MOVE_END], "\"entry\":1", "\"entri\":1", "end: \"counts\" has a value");
}

/* The lines one behind the other; NULL ends them. The last one is refused, if it says why. */
static void expect_together(const char *const *together, const char *why)
{
    struct move_check check;
    struct move_reason reason = {""};
    assert_true(move_check_open(&check));
    bool goes = true;
    for (; goes && *together != NULL; together++) {
        assert_true(read_line(*together, &reason));
        goes = move_check_next(&check, &record, &reason);
    }
    move_check_close(&check);
    assert_null(*together);
    if (goes != (why == NULL)) fail_msg("%s", goes ? why : reason.text);
    if (why != NULL && strstr(reason.text, why) == NULL) fail_msg("%s, not %s", reason.text, why);
}

#define TOGETHER(why, ...) \
    expect_together((const char *const[]){lines[MOVE_HEAD], __VA_ARGS__, NULL}, why)

static void records_that_make_no_store_are_refused(void **state)
{
    (void)state;
    const char *const showtime = lines[MOVE_SHOWTIME];
    TOGETHER(NULL, showtime, lines[MOVE_BOOKING], lines[MOVE_PAYMENT], lines[MOVE_BLOCK],
             lines[MOVE_KEY], lines[MOVE_ENTRY], lines[MOVE_END]);
    TOGETHER("may not stand here", lines[MOVE_BOOKING]);
    TOGETHER("may not stand here", showtime, lines[MOVE_BLOCK], lines[MOVE_BOOKING]);
    TOGETHER("may not stand here", showtime, lines[MOVE_MOVIE]);
    TOGETHER("may not stand here", showtime, lines[MOVE_PAYMENT]);
    TOGETHER("seat A2 is taken already", showtime, BOOKING(B1, "pending", "A2"),
             BOOKING(B2, "pending", "A2"));
    TOGETHER(NULL, showtime, BOOKING(B1, "expired", "A2"), BOOKING(B2, "pending", "A2"),
             lines[MOVE_END]);
    TOGETHER("no seat A3", showtime, BOOKING(B1, "pending", "A3"));
    TOGETHER("without a \"payment\"", showtime, BOOKING(B1, "confirmed", "A2"));
    TOGETHER("another booking", showtime, BOOKING(B1, "pending", "A2"), PAYMENT(B2, "2"));
    TOGETHER("does not fit its booking", showtime, BOOKING(B1, "pending", "A2"), PAYMENT(B1, "3"));
    TOGETHER("says that 2 seats are free, but its bookings and blocks leave 3", showtime,
             lines[MOVE_END]);
    TOGETHER("\"cancelled_at\" does not fit", SHOWTIME("cancelled", "3"));
}

static void a_booking_and_its_payments_fit_together(void **state)
{
    (void)state;
    const char *const showtime = lines[MOVE_SHOWTIME];
    const char *const sold = NAMING(BOOKING(B1, "confirmed", "A2"), "payment", P1);
    const char *const held = NAMING(BOOKING(B1, "pending", "A2"), "active_payment", P1);
    const char *const back = NAMING(BOOKING(B1, "cancelled", "A2"), "payment", P1);
    const char *const due = PAYMENT(B1, "2");
    const char *const kept = with(due, "refund_due", "completed");
    const char *const other = with(due, P1, P2);
    const char *const end = lines[MOVE_END];
    TOGETHER(NULL, showtime, sold, kept, other, end);
    TOGETHER(NULL, showtime, sold, other, kept, end);
    TOGETHER(NULL, showtime, held, other, due, end);
    TOGETHER(NULL, SHOWTIME("scheduled", "3"), back, due, end);
    TOGETHER("names a payment that does not follow", showtime, sold, end);
    TOGETHER("names a payment that does not follow", showtime, sold, other, end);
    TOGETHER("names a payment that does not follow", showtime, held, lines[MOVE_BLOCK]);
    TOGETHER("names a payment that does not follow", SHOWTIME("scheduled", "3"), back,
             BOOKING(B2, "pending", "A2"));
    TOGETHER("confirmed with it, but it is not completed", showtime, sold, due);
    TOGETHER("completed, but its booking is not confirmed with it", showtime, sold, kept,
             with(kept, P1, P2));
    TOGETHER("completed, but its booking is not confirmed with it", showtime, held, kept);
    TOGETHER("completed, but its booking is not confirmed with it", showtime, back, kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_reads_and_writes_the_same),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(records_that_make_no_store_are_refused),
        cmocka_unit_test(a_booking_and_its_payments_fit_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
