/* test_payment.c - the states of a payment and the moves between them. */
#include "support/unit.h"

#include "core/payment.h"

static void only_the_contracts_moves_are_allowed(void **state)
{
    (void)state;
    /* From row to column: pending, processing, failed, completed, refund_due, refunding,
     * refunded, refund_failed. */
    static const char *const table[PAYMENT_STATUS_COUNT] = {
        [PAYMENT_PENDING] = ".yyyy...",    [PAYMENT_PROCESSING] = "..yyy...",
        [PAYMENT_FAILED] = "...yy...",     [PAYMENT_COMPLETED] = "....y...",
        [PAYMENT_REFUND_DUE] = ".....yy.", [PAYMENT_REFUNDING] = "......yy",
        [PAYMENT_REFUNDED] = "........",   [PAYMENT_REFUND_FAILED] = "......y.",
    };
    for (uint32_t from = 0; from < PAYMENT_STATUS_COUNT; from++) {
        for (uint32_t to = 0; to < PAYMENT_STATUS_COUNT; to++) {
            const bool allowed =
                payment_may_become((enum payment_status)from, (enum payment_status)to);
            assert_int_equal(allowed, table[from][to] == 'y');
        }
    }
}

static struct payment open_one(void)
{
    return (struct payment){.amount = 90000, .expires_at_ms = 1000};
}

static void a_payment_can_be_paid_while_open_and_before_its_end(void **state)
{
    (void)state;
    struct payment payment = open_one();
    assert_true(payment_active(&payment, 999));
    assert_false(payment_active(&payment, 1000));
    payment.status = PAYMENT_PROCESSING;
    assert_true(payment_active(&payment, 999));
    payment.status = PAYMENT_FAILED;
    assert_false(payment_active(&payment, 999));
    payment.status = PAYMENT_COMPLETED;
    assert_false(payment_active(&payment, 999));
}

static void readers_see_an_open_payment_past_its_end_as_failed(void **state)
{
    (void)state;
    struct payment payment = open_one();
    assert_int_equal(payment_status_at(&payment, 999), PAYMENT_PENDING);
    assert_int_equal(payment_status_at(&payment, 1000), PAYMENT_FAILED);
    payment.status = PAYMENT_PROCESSING;
    assert_int_equal(payment_status_at(&payment, 1000), PAYMENT_FAILED);
    payment.status = PAYMENT_COMPLETED;
    assert_int_equal(payment_status_at(&payment, 1000), PAYMENT_COMPLETED);
}

static void money_was_paid_from_completed_on(void **state)
{
    (void)state;
    for (uint32_t status = 0; status < PAYMENT_STATUS_COUNT; status++) {
        const bool paid =
            status != PAYMENT_PENDING && status != PAYMENT_PROCESSING && status != PAYMENT_FAILED;
        assert_int_equal(payment_paid((enum payment_status)status), paid);
    }
}

static void the_moves_write_down_what_they_mean(void **state)
{
    (void)state;
    struct payment payment = open_one();
    payment_process(&payment, 10);
    assert_int_equal(payment.status, PAYMENT_PROCESSING);
    assert_true(payment.updated_at_ms == 10);
    payment_fail(&payment, REASON_DECLINED, 11);
    assert_int_equal(payment.status, PAYMENT_FAILED);
    assert_int_equal(payment.reason, REASON_DECLINED);
    payment_complete(&payment, 90000, 9, 12);
    assert_int_equal(payment.status, PAYMENT_COMPLETED);
    assert_int_equal(payment.reason, REASON_NONE);
    assert_true(payment.paid_amount == 90000);
    assert_true(payment.paid_at_ms == 9);
    payment_owe_refund(&payment, REASON_REQUESTED, 90000, 9, 13);
    assert_int_equal(payment.status, PAYMENT_REFUND_DUE);
    assert_int_equal(payment.reason, REASON_REQUESTED);
    assert_true(payment.refund_requested_at_ms == 13);
    assert_true(payment.updated_at_ms == 13);
}

static void complete_with_another_amount(void *context)
{
    struct payment payment = open_one();
    (void)context;
    payment_complete(&payment, 1, 1, 1);
}

static void complete_a_refund(void *context)
{
    struct payment payment = {.amount = 1, .status = PAYMENT_REFUND_DUE};
    (void)context;
    payment_complete(&payment, 1, 1, 1);
}

static void keeping_wrong_or_returned_money_is_a_bug(void **state)
{
    (void)state;
    assert_true(unit_aborts(complete_with_another_amount, NULL));
    assert_true(unit_aborts(complete_a_refund, NULL));
}

