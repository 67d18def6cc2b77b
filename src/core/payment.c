#include "core/payment.h"

#include <string.h>

#include "base/check.h"

bool payment_may_become(enum payment_status from, enum payment_status to)
{
    static const bool allowed[PAYMENT_STATUS_COUNT][PAYMENT_STATUS_COUNT] = {
        [PAYMENT_PENDING] = {[PAYMENT_PROCESSING] = true,
                             [PAYMENT_FAILED] = true,
                             [PAYMENT_COMPLETED] = true,
                             [PAYMENT_REFUND_DUE] = true},
        [PAYMENT_PROCESSING] =
            {[PAYMENT_FAILED] = true, [PAYMENT_COMPLETED] = true, [PAYMENT_REFUND_DUE] = true},
        [PAYMENT_FAILED] = {[PAYMENT_COMPLETED] = true, [PAYMENT_REFUND_DUE] = true},
        [PAYMENT_COMPLETED] = {[PAYMENT_REFUND_DUE] = true},
        [PAYMENT_REFUND_DUE] = {[PAYMENT_REFUNDING] = true, [PAYMENT_REFUNDED] = true},
        [PAYMENT_REFUNDING] = {[PAYMENT_REFUNDED] = true, [PAYMENT_REFUND_FAILED] = true},
        [PAYMENT_REFUND_FAILED] = {[PAYMENT_REFUNDED] = true},
    };
    CHECK(from < PAYMENT_STATUS_COUNT);
    CHECK(to < PAYMENT_STATUS_COUNT);
    return allowed[from][to];
}

static bool is_open(enum payment_status status)
{
    return status == PAYMENT_PENDING || status == PAYMENT_PROCESSING;
}

bool payment_active(const struct payment *payment, int64_t now_ms)
{
    return is_open(payment->status) && now_ms < payment->expires_at_ms;
}

bool payment_paid(enum payment_status status)
{
    return status >= PAYMENT_COMPLETED;
}

enum payment_status payment_status_at(const struct payment *payment, int64_t now_ms)
{
    if (is_open(payment->status) && now_ms >= payment->expires_at_ms) return PAYMENT_FAILED;
    return payment->status;
}

static void become(struct payment *payment, enum payment_status status, int64_t now_ms)
{
    CHECK(payment_may_become(payment->status, status));
    payment->status = status;
    payment->updated_at_ms = now_ms;
}

void payment_process(struct payment *payment, int64_t now_ms)
{
    become(payment, PAYMENT_PROCESSING, now_ms);
}

void payment_fail(struct payment *payment, enum payment_reason reason, int64_t now_ms)
{
    CHECK(reason != REASON_NONE);
    become(payment, PAYMENT_FAILED, now_ms);
    payment->reason = reason;
}

void payment_complete(struct payment *payment, int64_t paid_amount, int64_t paid_at_ms,
                      int64_t now_ms)
{
    CHECK(paid_amount == payment->amount);
    become(payment, PAYMENT_COMPLETED, now_ms);
    payment->reason = REASON_NONE;
    payment->paid_amount = paid_amount;
    payment->paid_at_ms = paid_at_ms;
}

void payment_owe_refund(struct payment *payment, enum payment_reason reason, int64_t paid_amount,
                        int64_t paid_at_ms, int64_t now_ms)
{
    CHECK(reason != REASON_NONE);
    become(payment, PAYMENT_REFUND_DUE, now_ms);
    payment->reason = reason;
    payment->paid_amount = paid_amount;
    payment->paid_at_ms = paid_at_ms;
    payment->refund_requested_at_ms = now_ms;
}

void payment_finish_refund(struct payment *payment, struct reason reference, int64_t now_ms)
{
    become(payment, PAYMENT_REFUNDED, now_ms);
    payment->refund_done_at_ms = now_ms;
    payment->refund_reference = reference;
}

bool currency_parse(struct slice text, struct currency *ret_currency)
{
    CHECK(ret_currency != NULL);

    struct currency currency = {0};
    if (text.size != sizeof currency.letters) return false;
    for (size_t index = 0; index < text.size; index++) {
        const char letter = text.data[index];
        const bool lower = letter >= 'a' && letter <= 'z';
        if (!lower && (letter < 'A' || letter > 'Z')) return false;
        currency.letters[index] = lower ? (char)(letter - 'a' + 'A') : letter;
    }
    if (slice_equal(currency_text(&currency), SLICE(BOOKING_CURRENCY))) {
        currency = (struct currency){0};
    }
    *ret_currency = currency;
    return true;
}

