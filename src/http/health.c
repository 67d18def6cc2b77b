#include "http/health.h"

#include "base/clock.h"
#include "http/reply.h"
#include "json/json_write.h"

enum {
    WRITER_PATIENCE_US = 5000000, /* The deadline of an answer: later is not ready. */
    BODY_SIZE_MAX = 512,
};

struct verdict {
    bool store;
    bool writer;
};

static struct verdict examine(struct desk *desk)
{
    const struct reader *reader = &desk->reader;
    return (struct verdict){
        .store = reader->methods->ping(reader->context) == ERROR_NONE,
        .writer = writer_alive(desk->house->writer, clock_steady_us(), WRITER_PATIENCE_US)};
}

static struct slice word(bool well)
{
    return well ? SLICE("ok") : SLICE("failed");
}

static void answer(struct exchange *exchange, const struct verdict *verdict,
                   const struct house *house, int64_t now_ms)
{
    const bool well = verdict->store && verdict->writer;
    struct reply reply;
    if (!reply_begin(exchange, BODY_SIZE_MAX, &reply)) return;
    struct json_writer *writer = &reply.writer;
    json_open_object(writer);
    json_member_text(writer, SLICE("status"), word(well));
    json_key(writer, SLICE("checks"));
    json_open_object(writer);
    json_member_text(writer, SLICE("store"), word(verdict->store));
    json_member_text(writer, SLICE("writer"), word(verdict->writer));
    json_close_object(writer);
    json_member_text(writer, SLICE("version"), house->version);
    json_member_number(writer, SLICE("uptime_seconds"), (now_ms - house->started_at_ms) / 1000);
    json_close_object(writer);
    exchange_add_header(exchange, SLICE("cache-control"), SLICE("no-store"));
    reply_send(exchange, well ? 200 : 503, &reply);
}

void health_live(struct desk *desk, struct exchange *exchange, int64_t now_ms)
{
    answer(exchange, &(struct verdict){.store = true, .writer = true}, desk->house, now_ms);
}

void health_ready(struct desk *desk, struct exchange *exchange, int64_t now_ms)
{
    const struct verdict verdict = examine(desk);
    answer(exchange, &verdict, desk->house, now_ms);
}
