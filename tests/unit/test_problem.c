#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "http/problem.h"
#include "http/problem_page.h"
#include "http/problem_text.h"
#include "support/bare_exchange.h"
#include "json/json_read.h"

#define NOW_MS INT64_C(1705314600000)

static struct bare_exchange fake;
static char body_text[PROBLEM_SIZE_MAX];

static struct seat_conflict conflict(const char *name, enum seat_state state, bool yours)
{
    struct seat_conflict conflict = {.state = state, .yours = yours};
    assert_true(seat_name_parse(slice_of(name), &conflict.name));
    return conflict;
}

static void assert_body(struct slice body, const char *expected)
{
    if (body.size != strlen(expected) || memcmp(body.data, expected, body.size) != 0) {
        fail_msg("%.*s", (int)body.size, body.data);
    }
}

static struct slice body_of(const struct problem *problem)
{
    const struct problem_request request = {
        .path = SLICE("/api/bookings/hold"), .request_id = SLICE("test-1"), .now_ms = NOW_MS};
    return problem_body(problem, &request, body_text);
}

static const struct json *parsed(struct slice body)
{
    static char memory[64 * 1024];
    static struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    const struct json *root = NULL;
    struct json_fault fault;
    assert_true(json_parse(body, &arena, &root, &fault));
    return root;
}

static void a_conflict_has_every_member_of_the_contract(void **state)
{
    (void)state;
    const struct seat_conflict conflicts[] = {conflict("A1", SEAT_BOOKED, false),
                                              conflict("A2", SEAT_BOOKED, false)};
    const struct problem problem = {
        .error = ERROR_SEAT_ALREADY_BOOKED, .conflicts = conflicts, .conflict_count = 2};
    assert_body(body_of(&problem),
                "{\"type\":\"/problems/SEAT_ALREADY_BOOKED\",\"title\":\"Seat already booked\","
                "\"status\":409,\"detail\":\"Seats A1, A2 are already booked\","
                "\"instance\":\"/api/bookings/hold\",\"request_id\":\"test-1\","
                "\"seats\":[{\"seat_id\":\"A1\",\"status\":\"booked\"},"
                "{\"seat_id\":\"A2\",\"status\":\"booked\"}],"
                "\"statusCode\":409,\"errorCode\":\"SEAT_ALREADY_BOOKED\","
                "\"message\":\"Seats A1, A2 are already booked\","
                "\"timestamp\":\"2024-01-15T10:30:00.000Z\"}");
}

static void the_list_has_all_seats_and_the_sentence_those_of_the_code(void **state)
{
    (void)state;
    const struct seat_conflict conflicts[] = {conflict("A1", SEAT_HELD, true),
                                              conflict("B10", SEAT_BOOKED, false),
                                              conflict("AB120", SEAT_HELD, false)};
    const struct problem booked = {
        .error = ERROR_SEAT_ALREADY_BOOKED, .conflicts = conflicts, .conflict_count = 3};
    const struct json *root = parsed(body_of(&booked));
    assert_true(
        slice_equal(json_member(root, SLICE("detail"))->text, SLICE("Seat B10 is already booked")));
    const struct json *seats = json_member(root, SLICE("seats"));
    assert_int_equal(seats->count, 3);
    assert_true(json_member(seats->first, SLICE("yours"))->truth);
    assert_null(json_member(seats->first->next, SLICE("yours")));
    assert_null(json_member(seats->first->next->next, SLICE("yours")));

    const struct problem held = {
        .error = ERROR_SEAT_HELD_BY_ANOTHER, .conflicts = conflicts, .conflict_count = 1};
    root = parsed(body_of(&held));
    assert_true(slice_equal(json_member(root, SLICE("message"))->text, SLICE("Seat A1 is held")));
}

static void a_seat_that_does_not_exist_is_invalid(void **state)
{
    (void)state;
    const struct seat_conflict conflicts[] = {conflict("ZZ999", SEAT_ABSENT, false)};
    const struct problem problem = {
        .error = ERROR_INVALID_SEAT, .conflicts = conflicts, .conflict_count = 1};
    const struct json *root = parsed(body_of(&problem));
    const struct json *seat = json_member(root, SLICE("seats"))->first;
    assert_true(slice_equal(json_member(seat, SLICE("status"))->text, SLICE("invalid")));
    assert_true(
        slice_equal(json_member(root, SLICE("detail"))->text, SLICE("Seat ZZ999 does not exist")));
}

