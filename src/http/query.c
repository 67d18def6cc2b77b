#include "http/query.h"

#include "base/buffer.h"
#include "base/hex.h"
#include "crypto/base64url.h"
#include "json/utf8.h"

/* liburiparser could take a query apart too, but it lets `%zz` and a cut `%4` through as they
 * stand and allocates each name; decoding strictly into the arena is shorter than checking
 * before and after it. */
static bool decode(struct slice text, struct arena *arena, struct slice *ret_decoded)
{
    char *target = arena_take(arena, text.size);
    if (target == NULL) return false;
    size_t size = 0;
    for (size_t index = 0; index < text.size; index++) {
        char letter = text.data[index];
        if (letter == '+') letter = ' '; /* Forms write a space so. */
        if (letter == '%') {
            if (text.size - index < 3) return false;
            if (!hex_parse((struct slice){text.data + index + 1, 2}, &letter, 1)) return false;
            index += 2;
        }
        if ((uint8_t)letter < 0x20 || letter == 0x7f) return false;
        target[size++] = letter;
    }
    *ret_decoded = (struct slice){.data = target, .size = size};
    return utf8_valid_size(*ret_decoded) == size;
}

void query_complain(struct query *query, struct slice name, struct slice message)
{
    if (query->error_count == FIELD_ERRORS_MAX) return;
    query->errors[query->error_count++] = (struct field_error){.field = name, .message = message};
}

static struct query_parameter *find(struct query *query, struct slice name)
{
    for (size_t index = 0; index < query->parameter_count; index++) {
        struct query_parameter *parameter = &query->parameters[index];
        if (slice_equal(parameter->name, name)) return parameter;
    }
    return NULL;
}

static void add_pair(struct query *query, struct slice pair, struct arena *arena)
{
    struct slice raw_value = {0};
    const struct slice raw_name = slice_cut(pair, '=', &raw_value);
    struct slice name = {0};
    struct slice value = {0};
    if (!decode(raw_name, arena, &name) || name.size == 0) {
        query_complain(query, raw_name, SLICE("is not a parameter's name"));
    } else if (find(query, name) != NULL) {
        query_complain(query, name, SLICE("is given more than once"));
    } else if (raw_name.size == pair.size) {
        query_complain(query, name, SLICE("has no value"));
    } else if (!decode(raw_value, arena, &value)) {
        query_complain(query, name, SLICE("is not percent-encoded UTF-8 without control bytes"));
    } else {
        query->parameters[query->parameter_count++] =
            (struct query_parameter){.name = name, .value = value};
    }
}

void query_parse(struct slice text, struct arena *arena, struct query *ret_query)
{
    CHECK(ret_query != NULL);

    *ret_query = (struct query){0};
    struct slice rest = text;
    while (rest.data != NULL && text.size > 0) {
        if (ret_query->parameter_count + ret_query->error_count >= QUERY_PARAMETERS_MAX) {
            query_complain(ret_query, (struct slice){0},
                           SLICE("The query has too many parameters"));
            return;
        }
        add_pair(ret_query, slice_cut(rest, '&', &rest), arena);
    }
}

bool query_judge(struct query *query)
{
    for (size_t index = 0; index < query->parameter_count; index++) {
        const struct query_parameter *parameter = &query->parameters[index];
        if (!parameter->asked) query_complain(query, parameter->name, SLICE("is unknown here"));
    }
    return query->error_count == 0;
}

bool query_finish(struct exchange *exchange, struct query *query, int64_t now_ms)
{
    if (query_judge(query)) return true;
    problem_reply(exchange,
                  &(struct problem){.error = ERROR_VALIDATION_FAILED,
                                    .errors = query->errors,
                                    .error_count = query->error_count},
                  now_ms);
    return false;
}

struct slice query_text(struct query *query, struct slice name, size_t size_max)
{
    struct query_parameter *parameter = find(query, name);
    if (parameter == NULL) return (struct slice){0};
    parameter->asked = true;
    if (parameter->value.size == 0) return (struct slice){0};
    if (parameter->value.size <= size_max) return parameter->value;
    query_complain(query, name, SLICE("is too long"));
    return (struct slice){0};
}

struct id query_id(struct query *query, struct slice name)
{
    struct id id = {0};
    const struct slice text = query_text(query, name, SIZE_MAX);
    if (text.data != NULL && !id_parse(text, &id)) {
        query_complain(query, name, SLICE("must be an id of 24 hex digits"));
    }
    return id;
}

uint32_t query_limit(struct query *query)
{
    const struct slice name = SLICE("limit");
    uint64_t limit = QUERY_LIMIT_DEFAULT;
    const struct slice text = query_text(query, name, SIZE_MAX);
    if (text.data == NULL) return QUERY_LIMIT_DEFAULT;
    if (!slice_to_number(text, QUERY_LIMIT_MAX, &limit) || limit == 0) {
        query_complain(query, name, SLICE("must be a number from 1 to 100"));
        return QUERY_LIMIT_DEFAULT;
    }
    return (uint32_t)limit;
}

struct id query_cursor(struct query *query)
{
    const struct slice name = SLICE("cursor");
    struct id id = {0};
    const struct slice text = query_text(query, name, SIZE_MAX);
    if (text.data == NULL) return id;
    size_t size = 0;
    const bool whole = base64url_decode(text, id.bytes, sizeof id.bytes, &size) && size == ID_SIZE;
    if (whole && !id_is_none(id)) return id;
    query_complain(query, name, SLICE("is not a cursor that was given out here"));
    return (struct id){0};
}

enum consistency query_consistency(struct query *query)
{
    const struct slice name = SLICE("consistency");
    const struct slice text = query_text(query, name, SIZE_MAX);
    if (text.data == NULL) return CONSISTENCY_LATEST;
    if (!slice_equal(text, SLICE("strong"))) query_complain(query, name, SLICE("must be strong"));
    return CONSISTENCY_STRONG;
}

bool query_only_consistency(struct exchange *exchange, enum consistency *ret_consistency,
                            int64_t now_ms)
{
    struct query query;
    query_parse(exchange->query, &exchange->arena, &query);
    *ret_consistency = query_consistency(&query);
    return query_finish(exchange, &query, now_ms);
}

void query_format_cursor(struct id last, char *target)
{
    CHECK(!id_is_none(last));
    base64url_encode((struct slice){(const char *)last.bytes, ID_SIZE}, target);
}
