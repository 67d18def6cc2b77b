#include "store/mongo/mongo_import.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "core/layout.h"
#include "store/key_day.h"
#include "store/mongo/mongo_documents.h"
#include "store/mongo/mongo_entries.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_indexes.h"
#include "store/mongo/mongo_move.h"
#include "store/mongo/mongo_showtime.h"

enum {
    BATCH_MAX = 256,                  /* Documents of a collection that are inserted in one go, */
    BATCH_SIZE_MAX = 8 * 1024 * 1024, /* and their bytes: the server takes twice that. */
    SCRATCH_SIZE = 512 * 1024,
};

/* Documents on their way into a collection. */
struct batch {
    uint32_t count;
    uint64_t size;
    int64_t inserted;
    bson_t *documents[BATCH_MAX];
};

struct mongo_import {
    struct mongo_client client;
    struct mac *mac;
    const struct locale *locale;
    struct id token;
    bool begun;
    bool finished;
    int64_t today;
    struct batch batches[MONGO_COLLECTION_COUNT];
    bool open; /* A showtime is under way: */
    struct id showtime;
    int64_t version;
    bool cancelled;
    int64_t due_at_ms; /* INT64_MAX: nothing of it is due. */
    bson_t set;        /* What its document says beside what the entry says. */
    uint32_t entries;  /* Of the journal, for their ids. */
    struct arena scratch;
    char block[SCRATCH_SIZE];
    struct move_reason *reason;
};

static bool fail(struct mongo_import *import, const bson_error_t *why)
{
    enum { DUPLICATE = 11000 };
    if (why->code == DUPLICATE) {
        return move_record_explain(import->reason, "there is one like it already: %.300s",
                                   why->message);
    }
    return move_record_explain(import->reason, "MongoDB: %s", why->message);
}

/* Inserts what a batch has, while the mark is ours. */
static bool flush(struct mongo_import *import, enum mongo_collection collection)
{
    struct batch *batch = &import->batches[collection];
    if (batch->count == 0) return true;
    if (!mongo_move_holds(&import->client, import->token, import->reason)) return false;
    bson_error_t why = {0};
    const bool done = mongoc_collection_insert_many(import->client.collections[collection],
                                                    (const bson_t **)batch->documents, batch->count,
                                                    NULL, NULL, &why);
    for (uint32_t index = 0; index < batch->count; index++) bson_destroy(batch->documents[index]);
    batch->inserted += batch->count;
    batch->count = 0;
    batch->size = 0;
    return done || fail(import, &why);
}

/* Takes the document over. */
static bool add(struct mongo_import *import, enum mongo_collection collection, bson_t *document)
{
    struct batch *batch = &import->batches[collection];
    batch->documents[batch->count++] = document;
    batch->size += document->len;
    if (batch->count < BATCH_MAX && batch->size < BATCH_SIZE_MAX) return true;
    return flush(import, collection);
}

/* The key of the ids follows the records, or is made. */
static bool put_head(struct mongo_import *import, const struct move_head *head)
{
    struct mongo_reason why;
    struct mongo_client *client = &import->client;
    if (head->seal_key.size > 0 &&
        !mongo_move_keep_secret(client, MONGO_MOVE_SEAL_KEY, &head->seal_key, import->reason)) {
        return false;
    }
    if (head->claim_key.size > 0 &&
        !mongo_move_keep_secret(client, MONGO_MOVE_CLAIM_KEY, &head->claim_key, import->reason)) {
        return false;
    }
    if (mongo_ids_open(client, &import->mac, &why) == ERROR_NONE) return true;
    return move_record_explain(import->reason, "%s", why.text);
}

static bool put_movie(struct mongo_import *import, const struct movie *movie)
{
    bson_t *document = bson_new();
    arena_reset(&import->scratch);
    if (mongo_entries_append_movie(movie, import->locale, &import->scratch, document)) {
        return add(import, MONGO_MOVIES, document);
    }
    bson_destroy(document);
    return move_record_explain(import->reason, "its texts cannot be folded");
}

