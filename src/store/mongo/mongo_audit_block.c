#include "store/mongo/mongo_audit_block.h"

#include <stdarg.h>

#include "base/check.h"
#include "store/mongo/mongo_among.h"
#include "store/mongo/mongo_audit_cut.h"
#include "store/mongo/mongo_audit_look.h"
#include "store/mongo/mongo_ids.h"

enum { ENTRIES_MAX = 64 }; /* Staff edit one thing now and then; more need no counting. */

/* A sentence about a block, which is a suspect from now on. */
__attribute__((format(printf, 4, 5))) static void say(struct mongo_audit *audit,
                                                      enum mongo_audit_kind kind, struct id block,
                                                      const char *format, ...)
{
    char what[AUDIT_SENTENCE_SIZE / 2];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    mongo_audit_look_suspect(audit, block, true, 0);
    mongo_audit_say(audit, kind, "Showtime %s: block %s %s",
                    mongo_audit_name(audit->cut.showtime).text, mongo_audit_name(block).text, what);
}

static void count(const bson_t *entry, uint32_t counts[JOURNAL_ACTION_COUNT])
{
    bson_iter_t at;
    if (!bson_iter_init_find(&at, entry, "action")) return;
    for (enum journal_action action = 0; action < JOURNAL_ACTION_COUNT; action++) {
        if (slice_equal(mongo_fields_text(&at), journal_action_name(action))) counts[action]++;
    }
}

/* Entries that the journal itself does not have yet. */
static void count_unsettled(const struct mongo_audit *audit, struct id subject,
                            const struct id *known, uint32_t known_count,
                            uint32_t counts[JOURNAL_ACTION_COUNT])
{
    const struct mongo_settle *settle = &audit->cut.settle;
    for (uint32_t index = 0; index < settle->count; index++) {
        const struct mongo_settle_entry *entry = &settle->entries[index];
        bson_t value;
        bson_iter_t at;
        struct id named;
        if (entry->collection != MONGO_JOURNAL) continue;
        mongo_settle_value(entry, &value);
        if (!bson_iter_init_find(&at, &value, "subject")) continue;
        if (!mongo_fields_read_id(&at, &named) || !id_equal(named, subject)) continue;
        uint32_t place = 0;
        while (place < known_count && !id_equal(known[place], entry->id)) place++;
        if (place == known_count) count(&value, counts);
    }
}

/* Those of the rules: edits of a showtime may be many. */
static void append_actions(bson_t *filter)
{
    bson_t in;
    bson_t array;
    BSON_APPEND_DOCUMENT_BEGIN(filter, "action", &in);
    BSON_APPEND_ARRAY_BEGIN(&in, "$in", &array);
    for (enum journal_action action = 0; action < JOURNAL_ACTION_COUNT; action++) {
        char buffer[16];
        const char *key = NULL;
        const struct slice name = journal_action_name(action);
        (void)bson_uint32_to_string((uint32_t)action, &key, buffer, sizeof buffer);
        (void)bson_append_utf8(&array, key, -1, name.data, (int)name.size);
    }
    (void)bson_append_array_end(&in, &array);
    (void)bson_append_document_end(filter, &in);
}

enum error mongo_audit_block_count_entries(struct mongo_audit *audit, struct id subject,
                                           uint32_t counts[JOURNAL_ACTION_COUNT])
{
    const bson_oid_t oid = mongo_ids_to_oid(subject);
    struct id known[ENTRIES_MAX];
    uint32_t known_count = 0;
    bson_t filter = BSON_INITIALIZER;
    BSON_APPEND_OID(&filter, "subject", &oid);
    append_actions(&filter);
    mongoc_cursor_t *cursor = mongo_audit_find(audit, MONGO_JOURNAL, &filter,
                                               "{\"projection\": {\"action\": 1}, \"limit\": 64}");
    bson_destroy(&filter);
    memset(counts, 0, JOURNAL_ACTION_COUNT * sizeof *counts);
    const bson_t *document = NULL;
    while (known_count < ENTRIES_MAX && mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        if (!bson_iter_init_find(&at, document, "_id")) continue;
        if (!mongo_fields_read_id(&at, &known[known_count])) continue;
        known_count++;
        count(document, counts);
    }
    count_unsettled(audit, subject, known, known_count, counts);
    return mongo_audit_end(audit, cursor);
}

enum error mongo_audit_block_judge_cancel(struct mongo_audit *audit)
{
    const struct mongo_audit_cut *cut = &audit->cut;
    uint32_t counts[JOURNAL_ACTION_COUNT];
    if (cut->status != SHOWTIME_CANCELLED) return ERROR_NONE;
    const enum error error = mongo_audit_block_count_entries(audit, cut->showtime, counts);
    if (error != ERROR_NONE || counts[JOURNAL_CANCEL_SHOWTIME] == 1) return error;
    mongo_audit_say(audit, MONGO_AUDIT_JOURNAL,
                    "Showtime %s has %u entries of its cancel in the journal",
                    mongo_audit_name(cut->showtime).text, counts[JOURNAL_CANCEL_SHOWTIME]);
    return ERROR_NONE;
}

static uint32_t count_owned(const struct mongo_audit_cut *cut, struct id block)
{
    uint32_t count = 0;
    for (uint32_t position = 0; position < SEATS_PER_SHOWTIME_MAX; position++) {
        const struct mongo_audit_seat *seat = &cut->seats[position];
        count += seat->there && seat->state == SEAT_BLOCKED && id_equal(seat->owner, block);
    }
    return count;
}

