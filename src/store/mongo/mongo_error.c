#include "store/mongo/mongo_error.h"

struct row {
    uint32_t code;
    enum mongo_class class;
};

/* Codes of the server. One that is not here may have come from anywhere: unknown. */
static const struct row rows[] = {
    {11000, MONGO_DUPLICATE},
    {11001, MONGO_DUPLICATE},
    /* Not the primary, said before anything was done. */
    {10107, MONGO_NOT_EXECUTED},
    {10058, MONGO_NOT_EXECUTED},
    {13435, MONGO_NOT_EXECUTED},
    /* The network, a shutdown, a step-down, a deadline: in the middle of it. */
    {6, MONGO_UNKNOWN},
    {7, MONGO_UNKNOWN},
    {50, MONGO_UNKNOWN},
    {89, MONGO_UNKNOWN},
    {91, MONGO_UNKNOWN},
    {189, MONGO_UNKNOWN},
    {262, MONGO_UNKNOWN},
    {9001, MONGO_UNKNOWN},
    {11600, MONGO_UNKNOWN},
    {11602, MONGO_UNKNOWN},
    {13436, MONGO_UNKNOWN},
    /* Not allowed, not authenticated, a service's own error, no such command. */
    {13, MONGO_CONFIG},
    {18, MONGO_CONFIG},
    {59, MONGO_CONFIG},
    {8000, MONGO_CONFIG},
    /* What was sent was wrong, or too large. */
    {2, MONGO_BUG},
    {9, MONGO_BUG},
    {52, MONGO_BUG},
    {53, MONGO_BUG},
    {54, MONGO_BUG},
    {55, MONGO_BUG},
    {56, MONGO_BUG},
    {57, MONGO_BUG},
    {121, MONGO_BUG},
    {10334, MONGO_BUG},
    {17419, MONGO_BUG},
};

static enum mongo_class class_of_server(uint32_t code)
{
    for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
        if (rows[index].code == code) return rows[index].class;
    }
    return MONGO_UNKNOWN;
}

static enum mongo_class class_of_stream(uint32_t code)
{
    const bool unsent = code == MONGOC_ERROR_STREAM_CONNECT ||
                        code == MONGOC_ERROR_STREAM_NAME_RESOLUTION ||
                        code == MONGOC_ERROR_STREAM_INVALID_TYPE;
    return unsent ? MONGO_NOT_SENT : MONGO_UNKNOWN;
}

enum mongo_class mongo_error_class(const bson_error_t *error, const bson_t *reply)
{
    CHECK(error != NULL);

    switch (error->domain) {
    case 0:
        return MONGO_DONE;
    case MONGOC_ERROR_WRITE_CONCERN:
        return MONGO_APPLIED;
    case MONGOC_ERROR_SERVER: {
        const enum mongo_class class = class_of_server(error->code);
        const bool retryable =
            reply != NULL && mongoc_error_has_label(reply, "RetryableWriteError");
        return retryable && class != MONGO_NOT_EXECUTED ? MONGO_UNKNOWN : class;
    }
    case MONGOC_ERROR_SERVER_SELECTION:
        return MONGO_NOT_SENT;
    case MONGOC_ERROR_STREAM:
        return class_of_stream(error->code);
    case MONGOC_ERROR_CLIENT:
        return error->code == MONGOC_ERROR_CLIENT_AUTHENTICATE ? MONGO_CONFIG : MONGO_NOT_SENT;
    case MONGOC_ERROR_BSON:
    case MONGOC_ERROR_COMMAND:
        return MONGO_BUG;
    default: /* The protocol: a reply that cannot be read. */
        return MONGO_UNKNOWN;
    }
}

enum error mongo_error_of(enum mongo_class class)
{
    switch (class) {
    case MONGO_DONE:
        return ERROR_NONE;
    case MONGO_DUPLICATE:
        return ERROR_BOOKING_LOCK_FAILED;
    case MONGO_BUG:
        return ERROR_INTERNAL_ERROR;
    default:
        return ERROR_STORE_UNAVAILABLE;
    }
}

const char *mongo_error_name(enum mongo_class class)
{
    static const char *const names[] = {
        [MONGO_DONE] = "done",         [MONGO_DUPLICATE] = "duplicate",
        [MONGO_NOT_SENT] = "not_sent", [MONGO_NOT_EXECUTED] = "not_executed",
        [MONGO_UNKNOWN] = "unknown",   [MONGO_APPLIED] = "applied",
        [MONGO_CONFIG] = "config",     [MONGO_BUG] = "bug",
    };
    CHECK(class <= MONGO_BUG);
    return names[class];
}

bool mongo_error_in_concern(const bson_t *reply)
{
    bson_iter_t at;
    bson_iter_t error;
    if (!bson_iter_init_find(&at, reply, "writeConcernErrors")) return false;
    return bson_iter_recurse(&at, &error) && bson_iter_next(&error);
}
