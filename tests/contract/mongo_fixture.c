#include "contract/mongo_fixture.h"

#include "base/check.h"
#include "base/random.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_read.h"
#include "support/turn_fixture.h"

#define PLACES "vvvvvvvvvvssssssssssccccccccc-"
#define MOVIE "a00000000000000000000001"
#define CINEMA "c00000000000000000000001"

/* MONGO_URI with a database that nobody else has. */
static void name_database(struct mongo_fixture *fixture)
{
    const char *server = getenv("MONGO_URI");
    if (server == NULL) {
        fprintf(stderr, "MONGO_URI is not set: run the test by tests/support/with_mongo\n");
        CHECK(server != NULL);
    }
    struct slice rest;
    const struct slice address = slice_cut(slice_of(server), '?', &rest);
    size_t host_end = sizeof "mongodb://" - 1;
    while (host_end < address.size && address.data[host_end] != '/') host_end++;
    uint32_t random = 0;
    random_fill(&random, sizeof random);
    const int size =
        snprintf(fixture->uri, sizeof fixture->uri, "%.*s/usher_test_%08x?%.*s", (int)host_end,
                 server, random, (int)rest.size, rest.data == NULL ? "" : rest.data);
    CHECK(size > 0);
    CHECK((size_t)size < sizeof fixture->uri);
}

void mongo_fixture_open(struct mongo_fixture *fixture)
{
    struct mongo_reason reason = {""};
    mongo_connection_begin();
    name_database(fixture);
    if (mongo_connection_open(fixture->uri, &fixture->connection, &reason) != ERROR_NONE) {
        fprintf(stderr, "%s\n", reason.text);
        CHECK(fixture->connection != NULL);
    }
    CHECK(mongo_client_open(fixture->connection, &fixture->client) == ERROR_NONE);
}

void mongo_fixture_close(struct mongo_fixture *fixture)
{
    if (fixture->connection == NULL) return;
    mongo_fixture_fail(fixture, 0, NULL);
    mongoc_database_t *database = mongo_client_database(&fixture->client);
    bson_error_t why;
    /* Of a server that lives longer than the test; a slow one may keep it. */
    if (!mongoc_database_drop(database, &why)) fprintf(stderr, "drop: %s\n", why.message);
    mongoc_database_destroy(database);
    mongo_client_close(&fixture->client);
    mongo_connection_close(fixture->connection);
    *fixture = (struct mongo_fixture){0};
}

struct mongo_store *mongo_fixture_store(struct mongo_fixture *fixture,
                                        const struct siphash_key *tag_key, struct mongo_hook hook)
{
    struct mongo_reason reason = {""};
    struct mongo_store *store = NULL;
    const struct mongo_store_options options = {
        .connection = fixture->connection, .tag_key = *tag_key, .hook = hook, .instance = "test"};
    if (mongo_store_open(&options, &store, &reason) != ERROR_NONE) {
        fprintf(stderr, "%s\n", reason.text);
        CHECK(store != NULL);
    }
    return store;
}

static void append_seats(bson_t *document)
{
    bson_t seats;
    BSON_APPEND_DOCUMENT_BEGIN(document, "seats", &seats);
    for (uint32_t place = 0; place < sizeof PLACES - 1; place++) {
        const char letter = PLACES[place];
        if (letter == '-') continue;
        char name[8];
        bson_t seat;
        (void)snprintf(name, sizeof name, "%c%u", (char)('A' + place / 10), place % 10 + 1);
        BSON_APPEND_DOCUMENT_BEGIN(&seats, name, &seat);
        BSON_APPEND_UTF8(&seat, "status", "available");
        BSON_APPEND_UTF8(&seat, "seat_type",
                         letter == 'v'   ? "vip"
                         : letter == 's' ? "standard"
                                         : "couple");
        (void)bson_append_document_end(&seats, &seat);
    }
    (void)bson_append_document_end(document, &seats);
}