static bool put_cinema(struct mongo_import *import, const struct cinema *cinema)
{
    bson_t *document = bson_new();
    arena_reset(&import->scratch);
    if (mongo_entries_append_cinema(cinema, import->locale, &import->scratch, document)) {
        return add(import, MONGO_CINEMAS, document);
    }
    bson_destroy(document);
    return move_record_explain(import->reason, "its texts cannot be folded");
}

/* The showtime's own document comes first, what its bookings make of its seats last. */
static bool put_showtime(struct mongo_import *import, const struct move_showtime *record)
{
    const struct screen screen = {.plan = record->plan};
    struct showtime_entry entry = {
        .showtime = record->showtime, .screen = &screen, .timezone = record->timezone};
    entry.showtime.total_seats = layout_seats(&record->plan->layout);
    bson_t *document = bson_new();
    mongo_entries_append_showtime(&entry, (int64_t)record->showtime.version, document);
    import->open = true;
    import->showtime = record->showtime.id;
    import->version = (int64_t)record->showtime.version;
    import->cancelled = record->showtime.status == SHOWTIME_CANCELLED;
    import->due_at_ms = INT64_MAX;
    bson_reinit(&import->set);
    BSON_APPEND_INT32(&import->set, "available_seats", (int32_t)record->showtime.available_seats);
    BSON_APPEND_UTF8(&import->set, "status", showtime_status_name(record->showtime.status).data);
    if (import->cancelled) {
        const struct slice why = reason_text(&record->cancellation_reason);
        BSON_APPEND_DATE_TIME(&import->set, "cancelled_at", record->cancelled_at_ms);
        (void)bson_append_utf8(&import->set, "cancellation_reason", -1, why.data, (int)why.size);
    }
    return add(import, MONGO_SHOWTIMES, document);
}

/* Nothing is due: that is said too, so that the sweep need not look. */
static bool end_showtime(struct mongo_import *import)
{
    if (!import->open) return true;
    import->open = false;
    if (!flush(import, MONGO_SHOWTIMES)) return false;
    const bson_oid_t oid = mongo_ids_to_oid(import->showtime);
    if (import->due_at_ms == INT64_MAX) BSON_APPEND_NULL(&import->set, "due_at");
    else BSON_APPEND_DATE_TIME(&import->set, "due_at", import->due_at_ms);
    bson_t *filter = BCON_NEW("_id", BCON_OID(&oid));
    bson_t update = BSON_INITIALIZER;
    bson_error_t why = {0};
    BSON_APPEND_DOCUMENT(&update, "$set", &import->set);
    const bool done = mongoc_collection_update_one(import->client.collections[MONGO_SHOWTIMES],
                                                   filter, &update, NULL, NULL, &why);
    bson_destroy(&update);
    bson_destroy(filter);
    return done || fail(import, &why);
}

/* Writes a seat, if it is the owner's. */
static void put_seat(struct mongo_import *import, const struct seat_map *map, struct seat_name name,
                     struct id owner, const struct booking *booking)
{
    const uint32_t place = seat_map_find(map, name);
    CHECK(place != PLACE_NONE);
    if (map->states[place] == SEAT_AVAILABLE) return;
    if (!id_equal(map->claims[place].booking, owner)) return;
    mongo_showtime_append_seat(&import->set, map, place, booking);
}

/* A record of what was asked; one that the server would delete at once is left out. */
static bool put_key(struct mongo_import *import, const struct key_record *record)
{
    if (key_day_of(record->created_at_ms) < import->today - 1) return true;
    const struct mongo_key key = {.id = mongo_ids_key(import->mac, &record->claim),
                                  .record = *record};
    bson_t *document = bson_new();
    mongo_documents_append_key(&key, document);
    return add(import, MONGO_KEYS, document);
}

static bool put_origin(struct mongo_import *import, const struct move_origin *origin,
                       const struct user *user, const struct key_record *made)
{
    if (uuid_is_none(origin->key)) return true;
    struct key_record record = *made;
    record.created = true;
    record.claim = (struct claim_key){.user = *user,
                                      .operation = origin->operation,
                                      .key = origin->key,
                                      .fingerprint = origin->fingerprint};
    return put_key(import, &record);
}

