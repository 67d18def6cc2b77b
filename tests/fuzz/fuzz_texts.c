/* fuzz_texts.c - the short texts of the API: ids, keys, codes, seats, moments, references,
 * base64url. What is read prints, and the print reads as the same. */
#include "fuzz/fuzz.h"

#include <glib.h>

#include "base/hex.h"
#include "base/timestamp.h"
#include "calendar/calendar.h"
#include "calendar/fold.h"
#include "core/code.h"
#include "core/seat_map.h"
#include "core/transaction.h"
#include "core/uuid.h"
#include "crypto/base64url.h"
#include "http/idempotency_key.h"
#include "support/bare_exchange.h"

enum { INPUT_SIZE_MAX = 512, PRINTED_SIZE = 1024 };

static void check_id(struct slice text)
{
    struct id id;
    struct id again;
    char hex[ID_HEX_SIZE];
    if (!id_parse(text, &id)) return;
    id_format(id, hex);
    CHECK(slice_equal_ignoring_case(text, (struct slice){hex, sizeof hex}));
    CHECK(id_parse((struct slice){hex, sizeof hex}, &again) && id_equal(id, again));
    static const struct siphash_key key = {.bytes = {1, 2, 3}};
    const uint64_t number = id_open(&key, ID_BOOKING, id);
    if (number == 0) return;
    CHECK(id_equal(id_seal(&key, ID_BOOKING, number), id));
    CHECK(id_open(&key, ID_PAYMENT, id) == 0);
}

static void check_uuid(struct slice text)
{
    struct uuid uuid;
    struct uuid again;
    char printed[UUID_TEXT_SIZE];
    if (!uuid_parse(text, &uuid)) return;
    uuid_format(uuid, printed);
    const struct slice print = {printed, sizeof printed};
    CHECK(slice_equal_ignoring_case(text, print) && printed[14] == '4');
    CHECK(uuid_parse(print, &again) && uuid_equal(uuid, again) && !uuid_is_none(uuid));
}

static void check_code(struct slice text)
{
    static const struct siphash_key key = {.bytes = {3, 1, 4}};
    struct code code;
    if (!code_parse(text, &code)) return;
    CHECK(text.size == CODE_SIZE + 3);
    CHECK(slice_equal_ignoring_case(slice_from(text, 3), (struct slice){code.letters, CODE_SIZE}));
    const uint64_t number = code_to_number(&key, code);
    if (number < 1 || number > CODE_NUMBER_MAX) return;
    const struct code again = code_of_number(&key, number);
    CHECK(memcmp(again.letters, code.letters, CODE_SIZE) == 0);
}

static void check_seat(struct slice text)
{
    struct seat_name seat;
    char printed[SEAT_NAME_SIZE_MAX];
    if (!seat_name_parse(text, &seat)) return;
    CHECK(slice_equal(text, (struct slice){printed, seat_name_format(seat, printed)}));
}

static void check_moment(struct slice text)
{
    int64_t moment_ms = 0;
    int64_t again_ms = -1;
    char printed[TIMESTAMP_SIZE];
    if (!calendar_parse_moment(text, &moment_ms)) return;
    CHECK(moment_ms <= TIMESTAMP_MS_MAX);
    if (moment_ms < 0) return; /* Before 1970 is written as 1970. */
    timestamp_format(moment_ms, printed);
    CHECK(calendar_parse_moment((struct slice){printed, sizeof printed}, &again_ms));
    CHECK(moment_ms == again_ms);
}

/* Moments outside of 1970 to 9999 have no date. */
static void check_date(struct time_zone *zone, int64_t moment_ms, struct slice date)
{
    char printed[CALENDAR_DATE_SIZE];
    if (!calendar_date_of(zone, moment_ms, printed)) return;
    CHECK(slice_equal(date, (struct slice){printed, sizeof printed}));
}

