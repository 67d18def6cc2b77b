#include "core/transaction.h"

#include "base/check.h"

static const struct slice prefixes[PAYMENT_METHOD_COUNT] = {
    [PAYMENT_MOMO] = SLICE_INIT("TXN_MOMO_"),
    [PAYMENT_VNPAY] = SLICE_INIT("TXN_VNPAY_"),
    [PAYMENT_ZALOPAY] = SLICE_INIT("TXN_ZALOPAY_"),
    [PAYMENT_CARD] = SLICE_INIT("TXN_CARD_"),
};

void transaction_append(struct buffer *buffer, enum payment_method method, struct id payment)
{
    CHECK(method < PAYMENT_METHOD_COUNT);
    CHECK(!id_is_none(payment));

    buffer_append(buffer, prefixes[method]);
    buffer_append_hex(buffer, payment.bytes, ID_SIZE);
}

bool transaction_parse(struct slice text, enum payment_method *ret_method, struct id *ret_payment)
{
    CHECK(ret_method != NULL);
    CHECK(ret_payment != NULL);

    for (uint32_t method = 0; method < PAYMENT_METHOD_COUNT; method++) {
        if (!slice_starts_with(text, prefixes[method])) continue;
        if (!id_parse(slice_from(text, prefixes[method].size), ret_payment)) return false;
        *ret_method = (enum payment_method)method;
        return true;
    }
    return false;
}

struct url transaction_page(struct slice gateway, enum payment_method method, struct id payment)
{
    struct url url = {0};
    if (gateway.size == 0) return url;

    struct buffer buffer;
    buffer_init(&buffer, url.text, sizeof url.text);
    buffer_append(&buffer, gateway);
    buffer_append_char(&buffer, '/');
    buffer_append(&buffer, payment_method_name(method));
    buffer_append(&buffer, SLICE("/pay/"));
    transaction_append(&buffer, method, payment);
    url.size = (uint16_t)buffer_text(&buffer).size;
    return url;
}
