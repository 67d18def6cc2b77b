#include "store/mongo/mongo_ids.h"

#include "base/random.h"
#include "store/mongo/mongo_error.h"

enum { KEY_SIZE = 32 };

#define KEY_NAME "id_key"

static_assert(sizeof(bson_oid_t) == ID_SIZE, "an id is an ObjectId");

bson_oid_t mongo_ids_to_oid(struct id id)
{
    bson_oid_t oid;
    bson_oid_init_from_data(&oid, id.bytes);
    return oid;
}

struct id mongo_ids_from_oid(const bson_oid_t *oid)
{
    struct id id;
    memcpy(id.bytes, oid->bytes, ID_SIZE);
    return id;
}

static bool find_key(struct mongo_client *client, uint8_t *target, bson_error_t *ret_error)
{
    bson_t *filter = BCON_NEW("_id", BCON_UTF8(KEY_NAME));
    mongoc_cursor_t *cursor =
        mongoc_collection_find_with_opts(client->collections[MONGO_SETTINGS], filter, NULL, NULL);
    const bson_t *document = NULL;
    bool found = false;
    if (mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        bson_subtype_t type;
        uint32_t size = 0;
        const uint8_t *bytes = NULL;
        if (bson_iter_init_find(&at, document, "value") && BSON_ITER_HOLDS_BINARY(&at)) {
            bson_iter_binary(&at, &type, &size, &bytes);
        }
        found = size == KEY_SIZE;
        if (found) memcpy(target, bytes, KEY_SIZE);
    }
    (void)mongoc_cursor_error(cursor, ret_error);
    mongoc_cursor_destroy(cursor);
    bson_destroy(filter);
    return found;
}

/* Two instances that start at once both insert; one is refused, and reads the other's. */
static void make_key(struct mongo_client *client)
{
    uint8_t key[KEY_SIZE];
    random_fill(key, sizeof key);
    bson_t document = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&document, "_id", KEY_NAME);
    BSON_APPEND_BINARY(&document, "value", BSON_SUBTYPE_BINARY, key, sizeof key);
    bson_error_t error;
    (void)mongoc_collection_insert_one(client->collections[MONGO_SETTINGS], &document, NULL, NULL,
                                       &error);
    bson_destroy(&document);
}

enum error mongo_ids_open(struct mongo_client *client, struct mac **ret_mac,
                          struct mongo_reason *ret_reason)
{
    CHECK(ret_mac != NULL);

    uint8_t key[KEY_SIZE];
    bson_error_t why = {0};
    bool found = find_key(client, key, &why);
    if (!found && why.domain == 0) {
        make_key(client);
        found = find_key(client, key, &why);
    }
    if (!found && why.domain != 0) return mongo_refusal(&why, NULL, ret_reason);
    if (!found) {
        mongo_explain(ret_reason, "the key of the ids cannot be read or made");
        return ERROR_STORE_UNAVAILABLE;
    }
    *ret_mac = mac_open((struct slice){.data = (const char *)key, .size = sizeof key});
    return *ret_mac == NULL ? ERROR_STORE_UNAVAILABLE : ERROR_NONE;
}

enum error mongo_ids_find(struct mongo_client *client, struct mac **ret_mac,
                          struct mongo_reason *ret_reason)
{
    CHECK(ret_mac != NULL);

    uint8_t key[KEY_SIZE];
    bson_error_t why = {0};
    *ret_mac = NULL;
    if (!find_key(client, key, &why)) {
        if (why.domain == 0) return ERROR_NONE;
        mongo_explain(ret_reason, "the key of the ids cannot be read: %s", why.message);
        return ERROR_STORE_UNAVAILABLE;
    }
    *ret_mac = mac_open((struct slice){.data = (const char *)key, .size = sizeof key});
    return *ret_mac == NULL ? ERROR_STORE_UNAVAILABLE : ERROR_NONE;
}

static struct id derive(struct mac *mac, struct slice kind, const struct claim_key *claim)
{
    const struct slice parts[] = {
        kind,
        SLICE("|"),
        user_name(&claim->user),
        SLICE("|"),
        {.data = (const char *)claim->key.bytes, .size = sizeof claim->key.bytes},
    };
    uint8_t digest[SHA256_SIZE];
    mac_sign(mac, parts, sizeof parts / sizeof parts[0], digest);
    struct id id;
    memcpy(id.bytes, digest, ID_SIZE);
    return id;
}

struct id mongo_ids_made(struct mac *mac, const struct claim_key *claim)
{
    return derive(mac, operation_name(claim->operation), claim);
}

struct id mongo_ids_key(struct mac *mac, const struct claim_key *claim)
{
    static const struct slice kinds[OPERATION_COUNT] = {
        [OPERATION_HOLD] = SLICE_INIT("key|hold"),
        [OPERATION_CONFIRM] = SLICE_INIT("key|confirm"),
        [OPERATION_PAY] = SLICE_INIT("key|pay"),
        [OPERATION_REFUND] = SLICE_INIT("key|refund"),
    };
    return derive(mac, kinds[claim->operation], claim);
}

struct code mongo_ids_code(void)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    enum { LETTERS = sizeof letters - 1, FAIR = 256 / LETTERS * LETTERS };
    struct code code;
    for (size_t index = 0; index < CODE_SIZE;) {
        uint8_t byte;
        random_fill(&byte, sizeof byte);
        if (byte >= FAIR) continue; /* Every letter is as likely as the others. */
        code.letters[index++] = letters[byte % LETTERS];
    }
    return code;
}

struct id mongo_ids_next(void)
{
    bson_oid_t oid;
    bson_oid_init(&oid, NULL);
    return mongo_ids_from_oid(&oid);
}
