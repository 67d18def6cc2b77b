#include "http/sandbox_pages.h"

#include "base/random.h"
#include "core/transaction.h"
#include "gateway/sandbox.h"
#include "http/negotiation.h"
#include "http/problem.h"
#include "http/reply.h"
#include "http/sandbox_view.h"

enum {
    NONCE_SIZE = 16,
    POLICY_SIZE_MAX = 160,
    LOCATION_SIZE_MAX = 32,
};

#define AMOUNT_MAX UINT64_C(999999999999999)  /* 15 digits, as the page's input takes. */
#define SENT_MS_MAX UINT64_C(253402300799999) /* The year 9999. */

/* What a page is about. */
struct subject {
    struct payment payment;
    struct booking booking;
};

static enum error find_subject(struct desk *desk, struct slice provider, struct slice transaction,
                               struct subject *ret_subject)
{
    enum payment_method method;
    enum payment_method named;
    struct payment_query query = {0};
    if (desk->house->sandbox == NULL) return ERROR_NOT_FOUND;
    if (!payment_method_parse(provider, &method)) return ERROR_NOT_FOUND;
    if (!transaction_parse(transaction, &named, &query.id)) return ERROR_PAYMENT_NOT_FOUND;
    if (named != method) return ERROR_PAYMENT_NOT_FOUND;

    struct id showtime;
    uint64_t version = 0;
    const struct reader *reader = &desk->reader;
    const enum error error = reader->methods->find_payment(
        reader->context, &query, &ret_subject->payment, &showtime, &version);
    if (error != ERROR_NONE) return error;
    if (ret_subject->payment.method != method) return ERROR_PAYMENT_NOT_FOUND;
    return reader->methods->find_booking(reader->context, ret_subject->payment.booking,
                                         CONSISTENCY_LATEST, &ret_subject->booking, &version);
}

/* The value of a member of a form or query; data NULL if there is none. Every value that has a
 * meaning here is plain letters and digits, so nothing is decoded. */
static struct slice find_value(struct slice form, struct slice name)
{
    struct slice rest = form;
    while (rest.data != NULL) {
        struct slice value;
        const struct slice found = slice_cut(slice_cut(rest, '&', &rest), '=', &value);
        if (slice_equal(found, name)) return value.data != NULL ? value : SLICE("");
    }
    return (struct slice){0};
}

static int64_t sent_at_ms(struct slice query)
{
    uint64_t moment_ms = 0;
    return slice_to_number(find_value(query, SLICE("sent")), SENT_MS_MAX, &moment_ms)
               ? (int64_t)moment_ms
               : 0;
}

static void add_page_headers(struct exchange *exchange, struct slice nonce)
{
    char policy[POLICY_SIZE_MAX];
    struct buffer buffer;
    buffer_init(&buffer, policy, sizeof policy);
    buffer_append(&buffer, SLICE("default-src 'none'; style-src 'nonce-"));
    buffer_append(&buffer, nonce);
    buffer_append(&buffer, SLICE("'; img-src data:; form-action 'self'; base-uri 'none'; "
                                 "frame-ancestors 'none'"));
    CHECK(!buffer.overflowed);
    exchange_add_header(exchange, SLICE("content-security-policy"),
                        arena_copy(&exchange->arena, buffer_text(&buffer)));
    exchange_add_header(exchange, SLICE("x-content-type-options"), SLICE("nosniff"));
    exchange_add_header(exchange, SLICE("referrer-policy"), SLICE("no-referrer"));
    reply_add_personal(exchange);
}

void sandbox_pages_show(struct desk *desk, struct exchange *exchange, struct slice provider,
                        struct slice transaction, int64_t now_ms)
{
    struct subject subject;
    const enum error error = find_subject(desk, provider, transaction, &subject);
    char *block = error == ERROR_NONE ? arena_take(&exchange->arena, SANDBOX_VIEW_SIZE_MAX) : NULL;
    if (block == NULL) {
        problem_reply_error(exchange, error != ERROR_NONE ? error : ERROR_OVERLOADED, now_ms);
        return;
    }
    uint8_t random[NONCE_SIZE];
    char nonce_text[2 * NONCE_SIZE];
    random_fill(random, sizeof random);
    struct buffer nonce;
    buffer_init(&nonce, nonce_text, sizeof nonce_text);
    buffer_append_hex(&nonce, random, sizeof random);

