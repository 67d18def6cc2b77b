#include "store/mongo/mongo_audit_rest.h"

#include "base/check.h"
#include "store/mongo/mongo_among.h"
#include "store/mongo/mongo_ids.h"

enum { PAYMENTS_AT_ONCE = 200 };

/* Where a field is an id in every document, the first and the last one in order are ids too. */
static const struct name_rule {
    enum mongo_collection collection;
    const char *field;
    const char *what;
} name_rules[] = {
    {MONGO_SHOWTIMES, "_id", "showtime"},   {MONGO_BOOKINGS, "showtime_id", "booking"},
    {MONGO_PAYMENTS, "_id", "payment"},     {MONGO_PAYMENTS, "booking_id", "payment"},
    {MONGO_BLOCKS, "showtime_id", "block"},
};

static enum error judge_end(struct mongo_audit *audit, const struct name_rule *rule, int order)
{
    char options[128];
    bson_t filter = BSON_INITIALIZER;
    (void)snprintf(options, sizeof options, "{\"sort\": {\"%s\": %d}, \"limit\": 1}", rule->field,
                   order);
    mongoc_cursor_t *cursor = mongo_audit_find(audit, rule->collection, &filter, options);
    const bson_t *document = NULL;
    bson_iter_t at;
    struct id id = {0};
    if (mongoc_cursor_next(cursor, &document) &&
        (!bson_iter_init_find(&at, document, rule->field) || !mongo_fields_read_id(&at, &id))) {
        struct id own = {0};
        if (bson_iter_init_find(&at, document, "_id")) (void)mongo_fields_read_id(&at, &own);
        mongo_audit_say(audit, MONGO_AUDIT_STRAY, "A %s (%s) has a %s that is no id", rule->what,
                        mongo_audit_name(own).text, rule->field);
    }
    bson_destroy(&filter);
    return mongo_audit_end(audit, cursor);
}

enum error mongo_audit_rest_judge_names(struct mongo_audit *audit)
{
    for (size_t index = 0; index < sizeof name_rules / sizeof name_rules[0]; index++) {
        enum error error = judge_end(audit, &name_rules[index], 1);
        if (error == ERROR_NONE) error = judge_end(audit, &name_rules[index], -1);
        if (error != ERROR_NONE) return error;
    }
    return ERROR_NONE;
}

/* A showtime may have come between the two questions. */
static enum error judge_stray(struct mongo_audit *audit, const struct name_rule *rule,
                              const bson_t *document)
{
    bson_t found;
    bson_iter_t at;
    struct id id = {0};
    struct id showtime = {0};
    bool there = false;
    if (bson_iter_init_find(&at, document, "_id")) (void)mongo_fields_read_id(&at, &id);
    if (bson_iter_init_find(&at, document, "showtime_id")) {
        (void)mongo_fields_read_id(&at, &showtime);
    }
    const enum error error =
        mongo_audit_read_one(audit, MONGO_SHOWTIMES, showtime, "{\"_id\": 1}", &found, &there);
    if (error != ERROR_NONE) return error;
    if (there) bson_destroy(&found);
    else {
        mongo_audit_say(audit, MONGO_AUDIT_STRAY, "Showtime %s does not exist, but %s %s is of it",
                        mongo_audit_name(showtime).text, rule->what, mongo_audit_name(id).text);
    }
    return ERROR_NONE;
}

static enum error judge_strays(struct mongo_audit *audit, const struct name_rule *rule,
                               const bson_t *filter)
{
    mongoc_cursor_t *cursor = mongo_audit_find(
        audit, rule->collection, filter, "{\"projection\": {\"showtime_id\": 1}, \"limit\": 100}");
    const bson_t *document = NULL;
    enum error error = ERROR_NONE;
    while (error == ERROR_NONE && mongoc_cursor_next(cursor, &document)) {
        error = judge_stray(audit, rule, document);
    }
    const enum error read = mongo_audit_end(audit, cursor);
    return error == ERROR_NONE ? read : error;
}

