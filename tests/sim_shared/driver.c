/* driver.c - the functions of libmongoc that the store calls, over the database in memory.
 *
 * They stand in the program and so take the place of the library's; libbson is the real one. Each
 * operation meets the weather. What the store does not call is not here, and an option that it
 * does not use ends the test.
 *
 * Source: libmongoc 1.23.1: which error has which domain, and what a reply has in it.
 */
#include <mongoc/mongoc.h>

#include "base/check.h"
#include "sim_shared/driver.h"
#include "sim_shared/weather.h"

enum { NOT_PRIMARY = 10107, SHUTTING_DOWN = 91 };

struct _mongoc_client_pool_t {
    int unused;
};

struct _mongoc_client_t {
    int unused;
};

struct _mongoc_database_t {
    int unused;
};

struct _mongoc_collection_t {
    const char *name;
};

static struct _mongoc_client_pool_t pool;
static struct _mongoc_client_t client;
static struct _mongoc_database_t database;
static struct _mongoc_collection_t collections[MONGO_COLLECTION_COUNT] = {
    [MONGO_SHOWTIMES] = {"showtimes"}, [MONGO_BOOKINGS] = {"bookings"},
    [MONGO_PAYMENTS] = {"payments"},   [MONGO_KEYS] = {"idempotencykeys"},
    [MONGO_BLOCKS] = {"blocks"},       [MONGO_JOURNAL] = {"journal"},
    [MONGO_MOVIES] = {"movies"},       [MONGO_CINEMAS] = {"cinemas"},
    [MONGO_SETTINGS] = {"settings"},
};
static uint64_t ids_made;

void driver_begin(void)
{
    ids_made = 0;
}

enum mongo_collection driver_kind(const mongoc_collection_t *collection)
{
    return (enum mongo_collection)(collection - collections);
}

static enum mongo_collection find_collection(const char *name)
{
    uint32_t index = 0;
    while (strcmp(collections[index].name, name) != 0) {
        index++;
        CHECK(index < MONGO_COLLECTION_COUNT);
    }
    return (enum mongo_collection)index;
}

void driver_check_options(const bson_t *options, const char *const *known)
{
    bson_iter_t at;
    if (options == NULL) return;
    CHECK(bson_iter_init(&at, options));
    while (bson_iter_next(&at)) {
        uint32_t index = 0;
        while (known[index] != NULL && strcmp(known[index], bson_iter_key(&at)) != 0) index++;
        CHECK(known[index] != NULL);
    }
}

bool driver_fail(bson_error_t *error, uint32_t domain, uint32_t code)
{
    bson_set_error(error, domain, code, "simulated: %u %u", domain, code);
    return false;
}

bool driver_tell(enum strike strike, bson_t *reply, bson_error_t *error)
{
    switch (strike) {
    case STRIKE_NONE:
    case STRIKE_CONCERN_MUTE:
        return true;
    case STRIKE_NOT_SENT:
        return driver_fail(error, MONGOC_ERROR_SERVER_SELECTION,
                           MONGOC_ERROR_SERVER_SELECTION_FAILURE);
    case STRIKE_NOT_PRIMARY:
        return driver_fail(error, MONGOC_ERROR_SERVER, NOT_PRIMARY);
    case STRIKE_CONCERN:
        return driver_fail(error, MONGOC_ERROR_WRITE_CONCERN, DRIVER_CONCERN_FAILED);
    case STRIKE_STEP_DOWN:
    case STRIKE_STEPPED_DOWN: {
        bson_t labels;
        BSON_APPEND_ARRAY_BEGIN(reply, "errorLabels", &labels);
        BSON_APPEND_UTF8(&labels, "0", "RetryableWriteError");
        (void)bson_append_array_end(reply, &labels);
        return driver_fail(error, MONGOC_ERROR_SERVER, SHUTTING_DOWN);
    }
    default:
        return driver_fail(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET);
    }
}

mongoc_client_pool_t *mongoc_client_pool_new_with_error(const mongoc_uri_t *uri,
                                                        bson_error_t *error)
{
    CHECK(uri != NULL);
    (void)error;
    return &pool;
}

