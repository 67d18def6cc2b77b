#include "store/mongo/mongo_state.h"

#include "base/check.h"

enum error mongo_state_step(struct mongo_store *store, enum mongo_step step)
{
    const struct mongo_hook *hook = &store->options.hook;
    if (store->dead) return ERROR_STORE_UNAVAILABLE;
    if (hook->before == NULL) return ERROR_NONE;
    const enum error error = hook->before(hook->context, step);
    store->dead = error != ERROR_NONE;
    return error;
}

enum error mongo_state_find(struct mongo_store *store, enum mongo_collection collection,
                            struct id id, const char *projection, bson_t *ret_found,
                            bool *ret_there)
{
    tally_add(&store->counts.round_trips, 1);
    /* What is decided rests on it, and a refusal is no write that the majority would confirm. */
    if (collection == MONGO_SHOWTIMES) {
        return mongo_read_latest(&store->client, collection, id, projection, ret_found, ret_there);
    }
    return mongo_read_one(&store->client, collection, id, projection, ret_found, ret_there);
}
