#include "sim_shared/database.h"

#include "base/check.h"
#include "sim_shared/match.h"

struct rows {
    uint32_t count;
    bson_t *documents[DATABASE_DOCUMENTS_MAX];
};

struct database_picture {
    struct rows collections[MONGO_COLLECTION_COUNT];
};

struct unique {
    enum mongo_collection collection;
    uint32_t count;
    char members[DATABASE_INDEX_MEMBERS_MAX][32];
};

static struct database_picture now;
static struct database_watcher watching;
static uint32_t unique_count;
static struct unique uniques[DATABASE_INDEXES_MAX];

static void clear(struct database_picture *picture)
{
    for (uint32_t collection = 0; collection < MONGO_COLLECTION_COUNT; collection++) {
        struct rows *rows = &picture->collections[collection];
        for (uint32_t index = 0; index < rows->count; index++) bson_destroy(rows->documents[index]);
        rows->count = 0;
    }
}

void database_begin(struct database_watcher watcher)
{
    watching = watcher;
    unique_count = 0;
}

void database_end(void)
{
    clear(&now);
}

static bool is_known(const struct unique *unique)
{
    for (uint32_t index = 0; index < unique_count; index++) {
        if (memcmp(&uniques[index], unique, sizeof *unique) == 0) return true;
    }
    return false;
}

void database_add_unique(enum mongo_collection collection, const char *const *members,
                         uint32_t count)
{
    struct unique unique;
    memset(&unique, 0, sizeof unique);
    unique.collection = collection;
    CHECK(count <= DATABASE_INDEX_MEMBERS_MAX);
    for (; unique.count < count; unique.count++) {
        const int size = snprintf(unique.members[unique.count], sizeof unique.members[0], "%s",
                                  members[unique.count]);
        CHECK(size > 0);
        CHECK((size_t)size < sizeof unique.members[0]);
    }
    if (is_known(&unique)) return;
    CHECK(unique_count < DATABASE_INDEXES_MAX);
    uniques[unique_count++] = unique;
}

static bool same_member(const bson_t *left, const bson_t *right, const char *name)
{
    bson_iter_t first;
    bson_iter_t second;
    const bool in_left = bson_iter_init_find(&first, left, name);
    const bool in_right = bson_iter_init_find(&second, right, name);
    if (!in_left || !in_right) return in_left == in_right;
    return bson_iter_type(&first) == bson_iter_type(&second) && match_compare(&first, &second) == 0;
}

static bool collides(const struct unique *unique, const bson_t *left, const bson_t *right)
{
    for (uint32_t index = 0; index < unique->count; index++) {
        if (!same_member(left, right, unique->members[index])) return false;
    }
    return true;
}

/* Would the document be the second of its kind? `self` is the one that it replaces. */
static bool is_duplicate(enum mongo_collection collection, const bson_t *document,
                         const bson_t *self)
{
    const struct rows *rows = &now.collections[collection];
    for (uint32_t index = 0; index < rows->count; index++) {
        const bson_t *other = rows->documents[index];
        if (other == self) continue;
        if (same_member(other, document, "_id")) return true;
        for (uint32_t place = 0; place < unique_count; place++) {
            const struct unique *unique = &uniques[place];
            if (unique->collection == collection && collides(unique, other, document)) return true;
        }
    }
    return false;
}

static void tell(enum mongo_collection collection, const bson_t *before, const bson_t *after)
{
    if (watching.changed != NULL) {
        watching.changed(watching.context, collection, before, after);
    }
}

static enum effect insert(const struct statement *statement)
{
    struct rows *rows = &now.collections[statement->collection];
    CHECK(bson_has_field(statement->document, "_id"));
    if (is_duplicate(statement->collection, statement->document, NULL)) return EFFECT_DUPLICATE;
    CHECK(rows->count < DATABASE_DOCUMENTS_MAX);
    bson_t *document = bson_copy(statement->document);
    rows->documents[rows->count++] = document;
    tell(statement->collection, NULL, document);
    return EFFECT_DONE;
}

static enum effect change(const struct statement *statement, bson_t **place)
{
    bson_t *before = *place;
    bson_t *after = statement->kind == STATEMENT_UPDATE ? match_updated(before, statement->document)
                                                        : bson_copy(statement->document);
    if (is_duplicate(statement->collection, after, before)) {
        bson_destroy(after);
        return EFFECT_DUPLICATE;
    }
    *place = after;
    tell(statement->collection, before, after);
    bson_destroy(before);
    return EFFECT_DONE;
}

static void delete (const struct statement *statement, uint32_t index)
{
    struct rows *rows = &now.collections[statement->collection];
    bson_t *before = rows->documents[index];
    rows->documents[index] = rows->documents[--rows->count];
    tell(statement->collection, before, NULL);
    bson_destroy(before);
}

enum effect database_do(const struct statement *statement)
{
    if (statement->kind == STATEMENT_INSERT) return insert(statement);
    struct rows *rows = &now.collections[statement->collection];
    for (uint32_t index = 0; index < rows->count; index++) {
        if (!match_document(rows->documents[index], statement->filter)) continue;
        if (statement->kind != STATEMENT_DELETE) return change(statement, &rows->documents[index]);
        delete (statement, index);
        return EFFECT_DONE;
    }
    return EFFECT_NONE;
}

struct statement statement_copy(const struct statement *statement)
{
    struct statement copy = *statement;
    if (copy.filter != NULL) copy.filter = bson_copy(copy.filter);
    if (copy.document != NULL) copy.document = bson_copy(copy.document);
    return copy;
}

void statement_release(struct statement *statement)
{
    if (statement->filter != NULL) bson_destroy(statement->filter);
    if (statement->document != NULL) bson_destroy(statement->document);
    *statement = (struct statement){0};
}

uint32_t database_count(enum mongo_collection collection, const struct database_picture *picture)
{
    return (picture == NULL ? &now : picture)->collections[collection].count;
}

const bson_t *database_at(enum mongo_collection collection, const struct database_picture *picture,
                          uint32_t index)
{
    const struct rows *rows = &(picture == NULL ? &now : picture)->collections[collection];
    CHECK(index < rows->count);
    return rows->documents[index];
}

const bson_t *database_find(enum mongo_collection collection, const bson_t *like,
                            const struct database_picture *picture)
{
    const struct rows *rows = &(picture == NULL ? &now : picture)->collections[collection];
    for (uint32_t index = 0; index < rows->count; index++) {
        if (same_member(rows->documents[index], like, "_id")) return rows->documents[index];
    }
    return NULL;
}

struct database_picture *database_take_picture(void)
{
    struct database_picture *picture = calloc(1, sizeof *picture);
    CHECK(picture != NULL);
    for (uint32_t collection = 0; collection < MONGO_COLLECTION_COUNT; collection++) {
        const struct rows *rows = &now.collections[collection];
        struct rows *copy = &picture->collections[collection];
        for (; copy->count < rows->count; copy->count++) {
            copy->documents[copy->count] = bson_copy(rows->documents[copy->count]);
        }
    }
    return picture;
}

void database_drop_picture(struct database_picture *picture)
{
    if (picture == NULL) return;
    clear(picture);
    free(picture);
}