/* What all showtimes play, and where. */
static void insert_programme(struct mongo_fixture *fixture, const bson_oid_t *movie,
                             const bson_oid_t *cinema)
{
    bson_error_t why;
    bson_t *document = BCON_NEW("_id", BCON_OID(movie), "title", BCON_UTF8("m"), "duration",
                                BCON_INT64(120), "status", BCON_UTF8("ended"));
    (void)mongoc_collection_insert_one(fixture->client.collections[MONGO_MOVIES], document, NULL,
                                       NULL, &why); /* Once. */
    bson_destroy(document);
    document = BCON_NEW("_id", BCON_OID(cinema), "name", BCON_UTF8("c"), "timezone",
                        BCON_UTF8("Asia/Ho_Chi_Minh"), "is_active", BCON_BOOL(true));
    (void)mongoc_collection_insert_one(fixture->client.collections[MONGO_CINEMAS], document, NULL,
                                       NULL, &why);
    bson_destroy(document);
}

static void insert_showtime(struct mongo_fixture *fixture, const bson_oid_t *oid,
                            int64_t starts_at_ms, int64_t ends_at_ms)
{
    bson_oid_t movie;
    bson_oid_t cinema;
    bson_oid_init_from_string(&movie, MOVIE);
    bson_oid_init_from_string(&cinema, CINEMA);
    insert_programme(fixture, &movie, &cinema);
    bson_t *document = BCON_NEW(
        "_id", BCON_OID(oid), "movie_id", BCON_OID(&movie), "cinema_id", BCON_OID(&cinema),
        "screen_id", BCON_UTF8("s"), "start_time", BCON_DATE_TIME(starts_at_ms), "end_time",
        BCON_DATE_TIME(ends_at_ms), "price", "{", "standard", BCON_INT64(FIXTURE_PRICE_STANDARD),
        "vip", BCON_INT64(FIXTURE_PRICE_VIP), "couple", BCON_INT64(FIXTURE_PRICE_COUPLE), "}",
        "total_seats", BCON_INT32(29), "available_seats", BCON_INT32(29), "version", BCON_INT32(1),
        "due_at", BCON_NULL, "status", BCON_UTF8("scheduled"));
    append_seats(document);
    bson_error_t why;
    CHECK(mongoc_collection_insert_one(fixture->client.collections[MONGO_SHOWTIMES], document, NULL,
                                       NULL, &why));
    bson_destroy(document);
}

void mongo_fixture_put_showtime(struct mongo_fixture *fixture, struct id id, int64_t starts_at_ms,
                                int64_t ends_at_ms)
{
    const bson_oid_t oid = mongo_ids_to_oid(id);
    bson_t *filter = BCON_NEW("_id", BCON_OID(&oid));
    bson_t *update = BCON_NEW("$set", "{", "start_time", BCON_DATE_TIME(starts_at_ms), "end_time",
                              BCON_DATE_TIME(ends_at_ms), "}");
    bson_t reply;
    bson_iter_t at;
    bson_error_t why;
    CHECK(mongoc_collection_update_one(fixture->client.collections[MONGO_SHOWTIMES], filter, update,
                                       NULL, &reply, &why));
    const bool there =
        bson_iter_init_find(&at, &reply, "matchedCount") && bson_iter_as_int64(&at) == 1;
    if (!there) insert_showtime(fixture, &oid, starts_at_ms, ends_at_ms);
    bson_destroy(&reply);
    bson_destroy(filter);
    bson_destroy(update);
}

static void empty(struct mongo_fixture *fixture)
{
    for (uint32_t collection = 0; collection < MONGO_COLLECTION_COUNT; collection++) {
        bson_error_t why;
        bson_t *filter = collection == MONGO_SETTINGS
                             ? BCON_NEW("_id", "{", "$ne", BCON_UTF8("id_key"), "}")
                             : bson_new();
        CHECK(mongoc_collection_delete_many(fixture->client.collections[collection], filter, NULL,
                                            NULL, &why));
        bson_destroy(filter);
    }
}

static struct mongo_fixture lent;

static void drop_lent(void)
{
    mongo_fixture_close(&lent);
}

void mongo_fixture_borrow(struct mongo_fixture *fixture)
{
    if (lent.connection == NULL) {
        mongo_fixture_open(&lent);
        CHECK(atexit(drop_lent) == 0);
    }
    mongo_fixture_fail(&lent, 0, NULL);
    empty(&lent);
    *fixture = lent;
}

static int setup(void **state, void (*make)(struct mongo_fixture *fixture))
{
    struct mongo_fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL) return -1;
    make(fixture);
    *state = fixture;
    return 0;
}

int mongo_fixture_setup(void **state)
{
    return setup(state, mongo_fixture_open);
}

int mongo_fixture_teardown(void **state)
{
    mongo_fixture_close(*state);
    free(*state);
    return 0;
}

