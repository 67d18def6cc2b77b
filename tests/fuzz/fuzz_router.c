/* fuzz_router.c - whole requests, behind the framing: paths, queries, headers (Last-Event-ID,
 * keys, X-Forwarded-For) and bodies, through the router and every handler. Each is answered once,
 * never with 500, with JSON where it says so.
 *
 * An input is `METHOD target`, lines `name: value`, an empty line, and the body. `authorization:
 * user`, `staff` and `admin` stand for good tokens. */
#include "fuzz/fuzz.h"

#include "fuzz/router_desk.h"
#include "http/framing.h"
#include "http/router.h"
#include "support/fake_exchange.h"

enum { INPUT_SIZE_MAX = 8192, REQUEST_HEADERS_MAX = FAKE_HEADERS_MAX };

static const struct slice fixed[] = {SLICE_INIT("/health"), SLICE_INIT("/docs"),
                                     SLICE_INIT("/openapi.json")};

static enum http_method method_of(struct slice name)
{
    for (uint32_t method = METHOD_GET; method < METHOD_OTHER; method++) {
        if (slice_equal(name, router_method_name((enum http_method)method)))
            return (enum http_method)method;
    }
    return METHOD_OTHER;
}

static struct slice value_of(struct slice name, struct slice value)
{
    if (!slice_equal(name, SLICE("authorization"))) return value;
    if (slice_equal(value, SLICE("user"))) return router_desk_token(ROLE_USER);
    if (slice_equal(value, SLICE("staff"))) return router_desk_token(ROLE_STAFF);
    if (slice_equal(value, SLICE("admin"))) return router_desk_token(ROLE_ADMIN);
    return value;
}

/* What the framing lets through of a field: no control bytes, no NUL. */
static bool is_field(struct slice text)
{
    for (size_t index = 0; index < text.size; index++) {
        const uint8_t letter = (uint8_t)text.data[index];
        if (letter < 0x20 || letter == 0x7f) return false;
    }
    return true;
}

static bool is_target(struct slice text)
{
    for (size_t index = 0; index < text.size; index++) {
        if (text.data[index] <= ' ' || text.data[index] > '~' || text.data[index] == '#')
            return false;
    }
    return text.size > 0 && text.data[0] == '/';
}

/* NULL: the framing would have refused it, or nothing of it is looked at. */
static struct fake_exchange *request_of(struct slice text)
{
    struct slice rest = text;
    struct slice target = {0};
    struct slice query = {0};
    const struct slice name = slice_cut(slice_cut(rest, '\n', &rest), ' ', &target);
    if (!is_target(target)) return NULL;
    const struct slice path = slice_cut(target, '?', &query);
    for (size_t index = 0; index < sizeof fixed / sizeof *fixed; index++) {
        if (slice_starts_with(path, fixed[index])) return NULL;
    }

    struct fake_exchange *fake = fake_exchange_new(method_of(name), path, (struct slice){0});
    fake->exchange.query = query;
    while (rest.data != NULL) {
        struct slice value = {0};
        const struct slice line = slice_cut(rest, '\n', &rest);
        if (line.size == 0) break;
        const struct slice field = slice_cut(line, ':', &value);
        if (fake->request_header_count == REQUEST_HEADERS_MAX || !is_field(line)) continue;
        fake_exchange_header(fake, field, value_of(field, slice_trim(value)));
    }
    fake->exchange.body = rest;
    return fake;
}

static void check_answer(const struct fake_exchange *fake)
{
    const struct slice type = slice_of(fake->content_type);
    const struct slice body = fake_exchange_body(fake);
    CHECK(fake->answered);
    CHECK(fake->status >= 200 && fake->status < 600);
    CHECK(fake->status != 500);
    CHECK(fake->status < 400 || fake->exchange.notes.error != ERROR_NONE);
    CHECK(fake->exchange.notes.route < router_route_count());
    if (slice_equal(type, SLICE("application/json")) ||
        slice_equal(type, SLICE("application/problem+json")))
        CHECK(fake_exchange_answer(fake, SLICE("content-encoding")).size > 0 || body.size == 0 ||
              fuzz_is_json(body));
    for (size_t index = 0; index < fake->answer_header_count; index++) {
        CHECK(is_field(fake->answer_headers[index].value));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_SIZE_MAX) return -1;
    struct desk *desk = router_desk();
    struct fake_exchange *fake = request_of((struct slice){(const char *)data, size});
    if (fake == NULL) return -1;
    router_handle(desk, &fake->exchange);
    check_answer(fake);
    CHECK(fake_desk.taken == 0);
    if (fake->stream != NULL) fake_exchange_leave(fake);
    free(fake);
    return 0;
}
