#include "store/mongo/mongo_connection.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/mongo/mongo_error.h"

enum {
    CONNECT_MS = 1000,
    HEARTBEAT_MS = 2000, /* A new primary is seen within this. */
    WAIT_QUEUE_MS = 200, /* Clients are kept for life: one that is not there will not come. */
    PATIENT_SOCKET_MS = 120000,  /* An index over millions is made within it, mostly. */
    PATIENT_MAJORITY_MS = 60000, /* Below it, so that a slow majority is an answer. */
    CLOCK_SAMPLES = 8,           /* The quickest answer is the least wrong. */
};

#define DATABASE_DEFAULT "usher"

static const char *const collection_names[MONGO_COLLECTION_COUNT] = {
    [MONGO_SHOWTIMES] = "showtimes",  [MONGO_BOOKINGS] = "bookings", [MONGO_PAYMENTS] = "payments",
    [MONGO_KEYS] = "idempotencykeys", [MONGO_BLOCKS] = "blocks",     [MONGO_JOURNAL] = "journal",
    [MONGO_MOVIES] = "movies",        [MONGO_CINEMAS] = "cinemas",   [MONGO_SETTINGS] = "settings",
};

struct mongo_connection {
    mongoc_uri_t *uri;
    mongoc_client_pool_t *pool;
    bool majority;
};

void mongo_explain(struct mongo_reason *ret_reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(ret_reason->text, sizeof ret_reason->text, format, arguments);
    va_end(arguments);
}

static void log_driver(mongoc_log_level_t level, const char *domain, const char *message,
                       void *context)
{
    (void)context;
    if (level > MONGOC_LOG_LEVEL_WARNING) return;
    log_event(LOG_WARNING, "mongo_driver", LOG_TEXT("domain", slice_of(domain)),
              LOG_TEXT("message", slice_of(message)));
}

void mongo_connection_unlink_counters(void)
{
    char name[32];
    (void)snprintf(name, sizeof name, "/mongoc-%ld", (long)getpid());
    (void)shm_unlink(name);
}

void mongo_connection_begin(void)
{
    mongoc_init();
    mongoc_log_set_handler(log_driver, NULL);
}

static void default_number(mongoc_uri_t *uri, const char *option, int32_t value)
{
    if (!mongoc_uri_has_option(uri, option)) {
        (void)mongoc_uri_set_option_as_int32(uri, option, value);
    }
}

static void set_deadlines(mongoc_uri_t *uri)
{
    default_number(uri, MONGOC_URI_CONNECTTIMEOUTMS, CONNECT_MS);
    default_number(uri, MONGOC_URI_SOCKETTIMEOUTMS, MONGO_SOCKET_MS);
    default_number(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, MONGO_SELECTION_MS);
    default_number(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, HEARTBEAT_MS);
    default_number(uri, MONGOC_URI_WAITQUEUETIMEOUTMS, WAIT_QUEUE_MS);
    default_number(uri, MONGOC_URI_MAXPOOLSIZE, MONGO_POOL_MAX);
    if (mongoc_uri_get_appname(uri) == NULL) (void)mongoc_uri_set_appname(uri, "usher");
    if (mongoc_uri_get_database(uri) == NULL) (void)mongoc_uri_set_database(uri, DATABASE_DEFAULT);
}

/* What the URI says of how writes are acknowledged stands; the rest is as safe as can be. */
static void set_safety(mongoc_uri_t *uri, bool majority)
{
    mongoc_write_concern_t *write = mongoc_write_concern_copy(mongoc_uri_get_write_concern(uri));
    if (mongoc_write_concern_get_w(write) == MONGOC_WRITE_CONCERN_W_DEFAULT) {
        mongoc_write_concern_set_w(write, majority ? MONGOC_WRITE_CONCERN_W_MAJORITY : 1);
    }
    if (!mongoc_write_concern_journal_is_set(write)) mongoc_write_concern_set_journal(write, true);
    if (majority && mongoc_write_concern_get_wtimeout_int64(write) == 0) {
        mongoc_write_concern_set_wtimeout_int64(write, MONGO_MAJORITY_MS);
    }
    mongoc_uri_set_write_concern(uri, write);
    mongoc_write_concern_destroy(write);
    const mongoc_read_concern_t *read = mongoc_uri_get_read_concern(uri);
    if (!majority || mongoc_read_concern_get_level(read) != NULL) return;
    mongoc_read_concern_t *majority_read = mongoc_read_concern_new();
    (void)mongoc_read_concern_set_level(majority_read, MONGOC_READ_CONCERN_LEVEL_MAJORITY);
    mongoc_uri_set_read_concern(uri, majority_read);
    mongoc_read_concern_destroy(majority_read);
}

