#include "store/mongo/mongo_booked.h"

#include "base/check.h"
#include "store/mongo/mongo_ids.h"

enum error mongo_booked_ask(struct mongo_store *store, bool *ret_booked)
{
    const struct mongo_cut *cut = &store->cut;
    CHECK(!id_is_none(cut->showtime));

    for (uint32_t index = 0; index < cut->settle.count; index++) {
        *ret_booked = cut->settle.entries[index].collection == MONGO_BOOKINGS;
        if (*ret_booked) return ERROR_NONE;
    }
    const bson_oid_t oid = mongo_ids_to_oid(cut->showtime);
    bson_t *filter =
        BCON_NEW("showtime_id", BCON_OID(&oid), "$or", "[", "{", "v", "{", "$gt", BCON_INT32(0),
                 "}", "}", "{", "status", "{", "$ne", BCON_UTF8("pending"), "}", "}", "]");
    bson_t *options = BCON_NEW("limit", BCON_INT64(1), "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    bson_error_t why = {0};
    tally_add(&store->counts.round_trips, 1);
    const int64_t count = mongoc_collection_count_documents(
        store->client.collections[MONGO_BOOKINGS], filter, options, NULL, NULL, &why);
    bson_destroy(options);
    bson_destroy(filter);
    enum mongo_class class = MONGO_DONE;
    if (count < 0) return mongo_read_failure("count bookings", &why, NULL, &class);
    *ret_booked = count > 0;
    return ERROR_NONE;
}
