#include "gateway/generic.h"

#include "base/buffer.h"
#include "base/hex.h"
#include "base/timestamp.h"
#include "calendar/calendar.h"
#include "core/transaction.h"
#include "json/json_read.h"

enum { COMPLAINT_SIZE_MAX = 160 }; /* A sentence of the JSON reader. */

#define SIGNED_AT_S_MAX (TIMESTAMP_MS_MAX / 1000)

static void sign(struct mac *mac, struct slice seconds, struct slice body,
                 uint8_t ret_digest[SHA256_SIZE])
{
    const struct slice parts[] = {seconds, SLICE("."), body};
    mac_sign(mac, parts, sizeof parts / sizeof *parts, ret_digest);
}

struct slice generic_sign(struct mac *mac, int64_t now_ms, struct slice body, char *target)
{
    CHECK(now_ms >= 0);
    CHECK(target != NULL);

    struct buffer buffer;
    buffer_init(&buffer, target, GENERIC_SIGNATURE_SIZE);
    buffer_append(&buffer, SLICE("t="));
    buffer_append_number(&buffer, now_ms / 1000);
    uint8_t digest[SHA256_SIZE];
    sign(mac, slice_from(buffer_text(&buffer), 2), body, digest);
    buffer_append(&buffer, SLICE(",v1="));
    buffer_append_hex(&buffer, digest, sizeof digest);
    CHECK(!buffer.overflowed);
    return buffer_text(&buffer);
}

/* Takes `name=` off the text; false if it starts otherwise. */
static bool take_name(struct slice *text, struct slice name)
{
    if (!slice_starts_with(*text, name)) return false;
    *text = slice_from(*text, name.size);
    return true;
}

/* Every v1 is looked at, whichever fits, so that the time taken says nothing. */
static bool signature_fits(struct mac *mac, struct slice header, struct slice body, int64_t now_ms)
{
    struct slice rest = header;
    struct slice seconds = slice_cut(rest, ',', &rest);
    uint64_t signed_at_s = 0;
    if (!take_name(&seconds, SLICE("t="))) return false;
    if (!slice_to_number(seconds, SIGNED_AT_S_MAX, &signed_at_s)) return false;
    const int64_t age_s = now_ms / 1000 - (int64_t)signed_at_s;
    if (age_s > GENERIC_AGE_S_MAX || age_s < -GENERIC_AGE_S_MAX) return false;

    uint8_t expected[SHA256_SIZE];
    sign(mac, seconds, body, expected);
    bool fits = false;
    for (size_t index = 0; rest.data != NULL; index++) {
        uint8_t given[SHA256_SIZE];
        struct slice signature = slice_cut(rest, ',', &rest);
        if (index == GENERIC_SIGNATURES_MAX) return false;
        if (!take_name(&signature, SLICE("v1="))) return false;
        if (!hex_parse(signature, given, sizeof given)) return false;
        const bool equal = mac_equal((struct slice){(const char *)given, sizeof given},
                                     (struct slice){(const char *)expected, sizeof expected});
        fits = fits || equal;
    }
    return fits;
}

static void add_fault(struct gateway_faults *faults, struct slice field, struct slice message)
{
    CHECK(faults->count < GATEWAY_FAULTS_MAX);
    faults->entries[faults->count].field = field;
    faults->entries[faults->count].message = message;
    faults->count++;
}

static bool is_text(const struct json *value)
{
    return value != NULL && value->kind == JSON_STRING;
}

static void read_status(const struct json *root, struct gateway_news *news,
                        struct gateway_faults *faults)
{
    static const struct slice words[] = {[MONEY_PAID] = SLICE_INIT("success"),
                                         [MONEY_FAILED] = SLICE_INIT("failed"),
                                         [MONEY_PENDING] = SLICE_INIT("pending")};

    const struct json *value = json_member(root, SLICE("status"));
    for (uint32_t index = 0; index < sizeof words / sizeof *words; index++) {
        if (!is_text(value) || !slice_equal(value->text, words[index])) continue;
        news->news = (enum money_news)index;
        return;
    }
    add_fault(faults, SLICE("status"), SLICE("must be success, failed or pending"));
}

/* A whole number, also as some gateways' languages print it: `100000.0`. */
static bool read_whole(const struct json *value, int64_t *ret_number)
{
    if (value == NULL) return false;
    if (value->kind == JSON_INTEGER) {
        *ret_number = value->integer;
        return true;
    }
    if (value->kind != JSON_REAL) return false;
    uint64_t number = 0;
    struct slice fraction;
    const struct slice whole = slice_cut(value->text, '.', &fraction);
    for (size_t index = 0; index < fraction.size; index++) {
        if (fraction.data[index] != '0') return false;
    }
    if (fraction.size == 0 || !slice_to_number(whole, INT64_MAX, &number)) return false;
    *ret_number = (int64_t)number;
    return true;
}

