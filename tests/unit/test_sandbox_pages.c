#include "support/unit.h"

#include "gateway/sandbox.h"
#include "http/sandbox_pages.h"
#include "http/sandbox_view.h"
#include "support/fake_exchange.h"

#define NOW_MS INT64_C(1700000000000)
#define REFERENCE "TXN_MOMO_0102030405060708090a0b0c"

/* A house with a sandbox and one payment, by MoMo. */
struct fixture {
    struct house house;
    struct desk desk;
    struct payment payment;
    struct booking booking;
    struct fake_exchange *exchange;
    char page[SANDBOX_VIEW_SIZE_MAX];
};

/* In the place of gateway/sandbox.c. */
static struct {
    bool full;
    uint32_t sent;
    struct sandbox_report report;
} gateway;

bool sandbox_send(struct sandbox *sandbox, const struct sandbox_report *report, int64_t now_ms)
{
    (void)sandbox;
    assert_int_equal(now_ms, NOW_MS);
    if (gateway.full) return false;
    gateway.sent++;
    gateway.report = *report;
    return true;
}

static enum error find_payment(void *context, const struct payment_query *query,
                               struct payment *ret_payment, struct id *ret_showtime,
                               uint64_t *ret_version)
{
    const struct fixture *fixture = context;
    if (!id_equal(query->id, fixture->payment.id)) return ERROR_PAYMENT_NOT_FOUND;
    *ret_payment = fixture->payment;
    *ret_showtime = fixture->booking.showtime;
    *ret_version = 5;
    return ERROR_NONE;
}

static enum error find_booking(void *context, struct id id, enum consistency consistency,
                               struct booking *ret_booking, uint64_t *ret_version)
{
    const struct fixture *fixture = context;
    (void)consistency;
    if (!id_equal(id, fixture->booking.id)) return ERROR_BOOKING_NOT_FOUND;
    *ret_booking = fixture->booking;
    *ret_version = 5;
    return ERROR_NONE;
}

static const struct reader_methods reader = {.find_payment = find_payment,
                                             .find_booking = find_booking};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->house.sandbox = (struct sandbox *)fixture; /* Only looked at for NULL. */
    fixture->desk =
        (struct desk){.house = &fixture->house, .reader = {.context = fixture, .methods = &reader}};
    assert_true(id_parse(SLICE("aaaaaaaaaaaaaaaaaaaaaaaa"), &fixture->booking.id));
    assert_true(code_parse(SLICE("BK-AB12CD34"), &fixture->booking.code));
    fixture->booking.seat_count = 2;
    fixture->booking.seats[0].name = (struct seat_name){.row = 0, .col = 1};
    fixture->booking.seats[1].name = (struct seat_name){.row = 49, .col = 50};
    fixture->booking.hold_expires_at_ms = NOW_MS + 600000;
    assert_true(id_parse(SLICE("0102030405060708090a0b0c"), &fixture->payment.id));
    fixture->payment.booking = fixture->booking.id;
    fixture->payment.method = PAYMENT_MOMO;
    fixture->payment.amount = 1234567;
    fixture->payment.updated_at_ms = NOW_MS - 60000;
    fixture->payment.expires_at_ms = NOW_MS + 8 * 60000 + 1;
    gateway.full = false;
    gateway.sent = 0;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    free(fixture->exchange);
    free(fixture);
    return 0;
}

static int show(struct fixture *fixture, struct slice provider, struct slice transaction,
                struct slice query)
{
    free(fixture->exchange);
    fixture->exchange = fake_exchange_new(METHOD_GET, SLICE("/sandbox"), SLICE(""));
    fixture->exchange->exchange.query = query;
    sandbox_pages_show(&fixture->desk, &fixture->exchange->exchange, provider, transaction, NOW_MS);
    assert_true(fixture->exchange->answered);
    return fixture->exchange->status;
}

static int act(struct fixture *fixture, struct slice accept, struct slice form)
{
    free(fixture->exchange);
    fixture->exchange = fake_exchange_new(METHOD_POST, SLICE("/sandbox"), form);
    if (accept.size > 0) fake_exchange_header(fixture->exchange, SLICE("accept"), accept);
    sandbox_pages_act(&fixture->desk, &fixture->exchange->exchange, SLICE("momo"), SLICE(REFERENCE),
                      NOW_MS);
    assert_true(fixture->exchange->answered);
    return fixture->exchange->status;
}

static bool has(struct slice text, const char *part)
{
    return text.size > 0 && memmem(text.data, text.size, part, strlen(part)) != NULL;
}