static mongoc_client_pool_t *make_pool(const mongoc_uri_t *uri, struct mongo_reason *ret_reason)
{
    bson_error_t error;
    mongoc_client_pool_t *pool = mongoc_client_pool_new_with_error(uri, &error);
    if (pool == NULL) {
        mongo_explain(ret_reason, "the driver cannot use it: %s", error.message);
        return NULL;
    }
    (void)mongoc_client_pool_set_error_api(pool, MONGOC_ERROR_API_VERSION_2);
    return pool;
}

enum error mongo_refusal(const bson_error_t *why, const bson_t *reply,
                         struct mongo_reason *ret_reason)
{
    if (mongo_error_class(why, reply) == MONGO_CONFIG) {
        mongo_explain(ret_reason, "MongoDB does not let us in: %s", why->message);
        return ERROR_INTERNAL_ERROR;
    }
    mongo_explain(ret_reason, "MongoDB does not answer: %s", why->message);
    return ERROR_STORE_UNAVAILABLE;
}

/* Is the server one of a replica set, or the door to several? */
static enum error ask_topology(const mongoc_uri_t *uri, bool *ret_majority,
                               struct mongo_reason *ret_reason)
{
    struct mongo_connection probe = {.pool = make_pool(uri, ret_reason)};
    if (probe.pool == NULL) return ERROR_INTERNAL_ERROR;
    struct mongo_client client = {.connection = &probe,
                                  .client = mongoc_client_pool_pop(probe.pool)};
    enum error error = ERROR_STORE_UNAVAILABLE;
    if (client.client != NULL) {
        bson_t reply;
        bson_error_t why = {0};
        error = mongo_client_command(&client, "hello", &reply, &why);
        *ret_majority = bson_has_field(&reply, "setName") || bson_has_field(&reply, "msg");
        if (error != ERROR_NONE) error = mongo_refusal(&why, &reply, ret_reason);
        bson_destroy(&reply);
        mongoc_client_pool_push(probe.pool, client.client);
    }
    mongoc_client_pool_destroy(probe.pool);
    return error;
}

/* What moves a whole store waits for as long as it takes; nobody else waits for it. */
static void set_patience(mongoc_uri_t *uri)
{
    default_number(uri, MONGOC_URI_SOCKETTIMEOUTMS, PATIENT_SOCKET_MS);
    mongoc_write_concern_t *write = mongoc_write_concern_copy(mongoc_uri_get_write_concern(uri));
    if (mongoc_write_concern_get_wtimeout_int64(write) == 0) {
        mongoc_write_concern_set_wtimeout_int64(write, PATIENT_MAJORITY_MS);
    }
    mongoc_uri_set_write_concern(uri, write);
    mongoc_write_concern_destroy(write);
}

static enum error open_connection(const char *text, bool patient,
                                  struct mongo_connection **ret_connection,
                                  struct mongo_reason *ret_reason)
{
    CHECK(text != NULL);
    CHECK(ret_connection != NULL);

    bson_error_t why;
    struct mongo_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) return ERROR_STORE_UNAVAILABLE;
    connection->uri = mongoc_uri_new_with_error(text, &why);
    enum error error = ERROR_INTERNAL_ERROR;
    if (connection->uri == NULL) {
        mongo_explain(ret_reason, "it is not a MongoDB URI"); /* mongo_uri_check says more. */
        goto out;
    }
    if (patient) set_patience(connection->uri);
    set_deadlines(connection->uri);
    error = ask_topology(connection->uri, &connection->majority, ret_reason);
    if (error != ERROR_NONE) goto out;
    set_safety(connection->uri, connection->majority);
    connection->pool = make_pool(connection->uri, ret_reason);
    if (connection->pool == NULL) error = ERROR_INTERNAL_ERROR;
out:
    if (error == ERROR_NONE) *ret_connection = connection;
    else mongo_connection_close(connection);
    return error;
}

static void lower(mongoc_uri_t *uri, const char *option, int32_t most)
{
    const int32_t now = mongoc_uri_get_option_as_int32(uri, option, most);
    if (now == 0 || now > most) (void)mongoc_uri_set_option_as_int32(uri, option, most);
}

enum error mongo_connection_open_reading(const struct mongo_connection *of,
                                         struct mongo_connection **ret_connection,
                                         struct mongo_reason *ret_reason)
{
    CHECK(of != NULL);
    CHECK(ret_connection != NULL);

