/* driver_write.c - the driver's writes: an operation is some statements, which meet the weather. */
#include "base/check.h"
#include "sim_shared/driver.h"
#include "sim_shared/weather.h"

enum { STATEMENTS_MAX = 512 };

struct _mongoc_bulk_operation_t {
    enum mongo_collection collection;
    uint32_t count;
    struct statement statements[STATEMENTS_MAX];
};

/* What became of the statements of one operation. */
struct tally {
    uint32_t matched;
    uint32_t inserted;
    uint32_t duplicates;
};

static void do_now(const struct statement *statement, struct tally *tally)
{
    if (weather_picture() != NULL) return; /* Nothing that is written here lasts. */
    const enum effect effect = database_do(statement);
    if (effect == EFFECT_DUPLICATE) tally->duplicates++;
    else if (statement->kind == STATEMENT_INSERT) tally->inserted++;
    else tally->matched += effect == EFFECT_DONE;
}

static void do_or_delay(const struct statement *statement, enum strike strike, struct tally *tally)
{
    const uint32_t dice = strike == STRIKE_PARTLY ? random_below(weather.random, 3) : 0;
    switch (strike) {
    case STRIKE_NONE:
    case STRIKE_ACK_LOST:
    case STRIKE_CONCERN:
    case STRIKE_CONCERN_MUTE:
    case STRIKE_STEP_DOWN:
    case STRIKE_DEATH_AFTER:
        do_now(statement, tally);
        break;
    case STRIKE_LATE:
    case STRIKE_DEATH_LATE:
        weather_delay(statement);
        break;
    case STRIKE_PARTLY:
        if (dice == 0) do_now(statement, tally);
        else if (dice == 1) weather_delay(statement);
        break;
    default:
        break;
    }
}

static void append_duplicates(bson_t *reply, uint32_t count)
{
    bson_t errors;
    BSON_APPEND_ARRAY_BEGIN(reply, "writeErrors", &errors);
    for (uint32_t index = 0; index < count; index++) {
        char buffer[16];
        const char *key = NULL;
        bson_t error;
        (void)bson_uint32_to_string(index, &key, buffer, sizeof buffer);
        BSON_APPEND_DOCUMENT_BEGIN(&errors, key, &error);
        BSON_APPEND_INT32(&error, "code", MONGOC_ERROR_DUPLICATE_KEY);
        (void)bson_append_document_end(&errors, &error);
    }
    (void)bson_append_array_end(reply, &errors);
}

/* All in one operation, unordered. */
static bool write_all(const struct statement *statements, uint32_t count, bson_t *reply,
                      bson_error_t *error)
{
    struct tally tally = {0};
    bson_t own;
    if (reply == NULL) reply = &own;
    bson_init(reply);
    const enum strike strike = weather_operation(true);
    for (uint32_t index = 0; index < count; index++) {
        do_or_delay(&statements[index], strike, &tally);
    }
    BSON_APPEND_INT32(reply, "matchedCount", (int32_t)tally.matched);
    BSON_APPEND_INT32(reply, "insertedCount", (int32_t)tally.inserted);
    if (tally.duplicates > 0) append_duplicates(reply, tally.duplicates);
    if (strike == STRIKE_CONCERN_MUTE) {
        bson_t *errors = BCON_NEW("0", "{", "code", BCON_INT32(DRIVER_CONCERN_FAILED), "}");
        BSON_APPEND_ARRAY(reply, "writeConcernErrors", errors);
        bson_destroy(errors);
    }
    bool done = driver_tell(strike, reply, error);
    if (done && tally.duplicates > 0) {
        done = driver_fail(error, MONGOC_ERROR_SERVER, MONGOC_ERROR_DUPLICATE_KEY);
    }
    if (reply == &own) bson_destroy(reply);
    return done;
}

static bool write_one(const struct statement *statement, const bson_t *options, bson_t *reply,
                      bson_error_t *error)
{
    static const char *const known[] = {"validate", NULL};
    driver_check_options(options, known);
    return write_all(statement, 1, reply, error);
}

