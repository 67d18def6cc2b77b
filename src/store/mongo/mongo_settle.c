#include "store/mongo/mongo_settle.h"

#include "store/mongo/mongo_fields.h"
#include "store/mongo/mongo_ids.h"

static const char *const marks[MONGO_COLLECTION_COUNT] = {[MONGO_BOOKINGS] = "b",
                                                          [MONGO_PAYMENTS] = "p",
                                                          [MONGO_KEYS] = "k",
                                                          [MONGO_BLOCKS] = "x",
                                                          [MONGO_JOURNAL] = "j"};

bool mongo_settle_puts(enum mongo_collection collection)
{
    return collection == MONGO_KEYS || collection == MONGO_JOURNAL;
}

void mongo_settle_init(struct mongo_settle *settle)
{
    settle->count = 0;
    bson_init(&settle->array);
}

void mongo_settle_release(struct mongo_settle *settle)
{
    settle->count = 0;
    bson_destroy(&settle->array);
}

static bool read_mark(const bson_iter_t *at, struct mongo_settle_entry *entry)
{
    for (uint32_t collection = 0; collection < MONGO_COLLECTION_COUNT; collection++) {
        if (marks[collection] == NULL || strcmp(bson_iter_key(at), marks[collection]) != 0)
            continue;
        entry->collection = (enum mongo_collection)collection;
        return mongo_fields_read_id(at, &entry->id);
    }
    return true;
}

static bool read_entry(const bson_iter_t *at, struct mongo_settle_entry *ret_entry)
{
    bson_iter_t member;
    struct mongo_settle_entry entry = {0};
    if (!BSON_ITER_HOLDS_DOCUMENT(at) || !bson_iter_recurse(at, &member)) return false;
    while (bson_iter_next(&member)) {
        const char *name = bson_iter_key(&member);
        const bool is_value = strcmp(name, "set") == 0 || strcmp(name, "put") == 0;
        if (is_value && BSON_ITER_HOLDS_DOCUMENT(&member)) {
            bson_iter_document(&member, &entry.size, &entry.value);
        } else if (strcmp(name, "v") == 0) {
            entry.version = bson_iter_as_int64(&member);
        } else if (!read_mark(&member, &entry)) {
            return false;
        }
    }
    if (id_is_none(entry.id) || entry.value == NULL) return false;
    *ret_entry = entry;
    return true;
}

static bool read_all(struct mongo_settle *settle)
{
    bson_iter_t at;
    if (!bson_iter_init(&at, &settle->array)) return false;
    while (bson_iter_next(&at)) {
        if (settle->count == MONGO_SETTLE_MAX) return false;
        if (!read_entry(&at, &settle->entries[settle->count])) return false;
        settle->count++;
    }
    return true;
}

bool mongo_settle_take(struct mongo_settle *settle, const bson_t *array)
{
    mongo_settle_release(settle);
    bson_copy_to(array, &settle->array);
    if (read_all(settle)) return true;
    mongo_settle_release(settle);
    mongo_settle_init(settle);
    return false;
}

bool mongo_settle_read(struct mongo_settle *settle, const bson_iter_t *at)
{
    uint32_t size = 0;
    const uint8_t *bytes = NULL;
    bson_t view;
    if (!BSON_ITER_HOLDS_ARRAY(at)) return false;
    bson_iter_array(at, &size, &bytes);
    return bson_init_static(&view, bytes, size) && mongo_settle_take(settle, &view);
}

const struct mongo_settle_entry *mongo_settle_find(const struct mongo_settle *settle,
                                                   enum mongo_collection collection, struct id id)
{
    for (uint32_t index = 0; index < settle->count; index++) {
        const struct mongo_settle_entry *entry = &settle->entries[index];
        if (entry->collection == collection && id_equal(entry->id, id)) return entry;
    }
    return NULL;
}

bool mongo_settle_seek(const bson_t *showtime, enum mongo_collection collection, struct id id,
                       bson_t *ret_value)
{
    bson_iter_t at;
    bson_iter_t element;
    if (!bson_iter_init_find(&at, showtime, "settle") || !BSON_ITER_HOLDS_ARRAY(&at)) return false;
    if (!bson_iter_recurse(&at, &element)) return false;
    while (bson_iter_next(&element)) {
        struct mongo_settle_entry entry;
        if (!read_entry(&element, &entry)) continue;
        if (entry.collection != collection || !id_equal(entry.id, id)) continue;
        mongo_settle_value(&entry, ret_value);
        return true;
    }
    return false;
}

void mongo_settle_value(const struct mongo_settle_entry *entry, bson_t *ret_value)
{
    CHECK(bson_init_static(ret_value, entry->value, entry->size));
}

void mongo_settle_append(bson_t *array, uint32_t index, enum mongo_collection collection,
                         struct id id, int64_t version, const bson_t *value)
{
    CHECK(marks[collection] != NULL);

    char buffer[16];
    const char *key = NULL;
    bson_t entry;
    const bson_oid_t oid = mongo_ids_to_oid(id);
    (void)bson_uint32_to_string(index, &key, buffer, sizeof buffer);
    BSON_APPEND_DOCUMENT_BEGIN(array, key, &entry);
    BSON_APPEND_OID(&entry, marks[collection], &oid);
    BSON_APPEND_INT64(&entry, "v", version);
    BSON_APPEND_DOCUMENT(&entry, mongo_settle_puts(collection) ? "put" : "set", value);
    (void)bson_append_document_end(array, &entry);
}
