#include "store/mongo/mongo_audit_look.h"

#include <time.h>

#include "base/check.h"
#include "store/mongo/mongo_audit_block.h"
#include "store/mongo/mongo_audit_booking.h"
#include "store/mongo/mongo_audit_cut.h"
#include "store/mongo/mongo_audit_late.h"
#include "store/mongo/mongo_ids.h"

enum {
    LOOKS_MAX = 12, /* Over more than a second: no record moves as often. */
    PAUSE_FIRST_MS = 10,
    PAUSE_MAX_MS = 200,
};

void mongo_audit_look_suspect(struct mongo_audit *audit, struct id id, bool is_block,
                              int64_t version)
{
    struct mongo_audit_look *look = &audit->look;
    for (uint32_t index = 0; index < look->suspect_count; index++) {
        struct mongo_audit_suspect *known = &look->suspects[index];
        if (!id_equal(known->id, id)) continue;
        if (version > known->version) known->version = version;
        return;
    }
    look->full = look->full || look->suspect_count == AUDIT_SUSPECTS_MAX;
    if (look->full) return;
    look->suspects[look->suspect_count++] =
        (struct mongo_audit_suspect){.id = id, .is_block = is_block, .version = version};
}

bool mongo_audit_look_unsettled(struct mongo_audit *audit, enum mongo_collection collection,
                                struct id id)
{
    struct mongo_audit_cut *cut = &audit->cut;
    bool unsettled = false;
    /* All of them: one that stands twice is judged once. */
    for (uint32_t index = 0; index < cut->settle.count; index++) {
        const struct mongo_settle_entry *entry = &cut->settle.entries[index];
        if (entry->collection != collection || !id_equal(entry->id, id)) continue;
        unsettled = unsettled || !cut->settled[index];
        cut->settled[index] = true;
    }
    return unsettled;
}

const struct mongo_settle_entry *mongo_audit_look_settle(struct mongo_audit *audit,
                                                         enum mongo_collection collection,
                                                         struct id id)
{
    (void)mongo_audit_look_unsettled(audit, collection, id);
    return mongo_settle_find(&audit->cut.settle, collection, id);
}

void mongo_audit_look_judged(struct mongo_audit *audit, struct id owner)
{
    for (uint32_t position = 0; position < SEATS_PER_SHOWTIME_MAX; position++) {
        struct mongo_audit_seat *seat = &audit->cut.seats[position];
        if (id_equal(seat->owner, owner)) seat->judged = true;
    }
}

static void add_id(struct id *ids, uint32_t *count, struct id id)
{
    for (uint32_t index = 0; index < *count; index++) {
        if (id_equal(ids[index], id)) return;
    }
    if (*count < AUDIT_CHUNK) ids[(*count)++] = id;
}

/* Owners of seats, and documents that are to be settled, which no query of the showtime's own has
 * brought. */
static uint32_t list_named(struct mongo_audit *audit, bool is_block, struct id *ids)
{
    struct mongo_audit_cut *cut = &audit->cut;
    uint32_t count = 0;
    for (uint32_t position = 0; position < SEATS_PER_SHOWTIME_MAX; position++) {
        const struct mongo_audit_seat *seat = &cut->seats[position];
        if (!seat->there || seat->broken || seat->judged || seat->state == SEAT_AVAILABLE) continue;
        if ((seat->state == SEAT_BLOCKED) == is_block) add_id(ids, &count, seat->owner);
    }
    const enum mongo_collection collection = is_block ? MONGO_BLOCKS : MONGO_BOOKINGS;
    for (uint32_t index = 0; index < cut->settle.count; index++) {
        if (cut->settled[index] || cut->settle.entries[index].collection != collection) continue;
        add_id(ids, &count, cut->settle.entries[index].id);
    }
    return count;
}