static void every_code_has_words_a_status_and_a_page(void **state)
{
    (void)state;
    for (int error = ERROR_NONE + 1; error < ERROR_COUNT; error++) {
        const struct problem_text *text = problem_text_of((enum error)error);
        assert_true(text->detail.size > 0);
        assert_true(text->meaning.size > 0);
        assert_true(text->remedy.size > 0);
        const struct problem problem = {.error = (enum error)error};
        const struct json *root = parsed(body_of(&problem));
        assert_int_equal(json_member(root, SLICE("status"))->integer,
                         error_status((enum error)error));
        const bool later =
            error_status((enum error)error) == 429 || error_status((enum error)error) == 503 ||
            error == ERROR_BOOKING_LOCK_FAILED || error == ERROR_IDEMPOTENCY_IN_PROGRESS;
        assert_int_equal(problem_retry_after_s(&problem) > 0, later);

        char page[8192];
        struct buffer buffer;
        buffer_init(&buffer, page, sizeof page);
        problem_page_append(&buffer, (enum error)error);
        assert_false(buffer.overflowed);
        for (size_t index = 0; index < text->meaning.size; index++) {
            assert_null(strchr("<>&\"", text->meaning.data[index]));
        }
        for (size_t index = 0; index < text->remedy.size; index++) {
            assert_null(strchr("<>&\"", text->remedy.data[index]));
        }
    }
}

static void every_refusal_has_the_error_of_its_name(void **state)
{
    (void)state;
    assert_int_equal(problem_error_of(REFUSAL_NONE), ERROR_NONE);
#define REFUSAL_ROW(name) assert_string_equal(error_name(problem_error_of(REFUSAL_##name)), #name);
    REFUSAL_LIST(REFUSAL_ROW)
#undef REFUSAL_ROW
}

static void an_answer_carries_its_headers(void **state)
{
    (void)state;
    struct exchange *exchange = bare_exchange_start(&fake);
    problem_reply(exchange,
                  &(struct problem){.error = ERROR_METHOD_NOT_ALLOWED, .allow = SLICE("GET, POST")},
                  NOW_MS);
    assert_int_equal(fake.status, 405);
    assert_true(slice_equal(fake.content_type, SLICE("application/problem+json")));
    assert_true(slice_equal(bare_exchange_answered(&fake, SLICE("allow")), SLICE("GET, POST")));
    assert_true(
        slice_equal(bare_exchange_answered(&fake, SLICE("cache-control")), SLICE("no-store")));
    assert_null(bare_exchange_answered(&fake, SLICE("retry-after")).data);

    exchange = bare_exchange_start(&fake);
    problem_reply(exchange, &(struct problem){.error = ERROR_TOO_MANY_HOLDS, .retry_after_s = 417},
                  NOW_MS);
    assert_int_equal(fake.status, 429);
    assert_true(slice_equal(bare_exchange_answered(&fake, SLICE("retry-after")), SLICE("417")));

    exchange = bare_exchange_start(&fake);
    problem_reply(exchange, &(struct problem){.error = ERROR_IDEMPOTENCY_KEY_REUSED, .status = 422},
                  NOW_MS);
    assert_int_equal(fake.status, 422);
    assert_true(bare_exchange_says(&fake, "\"status\":422"));
    assert_true(bare_exchange_says(&fake, "\"statusCode\":422"));

    exchange = bare_exchange_start(&fake);
    problem_reply(exchange, &(struct problem){.error = ERROR_INVALID_WEBHOOK_SIGNATURE}, NOW_MS);
    assert_int_equal(fake.status, 401);
    assert_null(bare_exchange_answered(&fake, SLICE("www-authenticate")).data);
}