static struct slice view(struct fixture *fixture, int64_t sent_at_ms)
{
    struct buffer buffer;
    buffer_init(&buffer, fixture->page, sizeof fixture->page);
    sandbox_view_append(&buffer, &(struct sandbox_view){.payment = &fixture->payment,
                                                        .booking = &fixture->booking,
                                                        .now_ms = NOW_MS,
                                                        .sent_at_ms = sent_at_ms,
                                                        .nonce = SLICE("n0nce")});
    assert_false(buffer.overflowed);
    return buffer_text(&buffer);
}

static void without_a_sandbox_there_is_no_page(void **state)
{
    struct fixture *fixture = *state;
    fixture->house.sandbox = NULL;
    assert_int_equal(show(fixture, SLICE("momo"), SLICE(REFERENCE), SLICE("")), 404);
    assert_int_equal(act(fixture, SLICE(""), SLICE("action=pay")), 404);
    assert_int_equal(gateway.sent, 0);
}

static void only_the_payments_own_address_shows_it(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(show(fixture, SLICE("momo"), SLICE(REFERENCE), SLICE("")), 200);
    assert_int_equal(show(fixture, SLICE("card"), SLICE(REFERENCE), SLICE("")), 404);
    assert_int_equal(
        show(fixture, SLICE("card"), SLICE("TXN_CARD_0102030405060708090a0b0c"), SLICE("")), 404);
    assert_int_equal(
        show(fixture, SLICE("momo"), SLICE("TXN_CARD_0102030405060708090a0b0c"), SLICE("")), 404);
    assert_int_equal(show(fixture, SLICE("paypal"), SLICE(REFERENCE), SLICE("")), 404);
    assert_int_equal(
        show(fixture, SLICE("momo"), SLICE("TXN_MOMO_0102030405060708090a0b0d"), SLICE("")), 404);
    assert_int_equal(show(fixture, SLICE("momo"), SLICE("x"), SLICE("")), 404);
}

static void the_page_says_what_is_to_be_paid(void **state)
{
    struct fixture *fixture = *state;
    const struct slice page = view(fixture, 0);
    assert_true(has(page, "1.234.567 ₫"));
    assert_true(has(page, "BK-AB12CD34"));
    assert_true(has(page, "A1, AX50"));
    assert_true(has(page, "about 8 minutes"));
    assert_true(has(page, "name=\"action\" value=\"pay\">Pay</button>"));
    assert_true(has(page, "name=\"action\" value=\"fail\">Fail</button>"));
    assert_false(has(page, "http-equiv=\"refresh\""));
    assert_false(has(page, "href=\"http"));
    fixture->payment.amount = 0;
    assert_true(has(view(fixture, 0), ">0 ₫"));
    fixture->payment.expires_at_ms = NOW_MS + 60000;
    assert_true(has(view(fixture, 0), "about 1 minute<"));
    fixture->payment.expires_at_ms = NOW_MS + 1;
    assert_true(has(view(fixture, 0), "less than a minute"));
}

static void each_end_of_a_payment_has_its_headline(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        enum payment_status status;
        enum payment_reason reason;
        const char *headline;
        const char *note;
    } rows[] = {
        {PAYMENT_PENDING, REASON_NONE, "Pay for your seats", "Choose how"},
        {PAYMENT_PROCESSING, REASON_NONE, "Pay for your seats", "reported as pending"},
        {PAYMENT_COMPLETED, REASON_NONE, "Paid: your seats are booked", "Enjoy"},
        {PAYMENT_FAILED, REASON_DECLINED, "Payment failed", "Your seats are still held"},
        {PAYMENT_FAILED, REASON_SUPERSEDED, "This payment is over", "another way to pay"},
        {PAYMENT_FAILED, REASON_EXPIRED, "This payment is over", "time has run out"},
        {PAYMENT_REFUND_DUE, REASON_AMOUNT_MISMATCH, "Refund due", "not what was asked"},
        {PAYMENT_REFUND_DUE, REASON_SEATS_TAKEN, "Refund due", "somebody else"},
        {PAYMENT_REFUNDING, REASON_BOOKING_CANCELLED, "Refund due", "was cancelled"},
        {PAYMENT_REFUND_FAILED, REASON_BOOKING_PAID, "Refund due", "Another payment"},
        {PAYMENT_REFUNDED, REASON_REQUESTED, "Refunded", "gives your money back"},
        {PAYMENT_REFUND_DUE, REASON_SHOWTIME_STARTED, "Refund due", "show has begun"},
        {PAYMENT_REFUND_DUE, REASON_SHOWTIME_CANCELLED, "Refund due", "show was cancelled"},
    };
    for (size_t index = 0; index < sizeof rows / sizeof *rows; index++) {
        fixture->payment.status = rows[index].status;
        fixture->payment.reason = rows[index].reason;
        const struct slice page = view(fixture, 0);
        char title[128];
        char heading[128];
        snprintf(title, sizeof title, "<title>%s</title>", rows[index].headline);
        snprintf(heading, sizeof heading, "\">%s</h1>", rows[index].headline);
        assert_true(has(page, title));
        assert_true(has(page, heading));
        assert_true(has(page, rows[index].note));
        const bool open =
            rows[index].status == PAYMENT_PENDING || rows[index].status == PAYMENT_PROCESSING;
        assert_int_equal(has(page, ">Pay</button>"), open);
    }
}

