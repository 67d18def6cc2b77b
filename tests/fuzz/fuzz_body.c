/* fuzz_body.c - JSON bodies of requests, read as the handlers of holds and payments do: accepted
 * seats are distinct and well formed, a refusal is an answer that says why, and a body has one
 * fingerprint however it is spelled. */
#include "fuzz/fuzz.h"

#include "base/buffer.h"
#include "core/limits.h"
#include "core/seat_map.h"
#include "http/idempotency_key.h"
#include "http/request_body.h"
#include "support/bare_exchange.h"

#define NOW_MS INT64_C(1700000000000)

enum { INPUT_SIZE_MAX = 16 * 1024, LAYOUT_SIDE = 20, PRINTED_SIZE = 8 * INPUT_SIZE_MAX };

static struct bare_exchange fake;
static _Alignas(16) char map_block[64 * 1024];
static _Alignas(16) char tree[8 * 1024 * 1024];
static char printed[PRINTED_SIZE];

static void check_seats(const struct seat_name *seats, size_t count)
{
    static struct seat_layout layout;
    layout.rows = layout.cols = LAYOUT_SIDE;
    CHECK(seat_map_size(LAYOUT_SIDE * LAYOUT_SIDE) <= sizeof map_block);
    memset(map_block, 0, sizeof map_block);
    struct seat_map map = {0};
    seat_map_init(&map, &layout, map_block);

    CHECK(count <= SEATS_PER_HOLD_MAX);
    for (size_t index = 0; index < count; index++) {
        char name[SEAT_NAME_SIZE_MAX];
        char before[SEAT_NAME_SIZE_MAX];
        const struct slice text = {name, seat_name_format(seats[index], name)};
        for (size_t other = 0; other < index; other++) {
            const struct slice earlier = {before, seat_name_format(seats[other], before)};
            CHECK(!slice_equal(text, earlier));
        }
        const uint32_t place = seat_map_find(&map, seats[index]);
        if (place == PLACE_NONE) continue;
        const struct seat_name known = seat_map_name(&map, place);
        CHECK(slice_equal(text, (struct slice){before, seat_name_format(known, before)}));
    }
}

static void fingerprint_of(const struct json *root, struct fingerprint *ret_fingerprint)
{
    struct arena arena;
    char *block = malloc(PRINTED_SIZE);
    CHECK(block != NULL);
    arena_init(&arena, block, PRINTED_SIZE);
    CHECK(idempotency_key_fingerprint(SLICE("/api/x"), root, &arena, ret_fingerprint));
    free(block);
}

/* The same body, written by somebody else. */
static void check_fingerprint(const struct json *root)
{
    struct fingerprint first;
    struct fingerprint second;
    struct buffer buffer;
    struct arena arena;
    struct json_fault fault;
    const struct json *again = NULL;
    fingerprint_of(root, &first);
    buffer_init(&buffer, printed, sizeof printed);
    json_append_sorted(&buffer, root);
    buffer_append(&buffer, SLICE(" \n"));
    arena_init(&arena, tree, sizeof tree);
    CHECK(json_parse(buffer_text(&buffer), &arena, &again, &fault));
    fingerprint_of(again, &second);
    CHECK(fingerprint_equal(&first, &second));
}

static void check_refusal(void)
{
    CHECK(fake.status >= 400 && fake.status < 500);
    CHECK(fuzz_is_json((struct slice){fake.body, fake.body_size}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_SIZE_MAX) return -1;
    struct exchange *exchange = bare_exchange_start(&fake);
    bare_exchange_send(&fake, SLICE("content-type"), SLICE("application/json"));
    exchange->body = (struct slice){(const char *)data, size};

    struct request_body body = {0};
    if (!request_body_parse(exchange, &body, NOW_MS)) {
        check_refusal();
        return 0;
    }
    struct seat_name seats[SEATS_PER_HOLD_MAX];
    struct slice texts[3];
    const struct id id = request_body_id(&body, SLICE("showtime_id"));
    const size_t seat_count = request_body_seats(&body, SLICE("seats"), seats, SEATS_PER_HOLD_MAX);
    const struct slice url = request_body_optional_string(&body, SLICE("return_url"), URL_SIZE_MAX);
    const size_t text_count = request_body_strings(&body, SLICE("texts"), 5, texts, 3);
    const struct slice reason = request_body_string(&body, SLICE("reason"), REASON_SIZE_MAX);
    check_seats(seats, seat_count);
    CHECK(url.size <= URL_SIZE_MAX && reason.size <= REASON_SIZE_MAX && text_count <= 3);

    if (!request_body_finish(exchange, &body, NOW_MS)) {
        check_refusal();
        return 0;
    }
    CHECK(fake.status == 0 && !id_is_none(id) && seat_count > 0 && text_count > 0);
    check_fingerprint(body.root);
    return 0;
}
