#include "support/unit.h"

#include "gateway/generic.h"
#include "http/webhook.h"
#include "support/fake_exchange.h"

#define NOW_MS INT64_C(1700000000500)
#define SECRET "whsec_momo_0123456789"
#define REFERENCE "TXN_MOMO_0102030405060708090a0b0c"
#define PAID "{\"transaction_id\":\"" REFERENCE "\",\"status\":\"success\",\"amount\":200000}"
#define FAILED "{\"transaction_id\":\"" REFERENCE "\",\"status\":\"failed\"}"
#define PATH "/api/payments/webhook/momo"

/* A house with one payment, by MoMo. */
struct fixture {
    struct house house;
    struct desk desk;
    struct payment payment;
    struct id showtime;
    enum error store;
    struct answer answer; /* What the turn decides. */
    struct command seen;
    struct fake_exchange *exchange;
};

static enum error find_payment(void *context, const struct payment_query *query,
                               struct payment *ret_payment, struct id *ret_showtime,
                               uint64_t *ret_version)
{
    const struct fixture *fixture = context;
    if (fixture->store != ERROR_NONE) return fixture->store;
    if (!id_equal(query->id, fixture->payment.id)) return ERROR_PAYMENT_NOT_FOUND;
    *ret_payment = fixture->payment;
    *ret_showtime = fixture->showtime;
    *ret_version = 5;
    return ERROR_NONE;
}

static const struct reader_methods reader = {.find_payment = find_payment};

static void decide(void *context, struct command *command)
{
    struct fixture *fixture = context;
    fixture->seen = *command;
    command->answer = fixture->answer;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_true(id_parse(SLICE("0102030405060708090a0b0c"), &fixture->payment.id));
    assert_true(id_parse(SLICE("aaaaaaaaaaaaaaaaaaaaaaaa"), &fixture->showtime));
    fixture->payment.method = PAYMENT_MOMO;
    fixture->desk =
        (struct desk){.house = &fixture->house, .reader = {.context = fixture, .methods = &reader}};
    fixture->desk.webhook_macs[PAYMENT_MOMO] = mac_open(SLICE(SECRET));
    fixture->desk.webhook_macs[PAYMENT_CARD] = mac_open(SLICE(SECRET));
    fixture->answer.map_version = 42;
    fixture->answer.outcome = MONEY_CONFIRMED;
    fake_desk = (struct fake_desk){.decide = decide, .context = fixture};
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fake_desk.taken, 0);
    mac_close(fixture->desk.webhook_macs[PAYMENT_MOMO]);
    mac_close(fixture->desk.webhook_macs[PAYMENT_CARD]);
    free(fixture->exchange);
    free(fixture);
    return 0;
}

/* Answers a message, signed unless `header` says otherwise; gives the status. */
static int post_with(struct fixture *fixture, struct slice provider, const struct slice *header,
                     struct slice body)
{
    char target[GENERIC_SIGNATURE_SIZE];
    free(fixture->exchange);
    fixture->exchange = fake_exchange_new(METHOD_POST, SLICE(PATH), body);
    const struct slice signature =
        header != NULL
            ? *header
            : generic_sign(fixture->desk.webhook_macs[PAYMENT_MOMO], NOW_MS, body, target);
    if (signature.data != NULL)
        fake_exchange_header(fixture->exchange, SLICE("x-signature"), signature);
    webhook_handle(&fixture->desk, &fixture->exchange->exchange, provider, NOW_MS);
    assert_true(fixture->exchange->answered);
    return fixture->exchange->status;
}

static int post(struct fixture *fixture, struct slice body)
{
    return post_with(fixture, SLICE("momo"), NULL, body);
}

static bool says(const struct fixture *fixture, const char *text)
{
    const struct slice body = fake_exchange_body(fixture->exchange);
    return body.size > 0 && memmem(body.data, body.size, text, strlen(text)) != NULL;
}

