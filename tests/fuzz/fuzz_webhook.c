/* fuzz_webhook.c - gateways' messages: one that is believed is signed over its raw bytes, within
 * five minutes, with the MAC that OpenSSL makes; what it says is what its body says.
 *
 * An input is a line, the value of X-Signature, and the body behind it. `sign` and a number stand
 * for a good signature that is as many seconds old. */
#include "fuzz/fuzz.h"

#include "core/transaction.h"
#include "gateway/generic.h"
#include "json/json_read.h"

#define NOW_S INT64_C(1700000000)
#define SECRET SLICE("whsec_momo_0123456789")

enum { INPUT_SIZE_MAX = 64 * 1024, TREE_SIZE = 8 * 1024 * 1024, SIGNED_SIZE = INPUT_SIZE_MAX + 64 };

static struct mac *mac;
static _Alignas(16) char tree[TREE_SIZE];

struct request {
    struct slice signature;
    bool given;
};

static struct slice give_header(const void *context, struct slice name)
{
    const struct request *request = context;
    const bool asked = slice_equal(name, SLICE("x-signature")) && request->given;
    return asked ? request->signature : (struct slice){0};
}

static enum error read_message(const struct request *request, struct slice body,
                               struct gateway_news *ret_news)
{
    struct generic generic = {.mac = mac};
    const struct gateway gateway = generic_gateway(&generic);
    const struct gateway_message message = {
        .body = body, .header = give_header, .request = request};
    struct arena arena;
    struct gateway_faults faults = {0};
    arena_init(&arena, tree, sizeof tree);
    const enum error error =
        gateway.methods->read(gateway.context, &message, NOW_S * 1000, &arena, ret_news, &faults);
    CHECK((error == ERROR_VALIDATION_FAILED) == (faults.count > 0));
    return error;
}

/* Does the header carry `v1=` and the hex digits of what OpenSSL makes of time and body? */
static bool is_signed(struct slice header, struct slice body)
{
    static char text[SIGNED_SIZE];
    struct slice rest = header;
    const struct slice first = slice_trim(slice_cut(rest, ',', &rest));
    const struct slice seconds = slice_from(first, 2);
    uint64_t at_s = 0;
    if (!slice_starts_with(first, SLICE("t="))) return false;
    if (!slice_to_number(seconds, INT64_MAX, &at_s)) return false;
    if (llabs((long long)at_s - (long long)NOW_S) > 300) return false;

    memcpy(text, seconds.data, seconds.size);
    text[seconds.size] = '.';
    if (body.size > 0) memcpy(text + seconds.size + 1, body.data, body.size);
    uint8_t digest[32];
    fuzz_hmac(SECRET, (struct slice){text, seconds.size + 1 + body.size}, digest);
    char hex[2 * sizeof digest + 1];
    for (size_t index = 0; index < sizeof digest; index++) {
        (void)snprintf(hex + 2 * index, 3, "%02x", digest[index]);
    }
    while (rest.data != NULL) {
        const struct slice entry = slice_trim(slice_cut(rest, ',', &rest));
        if (!slice_starts_with(entry, SLICE("v1="))) continue;
        if (slice_equal_ignoring_case(slice_from(entry, 3), slice_of(hex))) return true;
    }
    return false;
}

static void check_news(const struct gateway_news *news, struct slice body)
{
    struct arena arena;
    const struct json *root = NULL;
    struct json_fault fault;
    arena_init(&arena, tree, sizeof tree);
    CHECK(json_parse(body, &arena, &root, &fault));
    enum payment_method method;
    struct id payment;
    const struct json *transaction = json_member(root, SLICE("transaction_id"));
    CHECK(transaction_parse(transaction->text, &method, &payment));
    CHECK(method == news->method && id_equal(payment, news->payment));
    CHECK(news->amount >= 0 && news->paid_at_ms >= 0);
    CHECK((news->news == MONEY_PAID) ==
          slice_equal(json_member(root, SLICE("status"))->text, SLICE("success")));
}

/* The same signature says nothing of another body. */
static void check_neighbour(const struct request *request, struct slice body)
{
    static char copy[INPUT_SIZE_MAX + 1];
    struct gateway_news news = {0};
    if (body.size > 0) memcpy(copy, body.data, body.size);
    copy[body.size] = ' ';
    CHECK(read_message(request, (struct slice){copy, body.size + 1}, &news) ==
          ERROR_INVALID_WEBHOOK_SIGNATURE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_SIZE_MAX) return -1;
    if (mac == NULL) mac = mac_open(SECRET);
    CHECK(mac != NULL);
    struct slice body = {0};
    const struct slice line = slice_cut((struct slice){(const char *)data, size}, '\n', &body);
    if (body.data == NULL) body = SLICE("");

    char target[GENERIC_SIGNATURE_SIZE];
    struct request request = {.signature = line, .given = line.size > 0};
    uint64_t age_s = 0;
    if (slice_starts_with(line, SLICE("sign")) &&
        slice_to_number(slice_from(line, 4), 1000, &age_s)) {
        request.signature = generic_sign(mac, (NOW_S - (int64_t)age_s) * 1000, body, target);
    }
    struct gateway_news news = {0};
    const enum error error = read_message(&request, body, &news);
    if (error == ERROR_INVALID_WEBHOOK_SIGNATURE) return 0;
    CHECK(is_signed(request.signature, body));
    if (error == ERROR_NONE) check_news(&news, body);
    check_neighbour(&request, body);
    return 0;
}