/* A round judges as many as a chunk takes, or all. */
static enum error judge_named(struct mongo_audit *audit, bool is_block)
{
    const uint32_t rounds_max = (SEATS_PER_SHOWTIME_MAX + MONGO_SETTLE_MAX) / AUDIT_CHUNK + 1;
    for (uint32_t round = 0; round < rounds_max; round++) {
        struct id ids[AUDIT_CHUNK];
        const uint32_t count = list_named(audit, is_block, ids);
        if (count == 0) return ERROR_NONE;
        const enum error error = is_block ? mongo_audit_block_judge_ids(audit, ids, count)
                                          : mongo_audit_booking_judge_ids(audit, ids, count);
        if (error != ERROR_NONE) return error;
    }
    return ERROR_NONE;
}

static void say_lost(struct mongo_audit *audit, struct id payment, const char *why)
{
    mongo_audit_say(audit, MONGO_AUDIT_SETTLE, "Showtime %s: payment %s is to be settled, but %s",
                    mongo_audit_name(audit->cut.showtime).text, mongo_audit_name(payment).text,
                    why);
}

/* A payment that is to be settled, and that no booking of the showtime has brought. */
static enum error judge_lost_payment(struct mongo_audit *audit, struct id payment)
{
    bson_t document;
    bson_iter_t at;
    struct id booking = {0};
    bool there = false;
    enum error error = mongo_audit_read_one(audit, MONGO_PAYMENTS, payment, "{\"booking_id\": 1}",
                                            &document, &there);
    if (error != ERROR_NONE) return error;
    if (there && bson_iter_init_find(&at, &document, "booking_id")) {
        (void)mongo_fields_read_id(&at, &booking);
    }
    if (there) bson_destroy(&document);
    if (!there) say_lost(audit, payment, "it does not exist");
    if (id_is_none(booking)) return ERROR_NONE; /* The payment's own rules say so. */
    error = mongo_audit_read_one(audit, MONGO_BOOKINGS, booking, "{\"showtime_id\": 1}", &document,
                                 &there);
    if (error != ERROR_NONE || !there) return error;
    struct id showtime = {0};
    if (bson_iter_init_find(&at, &document, "showtime_id")) {
        (void)mongo_fields_read_id(&at, &showtime);
    }
    bson_destroy(&document);
    if (id_equal(showtime, audit->cut.showtime)) mongo_audit_look_suspect(audit, booking, false, 0);
    else say_lost(audit, payment, "it is of another showtime");
    return ERROR_NONE;
}

static enum error judge_lost_payments(struct mongo_audit *audit)
{
    const struct mongo_audit_cut *cut = &audit->cut;
    for (uint32_t index = 0; index < cut->settle.count; index++) {
        const struct mongo_settle_entry *entry = &cut->settle.entries[index];
        if (cut->settled[index] || entry->collection != MONGO_PAYMENTS) continue;
        const enum error error = judge_lost_payment(audit, entry->id);
        if (error != ERROR_NONE) return error;
    }
    return ERROR_NONE;
}

static enum error judge_whole(struct mongo_audit *audit)
{
    bson_t filter = BSON_INITIALIZER;
    const bson_oid_t oid = mongo_ids_to_oid(audit->cut.showtime);
    BSON_APPEND_OID(&filter, "showtime_id", &oid);
    enum error error = mongo_audit_booking_judge_all(audit, &filter);
    if (error == ERROR_NONE) error = judge_named(audit, false);
    if (error == ERROR_NONE) error = judge_lost_payments(audit);
    if (error == ERROR_NONE) error = mongo_audit_block_judge_all(audit, &filter);
    if (error == ERROR_NONE) error = judge_named(audit, true);
    bson_destroy(&filter);
    return error;
}

static enum error judge_wanted(struct mongo_audit *audit, bool is_block)
{
    const struct mongo_audit_look *look = &audit->look;
    uint32_t next = 0;
    while (next < look->wanted_count) {
        struct id ids[AUDIT_CHUNK];
        uint32_t count = 0;
        for (; next < look->wanted_count && count < AUDIT_CHUNK; next++) {
            if (look->wanted[next].is_block == is_block) ids[count++] = look->wanted[next].id;
        }
        if (count == 0) continue;
        const enum error error = is_block ? mongo_audit_block_judge_ids(audit, ids, count)
                                          : mongo_audit_booking_judge_ids(audit, ids, count);
        if (error != ERROR_NONE) return error;
    }
    return ERROR_NONE;
}

