#include "store/mongo/mongo_export.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "store/mongo/mongo_entries.h"
#include "store/mongo/mongo_export_bookings.h"
#include "store/mongo/mongo_gate.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_move.h"
#include "store/mongo/mongo_store.h"
#include "store/mongo/mongo_sweep.h"

/* What is read from the settings and the catalogue, a document at a time. */
struct walk {
    enum mongo_collection collection;
    const char *options; /* JSON */
    bool (*put)(struct mongo_export_state *export, const bson_t *document);
};

static bool put_movie(struct mongo_export_state *export, const bson_t *document)
{
    bool full = false;
    struct movie *movie = &export->record.movie;
    mongo_export_begin(export, MOVE_MOVIE);
    if (!mongo_entries_read_movie(document, &export->arena, movie, &full)) {
        return mongo_export_refuse(export, "movie");
    }
    return mongo_export_put(export);
}

static bool put_cinema(struct mongo_export_state *export, const bson_t *document)
{
    bool full = false;
    mongo_export_begin(export, MOVE_CINEMA);
    if (!mongo_entries_read_cinema(document, &export->arena, &export->record.cinema, &full)) {
        return mongo_export_refuse(export, "cinema");
    }
    return mongo_export_put(export);
}

/* Takes the showtime's version into the digest of all of them. */
static void note_version(struct fingerprint *versions, struct id id, int64_t version)
{
    const struct slice parts[] = {{(const char *)versions->bytes, sizeof versions->bytes},
                                  {(const char *)id.bytes, sizeof id.bytes},
                                  {(const char *)&version, sizeof version}};
    uint8_t digest[SHA256_SIZE];
    crypto_sha256(parts, 3, digest);
    memcpy(versions->bytes, digest, sizeof digest);
}

static bool read_rest(const bson_t *document, struct arena *arena, struct move_showtime *record)
{
    bson_iter_t at;
    if (!bson_iter_init(&at, document)) return false;
    while (bson_iter_next(&at)) {
        const char *name = bson_iter_key(&at);
        const struct slice text = mongo_fields_text(&at);
        if (strcmp(name, "timezone") == 0) record->timezone = arena_copy(arena, text);
        else if (strcmp(name, "cancelled_at") == 0 && BSON_ITER_HOLDS_DATE_TIME(&at)) {
            record->cancelled_at_ms = bson_iter_date_time(&at);
        } else if (strcmp(name, "cancellation_reason") == 0 && text.size <= REASON_SIZE_MAX) {
            record->cancellation_reason = reason_of(text);
        }
    }
    if (record->timezone.size == 0) record->timezone = MONGO_ZONE_USUAL; /* The predecessor's. */
    return true;
}

static bool put_showtime(struct mongo_export_state *export, const bson_t *document)
{
    bool full = false;
    struct move_showtime *record = &export->record.showtime;
    mongo_export_begin(export, MOVE_SHOWTIME);
    record->plan = arena_take(&export->arena, sizeof *record->plan);
    CHECK(record->plan != NULL);
    if (!mongo_entries_read_showtime(document, &export->arena, &record->showtime, &full) ||
        !mongo_entries_read_plan(document, record->plan) ||
        !read_rest(document, &export->arena, record)) {
        return mongo_export_refuse(export, "showtime");
    }
    const struct id id = record->showtime.id;
    note_version(&export->versions, id, (int64_t)record->showtime.version);
    export->view.count = 1;
    export->view.showtimes[0] = id;
    bson_copy_to(document, &export->view.documents[0]);
    const bool whole = mongo_export_put(export) && mongo_export_bookings(export, id) &&
                       mongo_export_blocks(export, id);
    mongo_view_release(&export->view);
    return whole;
}

static bool put_key(struct mongo_export_state *export, const bson_t *document)
{
    struct mongo_key key = {.id = {{0}}};
    mongo_export_begin(export, MOVE_KEY);
    if (!bson_has_field(document, "operation")) return true; /* The predecessor's answered it. */
    if (!mongo_documents_read_key(document, &key)) return mongo_export_refuse(export, "key");
    if (move_record_is_origin(&key.record)) return true;
    export->record.key = key.record;
    return mongo_export_put(export);
}

static bool put_entry(struct mongo_export_state *export, const bson_t *document)
{
    bson_iter_t at;
    struct journal_line *line = &export->record.entry;
    mongo_export_begin(export, MOVE_ENTRY);
    bool whole = bson_iter_init(&at, document);
    while (whole && bson_iter_next(&at)) {
        const char *name = bson_iter_key(&at);
        const struct slice text = mongo_fields_text(&at);
        if (strcmp(name, "at") == 0) {
            whole = BSON_ITER_HOLDS_DATE_TIME(&at);
            if (whole) line->at_ms = bson_iter_date_time(&at);
        } else if (strcmp(name, "actor") == 0) {
            whole = mongo_fields_read_user(&at, &line->actor);
        } else if (strcmp(name, "subject") == 0) {
            whole = mongo_fields_read_id(&at, &line->subject);
        } else if (strcmp(name, "role") == 0) {
            line->role = arena_copy(&export->arena, text);
        } else if (strcmp(name, "action") == 0) {
            line->action = arena_copy(&export->arena, text);
        } else if (strcmp(name, "detail") == 0) {
            line->detail = arena_copy(&export->arena, text);
        }
    }
    return whole ? mongo_export_put(export) : mongo_export_refuse(export, "journal's entry");
}