static void addresses_are_kept_whole(void **state)
{
    (void)state;
    char text[URL_SIZE_MAX];
    memset(text, 'x', sizeof text);
    const struct slice longest = {.data = text, .size = sizeof text};
    const struct url url = url_of(longest);
    assert_slice_equal(url_text(&url), longest);
    const struct url empty = url_of((struct slice){0});
    assert_int_equal(url_text(&empty).size, 0);
}

static void words_of_statuses_methods_and_reasons_are_read_back(void **state)
{
    (void)state;
    static const struct slice statuses[] = {
        SLICE_INIT("pending"),   SLICE_INIT("processing"),    SLICE_INIT("failed"),
        SLICE_INIT("completed"), SLICE_INIT("refund_due"),    SLICE_INIT("refunding"),
        SLICE_INIT("refunded"),  SLICE_INIT("refund_failed"),
    };
    for (uint32_t index = 0; index < PAYMENT_STATUS_COUNT; index++) {
        enum payment_status status = PAYMENT_STATUS_COUNT;
        assert_slice_equal(payment_status_name((enum payment_status)index), statuses[index]);
        assert_true(payment_status_parse(statuses[index], &status));
        assert_int_equal(status, index);
    }
    static const struct slice methods[] = {SLICE_INIT("momo"), SLICE_INIT("vnpay"),
                                           SLICE_INIT("zalopay"), SLICE_INIT("card")};
    for (uint32_t index = 0; index < PAYMENT_METHOD_COUNT; index++) {
        enum payment_method method = PAYMENT_METHOD_COUNT;
        assert_slice_equal(payment_method_name((enum payment_method)index), methods[index]);
        assert_true(payment_method_parse(methods[index], &method));
        assert_int_equal(method, index);
    }
    for (uint32_t index = 0; index < PAYMENT_REASON_COUNT; index++) {
        enum payment_reason reason = PAYMENT_REASON_COUNT;
        assert_true(payment_reason_parse(payment_reason_name((enum payment_reason)index), &reason));
        assert_int_equal(reason, index);
    }
    assert_int_equal(payment_reason_name(REASON_NONE).size, 0);
}

static void unknown_words_are_refused_and_touch_nothing(void **state)
{
    (void)state;
    enum payment_status status = PAYMENT_REFUNDED;
    enum payment_method method = PAYMENT_CARD;
    enum payment_reason reason = REASON_EXPIRED;
    assert_false(payment_status_parse(SLICE("paid"), &status));
    assert_false(payment_method_parse(SLICE("cash"), &method));
    assert_false(payment_reason_parse(SLICE("bored"), &reason));
    assert_int_equal(status, PAYMENT_REFUNDED);
    assert_int_equal(method, PAYMENT_CARD);
    assert_int_equal(reason, REASON_EXPIRED);
}

static void a_currency_is_three_letters_and_the_bookings_own_is_none(void **state)
{
    (void)state;
    struct currency currency = {"EUR"};
    assert_true(currency_parse(SLICE("usd"), &currency));
    assert_slice_equal(currency_text(&currency), SLICE("USD"));
    assert_false(currency_is_none(currency));
    const struct slice wrong[] = {SLICE_INIT(""),       SLICE_INIT("US"),  SLICE_INIT("USDT"),
                                  SLICE_INIT("U$D"),    SLICE_INIT("us{"), SLICE_INIT("@SD"),
                                  SLICE_INIT("US\x60"), SLICE_INIT("US[")};
    for (size_t index = 0; index < sizeof wrong / sizeof *wrong; index++) {
        assert_false(currency_parse(wrong[index], &currency));
        assert_slice_equal(currency_text(&currency), SLICE("USD"));
    }
    assert_true(currency_parse(SLICE("Vnd"), &currency));
    assert_true(currency_is_none(currency));
    assert_int_equal(currency_text(&currency).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_contracts_moves_are_allowed),
        cmocka_unit_test(a_payment_can_be_paid_while_open_and_before_its_end),
        cmocka_unit_test(readers_see_an_open_payment_past_its_end_as_failed),
        cmocka_unit_test(money_was_paid_from_completed_on),
        cmocka_unit_test(the_moves_write_down_what_they_mean),
        cmocka_unit_test(keeping_wrong_or_returned_money_is_a_bug),
        cmocka_unit_test(addresses_are_kept_whole),
        cmocka_unit_test(a_currency_is_three_letters_and_the_bookings_own_is_none),
        cmocka_unit_test(words_of_statuses_methods_and_reasons_are_read_back),
        cmocka_unit_test(unknown_words_are_refused_and_touch_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