/* When the showtime's next booking ends by the clock; at once if there is no show. */
static void note_due(struct mongo_import *import, const struct booking *booking)
{
    int64_t due_ms = INT64_MAX;
    if (booking->status == BOOKING_PENDING) due_ms = booking->hold_expires_at_ms;
    const bool stands = booking->status == BOOKING_PENDING || booking->status == BOOKING_CONFIRMED;
    if (import->cancelled && stands) due_ms = 0;
    if (due_ms < import->due_at_ms) import->due_at_ms = due_ms;
}

static bool put_booking(struct mongo_import *import, const struct move_booking *record,
                        const struct seat_map *map)
{
    const struct booking *booking = &record->booking;
    const struct mongo_booking made = {.booking = *booking,
                                       .key = record->origin.key,
                                       .fingerprint = record->origin.fingerprint,
                                       .version = import->version};
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        put_seat(import, map, booking->seats[index].name, booking->id, booking);
    }
    note_due(import, booking);
    bson_t *document = bson_new();
    mongo_documents_append_booking(&made, document);
    if (!add(import, MONGO_BOOKINGS, document)) return false;
    const struct key_record key = {.booking = booking->id, .created_at_ms = booking->held_at_ms};
    return put_origin(import, &record->origin, &booking->user, &key);
}

static bool put_payment(struct mongo_import *import, const struct move_payment *record)
{
    const struct payment *payment = &record->payment;
    const struct mongo_payment made = {.payment = *payment,
                                       .key = record->origin.key,
                                       .fingerprint = record->origin.fingerprint,
                                       .version = import->version};
    bson_t *document = bson_new();
    mongo_documents_append_payment(&made, document);
    if (!add(import, MONGO_PAYMENTS, document)) return false;
    const struct key_record key = {.booking = payment->booking,
                                   .payment = payment->id,
                                   .created_at_ms = payment->created_at_ms};
    return put_origin(import, &record->origin, &payment->user, &key);
}

static bool put_block(struct mongo_import *import, const struct block *block,
                      const struct seat_map *map)
{
    const struct mongo_block made = {.block = *block, .version = import->version};
    for (uint32_t index = 0; index < block->seat_count; index++) {
        put_seat(import, map, block->seats[index], block->id, NULL);
    }
    bson_t *document = bson_new();
    mongo_documents_append_block(&made, document);
    return add(import, MONGO_BLOCKS, document);
}

/* Ids in the order of the entries, as their times are. */
static struct id entry_id(struct mongo_import *import, int64_t at_ms)
{
    struct id id = {{0}};
    const uint32_t seconds = (uint32_t)(at_ms / 1000);
    const uint32_t position = ++import->entries;
    for (int byte = 0; byte < 4; byte++) {
        id.bytes[byte] = (uint8_t)(seconds >> (24 - 8 * byte));
        id.bytes[8 + byte] = (uint8_t)(position >> (24 - 8 * byte));
    }
    return id;
}

static bool put_entry(struct mongo_import *import, const struct journal_line *line)
{
    bson_t *document = bson_new();
    const bson_oid_t oid = mongo_ids_to_oid(entry_id(import, line->at_ms));
    const bson_oid_t subject = mongo_ids_to_oid(line->subject);
    BSON_APPEND_OID(document, "_id", &oid);
    BSON_APPEND_DATE_TIME(document, "at", line->at_ms);
    mongo_fields_append_user(document, "actor", &line->actor);
    (void)bson_append_utf8(document, "role", -1, line->role.data, (int)line->role.size);
    (void)bson_append_utf8(document, "action", -1, line->action.data, (int)line->action.size);
    BSON_APPEND_OID(document, "subject", &subject);
    const char *detail = line->detail.size == 0 ? "" : line->detail.data;
    (void)bson_append_utf8(document, "detail", -1, detail, (int)line->detail.size);
    return add(import, MONGO_JOURNAL, document);
}

