#include "store/mongo/mongo_self_test.h"

#include <pthread.h>

#include "store/mongo/mongo_error.h"

#define COLLECTION "usher_self_test"

struct trial {
    struct mongo_connection *connection;
    bson_oid_t document;
    pthread_barrier_t round;
    struct contender {
        struct trial *trial;
        pthread_t thread;
        struct mongo_client client;
        bool failed;
        bool won[MONGO_SELF_TEST_ROUNDS];
    } contenders[MONGO_SELF_TEST_CLIENTS];
};

static mongoc_collection_t *scratch(const struct mongo_client *client)
{
    return mongoc_client_get_collection(
        client->client, mongoc_uri_get_database(mongo_connection_uri(client->connection)),
        COLLECTION);
}

/* One client's try for one version; false if the server did not answer. */
static bool contend(mongoc_collection_t *collection, const bson_oid_t *document, int32_t version,
                    bool *ret_won)
{
    bson_t *filter = BCON_NEW("_id", BCON_OID(document), "version", BCON_INT32(version));
    bson_t *update = BCON_NEW("$inc", "{", "version", BCON_INT32(1), "}");
    bson_t reply;
    bson_iter_t at;
    bson_error_t error;
    const bool done =
        mongoc_collection_update_one(collection, filter, update, NULL, &reply, &error);
    if (done)
        *ret_won = bson_iter_init_find(&at, &reply, "matchedCount") && bson_iter_as_int64(&at) == 1;
    bson_destroy(&reply);
    bson_destroy(filter);
    bson_destroy(update);
    return done;
}

static void *run(void *context)
{
    struct contender *contender = context;
    struct trial *trial = contender->trial;
    mongoc_collection_t *collection = scratch(&contender->client);
    for (int32_t round = 0; round < MONGO_SELF_TEST_ROUNDS; round++) {
        (void)pthread_barrier_wait(&trial->round);
        if (contender->failed) continue; /* A server that hangs is not waited for again. */
        contender->failed = !contend(collection, &trial->document, round, &contender->won[round]);
    }
    mongoc_collection_destroy(collection);
    return NULL;
}

/* Some servers say that they are not MongoDB; one of them is known to be unsafe. */
static enum error ask_kind(struct mongo_client *client, struct mongo_reason *ret_reason)
{
    bson_t reply;
    bson_iter_t at;
    bson_error_t why = {0};
    enum error error = mongo_client_command(client, "buildInfo", &reply, &why);
    if (error != ERROR_NONE) {
        error = mongo_refusal(&why, &reply, ret_reason);
    } else if (bson_iter_init_find(&at, &reply, "ferretdbVersion")) {
        mongo_explain(ret_reason,
                      "this is FerretDB %s, whose conditional update is not atomic: seats would be "
                      "sold twice; use MongoDB",
                      BSON_ITER_HOLDS_UTF8(&at) ? bson_iter_utf8(&at, NULL) : "");
        error = ERROR_INTERNAL_ERROR;
    }
    bson_destroy(&reply);
    return error;
}

static enum error judge(const struct trial *trial, struct mongo_reason *ret_reason)
{
    for (int round = 0; round < MONGO_SELF_TEST_ROUNDS; round++) {
        int winners = 0;
        for (int index = 0; index < MONGO_SELF_TEST_CLIENTS; index++) {
            if (trial->contenders[index].failed) {
                mongo_explain(ret_reason, "MongoDB did not answer the self-test");
                return ERROR_STORE_UNAVAILABLE;
            }
            winners += trial->contenders[index].won[round];
        }
        if (winners == 1) continue;
        mongo_explain(ret_reason,
                      "the server's conditional update is not atomic: in round %d of the self-test "
                      "%d of %d clients changed the same version; seats would be sold twice",
                      round + 1, winners, MONGO_SELF_TEST_CLIENTS);
        return ERROR_INTERNAL_ERROR;
    }
    return ERROR_NONE;
}

static enum error compete(struct trial *trial, struct mongo_reason *ret_reason)
{
    CHECK(pthread_barrier_init(&trial->round, NULL, MONGO_SELF_TEST_CLIENTS) == 0);
    for (int index = 0; index < MONGO_SELF_TEST_CLIENTS; index++) {
        struct contender *contender = &trial->contenders[index];
        contender->trial = trial;
        CHECK(pthread_create(&contender->thread, NULL, run, contender) == 0);
    }
    for (int index = 0; index < MONGO_SELF_TEST_CLIENTS; index++) {
        CHECK(pthread_join(trial->contenders[index].thread, NULL) == 0);
    }
    pthread_barrier_destroy(&trial->round);
    return judge(trial, ret_reason);
}

static enum error open_clients(struct trial *trial)
{
    for (int index = 0; index < MONGO_SELF_TEST_CLIENTS; index++) {
        const enum error error =
            mongo_client_open(trial->connection, &trial->contenders[index].client);
        if (error != ERROR_NONE) return error;
    }
    return ERROR_NONE;
}

enum error mongo_self_test(struct mongo_connection *connection, struct mongo_reason *ret_reason)
{
    CHECK(connection != NULL);

    struct trial *trial = calloc(1, sizeof *trial);
    if (trial == NULL) return ERROR_STORE_UNAVAILABLE;
    trial->connection = connection;
    bson_oid_init(&trial->document, NULL);
    enum error error = open_clients(trial);
    if (error != ERROR_NONE) mongo_explain(ret_reason, "the pool has too few clients: maxPoolSize");
    if (error != ERROR_NONE) error = ERROR_INTERNAL_ERROR;
    else error = ask_kind(&trial->contenders[0].client, ret_reason);
    if (error == ERROR_NONE) {
        mongoc_collection_t *collection = scratch(&trial->contenders[0].client);
        bson_error_t why = {0};
        bson_t *document = BCON_NEW("_id", BCON_OID(&trial->document), "version", BCON_INT32(0));
        bson_t reply;
        if (mongoc_collection_insert_one(collection, document, NULL, &reply, &why)) {
            error = compete(trial, ret_reason);
            bson_t *filter = BCON_NEW("_id", BCON_OID(&trial->document));
            (void)mongoc_collection_delete_one(collection, filter, NULL, NULL, NULL);
            bson_destroy(filter);
        } else {
            error = mongo_refusal(&why, &reply, ret_reason);
        }
        bson_destroy(&reply);
        bson_destroy(document);
        mongoc_collection_destroy(collection);
    }
    for (int index = 0; index < MONGO_SELF_TEST_CLIENTS; index++) {
        mongo_client_close(&trial->contenders[index].client);
    }
    free(trial);
    return error;
}