bool mongoc_collection_update_one(mongoc_collection_t *collection, const bson_t *selector,
                                  const bson_t *update, const bson_t *options, bson_t *reply,
                                  bson_error_t *error)
{
    const struct statement statement = {STATEMENT_UPDATE, driver_kind(collection),
                                        (bson_t *)(uintptr_t)selector, (bson_t *)(uintptr_t)update};
    return write_one(&statement, options, reply, error);
}

bool mongoc_collection_replace_one(mongoc_collection_t *collection, const bson_t *selector,
                                   const bson_t *document, const bson_t *options, bson_t *reply,
                                   bson_error_t *error)
{
    const struct statement statement = {STATEMENT_REPLACE, driver_kind(collection),
                                        (bson_t *)(uintptr_t)selector,
                                        (bson_t *)(uintptr_t)document};
    return write_one(&statement, options, reply, error);
}

bool mongoc_collection_insert_one(mongoc_collection_t *collection, const bson_t *document,
                                  const bson_t *options, bson_t *reply, bson_error_t *error)
{
    const struct statement statement = {STATEMENT_INSERT, driver_kind(collection), NULL,
                                        (bson_t *)(uintptr_t)document};
    return write_one(&statement, options, reply, error);
}

bool mongoc_collection_insert_many(mongoc_collection_t *collection, const bson_t **documents,
                                   size_t count, const bson_t *options, bson_t *reply,
                                   bson_error_t *error)
{
    static const char *const known[] = {"ordered", "validate", NULL};
    struct statement statements[STATEMENTS_MAX];
    CHECK(count <= STATEMENTS_MAX);
    driver_check_options(options, known);
    for (size_t index = 0; index < count; index++) {
        statements[index] = (struct statement){STATEMENT_INSERT, driver_kind(collection), NULL,
                                               (bson_t *)(uintptr_t)documents[index]};
    }
    return write_all(statements, (uint32_t)count, reply, error);
}

mongoc_bulk_operation_t *mongoc_collection_create_bulk_operation_with_opts(
    mongoc_collection_t *collection, const bson_t *options)
{
    static const char *const known[] = {"ordered", NULL};
    driver_check_options(options, known);
    bson_iter_t at;
    CHECK(bson_iter_init_find(&at, options, "ordered"));
    CHECK(!bson_iter_bool(&at));
    mongoc_bulk_operation_t *bulk = malloc(sizeof *bulk);
    CHECK(bulk != NULL);
    bulk->count = 0;
    bulk->collection = driver_kind(collection);
    return bulk;
}

static const char *const bulk_options[] = {"validate", NULL};

static bool add(mongoc_bulk_operation_t *bulk, const struct statement *statement)
{
    CHECK(bulk->count < STATEMENTS_MAX);
    bulk->statements[bulk->count++] = statement_copy(statement);
    return true;
}

bool mongoc_bulk_operation_update_one_with_opts(mongoc_bulk_operation_t *bulk,
                                                const bson_t *selector, const bson_t *document,
                                                const bson_t *options, bson_error_t *error)
{
    (void)error;
    driver_check_options(options, bulk_options);
    return add(bulk,
               &(struct statement){STATEMENT_UPDATE, bulk->collection,
                                   (bson_t *)(uintptr_t)selector, (bson_t *)(uintptr_t)document});
}

bool mongoc_bulk_operation_insert_with_opts(mongoc_bulk_operation_t *bulk, const bson_t *document,
                                            const bson_t *options, bson_error_t *error)
{
    (void)error;
    driver_check_options(options, bulk_options);
    return add(bulk, &(struct statement){STATEMENT_INSERT, bulk->collection, NULL,
                                         (bson_t *)(uintptr_t)document});
}

uint32_t mongoc_bulk_operation_execute(mongoc_bulk_operation_t *bulk, bson_t *reply,
                                       bson_error_t *error)
{
    CHECK(bulk->count > 0);
    return write_all(bulk->statements, bulk->count, reply, error);
}

void mongoc_bulk_operation_destroy(mongoc_bulk_operation_t *bulk)
{
    for (uint32_t index = 0; index < bulk->count; index++) {
        statement_release(&bulk->statements[index]);
    }
    free(bulk);
}
