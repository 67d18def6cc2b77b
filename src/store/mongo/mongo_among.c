#include "store/mongo/mongo_among.h"

#include "store/mongo/mongo_ids.h"

void mongo_among_element(bson_t *array, uint32_t index, struct id id)
{
    char buffer[16];
    const char *key = NULL;
    const bson_oid_t oid = mongo_ids_to_oid(id);
    (void)bson_uint32_to_string(index, &key, buffer, sizeof buffer);
    BSON_APPEND_OID(array, key, &oid);
}

void mongo_among_begin(struct mongo_among *among, bson_t *filter, const char *name)
{
    among->count = 0;
    BSON_APPEND_DOCUMENT_BEGIN(filter, name, &among->in);
    BSON_APPEND_ARRAY_BEGIN(&among->in, "$in", &among->array);
}

void mongo_among_add(struct mongo_among *among, struct id id)
{
    mongo_among_element(&among->array, among->count++, id);
}

void mongo_among_end(struct mongo_among *among, bson_t *filter)
{
    (void)bson_append_array_end(&among->in, &among->array);
    (void)bson_append_document_end(filter, &among->in);
}

void mongo_among_append(bson_t *filter, const char *name, const struct id *ids, uint32_t count)
{
    struct mongo_among among;
    mongo_among_begin(&among, filter, name);
    for (uint32_t index = 0; index < count; index++) mongo_among_add(&among, ids[index]);
    mongo_among_end(&among, filter);
}
