#include "http/meter.h"

#include "base/tally.h"

enum { STATUS_MAX = 599 };

static const uint8_t places[STATUS_MAX + 1] = {
#define PLACE(status) [status] = METER_STATUS_##status,
    METER_STATUS_LIST(PLACE)
#undef PLACE
};

struct slice meter_status_name(enum meter_status status)
{
    static const struct slice names[METER_STATUS_COUNT] = {[METER_STATUS_OTHER] =
                                                               SLICE_INIT("other"),
#define NAME(status) [METER_STATUS_##status] = SLICE_INIT(#status),
                                                           METER_STATUS_LIST(NAME)
#undef NAME
    };
    CHECK(status < METER_STATUS_COUNT);
    return names[status];
}

struct slice meter_class_name(enum meter_class status_class)
{
    static const struct slice names[METER_CLASS_COUNT] = {SLICE_INIT("2xx"), SLICE_INIT("3xx"),
                                                          SLICE_INIT("4xx"), SLICE_INIT("5xx")};
    CHECK(status_class < METER_CLASS_COUNT);
    return names[status_class];
}

void meter_note(struct meter *meter, const struct server_answer *answer, int64_t micros)
{
    CHECK(answer->status >= 200);
    CHECK(answer->status <= STATUS_MAX);

    const struct exchange *exchange = answer->exchange;
    const uint32_t route = exchange == NULL ? 0 : exchange->notes.route;
    const enum http_method method = exchange == NULL ? METHOD_OTHER : exchange->method;
    const enum error error = exchange == NULL ? answer->fault : exchange->notes.error;
    CHECK(route < METER_ROUTES_MAX);
    tally_add(&meter->requests[route][method][places[answer->status]], 1);
    if (exchange != NULL) {
        histogram_add(&meter->micros[route][answer->status / 100 - 2], &histogram_micros,
                      micros < 0 ? 0 : (uint64_t)micros);
    }
    if (error != ERROR_NONE) tally_add(&meter->refusals[error], 1);
    tally_add(&meter->body_bytes, answer->body_size);
}

static void gather(uint64_t *targets, const uint64_t *sources, size_t count)
{
    for (size_t index = 0; index < count; index++) targets[index] += tally_read(&sources[index]);
}

void meter_gather(struct meter *target, const struct meter *source)
{
    for (size_t route = 0; route < METER_ROUTES_MAX; route++) {
        for (size_t method = 0; method < METER_METHOD_COUNT; method++) {
            gather(target->requests[route][method], source->requests[route][method],
                   METER_STATUS_COUNT);
        }
        for (size_t kind = 0; kind < METER_CLASS_COUNT; kind++)
            histogram_gather(&target->micros[route][kind], &source->micros[route][kind]);
    }
    gather(target->refusals, source->refusals, ERROR_COUNT);
    gather(&target->body_bytes, &source->body_bytes, 1);
}
