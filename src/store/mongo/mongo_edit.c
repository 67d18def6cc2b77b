#include "store/mongo/mongo_edit.h"

#include "base/buffer.h"
#include "base/check.h"
#include "base/log.h"
#include "store/mongo/mongo_gather.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_plan.h"
#include "store/mongo/mongo_showtime.h"
#include "json/json_write.h"

enum {
    PRICE = 1 << SHOWTIME_PRICE,
    START = 1 << SHOWTIME_START,
    DETAIL_SIZE_MAX = 512, /* A moment and three prices. */
};

void mongo_edit_lay_over(const struct mongo_store *store, struct seat_map *map)
{
    const struct mongo_plan *plan = &store->plan;
    if (!plan->made || !plan->edits || !id_equal(plan->showtime, map->showtime)) return;
    map->version = plan->version;
    map->starts_at_ms = plan->starts_at_ms;
    map->ends_at_ms = plan->ends_at_ms;
    map->status = SHOWTIME_SCHEDULED;
    memcpy(map->prices, plan->prices, sizeof map->prices);
}

static uint32_t compare(const struct seat_map *map, const struct showtime *wanted)
{
    uint32_t different = 0;
    if (map->starts_at_ms != wanted->starts_at_ms) different |= START;
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        const int64_t price = wanted->prices[type];
        if (price > 0 && price != map->prices[type]) different |= PRICE;
    }
    return different;
}

/* Has the showtime bookings, whatever became of them? An intent that nothing followed is none. */
static enum error ask_booked(struct mongo_store *store, const struct seat_map *map,
                             bool *ret_booked)
{
    for (uint32_t place = 0; place < map->place_count; place++) {
        *ret_booked = map->states[place] == SEAT_HELD || map->states[place] == SEAT_BOOKED;
        if (*ret_booked) return ERROR_NONE;
    }
    for (uint32_t index = 0; index < store->cut.settle.count; index++) {
        *ret_booked = store->cut.settle.entries[index].collection == MONGO_BOOKINGS;
        if (*ret_booked) return ERROR_NONE;
    }
    const bson_oid_t oid = mongo_ids_to_oid(map->showtime);
    bson_t *filter =
        BCON_NEW("showtime_id", BCON_OID(&oid), "$or", "[", "{", "v", "{", "$gt", BCON_INT32(0),
                 "}", "}", "{", "status", "{", "$ne", BCON_UTF8("pending"), "}", "}", "]");
    bson_t *options = BCON_NEW("limit", BCON_INT64(1), "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    bson_error_t why = {0};
    store->counts.round_trips++;
    const int64_t count = mongoc_collection_count_documents(
        store->client.collections[MONGO_BOOKINGS], filter, options, NULL, NULL, &why);
    bson_destroy(options);
    bson_destroy(filter);
    enum mongo_class class = MONGO_DONE;
    if (count < 0) return mongo_read_failure("count bookings", &why, NULL, &class);
    *ret_booked = count > 0;
    return ERROR_NONE;
}

static enum error judge(struct mongo_store *store, struct catalogue_edit *edit,
                        const struct seat_map *map, int64_t now_ms)
{
    edit->members_changed = compare(map, &edit->showtime) & edit->members;
    edit->outcome = EDIT_SAME;
    if (edit->members_changed == 0) return ERROR_NONE;
    edit->outcome = EDIT_OVER;
    if (showtime_status_at(map->status, map->ends_at_ms, now_ms) != SHOWTIME_SCHEDULED) {
        return ERROR_NONE;
    }
    bool booked = false;
    if (edit_has(edit->members_changed, SHOWTIME_START)) {
        const enum error error = ask_booked(store, map, &booked);
        if (error != ERROR_NONE) return error;
    }
    edit->outcome = booked ? EDIT_KEPT : EDIT_CHANGED;
    if (booked) edit->members_changed = START;
    return ERROR_NONE;
}

static void append_detail(const struct catalogue_edit *edit, const struct mongo_plan *plan,
                          bson_t *entry)
{
    char block[DETAIL_SIZE_MAX];
    struct buffer detail;
    buffer_init(&detail, block, sizeof block);
    struct json_writer json = json_writer_of(&detail);
    json_open_object(&json);
    if (edit_has(edit->members_changed, SHOWTIME_START)) {
        json_key(&json, SLICE("start_time"));
        json_time(&json, plan->starts_at_ms);
    }
    if (edit_has(edit->members_changed, SHOWTIME_PRICE)) {
        json_key(&json, SLICE("price"));
        json_open_object(&json);
        for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
            json_member_number(&json, seat_type_name((enum seat_type)type), plan->prices[type]);
        }
        json_close_object(&json);
    }
    json_close_object(&json);
    CHECK(!detail.overflowed);
    const struct slice text = buffer_text(&detail);
    (void)bson_append_utf8(entry, "detail", -1, text.data, (int)text.size);
}