static void paid_money_goes_to_the_turn_of_its_showtime(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(post(fixture, SLICE(PAID)), 200);

    assert_int_equal(fake_desk.submitted, 1);
    assert_int_equal(fixture->seen.kind, COMMAND_MONEY);
    assert_true(id_equal(fixture->seen.showtime, fixture->showtime));
    assert_true(id_equal(fixture->seen.payment, fixture->payment.id));
    assert_int_equal(fixture->seen.method, PAYMENT_MOMO);
    assert_int_equal(fixture->seen.news, MONEY_PAID);
    assert_int_equal(fixture->seen.amount, 200000);
    assert_true(currency_is_none(fixture->seen.currency));
    assert_slice_equal(fake_exchange_body(fixture->exchange),
                       SLICE("{\"success\":true,\"message\":\"Payment completed successfully\"}"));
    assert_slice_equal(fake_exchange_answer(fixture->exchange, SLICE("X-Showtime-Version")),
                       SLICE("42"));
    assert_slice_equal(fake_exchange_answer(fixture->exchange, SLICE("Cache-Control")),
                       SLICE("no-store"));
}

static void each_outcome_has_its_sentence(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        enum money_outcome outcome;
        const char *sentence;
    } rows[] = {
        {MONEY_NOTED, "Noted"},
        {MONEY_CONFIRMED, "Payment completed successfully"},
        {MONEY_TO_REFUND, "Payment recorded; it will be refunded"},
        {MONEY_KNOWN_ALREADY, "Already processed"},
    };
    for (size_t index = 0; index < sizeof rows / sizeof *rows; index++) {
        fixture->answer.outcome = rows[index].outcome;
        assert_int_equal(post(fixture, SLICE(FAILED)), 200);
        assert_true(says(fixture, rows[index].sentence));
    }
    assert_int_equal(fixture->seen.news, MONEY_FAILED);
}

static void an_unknown_provider_is_told_first(void **state)
{
    struct fixture *fixture = *state;
    const struct slice bad = SLICE("bad");
    assert_int_equal(post_with(fixture, SLICE("paypal"), &bad, SLICE("{")), 400);
    assert_true(says(fixture, "UNKNOWN_PROVIDER"));
    assert_int_equal(post_with(fixture, SLICE("MOMO"), &bad, SLICE("{")), 400);
}

static void a_provider_without_a_secret_never_accepts(void **state)
{
    struct fixture *fixture = *state;
    fixture->house.dev = true;
    const struct slice none = {0};
    assert_int_equal(post_with(fixture, SLICE("zalopay"), &none, SLICE("{")), 503);
    assert_true(says(fixture, "PROVIDER_NOT_CONFIGURED"));
    assert_int_equal(fake_desk.submitted, 0);
}

static void the_signature_is_looked_at_before_the_body(void **state)
{
    struct fixture *fixture = *state;
    const struct slice none = {0};
    const struct slice old = SLICE("t=1,v1=00");
    assert_int_equal(post_with(fixture, SLICE("momo"), &none, SLICE("{")), 401);
    assert_true(says(fixture, "INVALID_WEBHOOK_SIGNATURE"));
    assert_int_equal(post_with(fixture, SLICE("momo"), &old, SLICE(PAID)), 401);
    assert_int_equal(fake_desk.submitted, 0);
}

static void a_second_signature_header_is_refused_even_in_development(void **state)
{
    struct fixture *fixture = *state;
    fixture->house.dev = true;
    char target[GENERIC_SIGNATURE_SIZE];
    const struct slice signature =
        generic_sign(fixture->desk.webhook_macs[PAYMENT_MOMO], NOW_MS, SLICE(PAID), target);
    fixture->exchange = fake_exchange_new(METHOD_POST, SLICE(PATH), SLICE(PAID));
    fake_exchange_header(fixture->exchange, SLICE("x-signature"), signature);
    fake_exchange_header(fixture->exchange, SLICE("x-signature"), signature);
    webhook_handle(&fixture->desk, &fixture->exchange->exchange, SLICE("momo"), NOW_MS);

    assert_int_equal(fixture->exchange->status, 401);
}