static void a_payment_past_its_end_is_over(void **state)
{
    struct fixture *fixture = *state;
    fixture->payment.expires_at_ms = NOW_MS;
    const struct slice page = view(fixture, 0);
    assert_true(has(page, "This payment is over"));
    assert_false(has(page, ">Pay</button>"));
    assert_true(has(page, "Report as paid now")); /* Late money can be tried. */
}

static void a_declined_payment_of_a_lapsed_hold_promises_no_seats(void **state)
{
    struct fixture *fixture = *state;
    fixture->payment.status = PAYMENT_FAILED;
    fixture->payment.reason = REASON_DECLINED;
    fixture->booking.hold_expires_at_ms = NOW_MS;
    assert_false(has(view(fixture, 0), "still held"));
}

static void the_page_waits_until_the_payment_has_changed(void **state)
{
    struct fixture *fixture = *state;
    const char *refresh = "http-equiv=\"refresh\" content=\"1\"";
    assert_true(has(view(fixture, NOW_MS - 1000), refresh));
    assert_true(has(view(fixture, NOW_MS - 1000), "Processing your payment"));
    assert_false(has(view(fixture, NOW_MS - 1000), "<form"));
    assert_true(has(view(fixture, NOW_MS - 59999), refresh));
    assert_false(has(view(fixture, NOW_MS - 60000), refresh));
    assert_true(has(view(fixture, NOW_MS - 60000), "You may try again"));

    fixture->payment.updated_at_ms = NOW_MS - 500;
    assert_false(has(view(fixture, NOW_MS - 1000), refresh));
    fixture->payment.updated_at_ms = NOW_MS - 60000;
    fixture->payment.status = PAYMENT_COMPLETED;
    assert_false(has(view(fixture, NOW_MS - 1000), refresh));
    fixture->payment.status = PAYMENT_FAILED;
    fixture->payment.reason = REASON_DECLINED;
    assert_true(has(view(fixture, NOW_MS - 4999), refresh));
    assert_false(has(view(fixture, NOW_MS - 5000), refresh));
}

static void the_query_tells_when_a_button_was_pressed(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(show(fixture, SLICE("momo"), SLICE(REFERENCE), SLICE("sent=1699999999000")),
                     200);
    assert_true(has(fake_exchange_body(fixture->exchange), "http-equiv=\"refresh\""));
    static const char *const ignored[] = {"sent=",   "sent",    "sent=x",
                                          "sent=-1", "other=1", "sent=99999999999999999999"};
    for (size_t index = 0; index < sizeof ignored / sizeof *ignored; index++) {
        assert_int_equal(show(fixture, SLICE("momo"), SLICE(REFERENCE), slice_of(ignored[index])),
                         200);
        assert_false(has(fake_exchange_body(fixture->exchange), "http-equiv=\"refresh\""));
    }
}

static void an_address_to_go_back_to_cannot_break_out(void **state)
{
    struct fixture *fixture = *state;
    fixture->payment.return_url = url_of(SLICE("https://a.example/?x=\"><script>&y='"));
    const struct slice page = view(fixture, 0);
    assert_true(has(page, "href=\"https://a.example/?x=&quot;&gt;&lt;script&gt;&amp;y=&#39;\""));
    assert_false(has(page, "<script"));
}

static void the_page_is_closed_to_other_sites(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(show(fixture, SLICE("momo"), SLICE(REFERENCE), SLICE("")), 200);
    const struct slice policy =
        fake_exchange_answer(fixture->exchange, SLICE("Content-Security-Policy"));
    assert_true(has(policy, "default-src 'none'"));
    assert_true(has(policy, "form-action 'self'"));
    assert_true(has(policy, "frame-ancestors 'none'"));
    assert_true(has(policy, "base-uri 'none'"));
    char style[128];
    const char *nonce = memmem(policy.data, policy.size, "'nonce-", 7);
    assert_non_null(nonce);
    snprintf(style, sizeof style, "<style nonce=\"%.32s\">", nonce + 7);
    assert_true(has(fake_exchange_body(fixture->exchange), style));
    assert_slice_equal(fake_exchange_answer(fixture->exchange, SLICE("X-Content-Type-Options")),
                       SLICE("nosniff"));
    assert_slice_equal(fake_exchange_answer(fixture->exchange, SLICE("Referrer-Policy")),
                       SLICE("no-referrer"));
    assert_slice_equal(fake_exchange_answer(fixture->exchange, SLICE("Cache-Control")),
                       SLICE("no-store"));
    assert_string_equal(fixture->exchange->content_type, "text/html; charset=utf-8");
}

