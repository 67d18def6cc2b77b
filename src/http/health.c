#include "http/health.h"

#include "base/clock.h"
#include "base/tally.h"
#include "http/reply.h"
#include "json/json_write.h"

enum { BODY_SIZE_MAX = 1024 };

/* The first ones decide on /health/ready. */
enum probe { PROBE_STORE, PROBE_WRITER, PROBE_SERVING, PROBE_DISK, PROBE_COMMITS, PROBE_COUNT };

enum { PROBE_READY_COUNT = PROBE_SERVING + 1 };

struct examination {
    bool well[PROBE_COUNT];
    struct storage_state storage;
    struct writer_state writer;
};

static struct examination examine(struct desk *desk)
{
    const struct house *house = desk->house;
    const struct reader *reader = &desk->reader;
    struct examination found = {0};
    const bool open = desk_is_open(house);
    if (open) found.writer = writers_state(&house->writers);
    house->storage.methods->examine(house->storage.context, &found.storage);
    const bool readable = reader->methods->ping(reader->context) == ERROR_NONE;
    found.well[PROBE_STORE] = readable && found.storage.in_place;
    found.well[PROBE_WRITER] =
        open && writers_alive(&house->writers, clock_steady_us(), HEALTH_WRITER_PATIENCE_US);
    found.well[PROBE_DISK] = found.storage.disk_free >= HEALTH_DISK_FREE_MIN;
    found.well[PROBE_SERVING] = tally_read(&house->stopping) == 0;
    found.well[PROBE_COMMITS] = found.writer.counts.last_failure == ERROR_NONE;
    return found;
}

static struct slice word(bool well)
{
    return well ? SLICE("ok") : SLICE("failed");
}

/* The first `probe_count` checks; true if all of them are well. */
static bool write_checks(struct json_writer *writer, const struct examination *found,
                         size_t probe_count)
{
    static const struct slice names[PROBE_COUNT] = {[PROBE_STORE] = SLICE_INIT("store"),
                                                    [PROBE_WRITER] = SLICE_INIT("writer"),
                                                    [PROBE_DISK] = SLICE_INIT("disk"),
                                                    [PROBE_SERVING] = SLICE_INIT("serving"),
                                                    [PROBE_COMMITS] = SLICE_INIT("commits")};
    bool well = true;
    for (size_t probe = 0; probe < probe_count; probe++) well = well && found->well[probe];
    json_member_text(writer, SLICE("status"), word(well));
    json_key(writer, SLICE("checks"));
    json_open_object(writer);
    for (size_t probe = 0; probe < probe_count; probe++) {
        json_member_text(writer, names[probe], word(found->well[probe]));
    }
    json_close_object(writer);
    return well;
}

/* In words alone: where the database is is no stranger's business. */
static void write_peers(struct json_writer *writer, const struct storage_peers *peers)
{
    static const struct slice names[] = {[STORAGE_DATABASE_OK] = SLICE_INIT("ok"),
                                         [STORAGE_DATABASE_AWAITED] = SLICE_INIT("awaited"),
                                         [STORAGE_DATABASE_AWAY] = SLICE_INIT("away")};
    json_member_text(writer, SLICE("database"), names[peers->database]);
    if (peers->clock_known) {
        json_member_text(writer, SLICE("clock"), peers->clock_well ? SLICE("ok") : SLICE("off"));
        json_member_number(writer, SLICE("clock_offset_ms"), peers->clock_offset_ms);
    }
    if (peers->database == STORAGE_DATABASE_AWAITED) return; /* Redis was not asked yet. */
    json_member_text(writer, SLICE("redis"),
                     !peers->redis_set   ? SLICE("none")
                     : peers->redis_well ? SLICE("ok")
                                         : SLICE("degraded"));
}

static void write_numbers(struct json_writer *writer, const struct examination *found)
{
    const struct engine_counts *counts = &found->writer.counts;
    json_member_number(writer, SLICE("queue_depth"),
                       (int64_t)found->writer.waiting + counts->queued);
    json_member_number(writer, SLICE("commands_in_flight"), found->writer.in_flight);
    json_member_number(writer, SLICE("showtimes_in_memory"), counts->resident);
    if (!found->storage.peers.any) { /* The disk of a shared database is not ours to see. */
        json_member_number(writer, SLICE("store_bytes"), (int64_t)found->storage.store_size);
        json_member_number(writer, SLICE("wal_bytes"), (int64_t)found->storage.wal_size);
        json_member_number(writer, SLICE("disk_free_bytes"), (int64_t)found->storage.disk_free);
    }
    if (counts->last_failure != ERROR_NONE) {
        json_member_text(writer, SLICE("commit_error"), slice_of(error_name(counts->last_failure)));
        json_member_time(writer, SLICE("commit_error_at"), counts->last_failure_at_ms);
    }
}

static void write_details(struct json_writer *writer, const struct examination *found, bool numbers)
{
    const struct storage_peers *peers = &found->storage.peers;
    if (!numbers && !peers->any) return;
    json_key(writer, SLICE("details"));
    json_open_object(writer);
    if (peers->any) write_peers(writer, peers);
    if (numbers) write_numbers(writer, found);
    json_close_object(writer);
}

static void answer(struct desk *desk, struct exchange *exchange, const struct examination *found,
                   size_t probe_count, int64_t now_ms)
{
    const struct house *house = desk->house;
    struct reply reply;
    if (!reply_begin(exchange, BODY_SIZE_MAX, &reply)) return;
    struct json_writer *writer = &reply.writer;
    json_open_object(writer);
    const bool well = write_checks(writer, found, probe_count);
    write_details(writer, found, probe_count == PROBE_COUNT);
    json_member_text(writer, SLICE("version"), house->version);
    json_member_number(writer, SLICE("uptime_seconds"), (now_ms - house->started_at_ms) / 1000);
    json_close_object(writer);
    exchange_add_header(exchange, SLICE("cache-control"), SLICE("no-store"));
    reply_send(exchange, well ? 200 : 503, &reply);
}

void health_all(struct desk *desk, struct exchange *exchange, int64_t now_ms)
{
    const struct examination found = examine(desk);
    answer(desk, exchange, &found, PROBE_COUNT, now_ms);
}

void health_ready(struct desk *desk, struct exchange *exchange, int64_t now_ms)
{
    const struct examination found = examine(desk);
    answer(desk, exchange, &found, PROBE_READY_COUNT, now_ms);
}

void health_live(struct desk *desk, struct exchange *exchange, int64_t now_ms)
{
    const struct examination found = {0};
    answer(desk, exchange, &found, 0, now_ms);
}