static void append_entry(const struct catalogue_edit *edit, const struct mongo_plan *plan,
                         int64_t now_ms, bson_t *settle, uint32_t *count)
{
    const struct id id = mongo_ids_next();
    const bson_oid_t oid = mongo_ids_to_oid(id);
    const bson_oid_t subject = mongo_ids_to_oid(plan->showtime);
    const struct user actor = user_of(edit->actor);
    bson_t entry = BSON_INITIALIZER;
    BSON_APPEND_OID(&entry, "_id", &oid);
    BSON_APPEND_DATE_TIME(&entry, "at", now_ms);
    mongo_fields_append_user(&entry, "actor", &actor);
    (void)bson_append_utf8(&entry, "role", -1, edit->role.data, (int)edit->role.size);
    BSON_APPEND_UTF8(&entry, "action", "showtime.update");
    BSON_APPEND_OID(&entry, "subject", &subject);
    append_detail(edit, plan, &entry);
    mongo_settle_append(settle, (*count)++, MONGO_JOURNAL, id, (int64_t)plan->version, &entry);
    bson_destroy(&entry);
}

static enum error make_plan(struct mongo_store *store, const struct catalogue_edit *edit,
                            const struct seat_map *map, int64_t now_ms)
{
    struct mongo_plan *plan = &store->plan;
    const struct showtime *wanted = &edit->showtime;
    mongo_plan_begin(store, store->cut.version + 1);
    plan->edits = true;
    plan->starts_at_ms = map->starts_at_ms;
    plan->ends_at_ms = map->ends_at_ms;
    memcpy(plan->prices, map->prices, sizeof plan->prices);
    bson_t settle = BSON_INITIALIZER;
    bson_t set = BSON_INITIALIZER;
    uint32_t count = mongo_plan_carry(store, NULL, &settle);
    if (edit_has(edit->members_changed, SHOWTIME_START)) {
        plan->ends_at_ms += wanted->starts_at_ms - plan->starts_at_ms;
        plan->starts_at_ms = wanted->starts_at_ms;
    }
    bson_t price;
    BSON_APPEND_DATE_TIME(&set, "start_time", plan->starts_at_ms);
    BSON_APPEND_DATE_TIME(&set, "end_time", plan->ends_at_ms);
    BSON_APPEND_UTF8(&set, "status", showtime_status_name(SHOWTIME_SCHEDULED).data);
    BSON_APPEND_DOCUMENT_BEGIN(&set, "price", &price);
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        const bool changed =
            edit_has(edit->members_changed, SHOWTIME_PRICE) && wanted->prices[type] > 0;
        if (changed) plan->prices[type] = wanted->prices[type];
        BSON_APPEND_INT64(&price, seat_type_name((enum seat_type)type).data, plan->prices[type]);
    }
    (void)bson_append_document_end(&set, &price);
    append_entry(edit, plan, now_ms, &settle, &count);
    const enum error error = mongo_plan_finish(store, &set, &settle, count, now_ms);
    bson_destroy(&set);
    bson_destroy(&settle);
    return error;
}

static enum error edit_document(struct mongo_store *store, struct catalogue_edit *edit,
                                const bson_t *document, int64_t now_ms)
{
    struct seat_map map;
    void *block = aligned_alloc(16, SHOWTIME_BLOCK_SIZE_MAX);
    if (block == NULL) return ERROR_STORE_UNAVAILABLE;
    enum error error = ERROR_INTERNAL_ERROR;
    if (mongo_gather_take_cut(store, edit->showtime.id, document) &&
        mongo_showtime_read(document, &store->options.tag_key, block, &map)) {
        error = judge(store, edit, &map, now_ms);
        if (error == ERROR_NONE && edit_wrote(edit)) error = make_plan(store, edit, &map, now_ms);
    }
    free(block);
    return error;
}

enum error mongo_edit_run(struct mongo_store *store, struct catalogue_edit *edit, int64_t now_ms)
{
    CHECK(store->open);

    const uint32_t known = PRICE | START;
    if (edit->kind != EDIT_SHOWTIME || edit->create || (edit->members & ~known) != 0) {
        log_event(LOG_WARNING, "edit_refused",
                  LOG_TEXT("why", SLICE("only prices and starts change over MongoDB")));
        return ERROR_INTERNAL_ERROR;
    }
    if (store->plan.made) return ERROR_INTERNAL_ERROR;
    enum error error = mongo_state_step(store, MONGO_STEP_READ_CUT);
    if (error != ERROR_NONE) return error;
    bson_t document;
    bool there = false;
    edit->outcome = EDIT_NOT_FOUND;
    error = mongo_state_find(store, MONGO_SHOWTIMES, edit->showtime.id, NULL, &document, &there);
    if (error != ERROR_NONE || !there) return error;
    error = edit_document(store, edit, &document, now_ms);
    bson_destroy(&document);
    return error;
}