/* Looks whether the showtimes are as they were when they were written. */
static bool look_again(struct mongo_export_state *export, const bson_t *document)
{
    bson_iter_t at;
    struct id id = {{0}};
    int64_t version = 0;
    if (bson_iter_init_find(&at, document, "_id")) (void)mongo_fields_read_id(&at, &id);
    if (bson_iter_init_find(&at, document, "version")) version = bson_iter_as_int64(&at);
    note_version(&export->versions_again, id, version);
    return true;
}

static bool walk(struct mongo_export_state *export, const struct walk *walk)
{
    const bson_t *document = NULL;
    bson_t filter = BSON_INITIALIZER;
    bson_t *options = bson_new_from_json((const uint8_t *)walk->options, -1, NULL);
    CHECK(options != NULL);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
        export->client.collections[walk->collection], &filter, options, NULL);
    bool whole = true;
    while (whole && mongoc_cursor_next(cursor, &document)) whole = walk->put(export, document);
    whole = mongo_export_read(export, cursor, whole);
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    bson_destroy(&filter);
    return whole;
}

static bool put_head(struct mongo_export_state *export, const struct move_head *head)
{
    struct move_record *record = &export->record;
    mongo_export_begin(export, MOVE_HEAD);
    record->head = *head;
    return mongo_move_read_secret(&export->client, MONGO_MOVE_SEAL_KEY, &record->head.seal_key,
                                  export->reason) &&
           mongo_move_read_secret(&export->client, MONGO_MOVE_CLAIM_KEY, &record->head.claim_key,
                                  export->reason) &&
           mongo_export_put(export);
}

/* The cursor over the showtimes waits while their bookings are read: small batches keep it
 * alive. */
static bool put_all(struct mongo_export_state *export, const struct move_head *head)
{
    static const struct walk walks[] = {
        {MONGO_MOVIES, "{\"sort\": {\"_id\": 1}}", put_movie},
        {MONGO_CINEMAS, "{\"sort\": {\"_id\": 1}, \"batchSize\": 16}", put_cinema},
        {MONGO_SHOWTIMES, "{\"sort\": {\"_id\": 1}, \"batchSize\": 16}", put_showtime},
        {MONGO_KEYS,
         "{\"sort\": {\"key\": 1, \"user_id\": 1, \"resource_type\": 1, \"operation\": 1}}",
         put_key},
        {MONGO_JOURNAL, "{\"sort\": {\"_id\": 1}}", put_entry},
        {MONGO_SHOWTIMES, "{\"sort\": {\"_id\": 1}, \"projection\": {\"version\": 1}}", look_again},
    };
    if (!put_head(export, head)) return false;
    for (size_t index = 0; index < sizeof walks / sizeof *walks; index++) {
        if (!walk(export, &walks[index])) return false;
    }
    if (fingerprint_equal(&export->versions, &export->versions_again)) return true;
    return move_record_explain(export->reason,
                               "the database has changed meanwhile; stop all instances first");
}

/* What commits have left for others to write, whoever they were. The gate's edit first: a showtime
 * that it puts has its line of the journal still to be settled. */
static bool settle(struct mongo_export_state *export, struct mongo_connection *connection)
{
    struct mongo_store *store = NULL;
    struct mongo_reason why = {""};
    const struct mongo_store_options options = {.connection = connection,
                                                .instance = "usher export"};
    if (mongo_store_open(&options, &store, &why) != ERROR_NONE) {
        return move_record_explain(export->reason, "%s", why.text);
    }
    const bool settled =
        mongo_gate_read(store) == ERROR_NONE && mongo_sweep_settle(store) == ERROR_NONE;
    mongo_store_close(store);
    if (settled) return true;
    return move_record_explain(export->reason,
                               "something that a commit has left cannot be written");
}

static bool run(struct mongo_export_state *export, struct mongo_connection *connection,
                const struct move_head *head)
{
    struct mongo_reason why = {""};
    if (mongo_client_open(connection, &export->client) != ERROR_NONE) {
        return move_record_explain(export->reason, "the pool has no client left");
    }
    if (mongo_move_check_whole(&export->client, &why) != ERROR_NONE) {
        return move_record_explain(export->reason, "%s", why.text);
    }
    if (!settle(export, connection)) return false;
    if (mongo_ids_open(&export->client, &export->mac, &why) != ERROR_NONE) {
        return move_record_explain(export->reason, "%s", why.text);
    }
    return put_all(export, head);
}

bool mongo_export(struct mongo_connection *connection, const struct move_head *head,
                  struct move_file *file, struct move_reason *ret_reason)
{
    struct mongo_export_state *export = calloc(1, sizeof *export);
    if (export == NULL) return move_record_explain(ret_reason, "there is no memory for it");
    export->file = file;
    export->reason = ret_reason;
    arena_init(&export->arena, export->block, sizeof export->block);
    const bool whole = run(export, connection, head) && move_file_end(file, ret_reason);
    mac_close(export->mac);
    mongo_client_close(&export->client);
    free(export->payments);
    free(export);
    return whole;
}