/* All that was sent is there, and no more; keys may have been deleted in time. */
static bool judge_counts(struct mongo_import *import)
{
    for (int index = 0; index < MONGO_COLLECTION_COUNT; index++) {
        const enum mongo_collection collection = (enum mongo_collection)index;
        const int64_t expected = import->batches[collection].inserted;
        int64_t count = 0;
        if (collection == MONGO_SETTINGS || collection == MONGO_KEYS) continue;
        if (!mongo_move_count(&import->client, collection, &count, import->reason)) return false;
        if (count == expected) continue;
        return move_record_explain(
            import->reason, "%lld documents were sent to %s, but it has %lld", (long long)expected,
            mongoc_collection_get_name(import->client.collections[collection]), (long long)count);
    }
    return true;
}

static bool finish(struct mongo_import *import)
{
    for (int collection = 0; collection < MONGO_COLLECTION_COUNT; collection++) {
        if (!flush(import, (enum mongo_collection)collection)) return false;
    }
    import->finished =
        judge_counts(import) && mongo_move_finish(&import->client, import->token, import->reason);
    return import->finished;
}

static bool put(void *context, const struct move_record *record, const struct move_check *check,
                struct move_reason *ret_reason)
{
    struct mongo_import *import = context;
    const enum move_kind kind = record->kind;
    const bool inside = kind == MOVE_BOOKING || kind == MOVE_PAYMENT || kind == MOVE_BLOCK;
    import->reason = ret_reason;
    if (!inside && !end_showtime(import)) return false;
    switch (kind) {
    case MOVE_HEAD:
        return put_head(import, &record->head);
    case MOVE_MOVIE:
        return put_movie(import, &record->movie);
    case MOVE_CINEMA:
        return put_cinema(import, &record->cinema);
    case MOVE_SHOWTIME:
        return put_showtime(import, &record->showtime);
    case MOVE_BOOKING:
        return put_booking(import, &record->booking, &check->map);
    case MOVE_PAYMENT:
        return put_payment(import, &record->payment);
    case MOVE_BLOCK:
        return put_block(import, &record->block, &check->map);
    case MOVE_KEY:
        return put_key(import, &record->key);
    case MOVE_ENTRY:
        return put_entry(import, &record->entry);
    default:
        CHECK(kind == MOVE_END);
        return finish(import);
    }
}

/* If it cannot be taken back now, the next import does it: the mark stays. */
static void close_import(void *context)
{
    struct mongo_import *import = context;
    struct move_reason ignored;
    if (import->begun && !import->finished &&
        !mongo_move_undo(&import->client, import->token, &ignored)) {
        log_event(LOG_ERROR, "import_incomplete", LOG_TEXT("why", slice_of(ignored.text)));
    }
    for (int collection = 0; collection < MONGO_COLLECTION_COUNT; collection++) {
        struct batch *batch = &import->batches[collection];
        for (uint32_t index = 0; index < batch->count; index++) {
            bson_destroy(batch->documents[index]);
        }
    }
    bson_destroy(&import->set);
    mac_close(import->mac);
    mongo_client_close(&import->client);
    free(import);
}

static bool begin(struct mongo_import *import, struct mongo_connection *connection)
{
    uint32_t missing = 0;
    if (mongo_client_open(connection, &import->client) != ERROR_NONE) {
        return move_record_explain(import->reason, "the pool has no client left");
    }
    import->begun = mongo_move_begin(&import->client, import->token, import->reason);
    if (!import->begun) return false;
    if (mongo_indexes_make(&import->client, &missing) == ERROR_NONE) return true;
    return move_record_explain(import->reason, "MongoDB does not answer");
}

bool mongo_import_open(struct mongo_connection *connection, const struct locale *locale,
                       int64_t now_ms, struct mongo_import **ret_import,
                       struct move_reason *ret_reason)
{
    struct mongo_import *import = calloc(1, sizeof *import);
    if (import == NULL) return move_record_explain(ret_reason, "there is no memory for it");
    import->locale = locale;
    import->token = mongo_ids_next();
    import->today = key_day_of(now_ms);
    import->reason = ret_reason;
    bson_init(&import->set);
    arena_init(&import->scratch, import->block, sizeof import->block);
    if (begin(import, connection)) {
        *ret_import = import;
        return true;
    }
    close_import(import);
    return false;
}

struct move_target mongo_import_target(struct mongo_import *import)
{
    static const struct move_target_methods methods = {.put = put, .close = close_import};
    return (struct move_target){.context = import, .methods = &methods};
}