/* Bookings and blocks that have moved since the cut: the queries may have missed them, for they
 * change their places in an index. */
static enum error find_moved(struct mongo_audit *audit, enum mongo_collection collection)
{
    const bson_oid_t oid = mongo_ids_to_oid(audit->cut.showtime);
    bson_t *filter = BCON_NEW("showtime_id", BCON_OID(&oid), "v", "{", "$gt",
                              BCON_INT64((int64_t)audit->cut.version), "}");
    mongoc_cursor_t *cursor =
        mongo_audit_find(audit, collection, filter, "{\"projection\": {\"v\": 1}}");
    const bson_t *document = NULL;
    while (mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        struct id id;
        if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &id)) continue;
        if (!bson_iter_init_find(&at, document, "v")) continue;
        mongo_audit_look_suspect(audit, id, collection == MONGO_BLOCKS, bson_iter_as_int64(&at));
    }
    bson_destroy(filter);
    return mongo_audit_end(audit, cursor);
}

static enum error read_version(struct mongo_audit *audit, uint64_t *ret_version)
{
    bson_t document;
    bson_iter_t at;
    bool there = false;
    const enum error error = mongo_audit_read_one(audit, MONGO_SHOWTIMES, audit->cut.showtime,
                                                  "{\"version\": 1}", &document, &there);
    if (error != ERROR_NONE || !there) return error;
    if (bson_iter_init_find(&at, &document, "version")) {
        *ret_version = (uint64_t)bson_iter_as_int64(&at);
    }
    bson_destroy(&document);
    return ERROR_NONE;
}

/* No document shows a version that its showtime never had. */
static void judge_versions(struct mongo_audit *audit, uint64_t version)
{
    const struct mongo_audit_look *look = &audit->look;
    for (uint32_t index = 0; index < look->suspect_count; index++) {
        const struct mongo_audit_suspect *suspect = &look->suspects[index];
        if (suspect->version <= (int64_t)version) continue;
        mongo_audit_say(audit, suspect->is_block ? MONGO_AUDIT_BLOCK : MONGO_AUDIT_BOOKING,
                        "Showtime %s: %s %s shows version %lld, but the showtime has %llu",
                        mongo_audit_name(audit->cut.showtime).text,
                        suspect->is_block ? "block" : "booking", mongo_audit_name(suspect->id).text,
                        (long long)suspect->version, (unsigned long long)version);
    }
}

/* The end of a look: says what it found, or has it found again. */
static enum error conclude(struct mongo_audit *audit, bool last, bool *ret_again)
{
    struct mongo_audit_look *look = &audit->look;
    uint64_t version = audit->cut.version;
    /* Of a showtime without anything there is nothing to be found in another version. */
    const bool empty = look->record_count + look->sentence_count + look->suspect_count == 0;
    enum error error = empty ? ERROR_NONE : read_version(audit, &version);
    if (error != ERROR_NONE) return error;
    const bool moved = version != audit->cut.version;
    judge_versions(audit, version);
    if (moved && look->whole) {
        error = find_moved(audit, MONGO_BOOKINGS);
        if (error == ERROR_NONE) error = find_moved(audit, MONGO_BLOCKS);
        if (error != ERROR_NONE) return error;
    }
    *ret_again = moved && (look->suspect_count > 0 || look->full);
    if (*ret_again && last && look->whole) {
        mongo_explain(audit->reason, "showtime %s moves too fast to be judged",
                      mongo_audit_name(audit->cut.showtime).text);
        return ERROR_STORE_UNAVAILABLE;
    }
    if (*ret_again && !last) return ERROR_NONE;
    *ret_again = false;
    look->open = false;
    mongo_audit_say_held(audit);
    return ERROR_NONE;
}

static void count_cut(struct mongo_audit *audit)
{
    struct audit_counts *counts = &audit->counts;
    counts->showtimes++;
    counts->unsettled += audit->cut.settle.count;
    mongo_audit_late_showtime(audit);
    for (uint32_t position = 0; position < SEATS_PER_SHOWTIME_MAX; position++) {
        const struct mongo_audit_seat *seat = &audit->cut.seats[position];
        counts->claims += seat->there && seat->state != SEAT_AVAILABLE;
    }
}

