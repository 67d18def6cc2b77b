#include "store/mongo/mongo_audit_state.h"

#include <stdarg.h>

#include "base/check.h"
#include "base/clock.h"
#include "ports/store.h"
#include "store/mongo/mongo_audit_key.h"
#include "store/mongo/mongo_audit_late.h"
#include "store/mongo/mongo_audit_look.h"
#include "store/mongo/mongo_audit_rest.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_read.h"

enum {
    SHOWTIMES_AT_ONCE = 64,
    PATIENCE_MS = 15000, /* Instances look for what is overdue every second or two. */
};

static const char *const kind_names[MONGO_AUDIT_KINDS] = {
    [MONGO_AUDIT_SHOWTIME] = "showtimes",         [MONGO_AUDIT_SETTLE] = "what is not settled",
    [MONGO_AUDIT_BOOKING] = "bookings",           [MONGO_AUDIT_SEAT] = "seats",
    [MONGO_AUDIT_PAYMENT] = "payments",           [MONGO_AUDIT_BLOCK] = "blocks",
    [MONGO_AUDIT_JOURNAL] = "the journal",        [MONGO_AUDIT_KEY] = "keys",
    [MONGO_AUDIT_STRAY] = "what no showtime has",
};

struct mongo_audit_text mongo_audit_name(struct id id)
{
    struct mongo_audit_text name = {""};
    id_format(id, name.text);
    return name;
}

struct mongo_audit_text mongo_audit_seat_name(struct seat_name seat)
{
    struct mongo_audit_text name = {""};
    name.text[seat_name_format(seat, name.text)] = '\0';
    return name;
}

static void tell(struct mongo_audit *audit, enum mongo_audit_kind kind, const char *sentence)
{
    audit->counts.violations++;
    audit->told[kind]++;
    if (audit->told[kind] <= AUDIT_LISTED_MAX)
        audit->options.report(audit->options.context, slice_of(sentence));
}

void mongo_audit_say(struct mongo_audit *audit, enum mongo_audit_kind kind, const char *format, ...)
{
    CHECK(format != NULL);

    struct mongo_audit_look *look = &audit->look;
    char sentence[AUDIT_SENTENCE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (!look->open) {
        tell(audit, kind, sentence);
    } else if (look->sentence_count == AUDIT_HELD_BACK_MAX) {
        look->untold[kind]++;
    } else {
        look->sentences[look->sentence_count].kind = kind;
        memcpy(look->sentences[look->sentence_count].text, sentence, sizeof sentence);
        look->sentence_count++;
    }
}

void mongo_audit_say_held(struct mongo_audit *audit)
{
    struct mongo_audit_look *look = &audit->look;
    CHECK(!look->open);

    for (uint32_t index = 0; index < look->sentence_count; index++) {
        tell(audit, look->sentences[index].kind, look->sentences[index].text);
    }
    for (uint32_t kind = 0; kind < MONGO_AUDIT_KINDS; kind++) {
        audit->counts.violations += look->untold[kind];
        audit->told[kind] += look->untold[kind];
        look->untold[kind] = 0;
    }
    look->sentence_count = 0;
}

static void say_how_many_more(struct mongo_audit *audit)
{
    for (uint32_t kind = 0; kind < MONGO_AUDIT_KINDS; kind++) {
        if (audit->told[kind] <= AUDIT_LISTED_MAX) continue;
        char sentence[AUDIT_SENTENCE_SIZE];
        (void)snprintf(sentence, sizeof sentence, "and %llu more about %s",
                       (unsigned long long)(audit->told[kind] - AUDIT_LISTED_MAX),
                       kind_names[kind]);
        audit->options.report(audit->options.context, slice_of(sentence));
    }
}

mongoc_cursor_t *mongo_audit_find(struct mongo_audit *audit, enum mongo_collection collection,
                                  const bson_t *filter, const char *options)
{
    bson_t all = BSON_INITIALIZER;
    if (options != NULL) {
        bson_t *given = bson_new_from_json((const uint8_t *)options, -1, NULL);
        CHECK(given != NULL);
        (void)bson_concat(&all, given);
        bson_destroy(given);
    }
    BSON_APPEND_INT32(&all, "maxTimeMS", MONGO_READ_MS);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
        audit->client->collections[collection], filter, &all, NULL);
    bson_destroy(&all);
    return cursor;
}