    struct mongo_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) return ERROR_STORE_UNAVAILABLE;
    connection->uri = mongoc_uri_copy(of->uri);
    connection->majority = of->majority;
    lower(connection->uri, MONGOC_URI_SOCKETTIMEOUTMS, MONGO_READ_SOCKET_MS);
    lower(connection->uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, MONGO_READ_SELECTION_MS);
    connection->pool = make_pool(connection->uri, ret_reason);
    if (connection->pool == NULL) {
        mongo_connection_close(connection);
        return ERROR_INTERNAL_ERROR;
    }
    *ret_connection = connection;
    return ERROR_NONE;
}

enum error mongo_connection_open(const char *text, struct mongo_connection **ret_connection,
                                 struct mongo_reason *ret_reason)
{
    return open_connection(text, false, ret_connection, ret_reason);
}

enum error mongo_connection_open_patient(const char *text, struct mongo_connection **ret_connection,
                                         struct mongo_reason *ret_reason)
{
    return open_connection(text, true, ret_connection, ret_reason);
}

void mongo_connection_close(struct mongo_connection *connection)
{
    if (connection == NULL) return;
    if (connection->pool != NULL) mongoc_client_pool_destroy(connection->pool);
    if (connection->uri != NULL) mongoc_uri_destroy(connection->uri);
    free(connection);
}

bool mongo_connection_majority(const struct mongo_connection *connection)
{
    return connection->majority;
}

const mongoc_uri_t *mongo_connection_uri(const struct mongo_connection *connection)
{
    return connection->uri;
}

enum error mongo_client_open(struct mongo_connection *connection, struct mongo_client *ret_client)
{
    CHECK(connection != NULL);

    *ret_client = (struct mongo_client){.connection = connection,
                                        .client = mongoc_client_pool_pop(connection->pool)};
    if (ret_client->client == NULL) return ERROR_STORE_UNAVAILABLE;
    const char *database = mongoc_uri_get_database(connection->uri);
    for (size_t index = 0; index < MONGO_COLLECTION_COUNT; index++) {
        ret_client->collections[index] =
            mongoc_client_get_collection(ret_client->client, database, collection_names[index]);
    }
    return ERROR_NONE;
}

void mongo_client_close(struct mongo_client *client)
{
    if (client->client == NULL) return;
    for (size_t index = 0; index < MONGO_COLLECTION_COUNT; index++) {
        mongoc_collection_destroy(client->collections[index]);
    }
    mongoc_client_pool_push(client->connection->pool, client->client);
    *client = (struct mongo_client){0};
}

const char *mongo_collection_name(enum mongo_collection collection)
{
    CHECK(collection < MONGO_COLLECTION_COUNT);
    return collection_names[collection];
}

mongoc_database_t *mongo_client_database(const struct mongo_client *client)
{
    return mongoc_client_get_database(client->client,
                                      mongoc_uri_get_database(client->connection->uri));
}

enum error mongo_client_command(struct mongo_client *client, const char *command, bson_t *ret_reply,
                                bson_error_t *ret_error)
{
    bson_t *body = BCON_NEW(command, BCON_INT32(1));
    const bool done =
        mongoc_client_command_simple(client->client, "admin", body, NULL, ret_reply, ret_error);
    bson_destroy(body);
    return done ? ERROR_NONE : mongo_error_of(mongo_error_class(ret_error, ret_reply));
}

enum error mongo_client_ping(struct mongo_client *client)
{
    bson_t reply;
    bson_error_t why = {0};
    const enum error error = mongo_client_command(client, "ping", &reply, &why);
    bson_destroy(&reply);
    return error;
}

enum error mongo_client_clock(struct mongo_client *client, int64_t *ret_offset_ms)
{
    int64_t best_us = INT64_MAX;
    for (int sample = 0; sample < CLOCK_SAMPLES; sample++) {
        bson_t reply;
        bson_iter_t at;
        bson_error_t why = {0};
        const int64_t asked_us = clock_steady_us();
        const enum error error = mongo_client_command(client, "hello", &reply, &why);
        const int64_t took_us = clock_steady_us() - asked_us;
        const bool said = error == ERROR_NONE && bson_iter_init_find(&at, &reply, "localTime") &&
                          BSON_ITER_HOLDS_DATE_TIME(&at);
        if (said && took_us < best_us) {
            best_us = took_us;
            *ret_offset_ms = bson_iter_date_time(&at) - (clock_now_ms() - took_us / 2000);
        }
        bson_destroy(&reply);
        if (error != ERROR_NONE) return error;
    }
    return best_us == INT64_MAX ? ERROR_STORE_UNAVAILABLE : ERROR_NONE;
}