int mongo_fixture_setup_borrowed(void **state)
{
    return setup(state, mongo_fixture_borrow);
}

int mongo_fixture_teardown_borrowed(void **state)
{
    free(*state);
    return 0;
}

int64_t mongo_fixture_count(struct mongo_fixture *fixture, enum mongo_collection collection)
{
    bson_t all = BSON_INITIALIZER;
    bson_error_t why;
    const int64_t count = mongoc_collection_count_documents(fixture->client.collections[collection],
                                                            &all, NULL, NULL, NULL, &why);
    bson_destroy(&all);
    return count;
}

void mongo_fixture_update(struct mongo_fixture *fixture, enum mongo_collection collection,
                          struct id id, const char *json)
{
    const bson_oid_t oid = mongo_ids_to_oid(id);
    bson_t *filter = BCON_NEW("_id", BCON_OID(&oid));
    bson_t *update = bson_new_from_json((const uint8_t *)json, -1, NULL);
    bson_t *options = BCON_NEW("validate", BCON_BOOL(false));
    bson_t reply;
    bson_iter_t at;
    bson_error_t why;
    CHECK(update != NULL);
    CHECK(mongoc_collection_update_one(fixture->client.collections[collection], filter, update,
                                       options, &reply, &why));
    CHECK(bson_iter_init_find(&at, &reply, "matchedCount"));
    CHECK(bson_iter_as_int64(&at) == 1);
    bson_destroy(&reply);
    bson_destroy(options);
    bson_destroy(filter);
    bson_destroy(update);
}

void mongo_fixture_book(struct mongo_fixture *fixture, struct id showtime, const char *status)
{
    const bson_oid_t oid = mongo_ids_to_oid(showtime);
    bson_error_t why;
    bson_t *document =
        BCON_NEW("showtime_id", BCON_OID(&oid), "status", BCON_UTF8(status), "v", BCON_INT64(2));
    CHECK(mongoc_collection_insert_one(fixture->client.collections[MONGO_BOOKINGS], document, NULL,
                                       NULL, &why));
    bson_destroy(document);
}

int64_t mongo_fixture_versions(struct mongo_fixture *fixture)
{
    static const enum mongo_collection programme[] = {MONGO_MOVIES, MONGO_CINEMAS, MONGO_SHOWTIMES,
                                                      MONGO_SETTINGS};
    int64_t sum = 0;
    for (size_t index = 0; index < sizeof programme / sizeof programme[0]; index++) {
        bson_t filter = BSON_INITIALIZER;
        mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
            fixture->client.collections[programme[index]], &filter, NULL, NULL);
        const bson_t *document = NULL;
        bson_iter_t at;
        while (mongoc_cursor_next(cursor, &document)) {
            if (bson_iter_init_find(&at, document, "version")) sum += bson_iter_as_int64(&at);
        }
        mongoc_cursor_destroy(cursor);
        bson_destroy(&filter);
    }
    return sum;
}

void mongo_fixture_fail(struct mongo_fixture *fixture, int times, const char *data)
{
    bson_t *command = BCON_NEW("configureFailPoint", BCON_UTF8("failCommand"));
    bson_t mode;
    if (times == 0) {
        BSON_APPEND_UTF8(command, "mode", "off");
    } else {
        bson_t *document = bson_new_from_json((const uint8_t *)data, -1, NULL);
        CHECK(document != NULL);
        BSON_APPEND_DOCUMENT_BEGIN(command, "mode", &mode);
        BSON_APPEND_INT32(&mode, "times", times);
        (void)bson_append_document_end(command, &mode);
        BSON_APPEND_DOCUMENT(command, "data", document);
        bson_destroy(document);
    }
    bson_error_t why;
    const bool done =
        mongoc_client_command_simple(fixture->client.client, "admin", command, NULL, NULL, &why);
    if (!done && times > 0) fprintf(stderr, "failCommand: %s\n", why.message);
    CHECK(done || times == 0);
    bson_destroy(command);
}

char *mongo_fixture_json(struct mongo_fixture *fixture, enum mongo_collection collection,
                         struct id id)
{
    bson_t document;
    bool there = false;
    CHECK(mongo_read_one(&fixture->client, collection, id, NULL, &document, &there) == ERROR_NONE);
    if (!there) return NULL;
    char *json = bson_as_relaxed_extended_json(&document, NULL);
    bson_destroy(&document);
    return json;
}
