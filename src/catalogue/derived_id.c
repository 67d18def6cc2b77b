#include "catalogue/derived_id.h"

#include <assert.h>

#include "base/check.h"
#include "crypto/crypto.h"

enum { SIZE_BYTES = 4 };

static_assert((int)ID_SIZE <= (int)SHA256_SIZE, "an id is a part of the hash");

struct id derived_id(struct slice kind, const struct slice *parts, size_t part_count)
{
    CHECK(part_count > 0);
    CHECK(part_count <= DERIVED_PARTS_MAX);

    struct slice hashed[1 + 2 * DERIVED_PARTS_MAX] = {kind};
    uint8_t sizes[DERIVED_PARTS_MAX][SIZE_BYTES];
    for (size_t index = 0; index < part_count; index++) {
        for (size_t at = 0; at < SIZE_BYTES; at++) {
            sizes[index][at] = (uint8_t)(parts[index].size >> (8 * at));
        }
        hashed[1 + 2 * index] = (struct slice){(const char *)sizes[index], SIZE_BYTES};
        hashed[2 + 2 * index] = parts[index];
    }
    uint8_t digest[SHA256_SIZE];
    crypto_sha256(hashed, 1 + 2 * part_count, digest);
    struct id id;
    memcpy(id.bytes, digest, ID_SIZE);
    CHECK(!id_is_none(id));
    return id;
}
