#include "contract/predecessor_documents.h"

#include "base/check.h"

bson_t *predecessor_document(const char *json)
{
    bson_error_t why = {0};
    bson_t *document = bson_new_from_json((const uint8_t *)json, -1, &why);
    if (document == NULL) fprintf(stderr, "%s in %s\n", why.message, json);
    CHECK(document != NULL);
    return document;
}

bson_t *predecessor_damaged(const char *whole, const struct damage *damage)
{
    bson_t *document = predecessor_document(whole);
    bson_t *copy = bson_new();
    bson_copy_to_excluding_noinit(document, copy, damage->field, NULL);
    bson_destroy(document);
    if (damage->value != NULL) {
        bson_t *value = predecessor_document(damage->value);
        CHECK(bson_concat(copy, value));
        bson_destroy(value);
    }
    return copy;
}