static void check_day(struct slice text)
{
    static const struct slice zones[] = {SLICE_INIT("UTC"), SLICE_INIT("Asia/Ho_Chi_Minh"),
                                         SLICE_INIT("America/Sao_Paulo")};
    static struct time_zone *opened[sizeof zones / sizeof *zones];
    int64_t from_ms = 0;
    int64_t to_ms = 0;
    for (size_t index = 0; index < sizeof zones / sizeof *zones; index++) {
        int64_t ahead_ms = 0;
        if (calendar_parse_ahead(text, zones[index], INT64_C(1700000000000), &ahead_ms))
            CHECK(ahead_ms > INT64_C(1699900000000));
        if (!calendar_day(zones[index], text, &from_ms, &to_ms)) continue;
        CHECK(calendar_date_valid(text));
        CHECK(to_ms - from_ms >= 23 * 3600000 && to_ms - from_ms <= 25 * 3600000);
        if (opened[index] == NULL) opened[index] = calendar_zone_open(zones[index]);
        CHECK(opened[index] != NULL);
        check_date(opened[index], from_ms, text);
        check_date(opened[index], to_ms - 1, text);
    }
    if (!calendar_zone_known(text)) return;
    CHECK(text.size <= CALENDAR_ZONE_SIZE_MAX);
    CHECK(calendar_day(text, SLICE("2024-02-29"), &from_ms, &to_ms));
}

static void check_reference(struct slice text)
{
    enum payment_method method;
    struct id payment;
    struct buffer buffer;
    char printed[PRINTED_SIZE];
    if (!transaction_parse(text, &method, &payment)) return;
    buffer_init(&buffer, printed, sizeof printed);
    transaction_append(&buffer, method, payment);
    CHECK(slice_equal_ignoring_case(text, buffer_text(&buffer)));
}

static void check_bytes(struct slice text)
{
    char bytes[INPUT_SIZE_MAX];
    char printed[PRINTED_SIZE];
    size_t size = 0;
    if (base64url_decode(text, bytes, sizeof bytes, &size)) {
        CHECK(BASE64URL_SIZE(size) == text.size);
        base64url_encode((struct slice){bytes, size}, printed);
        CHECK(slice_equal(text, (struct slice){printed, text.size}));
    }
    if (text.size > 0 && text.size % 2 == 0 && hex_parse(text, bytes, text.size / 2)) {
        hex_format(bytes, text.size / 2, printed);
        CHECK(slice_equal_ignoring_case(text, (struct slice){printed, text.size}));
    }
    base64url_encode(text, printed);
    CHECK(base64url_decode((struct slice){printed, BASE64URL_SIZE(text.size)}, bytes, sizeof bytes,
                           &size));
    CHECK(size == text.size && (size == 0 || memcmp(bytes, text.data, size) == 0));
}

static void check_key(struct slice text, struct slice header)
{
    static struct bare_exchange fake;
    struct idempotency_key key;
    struct exchange *exchange = bare_exchange_start(&fake);
    bare_exchange_send(&fake, header, text);
    if (idempotency_key_read(exchange, &key) != ERROR_NONE) return;
    char printed[UUID_TEXT_SIZE];
    uuid_format(key.key, printed);
    const struct slice trimmed = slice_trim(text);
    const bool quoted = key.draft && trimmed.size == sizeof printed + 2;
    CHECK(quoted || trimmed.size == sizeof printed);
    CHECK(!quoted || (trimmed.data[0] == '"' && trimmed.data[trimmed.size - 1] == '"'));
    const struct slice bare = {trimmed.data + (quoted ? 1 : 0), sizeof printed};
    CHECK(slice_equal_ignoring_case(bare, (struct slice){printed, sizeof printed}));
}

static void check_fold(struct slice text)
{
    static _Alignas(16) char block[64 * 1024];
    struct arena arena;
    arena_init(&arena, block, sizeof block);
    const struct slice once = fold_text(text, &arena);
    CHECK(once.data != NULL || text.size == 0);
    if (!g_utf8_validate_len(text.data, text.size, NULL)) {
        CHECK(slice_equal(once, text));
        return;
    }
    /* The same letters with their accents apart. */
    char *apart = g_utf8_normalize(text.data, (gssize)text.size, G_NORMALIZE_NFD);
    CHECK(slice_equal(once, fold_text(slice_of(apart), &arena)));
    g_free(apart);
}

static void check_number(struct slice text)
{
    uint64_t number = 0;
    char printed[32];
    if (!slice_to_number(text, UINT64_MAX, &number)) return;
    (void)snprintf(printed, sizeof printed, "%llu", (unsigned long long)number);
    CHECK(slice_equal(text, slice_of(printed)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_SIZE_MAX) return -1;
    const struct slice text = {(const char *)data, size};
    check_id(text);
    check_uuid(text);
    check_code(text);
    check_seat(text);
    check_moment(text);
    check_day(text);
    check_reference(text);
    check_bytes(text);
    check_key(text, SLICE("x-idempotency-key"));
    check_key(text, SLICE("idempotency-key"));
    check_fold(text);
    check_number(text);
    return 0;
}
