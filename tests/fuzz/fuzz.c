#include "fuzz/fuzz.h"

#include <openssl/hmac.h>

#include "json/json_read.h"

enum { TREE_SIZE = 4 * 1024 * 1024 };

void fuzz_hmac(struct slice key, struct slice text, uint8_t ret_digest[32])
{
    unsigned size = 0;
    CHECK(HMAC(EVP_sha256(), key.data, (int)key.size, (const uint8_t *)text.data, text.size,
               ret_digest, &size) != NULL);
    CHECK(size == 32);
}

bool fuzz_is_json(struct slice text)
{
    static _Alignas(16) char block[TREE_SIZE];
    struct arena arena;
    const struct json *root = NULL;
    struct json_fault fault;
    arena_init(&arena, block, sizeof block);
    return json_parse(text, &arena, &root, &fault);
}
