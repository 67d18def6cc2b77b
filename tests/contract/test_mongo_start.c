/* test_mongo_start.c - what happens before the first turn: the URI completed, the server tried,
 * the key of the ids and the indexes made. */
#include "support/unit.h"

#include "contract/mongo_fixture.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_indexes.h"
#include "store/mongo/mongo_self_test.h"
#include "store/mongo/mongo_uri.h"

static void a_server_that_compares_versions_passes(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct mongo_reason reason = {""};
    for (int start = 0; start < 3; start++) {
        assert_int_equal(mongo_self_test(fixture->connection, &reason), ERROR_NONE);
    }
}

static void a_server_that_does_not_is_refused_and_told_why(void **state)
{
    (void)state;
    struct mongo_reason reason = {""};
    struct mongo_connection *careless = NULL;
    const char *uri = getenv("MONGO_CARELESS_URI");
    assert_non_null(uri);
    assert_int_equal(mongo_connection_open(uri, &careless, &reason), ERROR_NONE);
    assert_int_equal(mongo_self_test(careless, &reason), ERROR_INTERNAL_ERROR);
    assert_non_null(strstr(reason.text, "not atomic"));
    assert_non_null(strstr(reason.text, "sold twice"));
    mongo_connection_close(careless);
}

static void a_server_that_is_not_there_is_no_verdict(void **state)
{
    (void)state;
    struct mongo_reason reason = {""};
    struct mongo_connection *connection = NULL;
    assert_int_equal(mongo_connection_open("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200",
                                           &connection, &reason),
                     ERROR_STORE_UNAVAILABLE);
    assert_true(strlen(reason.text) > 0);
    assert_int_equal(mongo_connection_open("not a uri", &connection, &reason),
                     ERROR_INTERNAL_ERROR);
    assert_non_null(strstr(reason.text, "not a MongoDB URI"));
}

static void what_the_uri_leaves_open_is_set_and_what_it_says_stands(void **state)
{
    struct mongo_fixture *fixture = *state;
    const mongoc_uri_t *uri = mongo_connection_uri(fixture->connection);
    assert_int_equal(mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, 0),
                     MONGO_SOCKET_MS);
    assert_int_equal(mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 0),
                     MONGO_SELECTION_MS);
    assert_int_equal(mongoc_uri_get_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, 0),
                     MONGO_POOL_MAX);
    assert_true(mongoc_write_concern_get_journal(mongoc_uri_get_write_concern(uri)));
    char text[512];
    const bool has_options = fixture->uri[strlen(fixture->uri) - 1] != '?';
    (void)snprintf(text, sizeof text, "%s%ssocketTimeoutMS=777&w=majority&wTimeoutMS=55",
                   fixture->uri, has_options ? "&" : "");
    struct mongo_reason reason = {""};
    struct mongo_connection *explicit = NULL;
    assert_int_equal(mongo_connection_open(text, &explicit, &reason), ERROR_NONE);
    uri = mongo_connection_uri(explicit);
    const mongoc_write_concern_t *write = mongoc_uri_get_write_concern(uri);
    assert_int_equal(mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, 0), 777);
    assert_true(mongoc_write_concern_get_wmajority(write));
    assert_int_equal(mongoc_write_concern_get_wtimeout_int64(write), 55);
    mongo_connection_close(explicit);
}

static void who_only_reads_waits_less(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct mongo_reason reason = {""};
    struct mongo_connection *reading = NULL;
    assert_int_equal(mongo_connection_open_reading(fixture->connection, &reading, &reason),
                     ERROR_NONE);
    const mongoc_uri_t *uri = mongo_connection_uri(reading);
    assert_int_equal(mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, 0),
                     MONGO_READ_SOCKET_MS);
    assert_int_equal(mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 0),
                     MONGO_READ_SELECTION_MS);
    mongo_connection_close(reading);
}

#define NAME_OF_63_BYTES "usher_of_sixty_three_bytes_0123456789_0123456789_0123456789_012"

