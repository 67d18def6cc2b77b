/* fuzz_query.c - queries: read as the lists of the API do; what is accepted keeps its bounds, a
 * cursor that is printed is the cursor that is read, a refusal is an answer that says why.
 *
 * An input is a request target: the query is what stands behind its first '?'. */
#include "fuzz/fuzz.h"

#include "http/framing.h"
#include "http/query.h"
#include "support/bare_exchange.h"

#define NOW_MS INT64_C(1700000000000)

enum { TEXT_SIZE_MAX = 64 };

static struct bare_exchange fake;

/* What is behind the authority is the same, wherever it is looked at from. */
static struct slice target_of(struct slice text)
{
    const struct slice target = framing_target(text);
    CHECK(target.size == 0 || target.data[0] == '/' || target.data[0] == '?');
    if (target.size > 0 && target.data[0] == '/')
        CHECK(slice_equal(framing_target(target), target));
    return target;
}

static void check_cursor(struct id cursor)
{
    char text[CURSOR_TEXT_SIZE];
    char line[CURSOR_TEXT_SIZE + 8];
    static _Alignas(16) char block[4096];
    struct arena arena;
    struct query query;
    query_format_cursor(cursor, text);
    const int size = snprintf(line, sizeof line, "cursor=%.*s", (int)sizeof text, text);
    arena_init(&arena, block, sizeof block);
    query_parse((struct slice){line, (size_t)size}, &arena, &query);
    CHECK(id_equal(query_cursor(&query), cursor));
    CHECK(query_judge(&query));
}

/* What the framing lets through. */
static bool is_printable(struct slice text)
{
    for (size_t index = 0; index < text.size; index++) {
        if (text.data[index] <= ' ' || text.data[index] > '~') return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > FRAMING_LINE_SIZE_MAX) return -1;
    if (!is_printable((struct slice){(const char *)data, size})) return -1;
    struct exchange *exchange = bare_exchange_start(&fake);
    struct slice text = {0};
    (void)slice_cut(target_of((struct slice){(const char *)data, size}), '?', &text);

    struct query query;
    query_parse(text, &exchange->arena, &query);
    const struct slice title = query_text(&query, SLICE("q"), TEXT_SIZE_MAX);
    const struct slice status = query_text(&query, SLICE("status"), TEXT_SIZE_MAX);
    const struct id movie = query_id(&query, SLICE("movie_id"));
    const uint32_t limit = query_limit(&query);
    const struct id cursor = query_cursor(&query);
    CHECK(title.size <= TEXT_SIZE_MAX && status.size <= TEXT_SIZE_MAX);
    CHECK(limit >= 1 && limit <= QUERY_LIMIT_MAX);
    if (!id_is_none(cursor)) check_cursor(cursor);

    struct query copy = query;
    const bool stands = query_judge(&copy);
    CHECK(query_finish(exchange, &query, NOW_MS) == stands);
    if (stands) {
        CHECK(fake.status == 0);
        CHECK(id_is_none(movie) || memmem(text.data, text.size, "movie_id", 8) != NULL);
        return 0;
    }
    CHECK(fake.status == 400);
    CHECK(fuzz_is_json((struct slice){fake.body, fake.body_size}));
    return 0;
}
