#include "store/mongo/mongo_audit_key.h"

#include "store/mongo/mongo_among.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_view.h"

enum { KEYS_AT_ONCE = 100 };

static_assert((int)KEYS_AT_ONCE <= (int)MONGO_VIEW_MAX, "a page's showtimes fit in a view");

/* What a page of keys names. */
struct named {
    bool booking_there;
    bool payment_there;
    bool begun; /* A booking that may be an intent only. */
    struct id payment_booking;
    struct mongo_booking booking;
};

struct page {
    uint32_t document_count;
    uint32_t count;
    struct id last;
    struct mongo_key keys[KEYS_AT_ONCE];
    struct named named[KEYS_AT_ONCE];
    struct mongo_view view;
};

struct key_text {
    char text[UUID_TEXT_SIZE + 1];
};

static struct key_text text_of(const struct mongo_key *key)
{
    struct key_text text = {""};
    uuid_format(key->record.claim.key, text.text);
    return text;
}

static void take(struct mongo_audit *audit, struct page *page, const bson_t *document)
{
    bson_iter_t at;
    struct mongo_key *key = &page->keys[page->count];
    page->document_count++;
    if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &page->last))
        return;
    if (!bson_iter_init_find(&at, document, "operation")) return;
    audit->counts.keys++;
    *key = (struct mongo_key){0};
    if (!mongo_documents_read_key(document, key) || uuid_is_none(key->record.claim.key) ||
        key->record.claim.user.size == 0) {
        mongo_audit_say(audit, MONGO_AUDIT_KEY, "Key record %s has a value that no key can have",
                        mongo_audit_name(page->last).text);
        return;
    }
    page->named[page->count] = (struct named){0};
    page->count++;
}

static enum error read_page(struct mongo_audit *audit, struct page *page)
{
    const bson_oid_t oid = mongo_ids_to_oid(page->last);
    bson_t *filter = BCON_NEW("_id", "{", "$gt", BCON_OID(&oid), "}");
    mongoc_cursor_t *cursor =
        mongo_audit_find(audit, MONGO_KEYS, filter, "{\"sort\": {\"_id\": 1}, \"limit\": 100}");
    const bson_t *document = NULL;
    page->count = 0;
    page->document_count = 0;
    while (page->document_count < KEYS_AT_ONCE && mongoc_cursor_next(cursor, &document)) {
        take(audit, page, document);
    }
    bson_destroy(filter);
    return mongo_audit_end(audit, cursor);
}

static void note_booking(struct page *page, const struct mongo_booking *booking)
{
    for (uint32_t place = 0; place < page->count; place++) {
        struct named *named = &page->named[place];
        if (!id_equal(page->keys[place].record.booking, booking->booking.id)) continue;
        named->booking_there = true;
        named->booking = *booking;
        named->begun = booking->never_held_at_ms > 0 ||
                       (booking->version == 0 && booking->booking.status == BOOKING_PENDING);
    }
}

static enum error read_bookings(struct mongo_audit *audit, struct page *page)
{
    struct id ids[KEYS_AT_ONCE];
    for (uint32_t place = 0; place < page->count; place++) {
        ids[place] = page->keys[place].record.booking;
    }
    bson_t filter = BSON_INITIALIZER;
    mongo_among_append(&filter, "_id", ids, page->count);
    mongoc_cursor_t *cursor = mongo_audit_find(audit, MONGO_BOOKINGS, &filter, NULL);
    const bson_t *document = NULL;
    while (mongoc_cursor_next(cursor, &document)) {
        struct mongo_booking booking = {0};
        bson_iter_t at;
        if (!bson_iter_init_find(&at, document, "_id")) continue;
        /* One that cannot be read is there too; its showtime says so. */
        if (!mongo_documents_read_booking(document, &booking)) {
            booking.version = 1;
            if (bson_iter_init_find(&at, document, "user_id")) {
                (void)mongo_fields_read_user(&at, &booking.booking.user);
            }
        }
        note_booking(page, &booking);
    }
    bson_destroy(&filter);
    return mongo_audit_end(audit, cursor);
}

static enum error read_payments(struct mongo_audit *audit, struct page *page)
{
    struct id ids[KEYS_AT_ONCE];
    for (uint32_t place = 0; place < page->count; place++) {
        ids[place] = page->keys[place].record.payment;
    }
    bson_t filter = BSON_INITIALIZER;
    mongo_among_append(&filter, "_id", ids, page->count);
    mongoc_cursor_t *cursor =
        mongo_audit_find(audit, MONGO_PAYMENTS, &filter, "{\"projection\": {\"booking_id\": 1}}");
    const bson_t *document = NULL;
    while (mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        struct id id;
        struct id booking = {0};
        if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &id)) continue;
        if (bson_iter_init_find(&at, document, "booking_id")) {
            (void)mongo_fields_read_id(&at, &booking);
        }
        for (uint32_t place = 0; place < page->count; place++) {
            if (!id_equal(page->keys[place].record.payment, id)) continue;
            page->named[place].payment_there = true;
            page->named[place].payment_booking = booking;
        }
    }
    bson_destroy(&filter);
    return mongo_audit_end(audit, cursor);
}