static void judge_seats(struct mongo_audit *audit, const struct block *block, uint32_t owned)
{
    if (owned != block->seat_count) {
        say(audit, MONGO_AUDIT_BLOCK, block->id, "lists %u seats, but has %u",
            (unsigned)block->seat_count, owned);
    }
    for (uint32_t index = 0; index < block->seat_count; index++) {
        const struct mongo_audit_text name = mongo_audit_seat_name(block->seats[index]);
        const struct mongo_audit_seat *seat =
            mongo_audit_cut_seat(&audit->cut, block->seats[index]);
        if (seat == NULL) {
            say(audit, MONGO_AUDIT_BLOCK, block->id,
                "lists seat %s, which its showtime does not have", name.text);
        } else if (seat->state != SEAT_BLOCKED || !id_equal(seat->owner, block->id)) {
            say(audit, MONGO_AUDIT_BLOCK, block->id, "does not have its seat %s", name.text);
        }
    }
}

static void judge_released(struct mongo_audit *audit, const struct block *block)
{
    for (uint32_t position = 0; position < SEATS_PER_SHOWTIME_MAX; position++) {
        const struct mongo_audit_seat *seat = &audit->cut.seats[position];
        if (!seat->there || !id_equal(seat->owner, block->id)) continue;
        say(audit, MONGO_AUDIT_BLOCK, block->id, "is released, but seat %s is still blocked by it",
            mongo_audit_seat_name(mongo_audit_cut_name(position)).text);
    }
}

/* One that nobody has heard of is an intent: no seat names it, and the journal does not. */
static enum error judge_record(struct mongo_audit *audit, const struct mongo_block *record)
{
    const struct block *block = &record->block;
    const bool released = block->released_at_ms != 0;
    const uint32_t owned = count_owned(&audit->cut, block->id);
    uint32_t counts[JOURNAL_ACTION_COUNT];
    const enum error error = mongo_audit_block_count_entries(audit, block->id, counts);
    if (error != ERROR_NONE) return error;
    const uint32_t made = counts[JOURNAL_BLOCK_SEATS];
    const uint32_t ended = counts[JOURNAL_RELEASE_SEATS];
    if (record->version == 0 && !released && owned == 0 && made == 0) {
        audit->counts.intents += audit->look.whole;
        return ERROR_NONE;
    }
    if (made != 1) {
        say(audit, MONGO_AUDIT_JOURNAL, block->id, "has %u entries of its making in the journal",
            made);
    }
    if (ended != (released ? 1U : 0U)) {
        say(audit, MONGO_AUDIT_JOURNAL, block->id, "has %u entries of its release in the journal",
            ended);
    }
    if (released) judge_released(audit, block);
    else judge_seats(audit, block, owned);
    return ERROR_NONE;
}

static bool lay_over(struct mongo_audit *audit, struct mongo_block *record)
{
    const struct mongo_settle_entry *entry =
        mongo_audit_look_settle(audit, MONGO_BLOCKS, record->block.id);
    if (entry == NULL || record->version >= entry->version) return true;
    bson_t value;
    mongo_settle_value(entry, &value);
    return mongo_documents_read_block(&value, record);
}

static enum error judge_document(struct mongo_audit *audit, const bson_t *document)
{
    bson_iter_t at;
    struct id id = {0};
    struct mongo_block record = {0};
    if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &id)) {
        return ERROR_NONE;
    }
    audit->look.record_count++;
    const bool whole = mongo_documents_read_block(document, &record) && lay_over(audit, &record);
    enum error error = ERROR_NONE;
    if (!whole || record.block.seat_count == 0) {
        (void)mongo_audit_look_settle(audit, MONGO_BLOCKS, id);
        say(audit, MONGO_AUDIT_BLOCK, id, "has a value that no block can have");
    } else if (!id_equal(record.block.showtime, audit->cut.showtime)) {
        say(audit, MONGO_AUDIT_BLOCK, id, "is of showtime %s, but has a seat or a decision here",
            mongo_audit_name(record.block.showtime).text);
    } else if (record.version > (int64_t)audit->cut.version) {
        mongo_audit_look_suspect(audit, id, true, record.version);
    } else {
        error = judge_record(audit, &record);
    }
    mongo_audit_look_judged(audit, id);
    return error;
}

enum error mongo_audit_block_judge_all(struct mongo_audit *audit, const bson_t *filter)
{
    CHECK(audit->look.open);

    mongoc_cursor_t *cursor = mongo_audit_find(audit, MONGO_BLOCKS, filter, NULL);
    const bson_t *document = NULL;
    enum error error = ERROR_NONE;
    while (error == ERROR_NONE && mongoc_cursor_next(cursor, &document)) {
        error = judge_document(audit, document);
    }
    const enum error read = mongo_audit_end(audit, cursor);
    return error == ERROR_NONE ? read : error;
}

enum error mongo_audit_block_judge_ids(struct mongo_audit *audit, const struct id *ids,
                                       uint32_t count)
{
    bson_t filter = BSON_INITIALIZER;
    mongo_among_append(&filter, "_id", ids, count);
    const enum error error = mongo_audit_block_judge_all(audit, &filter);
    bson_destroy(&filter);
    for (uint32_t index = 0; index < count && error == ERROR_NONE; index++) {
        mongo_audit_look_missing(audit, MONGO_BLOCKS, ids[index]);
    }
    return error;
}
