/* test_mongo_strong.c - what is sent to the database when a read must be strong.
 *
 * The driver tells of each command before it sends it. A replica set is asked for linearizable
 * reads, and a single server, which knows of no other, for nothing. Run over both.
 */
#include "support/unit.h"

#include "contract/mongo_fixture.h"
#include "store/mongo/mongo_view.h"
#include "store/mongo/mongo_watch.h"

#define SHOWTIME "5f0c16382463c6bd728e5656"

/* What the last find said. */
struct told {
    uint32_t finds;
    char level[32]; /* Empty: nothing. */
    int64_t time_ms;
};

static bool replica_set; /* The server must be one. */

struct house {
    struct mongo_fixture fixture;
    struct mongo_client client; /* With a driver's client that tells. */
    struct told told;
    bool majority;
    struct id showtime;
};

static void hear(const mongoc_apm_command_started_t *event)
{
    struct told *told = mongoc_apm_command_started_get_context(event);
    bson_iter_t at;
    bson_iter_t level;
    const bson_t *command = mongoc_apm_command_started_get_command(event);
    if (strcmp(mongoc_apm_command_started_get_command_name(event), "find") != 0) return;
    told->finds++;
    told->level[0] = '\0';
    told->time_ms = 0;
    if (bson_iter_init_find(&at, command, "maxTimeMS")) told->time_ms = bson_iter_as_int64(&at);
    if (bson_iter_init(&at, command) && bson_iter_find_descendant(&at, "readConcern.level", &level))
        (void)snprintf(told->level, sizeof told->level, "%s", bson_iter_utf8(&level, NULL));
}

static void open_telling_client(struct house *house)
{
    static const char *const names[MONGO_COLLECTION_COUNT] = {
        [MONGO_SHOWTIMES] = "showtimes", [MONGO_BOOKINGS] = "bookings"};
    const mongoc_uri_t *uri = mongo_connection_uri(house->fixture.connection);
    house->client.connection = house->fixture.connection;
    house->client.client = mongoc_client_new_from_uri(uri);
    assert_non_null(house->client.client);
    mongoc_apm_callbacks_t *callbacks = mongoc_apm_callbacks_new();
    mongoc_apm_set_command_started_cb(callbacks, hear);
    assert_true(mongoc_client_set_apm_callbacks(house->client.client, callbacks, &house->told));
    mongoc_apm_callbacks_destroy(callbacks);
    for (size_t index = 0; index < MONGO_COLLECTION_COUNT; index++) {
        if (names[index] == NULL) continue;
        house->client.collections[index] = mongoc_client_get_collection(
            house->client.client, mongoc_uri_get_database(uri), names[index]);
    }
}

static int set_up(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    if (house == NULL) return -1;
    mongo_fixture_open(&house->fixture);
    house->majority = mongo_connection_majority(house->fixture.connection);
    assert_true(house->majority || !replica_set);
    assert_true(id_parse(SLICE(SHOWTIME), &house->showtime));
    mongo_fixture_put_showtime(&house->fixture, house->showtime, 1000, 2000);
    open_telling_client(house);
    *state = house;
    return 0;
}

static int tear_down(void **state)
{
    struct house *house = *state;
    for (size_t index = 0; index < MONGO_COLLECTION_COUNT; index++) {
        mongoc_collection_t *collection = house->client.collections[index];
        if (collection != NULL) mongoc_collection_destroy(collection);
    }
    mongoc_client_destroy(house->client.client);
    mongo_fixture_close(&house->fixture);
    free(house);
    return 0;
}

/* The finds since the last look all said this. */
static void assert_told(struct house *house, bool strong)
{
    const bool linearizable = strong && house->majority;
    assert_int_equal(house->told.finds, 1);
    assert_string_equal(house->told.level, linearizable      ? "linearizable"
                                           : house->majority ? "majority"
                                                             : "");
    assert_int_equal(house->told.time_ms, linearizable ? MONGO_STRONG_MS : MONGO_READ_MS);
    house->told = (struct told){0};
}

static void every_read_of_a_strong_look_is_linearizable_and_bounded(void **state)
{
    struct house *house = *state;
    struct mongo_client *client = &house->client;
    static struct mongo_view view;
    for (int round = 0; round < 4; round++) { /* What was set is not kept. */
        const bool strong = round % 2 == 1;
        client->strong = strong;
        uint64_t version = 0;
        assert_int_equal(mongo_watch_versions(client, &house->showtime, 1, &version), ERROR_NONE);
        assert_int_equal(version, 1);
        assert_told(house, strong);

        bson_t found;
        bool there = false;
        assert_int_equal(
            mongo_read_one(client, MONGO_SHOWTIMES, house->showtime, NULL, &found, &there),
            ERROR_NONE);
        assert_true(there);
        bson_destroy(&found);
        assert_told(house, strong);

        assert_int_equal(mongo_view_open(&view, client, &house->showtime, 1), ERROR_NONE);
        assert_int_equal(mongo_view_version(&view, house->showtime), 1);
        mongo_view_release(&view);
        assert_told(house, strong);
    }
}

static void a_strong_read_that_cannot_be_proved_is_no_answer(void **state)
{
    struct house *house = *state;
    struct mongo_client *client = &house->client;
    uint64_t version = 0;
    client->strong = true;
    /* As when the majority does not answer within the time. */
    mongo_fixture_fail(&house->fixture, 1, "{\"failCommands\": [\"find\"], \"errorCode\": 50}");
    assert_int_equal(mongo_watch_versions(client, &house->showtime, 1, &version),
                     ERROR_STORE_UNAVAILABLE);
    assert_int_equal(version, 0);
    assert_told(house, true);
    assert_int_equal(mongo_watch_versions(client, &house->showtime, 1, &version), ERROR_NONE);
    assert_int_equal(version, 1);
}

#define STRONG_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(int count, char **arguments)
{
    replica_set = count > 1 && strcmp(arguments[1], "replica-set") == 0;
    const struct CMUnitTest tests[] = {
        STRONG_TEST(every_read_of_a_strong_look_is_linearizable_and_bounded),
        STRONG_TEST(a_strong_read_that_cannot_be_proved_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