static void texts_from_outside_are_escaped_and_cut(void **state)
{
    (void)state;
    static char path[3000];
    memset(path, '"', sizeof path);
    path[0] = '/';
    char field[200];
    memset(field, '\x01', sizeof field);
    struct field_error errors[FIELD_ERRORS_MAX];
    for (size_t index = 0; index < FIELD_ERRORS_MAX; index++) {
        errors[index] = (struct field_error){.field = {field, index < 2 ? 20 : 4},
                                             .message = SLICE("is an unknown member")};
    }
    const struct problem_request request = {
        .path = {path, sizeof path}, .request_id = SLICE("x"), .now_ms = NOW_MS};
    struct problem problem = {
        .error = ERROR_VALIDATION_FAILED, .errors = errors, .error_count = FIELD_ERRORS_MAX};
    const struct json *root = parsed(problem_body(&problem, &request, body_text));
    assert_int_equal(json_member(root, SLICE("instance"))->text.size, 256);
    assert_int_equal(json_member(root, SLICE("errors"))->count, FIELD_ERRORS_MAX);

    /* So many control bytes that their escapes do not fit: the plain problem is left. */
    char message[400];
    memset(message, '\x02', sizeof message);
    for (size_t index = 0; index < FIELD_ERRORS_MAX; index++) {
        errors[index] = (struct field_error){.field = {field, sizeof field},
                                             .message = {message, sizeof message}};
    }
    root = parsed(problem_body(&problem, &request, body_text));
    assert_int_equal(json_member(root, SLICE("status"))->integer, 400);
    assert_null(json_member(root, SLICE("errors")));
}

static void one_wrong_field_is_the_detail(void **state)
{
    (void)state;
    const struct field_error error = {SLICE("seats[1]"), SLICE("must be a string")};
    const struct problem problem = {
        .error = ERROR_VALIDATION_FAILED, .errors = &error, .error_count = 1};
    const struct json *root = parsed(body_of(&problem));
    assert_true(
        slice_equal(json_member(root, SLICE("detail"))->text, SLICE("seats[1] must be a string")));
    const struct json *entry = json_member(root, SLICE("errors"))->first;
    assert_true(slice_equal(json_member(entry, SLICE("field"))->text, SLICE("seats[1]")));
    assert_true(slice_equal(json_member(entry, SLICE("message"))->text, SLICE("must be a string")));
}

static void a_code_has_a_page_and_an_unknown_one_has_none(void **state)
{
    (void)state;
    struct exchange *exchange = bare_exchange_start(&fake);
    problem_page_reply(exchange, SLICE("SEAT_ALREADY_BOOKED"), NOW_MS);
    assert_int_equal(fake.status, 200);
    assert_true(bare_exchange_says(&fake, "<h1>Seat already booked</h1>"));
    assert_true(bare_exchange_answered(&fake, SLICE("content-security-policy")).size > 0);
    assert_true(slice_equal(bare_exchange_answered(&fake, SLICE("x-content-type-options")),
                            SLICE("nosniff")));
    exchange = bare_exchange_start(&fake);
    problem_page_reply(exchange, (struct slice){0}, NOW_MS);
    assert_int_equal(fake.status, 200);
    assert_true(bare_exchange_says(&fake, "href=\"/problems/OUTCOME_UNKNOWN\""));
    static const char *const rows[] = {"NONE", "seat_already_booked", "<script>", "X"};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        exchange = bare_exchange_start(&fake);
        problem_page_reply(exchange, slice_of(rows[row]), NOW_MS);
        assert_int_equal(fake.status, 404);
        assert_false(bare_exchange_says(&fake, "<script>"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conflict_has_every_member_of_the_contract),
        cmocka_unit_test(the_list_has_all_seats_and_the_sentence_those_of_the_code),
        cmocka_unit_test(a_seat_that_does_not_exist_is_invalid),
        cmocka_unit_test(every_code_has_words_a_status_and_a_page),
        cmocka_unit_test(every_refusal_has_the_error_of_its_name),
        cmocka_unit_test(an_answer_carries_its_headers),
        cmocka_unit_test(texts_from_outside_are_escaped_and_cut),
        cmocka_unit_test(one_wrong_field_is_the_detail),
        cmocka_unit_test(a_code_has_a_page_and_an_unknown_one_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
