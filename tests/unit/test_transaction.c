/* test_transaction.c - the gateways' references of payments. */
#include "support/unit.h"

#include "core/transaction.h"

static const struct id payment = {.bytes = {0xab, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0xcd}};

static void a_reference_names_method_and_payment(void **state)
{
    (void)state;
    static const struct slice expected[PAYMENT_METHOD_COUNT] = {
        [PAYMENT_MOMO] = SLICE_INIT("TXN_MOMO_ab0102030405060708090acd"),
        [PAYMENT_VNPAY] = SLICE_INIT("TXN_VNPAY_ab0102030405060708090acd"),
        [PAYMENT_ZALOPAY] = SLICE_INIT("TXN_ZALOPAY_ab0102030405060708090acd"),
        [PAYMENT_CARD] = SLICE_INIT("TXN_CARD_ab0102030405060708090acd"),
    };
    for (uint32_t method = 0; method < PAYMENT_METHOD_COUNT; method++) {
        char text[TRANSACTION_SIZE_MAX];
        struct buffer buffer;
        buffer_init(&buffer, text, sizeof text);
        transaction_append(&buffer, (enum payment_method)method, payment);
        assert_slice_equal(buffer_text(&buffer), expected[method]);

        enum payment_method read_method = PAYMENT_METHOD_COUNT;
        struct id read_payment = {0};
        assert_true(transaction_parse(buffer_text(&buffer), &read_method, &read_payment));
        assert_int_equal(read_method, method);
        assert_true(id_equal(read_payment, payment));
    }
}

static void a_foreign_reference_is_refused_and_touches_nothing(void **state)
{
    (void)state;
    static const struct slice texts[] = {
        SLICE_INIT(""),
        SLICE_INIT("TXN_"),
        SLICE_INIT("TXN_PAYPAL_ab0102030405060708090acd"),
        SLICE_INIT("TXN_MOMO_"),
        SLICE_INIT("TXN_MOMO_ab0102030405060708090ac"),
        SLICE_INIT("TXN_MOMO_ab0102030405060708090acd0"),
        SLICE_INIT("TXN_CARD_000000000000000000000000"),
        SLICE_INIT("txn_card_ab0102030405060708090acd"),
    };
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        enum payment_method method = PAYMENT_METHOD_COUNT;
        struct id id = {0};
        assert_false(transaction_parse(texts[index], &method, &id));
        assert_int_equal(method, PAYMENT_METHOD_COUNT);
        assert_true(id_is_none(id));
    }
}

static void a_page_is_gateway_method_and_reference(void **state)
{
    (void)state;
    const struct url url = transaction_page(SLICE("https://pay.example"), PAYMENT_CARD, payment);
    assert_slice_equal(url_text(&url), SLICE("https://pay.example/card/pay/"
                                             "TXN_CARD_ab0102030405060708090acd"));
}

static void no_gateway_means_no_page(void **state)
{
    (void)state;
    assert_int_equal(transaction_page((struct slice){0}, PAYMENT_CARD, payment).size, 0);
}

static void a_page_that_would_be_too_long_is_empty(void **state)
{
    (void)state;
    char gateway[URL_SIZE_MAX];
    memset(gateway, 'g', sizeof gateway);
    const size_t rest = sizeof "/card/pay/TXN_CARD_ab0102030405060708090acd" - 1;
    const struct slice fits = {.data = gateway, .size = URL_SIZE_MAX - rest};
    const struct slice over = {.data = gateway, .size = URL_SIZE_MAX - rest + 1};
    assert_int_equal(transaction_page(fits, PAYMENT_CARD, payment).size, URL_SIZE_MAX);
    assert_int_equal(transaction_page(over, PAYMENT_CARD, payment).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_names_method_and_payment),
        cmocka_unit_test(a_foreign_reference_is_refused_and_touches_nothing),
        cmocka_unit_test(a_page_is_gateway_method_and_reference),
        cmocka_unit_test(no_gateway_means_no_page),
        cmocka_unit_test(a_page_that_would_be_too_long_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