    struct buffer page;
    buffer_init(&page, block, SANDBOX_VIEW_SIZE_MAX);
    sandbox_view_append(&page, &(struct sandbox_view){.payment = &subject.payment,
                                                      .booking = &subject.booking,
                                                      .now_ms = now_ms,
                                                      .sent_at_ms = sent_at_ms(exchange->query),
                                                      .nonce = buffer_text(&nonce)});
    CHECK(!page.overflowed);
    add_page_headers(exchange, buffer_text(&nonce));
    exchange_reply(exchange, 200, SLICE("text/html; charset=utf-8"), buffer_text(&page));
}

/* What the form says; false, with the wrong member in `ret_fault`, if it is not one of ours. */
static bool read_form(struct slice form, struct sandbox_report *report,
                      struct field_error *ret_fault)
{
    const struct slice action = find_value(form, SLICE("action"));
    const struct slice amount = find_value(form, SLICE("amount"));
    uint64_t other = 0;
    if (slice_equal(action, SLICE("pay"))) {
        report->news = MONEY_PAID;
    } else if (slice_equal(action, SLICE("fail"))) {
        report->news = MONEY_FAILED;
    } else if (slice_equal(action, SLICE("pending"))) {
        report->news = MONEY_PENDING;
    } else {
        *ret_fault = (struct field_error){SLICE("action"), SLICE("must be pay, fail or pending")};
        return false;
    }
    if (amount.data == NULL) return true;
    if (!slice_to_number(amount, AMOUNT_MAX, &other)) {
        *ret_fault = (struct field_error){SLICE("amount"), SLICE("must be 0 to 999999999999999")};
        return false;
    }
    report->amount = (int64_t)other;
    return true;
}

/* A browser goes back to the page, which waits for the payment to change. */
static void answer_browser(struct exchange *exchange, int64_t now_ms)
{
    char location[LOCATION_SIZE_MAX];
    struct buffer buffer;
    buffer_init(&buffer, location, sizeof location);
    buffer_append(&buffer, SLICE("?sent="));
    buffer_append_number(&buffer, now_ms);
    exchange_add_header(exchange, SLICE("location"),
                        arena_copy(&exchange->arena, buffer_text(&buffer)));
    reply_add_personal(exchange);
    exchange_reply(exchange, 303, (struct slice){0}, (struct slice){0});
}

static void answer_script(struct exchange *exchange)
{
    reply_add_personal(exchange);
    exchange_reply(exchange, 202, SLICE("application/json"),
                   SLICE("{\"success\":true,\"message\":\"The gateway will report it\"}"));
}

void sandbox_pages_act(struct desk *desk, struct exchange *exchange, struct slice provider,
                       struct slice transaction, int64_t now_ms)
{
    struct subject subject;
    enum error error = find_subject(desk, provider, transaction, &subject);
    struct field_error fault = {0};
    if (error == ERROR_NONE) {
        struct sandbox_report report = {.method = subject.payment.method,
                                        .payment = subject.payment.id,
                                        .amount = subject.payment.amount};
        if (!read_form(exchange->body, &report, &fault)) error = ERROR_VALIDATION_FAILED;
        else if (!sandbox_send(desk->house->sandbox, &report, now_ms)) error = ERROR_OVERLOADED;
    }
    if (error != ERROR_NONE) {
        problem_reply(exchange,
                      &(struct problem){.error = error,
                                        .errors = &fault,
                                        .error_count = error == ERROR_VALIDATION_FAILED},
                      now_ms);
        return;
    }
    if (negotiation_takes_html(exchange_header(exchange, SLICE("accept"))))
        answer_browser(exchange, now_ms);
    else answer_script(exchange);
}