static void a_button_becomes_a_report(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *form;
        enum money_news news;
        int64_t amount;
    } rows[] = {
        {"action=pay", MONEY_PAID, 1234567},        {"action=fail", MONEY_FAILED, 1234567},
        {"action=pending", MONEY_PENDING, 1234567}, {"action=pay&amount=1", MONEY_PAID, 1},
        {"amount=0&action=pay", MONEY_PAID, 0},     {"x=1&action=pay&y", MONEY_PAID, 1234567},
    };
    for (size_t index = 0; index < sizeof rows / sizeof *rows; index++) {
        assert_int_equal(act(fixture, SLICE("*/*"), slice_of(rows[index].form)), 202);
        assert_true(has(fake_exchange_body(fixture->exchange), "\"success\":true"));
        assert_int_equal(gateway.sent, index + 1);
        assert_int_equal(gateway.report.news, rows[index].news);
        assert_int_equal(gateway.report.amount, rows[index].amount);
        assert_int_equal(gateway.report.method, PAYMENT_MOMO);
        assert_true(id_equal(gateway.report.payment, fixture->payment.id));
    }
}

static void a_browser_is_sent_back_to_the_page(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(
        act(fixture, SLICE("text/html,application/xhtml+xml,*/*;q=0.8"), SLICE("action=pay")), 303);
    assert_slice_equal(fake_exchange_answer(fixture->exchange, SLICE("Location")),
                       SLICE("?sent=1700000000000"));
    assert_int_equal(act(fixture, SLICE("application/json"), SLICE("action=pay")), 202);
    assert_int_equal(act(fixture, SLICE(""), SLICE("action=pay")), 202);
}

static void a_form_of_another_kind_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *form;
        const char *field;
    } rows[] = {
        {"", "action"},
        {"action", "action"},
        {"action=", "action"},
        {"action=steal", "action"},
        {"ACTION=pay", "action"},
        {"{\"action\":\"pay\"}", "action"},
        {"action=pay&amount=", "amount"},
        {"action=pay&amount=-1", "amount"},
        {"action=pay&amount=1e3", "amount"},
        {"action=pay&amount=1000000000000000", "amount"},
    };
    for (size_t index = 0; index < sizeof rows / sizeof *rows; index++) {
        assert_int_equal(act(fixture, SLICE("text/html"), slice_of(rows[index].form)), 400);
        char field[64];
        snprintf(field, sizeof field, "\"field\":\"%s\"", rows[index].field);
        assert_true(has(fake_exchange_body(fixture->exchange), field));
    }
    assert_int_equal(gateway.sent, 0);
}

static void a_busy_gateway_says_so(void **state)
{
    struct fixture *fixture = *state;
    gateway.full = true;
    assert_int_equal(act(fixture, SLICE("text/html"), SLICE("action=pay")), 503);
}

static void the_longest_page_fits(void **state)
{
    struct fixture *fixture = *state;
    static char text[URL_SIZE_MAX];
    memset(text, '"', sizeof text);
    fixture->payment.return_url = url_of((struct slice){text, sizeof text});
    fixture->payment.amount = INT64_MAX;
    fixture->booking.seat_count = SEATS_PER_HOLD_MAX;
    for (uint32_t index = 0; index < SEATS_PER_HOLD_MAX; index++)
        fixture->booking.seats[index].name = (struct seat_name){.row = 49, .col = 50};
    assert_true(has(view(fixture, 0), "9.223.372.036.854.775.807 ₫"));
    assert_true(has(view(fixture, 0), "</html>"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_sandbox_there_is_no_page),
        TEST(only_the_payments_own_address_shows_it),
        TEST(the_page_says_what_is_to_be_paid),
        TEST(each_end_of_a_payment_has_its_headline),
        TEST(a_payment_past_its_end_is_over),
        TEST(a_declined_payment_of_a_lapsed_hold_promises_no_seats),
        TEST(the_page_waits_until_the_payment_has_changed),
        TEST(the_query_tells_when_a_button_was_pressed),
        TEST(an_address_to_go_back_to_cannot_break_out),
        TEST(the_page_is_closed_to_other_sites),
        TEST(a_button_becomes_a_report),
        TEST(a_browser_is_sent_back_to_the_page),
        TEST(a_form_of_another_kind_is_refused),
        TEST(a_busy_gateway_says_so),
        TEST(the_longest_page_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