/* What is wrong is said, and never by the password. */
static void a_uri_that_cannot_be_read_is_explained(void **state)
{
    static const struct {
        const char *uri;
        const char *said; /* NULL: it can be read. */
    } rows[] = {
        {"mongodb://db1,db2:27018/usher?replicaSet=rs0", NULL},
        {"mongodb://anna:se%2Fcret@[::1]:27017/usher", NULL},
        {"mongodb://%2Ftmp%2Fmongodb-27017.sock/usher", NULL},
        {"mongodb://db1/" NAME_OF_63_BYTES, NULL},
        {"mongodb://db1/" NAME_OF_63_BYTES "x", "at most 63 bytes"},
        {"http://db1/usher", "must begin with mongodb://"},
        {"mongodb://anna:se/cret@db1/usher", "%2F"},
        {"mongodb://anna:secret@db1:port/usher", "a port must be"},
        {"mongodb://anna:secret", "needs an @"},
        {"mongodb://anna:secret@,db1/usher", "hosts is empty"},
        {"mongodb://anna:secret@db1/usher?w=1&wTimeoutMS=secretly", "wtimeoutms"},
        {"mongodb://anna:secr%et@db1/usher", "%25"},
    };
    (void)state;
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct mongo_reason reason = {""};
        assert_int_equal(mongo_uri_check(rows[row].uri, &reason), rows[row].said == NULL);
        if (rows[row].said != NULL) assert_non_null(strstr(reason.text, rows[row].said));
        assert_null(strstr(reason.text, "cret@"));
    }
    const struct slice place = mongo_uri_place("mongodb://anna:secret@db1,db2:1/usher?w=1");
    assert_true(slice_equal(place, SLICE("db1,db2:1/usher")));
    mongo_connection_begin(); /* The driver's log again. */
}

static void the_key_of_the_ids_is_made_once(void **state)
{
    struct mongo_fixture *fixture = *state;
    struct mongo_reason reason = {""};
    const struct claim_key claim = {.user = user_of(SLICE("an")), .key.bytes = {1}};
    const struct claim_key other = {.user = user_of(SLICE("an")), .key.bytes = {2}};
    struct mac *first = NULL;
    struct mac *second = NULL;
    assert_int_equal(mongo_ids_open(&fixture->client, &first, &reason), ERROR_NONE);
    assert_int_equal(mongo_ids_open(&fixture->client, &second, &reason), ERROR_NONE);
    assert_true(id_equal(mongo_ids_made(first, &claim), mongo_ids_made(second, &claim)));
    assert_false(id_equal(mongo_ids_made(first, &claim), mongo_ids_made(first, &other)));
    assert_false(id_equal(mongo_ids_made(first, &claim), mongo_ids_key(first, &claim)));
    mac_close(first);
    mac_close(second);
}

static void the_indexes_are_made_and_made_again(void **state)
{
    struct mongo_fixture *fixture = *state;
    uint32_t missing = 9;
    for (int start = 0; start < 2; start++) {
        assert_int_equal(mongo_indexes_make(&fixture->client, &missing), ERROR_NONE);
        assert_int_equal(missing, 0);
    }
    bson_error_t why;
    for (int copy = 0; copy < 2; copy++) { /* Codes are kept apart. */
        bson_t *booking = BCON_NEW("booking_code", BCON_UTF8("BK-AAAAAAAA"));
        const bool done = mongoc_collection_insert_one(fixture->client.collections[MONGO_BOOKINGS],
                                                       booking, NULL, NULL, &why);
        assert_int_equal(done, copy == 0);
        bson_destroy(booking);
    }
    assert_int_equal(why.code, 11000);
}

static void an_index_that_the_server_cannot_make_is_done_without(void **state)
{
    struct mongo_fixture *fixture = *state;
    uint32_t missing = 0;
    /* All of the first collection at once, and then two of them alone. */
    mongo_fixture_fail(fixture, 3, "{\"failCommands\": [\"createIndexes\"], \"errorCode\": 238}");
    assert_int_equal(mongo_indexes_make(&fixture->client, &missing), ERROR_NONE);
    mongo_fixture_fail(fixture, 0, NULL);
    assert_int_equal(missing, 2);
}

static void the_servers_clock_is_known(void **state)
{
    struct mongo_fixture *fixture = *state;
    int64_t offset_ms = INT64_MAX;
    assert_int_equal(mongo_client_clock(&fixture->client, &offset_ms), ERROR_NONE);
    assert_true(offset_ms > -60000);
    assert_true(offset_ms < 60000);
    assert_int_equal(mongo_client_ping(&fixture->client), ERROR_NONE);
}

#define START_TEST(function) \
    cmocka_unit_test_setup_teardown(function, mongo_fixture_setup, mongo_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        START_TEST(a_server_that_compares_versions_passes),
        START_TEST(a_server_that_does_not_is_refused_and_told_why),
        START_TEST(a_server_that_is_not_there_is_no_verdict),
        START_TEST(what_the_uri_leaves_open_is_set_and_what_it_says_stands),
        START_TEST(who_only_reads_waits_less),
        START_TEST(a_uri_that_cannot_be_read_is_explained),
        START_TEST(the_key_of_the_ids_is_made_once),
        START_TEST(the_indexes_are_made_and_made_again),
        START_TEST(an_index_that_the_server_cannot_make_is_done_without),
        START_TEST(the_servers_clock_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