static void unsigned_is_accepted_in_development_only(void **state)
{
    struct fixture *fixture = *state;
    const struct slice none = {0};
    const struct slice wrong = SLICE("t=1700000000,v1=00");
    assert_int_equal(post_with(fixture, SLICE("momo"), &none, SLICE(PAID)), 401);
    fixture->house.dev = true;
    assert_int_equal(post_with(fixture, SLICE("momo"), &none, SLICE(PAID)), 200);
    assert_int_equal(post_with(fixture, SLICE("momo"), &wrong, SLICE(PAID)), 401);
}

static void a_wrong_body_is_told_member_by_member(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(post(fixture, SLICE("{\"status\":\"paid\"}")), 400);
    assert_true(says(fixture, "VALIDATION_FAILED"));
    assert_true(says(fixture, "\"field\":\"transaction_id\""));
    assert_true(says(fixture, "\"field\":\"status\""));
    assert_int_equal(post(fixture, SLICE("{")), 400);
    assert_true(says(fixture, "VALIDATION_FAILED"));
    assert_int_equal(fake_desk.submitted, 0);
}

static void a_payment_that_is_not_the_providers_is_not_found(void **state)
{
    struct fixture *fixture = *state;
    static const char *const references[] = {
        "TXN_MOMO_0102030405060708090a0b0d", /* No such payment. */
        "TXN_CARD_0102030405060708090a0b0c", /* Another provider than the path's. */
        "TXN_0102030405060708090a0b0c",
    };
    for (size_t index = 0; index < sizeof references / sizeof *references; index++) {
        char body[256];
        snprintf(body, sizeof body,
                 "{\"transaction_id\":\"%s\",\"status\":\"success\",\"amount\":200000}",
                 references[index]);
        assert_int_equal(post(fixture, slice_of(body)), 404);
        assert_true(says(fixture, "PAYMENT_NOT_FOUND"));
    }
    /* Both name the card, but the payment is MoMo's. */
    const struct slice body = SLICE("{\"transaction_id\":\"TXN_CARD_0102030405060708090a0b0c\","
                                    "\"status\":\"success\",\"amount\":200000}");
    char target[GENERIC_SIGNATURE_SIZE];
    const struct slice signature =
        generic_sign(fixture->desk.webhook_macs[PAYMENT_CARD], NOW_MS, body, target);
    assert_int_equal(post_with(fixture, SLICE("card"), &signature, body), 404);
    assert_int_equal(fake_desk.submitted, 0);
}

static void a_refusal_of_the_turn_is_a_problem(void **state)
{
    struct fixture *fixture = *state;
    fixture->answer = (struct answer){.refusal = REFUSAL_PAYMENT_NOT_FOUND};
    assert_int_equal(post(fixture, SLICE(PAID)), 404);
    assert_true(says(fixture, "PAYMENT_NOT_FOUND"));
}

static void a_store_or_desk_that_cannot_is_a_503(void **state)
{
    struct fixture *fixture = *state;
    fixture->store = ERROR_STORE_UNAVAILABLE;
    assert_int_equal(post(fixture, SLICE(PAID)), 503);
    assert_true(says(fixture, "STORE_UNAVAILABLE"));
    assert_true(fake_exchange_answer(fixture->exchange, SLICE("Retry-After")).size > 0);
    fixture->store = ERROR_NONE;
    fake_desk.full = true;
    assert_int_equal(post(fixture, SLICE(PAID)), 503);
    assert_true(says(fixture, "OVERLOADED"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(paid_money_goes_to_the_turn_of_its_showtime),
        TEST(each_outcome_has_its_sentence),
        TEST(an_unknown_provider_is_told_first),
        TEST(a_provider_without_a_secret_never_accepts),
        TEST(the_signature_is_looked_at_before_the_body),
        TEST(a_second_signature_header_is_refused_even_in_development),
        TEST(unsigned_is_accepted_in_development_only),
        TEST(a_wrong_body_is_told_member_by_member),
        TEST(a_payment_that_is_not_the_providers_is_not_found),
        TEST(a_refusal_of_the_turn_is_a_problem),
        TEST(a_store_or_desk_that_cannot_is_a_503),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