/* What the last look could not judge is all that the next one has to. */
static void begin(struct mongo_audit_look *look, bool first)
{
    look->whole = first || look->full;
    look->wanted_count = look->suspect_count;
    memcpy(look->wanted, look->suspects, look->suspect_count * sizeof *look->suspects);
    look->suspect_count = 0;
    look->record_count = 0;
    look->full = false;
    look->sentence_count = 0;
    memset(look->untold, 0, sizeof look->untold);
}

static enum error look_once(struct mongo_audit *audit, struct id showtime, uint32_t number,
                            bool *ret_again)
{
    struct mongo_audit_look *look = &audit->look;
    bson_t document;
    bool there = false;
    const bool first = number == 0;
    *ret_again = false;
    begin(look, first);
    enum error error =
        mongo_audit_read_one(audit, MONGO_SHOWTIMES, showtime, NULL, &document, &there);
    if (error != ERROR_NONE || !there) return error;
    const bool taken = mongo_audit_cut_take(audit, showtime, &document);
    if (first) {
        count_cut(audit);
        mongo_audit_cut_judge(audit, &document);
    }
    bson_destroy(&document);
    if (!taken) return ERROR_NONE;
    const struct mongo_audit_hook *hook = &audit->options.hook;
    if (hook->read != NULL) hook->read(hook->context, showtime);
    if (first) error = mongo_audit_block_judge_cancel(audit);
    if (error != ERROR_NONE) return error;
    look->open = true;
    if (look->whole) error = judge_whole(audit);
    else error = judge_wanted(audit, false);
    if (error == ERROR_NONE && !look->whole) error = judge_wanted(audit, true);
    if (error == ERROR_NONE) error = conclude(audit, number + 1 == LOOKS_MAX, ret_again);
    look->open = false;
    return error;
}

enum error mongo_audit_look_at(struct mongo_audit *audit, struct id showtime)
{
    CHECK(!audit->look.open);

    int64_t pause_ms = PAUSE_FIRST_MS;
    audit->look.suspect_count = 0;
    for (uint32_t number = 0; number < LOOKS_MAX; number++) {
        bool again = false;
        const enum error error = look_once(audit, showtime, number, &again);
        if (error != ERROR_NONE || !again) return error;
        const struct timespec wait = {.tv_nsec = pause_ms * 1000000};
        (void)nanosleep(&wait, NULL);
        if (pause_ms < PAUSE_MAX_MS) pause_ms *= 2;
    }
    return ERROR_NONE;
}

void mongo_audit_look_missing(struct mongo_audit *audit, enum mongo_collection collection,
                              struct id id)
{
    const bool is_block = collection == MONGO_BLOCKS;
    const struct mongo_audit_text showtime = mongo_audit_name(audit->cut.showtime);
    const struct mongo_audit_text name = mongo_audit_name(id);
    const char *noun = is_block ? "block" : "booking";
    for (uint32_t position = 0; position < SEATS_PER_SHOWTIME_MAX; position++) {
        const struct mongo_audit_seat *seat = &audit->cut.seats[position];
        if (!seat->there || seat->broken || seat->judged || !id_equal(seat->owner, id)) continue;
        mongo_audit_look_suspect(audit, id, is_block, 0);
        mongo_audit_say(audit, is_block ? MONGO_AUDIT_BLOCK : MONGO_AUDIT_SEAT,
                        "Showtime %s: %s %s has seat %s, but does not exist", showtime.text, noun,
                        name.text, mongo_audit_seat_name(mongo_audit_cut_name(position)).text);
    }
    if (mongo_audit_look_unsettled(audit, collection, id)) {
        mongo_audit_look_suspect(audit, id, is_block, 0);
        mongo_audit_say(audit, MONGO_AUDIT_SETTLE,
                        "Showtime %s: %s %s is to be settled, but does not exist", showtime.text,
                        noun, name.text);
    }
    mongo_audit_look_judged(audit, id);
}
