#include "store/mongo/mongo_batches.h"

#include "base/check.h"
#include "store/mongo/mongo_fields.h"
#include "store/mongo/mongo_ids.h"

bool mongo_batches_read(const bson_t *document, struct mongo_batches *ret_batches)
{
    bson_iter_t at;
    bson_iter_t batch;
    ret_batches->count = 0;
    if (!bson_iter_init_find(&at, document, "batches")) return true;
    if (!BSON_ITER_HOLDS_ARRAY(&at) || !bson_iter_recurse(&at, &batch)) return false;
    while (bson_iter_next(&batch)) {
        if (ret_batches->count == BATCHES_REMEMBERED) return false;
        if (!mongo_fields_read_id(&batch, &ret_batches->ids[ret_batches->count])) return false;
        ret_batches->count++;
    }
    return true;
}

bool mongo_batches_named(const bson_t *document, struct id batch)
{
    struct mongo_batches batches;
    if (!mongo_batches_read(document, &batches)) return false;
    for (uint32_t index = 0; index < batches.count; index++) {
        if (id_equal(batches.ids[index], batch)) return true;
    }
    return false;
}

void mongo_batches_push(struct mongo_batches *batches, struct id batch)
{
    CHECK(batches->count <= BATCHES_REMEMBERED);

    if (batches->count == BATCHES_REMEMBERED) {
        memmove(batches->ids, batches->ids + 1, (BATCHES_REMEMBERED - 1) * sizeof *batches->ids);
        batches->count--;
    }
    batches->ids[batches->count++] = batch;
}

void mongo_batches_append(const struct mongo_batches *batches, bson_t *document)
{
    bson_t array;
    BSON_APPEND_ARRAY_BEGIN(document, "batches", &array);
    for (uint32_t index = 0; index < batches->count; index++) {
        char buffer[16];
        const char *key = NULL;
        const bson_oid_t oid = mongo_ids_to_oid(batches->ids[index]);
        (void)bson_uint32_to_string(index, &key, buffer, sizeof buffer);
        BSON_APPEND_OID(&array, key, &oid);
    }
    (void)bson_append_array_end(document, &array);
}