bool currency_is_none(struct currency currency)
{
    return currency.letters[0] == '\0';
}

struct slice currency_text(const struct currency *currency)
{
    const size_t size = currency_is_none(*currency) ? 0 : sizeof currency->letters;
    return (struct slice){.data = currency->letters, .size = size};
}

struct url url_of(struct slice text)
{
    CHECK(text.size <= URL_SIZE_MAX);

    struct url url = {.size = (uint16_t)text.size};
    if (text.size > 0) memcpy(url.text, text.data, text.size);
    return url;
}

struct slice url_text(const struct url *url)
{
    return (struct slice){.data = url->text, .size = url->size};
}

static const struct slice status_names[PAYMENT_STATUS_COUNT] = {
    [PAYMENT_PENDING] = SLICE_INIT("pending"),
    [PAYMENT_PROCESSING] = SLICE_INIT("processing"),
    [PAYMENT_FAILED] = SLICE_INIT("failed"),
    [PAYMENT_COMPLETED] = SLICE_INIT("completed"),
    [PAYMENT_REFUND_DUE] = SLICE_INIT("refund_due"),
    [PAYMENT_REFUNDING] = SLICE_INIT("refunding"),
    [PAYMENT_REFUNDED] = SLICE_INIT("refunded"),
    [PAYMENT_REFUND_FAILED] = SLICE_INIT("refund_failed"),
};

static const struct slice method_names[PAYMENT_METHOD_COUNT] = {
    [PAYMENT_MOMO] = SLICE_INIT("momo"),
    [PAYMENT_VNPAY] = SLICE_INIT("vnpay"),
    [PAYMENT_ZALOPAY] = SLICE_INIT("zalopay"),
    [PAYMENT_CARD] = SLICE_INIT("card"),
};

static const struct slice reason_names[PAYMENT_REASON_COUNT] = {
    [REASON_NONE] = SLICE_INIT(""),
    [REASON_DECLINED] = SLICE_INIT("declined"),
    [REASON_SUPERSEDED] = SLICE_INIT("superseded"),
    [REASON_EXPIRED] = SLICE_INIT("expired"),
    [REASON_BOOKING_CANCELLED] = SLICE_INIT("booking_cancelled"),
    [REASON_BOOKING_PAID] = SLICE_INIT("booking_paid"),
    [REASON_SEATS_TAKEN] = SLICE_INIT("seats_taken"),
    [REASON_SHOWTIME_STARTED] = SLICE_INIT("showtime_started"),
    [REASON_SHOWTIME_CANCELLED] = SLICE_INIT("showtime_cancelled"),
    [REASON_AMOUNT_MISMATCH] = SLICE_INIT("amount_mismatch"),
    [REASON_CURRENCY_MISMATCH] = SLICE_INIT("currency_mismatch"),
    [REASON_REQUESTED] = SLICE_INIT("requested"),
};

/* The position of `text` among `names`; `count` if it is none of them. */
static uint32_t find_name(const struct slice *names, uint32_t count, struct slice text)
{
    uint32_t index = 0;
    while (index < count && !slice_equal(text, names[index])) index++;
    return index;
}

struct slice payment_status_name(enum payment_status status)
{
    CHECK(status < PAYMENT_STATUS_COUNT);
    return status_names[status];
}

bool payment_status_parse(struct slice text, enum payment_status *ret_status)
{
    const uint32_t found = find_name(status_names, PAYMENT_STATUS_COUNT, text);
    if (found == PAYMENT_STATUS_COUNT) return false;
    *ret_status = (enum payment_status)found;
    return true;
}

struct slice payment_method_name(enum payment_method method)
{
    CHECK(method < PAYMENT_METHOD_COUNT);
    return method_names[method];
}

bool payment_method_parse(struct slice text, enum payment_method *ret_method)
{
    const uint32_t found = find_name(method_names, PAYMENT_METHOD_COUNT, text);
    if (found == PAYMENT_METHOD_COUNT) return false;
    *ret_method = (enum payment_method)found;
    return true;
}

struct slice payment_reason_name(enum payment_reason reason)
{
    CHECK(reason < PAYMENT_REASON_COUNT);
    return reason_names[reason];
}

bool payment_reason_parse(struct slice text, enum payment_reason *ret_reason)
{
    const uint32_t found = find_name(reason_names, PAYMENT_REASON_COUNT, text);
    if (found == PAYMENT_REASON_COUNT) return false;
    *ret_reason = (enum payment_reason)found;
    return true;
}