enum error mongo_audit_end(struct mongo_audit *audit, mongoc_cursor_t *cursor)
{
    bson_error_t why = {0};
    const bool failed = mongoc_cursor_error(cursor, &why);
    if (failed) mongo_explain(audit->reason, "MongoDB cannot be read: %s", why.message);
    mongoc_cursor_destroy(cursor);
    return failed ? ERROR_STORE_UNAVAILABLE : ERROR_NONE;
}

enum error mongo_audit_read_one(struct mongo_audit *audit, enum mongo_collection collection,
                                struct id id, const char *projection, bson_t *ret_found,
                                bool *ret_there)
{
    const enum error error =
        mongo_read_one(audit->client, collection, id, projection, ret_found, ret_there);
    if (error == ERROR_NONE) return ERROR_NONE;
    mongo_explain(audit->reason, "MongoDB cannot be read");
    return ERROR_STORE_UNAVAILABLE;
}

/* The ids of the next showtimes. */
static enum error list_showtimes(struct mongo_audit *audit, struct id after, struct id *showtimes,
                                 uint32_t *ret_count)
{
    const bson_oid_t oid = mongo_ids_to_oid(after);
    bson_t *filter = BCON_NEW("_id", "{", "$gt", BCON_OID(&oid), "}");
    mongoc_cursor_t *cursor =
        mongo_audit_find(audit, MONGO_SHOWTIMES, filter,
                         "{\"projection\": {\"_id\": 1}, \"sort\": {\"_id\": 1}, \"limit\": 64}");
    const bson_t *document = NULL;
    uint32_t count = 0;
    while (count < SHOWTIMES_AT_ONCE && mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        if (!bson_iter_init_find(&at, document, "_id")) continue;
        if (mongo_fields_read_id(&at, &showtimes[count])) count++;
    }
    bson_destroy(filter);
    *ret_count = count;
    return mongo_audit_end(audit, cursor);
}

static enum error judge_showtimes(struct mongo_audit *audit)
{
    struct id after = {0};
    for (bool last = false; !last;) {
        struct id showtimes[SHOWTIMES_AT_ONCE];
        uint32_t count = 0;
        enum error error = list_showtimes(audit, after, showtimes, &count);
        if (error != ERROR_NONE) return error;
        last = count < SHOWTIMES_AT_ONCE;
        error = mongo_audit_rest_judge_gap(audit, after, showtimes, count, last);
        for (uint32_t index = 0; index < count && error == ERROR_NONE; index++) {
            error = mongo_audit_look_at(audit, showtimes[index]);
        }
        if (error != ERROR_NONE) return error;
        if (count > 0) after = showtimes[count - 1];
    }
    return ERROR_NONE;
}

static enum error judge_all(struct mongo_audit *audit)
{
    enum error error = mongo_ids_find(audit->client, &audit->mac, audit->reason);
    if (error == ERROR_NONE) error = mongo_audit_rest_judge_names(audit);
    if (error == ERROR_NONE) error = judge_showtimes(audit);
    if (error == ERROR_NONE) error = mongo_audit_rest_judge_payments(audit);
    if (error == ERROR_NONE) error = mongo_audit_key_judge_all(audit);
    if (error == ERROR_NONE) error = mongo_audit_late_judge(audit);
    return error;
}

enum error mongo_audit_run(struct mongo_client *client, const struct mongo_audit_options *options,
                           struct audit_counts *ret_counts, struct mongo_reason *ret_reason)
{
    CHECK(options->report != NULL);
    CHECK(ret_counts != NULL);

    struct mongo_audit *audit = calloc(1, sizeof *audit);
    void *block = aligned_alloc(16, SHOWTIME_BLOCK_SIZE_MAX);
    enum error error = ERROR_STORE_UNAVAILABLE;
    if (audit == NULL || block == NULL) {
        mongo_explain(ret_reason, "there is not enough memory");
    } else {
        audit->client = client;
        audit->options = *options;
        if (options->patience_ms == 0) audit->options.patience_ms = PATIENCE_MS;
        audit->began_ms = clock_now_ms();
        audit->reason = ret_reason;
        audit->block = block;
        mongo_settle_init(&audit->cut.settle);
        error = judge_all(audit);
        say_how_many_more(audit);
        mongo_settle_release(&audit->cut.settle);
        mac_close(audit->mac);
        *ret_counts = audit->counts;
    }
    free(block);
    free(audit);
    return error;
}