enum error mongo_audit_rest_judge_gap(struct mongo_audit *audit, struct id after,
                                      const struct id *showtimes, uint32_t count, bool last)
{
    static const struct name_rule rules[] = {{MONGO_BOOKINGS, "showtime_id", "booking"},
                                             {MONGO_BLOCKS, "showtime_id", "block"}};
    const bson_oid_t from = mongo_ids_to_oid(after);
    bson_t filter = BSON_INITIALIZER;
    bson_t range;
    bson_t array;
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "showtime_id", &range);
    BSON_APPEND_OID(&range, "$gt", &from);
    if (!last) {
        const bson_oid_t to = mongo_ids_to_oid(showtimes[count - 1]);
        BSON_APPEND_OID(&range, "$lt", &to);
    }
    BSON_APPEND_ARRAY_BEGIN(&range, "$nin", &array);
    for (uint32_t index = 0; index < count; index++) {
        mongo_among_element(&array, index, showtimes[index]);
    }
    (void)bson_append_array_end(&range, &array);
    (void)bson_append_document_end(&filter, &range);
    enum error error = ERROR_NONE;
    for (size_t index = 0; index < sizeof rules / sizeof rules[0] && error == ERROR_NONE; index++) {
        error = judge_strays(audit, &rules[index], &filter);
    }
    bson_destroy(&filter);
    return error;
}

/* Another record that the same key has made, and that stands. */
static enum error find_other(struct mongo_audit *audit, enum mongo_collection collection,
                             struct id id, struct id other, struct uuid key, bool *ret_found)
{
    bson_t document;
    bson_iter_t at;
    struct uuid named = {0};
    bool there = false;
    *ret_found = false;
    if (id_equal(id, other)) return ERROR_NONE;
    const enum error error = mongo_audit_read_one(
        audit, collection, other, "{\"idempotency_key\": 1, \"v\": 1, \"status\": 1}", &document,
        &there);
    if (error != ERROR_NONE || !there) return error;
    const bool same = bson_iter_init_find(&at, &document, "idempotency_key") &&
                      uuid_parse(mongo_fields_text(&at), &named) && uuid_equal(named, key);
    const bool moved = bson_iter_init_find(&at, &document, "v") && bson_iter_as_int64(&at) > 0;
    const bool begun = bson_iter_init_find(&at, &document, "status") &&
                       !slice_equal(mongo_fields_text(&at), SLICE("pending"));
    bson_destroy(&document);
    *ret_found = same && (moved || begun);
    return ERROR_NONE;
}

enum error mongo_audit_rest_judge_maker(struct mongo_audit *audit, enum mongo_collection collection,
                                        struct id id, const struct user *user, struct uuid key)
{
    const bool is_booking = collection == MONGO_BOOKINGS;
    CHECK(is_booking || collection == MONGO_PAYMENTS);
    if (audit->mac == NULL || uuid_is_none(key)) return ERROR_NONE;
    const enum operation first = is_booking ? OPERATION_HOLD : OPERATION_CONFIRM;
    const enum operation last = is_booking ? OPERATION_HOLD : OPERATION_PAY;
    struct id made[OPERATION_COUNT];
    for (enum operation operation = first; operation <= last; operation++) {
        const struct claim_key claim = {.user = *user, .operation = operation, .key = key};
        made[operation] = mongo_ids_made(audit->mac, &claim);
        if (id_equal(made[operation], id)) return ERROR_NONE; /* The key's own. */
    }
    for (enum operation operation = first; operation <= last; operation++) {
        bool found = false;
        const enum error error = find_other(audit, collection, id, made[operation], key, &found);
        if (error != ERROR_NONE) return error;
        if (!found) continue;
        char text[UUID_TEXT_SIZE];
        uuid_format(key, text);
        mongo_audit_say(audit, MONGO_AUDIT_KEY, "Key %.*s of user %.*s has made %s %s and %s",
                        (int)sizeof text, text, (int)user->size, user->name,
                        is_booking ? "bookings" : "payments", mongo_audit_name(id).text,
                        mongo_audit_name(made[operation]).text);
    }
    return ERROR_NONE;
}

/* Payments of a page, and which of their bookings are there. */
struct payment_page {
    uint32_t count;
    struct id payments[PAYMENTS_AT_ONCE];
    struct id bookings[PAYMENTS_AT_ONCE];
    bool there[PAYMENTS_AT_ONCE];
    bool waits[PAYMENTS_AT_ONCE];
    struct user users[PAYMENTS_AT_ONCE];
    struct uuid keys[PAYMENTS_AT_ONCE];
};