/* What a failed or pending message says of an amount means nothing. */
static void read_amount(const struct json *root, struct gateway_news *news,
                        struct gateway_faults *faults)
{
    if (news->news != MONEY_PAID) return;
    if (read_whole(json_member(root, SLICE("amount")), &news->amount) && news->amount >= 0) return;
    add_fault(faults, SLICE("amount"), SLICE("must be an integer of at least 0"));
}

static void read_currency(const struct json *root, struct gateway_news *news,
                          struct gateway_faults *faults)
{
    const struct json *value = json_member(root, SLICE("currency"));
    if (value == NULL || value->kind == JSON_NULL) return;
    if (is_text(value) && currency_parse(value->text, &news->currency)) return;
    add_fault(faults, SLICE("currency"), SLICE("must be three letters such as VND"));
}

static void read_paid_at(const struct json *root, struct gateway_news *news)
{
    const struct json *value = json_member(root, SLICE("paid_at"));
    int64_t moment_ms = 0;
    if (is_text(value) && calendar_parse_moment(value->text, &moment_ms) && moment_ms > 0)
        news->paid_at_ms = moment_ms;
}

/* Half a tree is given back on failure: the answer needs the room. */
static enum error parse(struct slice body, struct arena *arena, const struct json **ret_root,
                        struct gateway_faults *ret_faults)
{
    struct json_fault fault = {0};
    const size_t used = arena->used;
    if (json_parse(body, arena, ret_root, &fault)) return ERROR_NONE;

    char text[COMPLAINT_SIZE_MAX];
    const size_t size = fault.message.size < sizeof text ? fault.message.size : sizeof text;
    memcpy(text, fault.message.data, size);
    arena->used = used;
    if (fault.arena_full) return ERROR_BODY_TOO_LARGE;
    add_fault(ret_faults, (struct slice){0}, arena_copy(arena, (struct slice){text, size}));
    return ERROR_VALIDATION_FAILED;
}

static enum error read_body(struct slice body, struct arena *arena, struct gateway_news *ret_news,
                            struct gateway_faults *ret_faults)
{
    const struct json *root = NULL;
    const enum error error = parse(body, arena, &root, ret_faults);
    if (error != ERROR_NONE) return error;
    if (root->kind != JSON_OBJECT) {
        add_fault(ret_faults, (struct slice){0}, SLICE("must be an object"));
        return ERROR_VALIDATION_FAILED;
    }
    struct gateway_news news = {0};
    const struct json *transaction = json_member(root, SLICE("transaction_id"));
    if (!is_text(transaction))
        add_fault(ret_faults, SLICE("transaction_id"), SLICE("must be a text"));
    read_status(root, &news, ret_faults);
    read_amount(root, &news, ret_faults);
    read_currency(root, &news, ret_faults);
    read_paid_at(root, &news);
    if (ret_faults->count > 0) return ERROR_VALIDATION_FAILED;
    if (!transaction_parse(transaction->text, &news.method, &news.payment))
        return ERROR_PAYMENT_NOT_FOUND;
    *ret_news = news;
    return ERROR_NONE;
}

static enum error generic_read(void *context, const struct gateway_message *message, int64_t now_ms,
                               struct arena *arena, struct gateway_news *ret_news,
                               struct gateway_faults *ret_faults)
{
    const struct generic *generic = context;
    CHECK(generic->mac != NULL);
    CHECK(message->header != NULL);

    const struct slice header = message->header(message->request, SLICE("x-signature"));
    const bool passes = header.data == NULL
                            ? generic->takes_unsigned
                            : signature_fits(generic->mac, header, message->body, now_ms);
    if (!passes) return ERROR_INVALID_WEBHOOK_SIGNATURE;
    *ret_faults = (struct gateway_faults){0};
    return read_body(message->body, arena, ret_news, ret_faults);
}

static bool generic_reply(void *context, enum error error, enum money_outcome outcome,
                          struct arena *arena, struct gateway_reply *ret_reply)
{
    static const struct slice bodies[] = {
        [MONEY_NOTED] = SLICE_INIT("{\"success\":true,\"message\":\"Noted\"}"),
        [MONEY_CONFIRMED] =
            SLICE_INIT("{\"success\":true,\"message\":\"Payment completed successfully\"}"),
        [MONEY_TO_REFUND] =
            SLICE_INIT("{\"success\":true,\"message\":\"Payment recorded; it will be refunded\"}"),
        [MONEY_KNOWN_ALREADY] = SLICE_INIT("{\"success\":true,\"message\":\"Already processed\"}"),
    };
    (void)context;
    (void)arena;
    CHECK(outcome < sizeof bodies / sizeof *bodies);

    if (error != ERROR_NONE) return false;
    *ret_reply = (struct gateway_reply){
        .status = 200, .content_type = SLICE("application/json"), .body = bodies[outcome]};
    return true;
}

static const struct gateway_methods methods = {.read = generic_read, .reply = generic_reply};

struct gateway generic_gateway(struct generic *generic)
{
    CHECK(generic != NULL);
    CHECK(generic->mac != NULL);
    return (struct gateway){.context = generic, .methods = &methods};
}