void mongoc_client_pool_destroy(mongoc_client_pool_t *self)
{
    CHECK(self == &pool);
}

bool mongoc_client_pool_set_error_api(mongoc_client_pool_t *self, int32_t version)
{
    return self == &pool && version == MONGOC_ERROR_API_VERSION_2;
}

mongoc_client_t *mongoc_client_pool_pop(mongoc_client_pool_t *self)
{
    CHECK(self == &pool);
    return &client;
}

void mongoc_client_pool_push(mongoc_client_pool_t *self, mongoc_client_t *popped)
{
    CHECK(self == &pool);
    CHECK(popped == &client);
}

/* A replica set: writes wait for the majority, reads ask for it. */
bool mongoc_client_command_simple(mongoc_client_t *self, const char *name, const bson_t *command,
                                  const mongoc_read_prefs_t *preferences, bson_t *reply,
                                  bson_error_t *error)
{
    CHECK(self == &client);
    CHECK(preferences == NULL);
    CHECK(strcmp(name, "admin") == 0);
    CHECK(bson_has_field(command, "hello") || bson_has_field(command, "ping"));
    (void)error;
    bson_init(reply);
    BSON_APPEND_UTF8(reply, "setName", "rs0");
    return true;
}

mongoc_database_t *mongoc_client_get_database(mongoc_client_t *self, const char *name)
{
    CHECK(self == &client);
    CHECK(name != NULL);
    return &database;
}

/* Notes which unique indexes there are; the others change nothing that a test could see. */
static void note_index(enum mongo_collection collection, const bson_iter_t *index)
{
    const char *members[DATABASE_INDEX_MEMBERS_MAX];
    uint32_t count = 0;
    bson_iter_t at;
    bson_iter_t key;
    CHECK(bson_iter_recurse(index, &at));
    if (!bson_iter_find(&at, "unique")) return;
    CHECK(bson_iter_recurse(index, &at));
    CHECK(bson_iter_find(&at, "key"));
    CHECK(bson_iter_recurse(&at, &key));
    while (bson_iter_next(&key)) {
        CHECK(count < DATABASE_INDEX_MEMBERS_MAX);
        members[count++] = bson_iter_key(&key);
    }
    database_add_unique(collection, members, count);
}

bool mongoc_database_write_command_with_opts(mongoc_database_t *self, const bson_t *command,
                                             const bson_t *options, bson_t *reply,
                                             bson_error_t *error)
{
    bson_iter_t at;
    bson_iter_t index;
    CHECK(self == &database);
    CHECK(options == NULL);
    (void)error;
    bson_init(reply);
    CHECK(bson_iter_init_find(&at, command, "createIndexes"));
    const enum mongo_collection collection = find_collection(bson_iter_utf8(&at, NULL));
    CHECK(bson_iter_init_find(&at, command, "indexes"));
    CHECK(bson_iter_recurse(&at, &index));
    while (bson_iter_next(&index)) note_index(collection, &index);
    return true;
}

void mongoc_database_destroy(mongoc_database_t *self)
{
    CHECK(self == &database);
}

mongoc_collection_t *mongoc_client_get_collection(mongoc_client_t *self, const char *database_name,
                                                  const char *name)
{
    CHECK(self == &client);
    CHECK(database_name != NULL);
    return &collections[find_collection(name)];
}

const char *mongoc_collection_get_name(mongoc_collection_t *collection)
{
    return collection->name;
}

void mongoc_collection_destroy(mongoc_collection_t *collection)
{
    CHECK(driver_kind(collection) < MONGO_COLLECTION_COUNT);
}

/* The driver's own are made of the time and of chance. */
void bson_oid_init(bson_oid_t *oid, bson_context_t *context)
{
    CHECK(context == NULL);
    memset(oid, 0, sizeof *oid);
    oid->bytes[0] = 0x1d;
    ids_made++;
    for (uint32_t byte = 0; byte < sizeof ids_made; byte++) {
        oid->bytes[sizeof oid->bytes - 1 - byte] = (uint8_t)(ids_made >> (8 * byte));
    }
}