static void take_payment(struct payment_page *page, const bson_t *document)
{
    bson_iter_t at;
    const uint32_t place = page->count;
    if (!bson_iter_init_find(&at, document, "_id")) return;
    if (!mongo_fields_read_id(&at, &page->payments[place])) return;
    page->count++;
    page->bookings[place] = (struct id){0};
    page->users[place] = (struct user){0};
    page->keys[place] = (struct uuid){0};
    page->there[place] = false;
    if (bson_iter_init_find(&at, document, "booking_id")) {
        (void)mongo_fields_read_id(&at, &page->bookings[place]);
    }
    if (bson_iter_init_find(&at, document, "user_id")) {
        (void)mongo_fields_read_user(&at, &page->users[place]);
    }
    if (bson_iter_init_find(&at, document, "idempotency_key")) {
        (void)uuid_parse(mongo_fields_text(&at), &page->keys[place]);
    }
    page->waits[place] = bson_iter_init_find(&at, document, "status") &&
                         slice_equal(mongo_fields_text(&at), SLICE(MONGO_MONEY_RECORDED));
}

static enum error read_payments(struct mongo_audit *audit, struct id after,
                                struct payment_page *page)
{
    const bson_oid_t oid = mongo_ids_to_oid(after);
    bson_t *filter = BCON_NEW("_id", "{", "$gt", BCON_OID(&oid), "}");
    mongoc_cursor_t *cursor =
        mongo_audit_find(audit, MONGO_PAYMENTS, filter,
                         "{\"projection\": {\"booking_id\": 1, \"user_id\": 1, \"status\": 1, "
                         "\"idempotency_key\": 1}, \"sort\": {\"_id\": 1}, \"limit\": 200}");
    const bson_t *document = NULL;
    page->count = 0;
    while (page->count < PAYMENTS_AT_ONCE && mongoc_cursor_next(cursor, &document)) {
        take_payment(page, document);
    }
    bson_destroy(filter);
    return mongo_audit_end(audit, cursor);
}

/* A payment is made for a booking that is there. */
static enum error find_bookings(struct mongo_audit *audit, struct payment_page *page)
{
    bson_t filter = BSON_INITIALIZER;
    mongo_among_append(&filter, "_id", page->bookings, page->count);
    mongoc_cursor_t *cursor =
        mongo_audit_find(audit, MONGO_BOOKINGS, &filter, "{\"projection\": {\"_id\": 1}}");
    const bson_t *document = NULL;
    while (mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        struct id id;
        if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &id)) continue;
        for (uint32_t place = 0; place < page->count; place++) {
            if (id_equal(page->bookings[place], id)) page->there[place] = true;
        }
    }
    bson_destroy(&filter);
    return mongo_audit_end(audit, cursor);
}

static enum error judge_page(struct mongo_audit *audit, const struct payment_page *page)
{
    for (uint32_t place = 0; place < page->count; place++) {
        const struct id payment = page->payments[place];
        if (!page->there[place]) {
            mongo_audit_say(audit, MONGO_AUDIT_STRAY,
                            "Payment %s is %sfor booking %s, which does not exist",
                            mongo_audit_name(payment).text, page->waits[place] ? "paid " : "",
                            mongo_audit_name(page->bookings[place]).text);
            continue;
        }
        const enum error error = mongo_audit_rest_judge_maker(
            audit, MONGO_PAYMENTS, payment, &page->users[place], page->keys[place]);
        if (error != ERROR_NONE) return error;
    }
    return ERROR_NONE;
}

enum error mongo_audit_rest_judge_payments(struct mongo_audit *audit)
{
    struct payment_page *page = malloc(sizeof *page);
    struct id after = {0};
    enum error error = page == NULL ? ERROR_STORE_UNAVAILABLE : ERROR_NONE;
    for (bool last = false; !last && error == ERROR_NONE;) {
        error = read_payments(audit, after, page);
        if (error == ERROR_NONE && page->count > 0) error = find_bookings(audit, page);
        if (error == ERROR_NONE) error = judge_page(audit, page);
        last = page->count < PAYMENTS_AT_ONCE;
        if (page->count > 0) after = page->payments[page->count - 1];
    }
    free(page);
    return error;
}