/* The showtimes of bookings that may be intents, and then those bookings anew. */
static enum error look_again(struct mongo_audit *audit, struct page *page)
{
    struct id showtimes[KEYS_AT_ONCE];
    uint32_t count = 0;
    for (uint32_t place = 0; place < page->count; place++) {
        const struct id showtime = page->named[place].booking.booking.showtime;
        if (!page->named[place].begun) continue;
        uint32_t known = 0;
        while (known < count && !id_equal(showtimes[known], showtime)) known++;
        if (known == count) showtimes[count++] = showtime;
    }
    if (count == 0) return ERROR_NONE;
    if (mongo_view_open(&page->view, audit->client, showtimes, count) != ERROR_NONE) {
        mongo_explain(audit->reason, "MongoDB cannot be read");
        return ERROR_STORE_UNAVAILABLE;
    }
    return read_bookings(audit, page);
}

static void judge_booking(struct mongo_audit *audit, const struct page *page, uint32_t place)
{
    const struct mongo_key *key = &page->keys[place];
    struct named named = page->named[place];
    const struct user *user = &key->record.claim.user;
    const char *wrong = NULL;
    if (!named.booking_there) wrong = "which does not exist";
    else if (!user_equal(&named.booking.booking.user, user) &&
             key->record.claim.operation != OPERATION_REFUND) {
        wrong = "which is not that user's";
    } else if (named.begun && mongo_view_version(&page->view, named.booking.booking.showtime) > 0 &&
               !mongo_view_booking(&page->view, &named.booking)) {
        wrong = "which has no seats and never came about";
    }
    if (wrong == NULL) return;
    mongo_audit_say(audit, MONGO_AUDIT_KEY, "Key %s of user %.*s names booking %s, %s",
                    text_of(key).text, (int)user->size, user->name,
                    mongo_audit_name(key->record.booking).text, wrong);
}

static enum error judge(struct mongo_audit *audit, const struct page *page, uint32_t place)
{
    const struct mongo_key *key = &page->keys[place];
    const struct named *named = &page->named[place];
    const struct user *user = &key->record.claim.user;
    judge_booking(audit, page, place);
    if (!id_is_none(key->record.payment) &&
        (!named->payment_there || !id_equal(named->payment_booking, key->record.booking))) {
        mongo_audit_say(audit, MONGO_AUDIT_KEY,
                        "Key %s of user %.*s names payment %s, which is not of its booking or does "
                        "not exist",
                        text_of(key).text, (int)user->size, user->name,
                        mongo_audit_name(key->record.payment).text);
    }
    if (audit->mac == NULL) return ERROR_NONE;
    const struct id own = mongo_ids_key(audit->mac, &key->record.claim);
    if (id_equal(own, key->id)) return ERROR_NONE;
    bson_t document;
    bool there = false;
    const enum error error =
        mongo_audit_read_one(audit, MONGO_KEYS, own, "{\"_id\": 1}", &document, &there);
    if (error != ERROR_NONE || !there) return error;
    bson_destroy(&document);
    mongo_audit_say(audit, MONGO_AUDIT_KEY, "Key %s of user %.*s is kept twice", text_of(key).text,
                    (int)user->size, user->name);
    return ERROR_NONE;
}

static enum error judge_page(struct mongo_audit *audit, struct page *page)
{
    page->view.count = 0;
    enum error error = read_page(audit, page);
    if (error == ERROR_NONE && page->count > 0) error = read_bookings(audit, page);
    if (error == ERROR_NONE && page->count > 0) error = read_payments(audit, page);
    if (error == ERROR_NONE) error = look_again(audit, page);
    for (uint32_t place = 0; place < page->count && error == ERROR_NONE; place++) {
        error = judge(audit, page, place);
    }
    mongo_view_release(&page->view);
    return error;
}

enum error mongo_audit_key_judge_all(struct mongo_audit *audit)
{
    struct page *page = calloc(1, sizeof *page);
    enum error error = page == NULL ? ERROR_STORE_UNAVAILABLE : ERROR_NONE;
    for (bool last = false; !last && error == ERROR_NONE;) {
        error = judge_page(audit, page);
        last = page->document_count < KEYS_AT_ONCE;
    }
    free(page);
    if (error == ERROR_NONE && audit->mac == NULL && audit->counts.keys > 0) {
        mongo_audit_say(audit, MONGO_AUDIT_KEY,
                        "The settings have no key of the ids: %llu keys cannot be found again",
                        (unsigned long long)audit->counts.keys);
    }
    return error;
}
