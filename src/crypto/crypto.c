#include "crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "base/check.h"

struct mac {
    EVP_MAC_CTX *context;
};

struct mac *mac_open(struct slice key)
{
    CHECK(key.data != NULL);
    CHECK(key.size > 0);

    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    const uint8_t *bytes = (const uint8_t *)key.data;
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);
    struct mac *mac = context == NULL ? NULL : calloc(1, sizeof *mac);
    EVP_MAC_free(hmac); /* The context holds it. */
    if (mac == NULL || EVP_MAC_init(context, bytes, key.size, parameters) != 1) {
        EVP_MAC_CTX_free(context);
        free(mac);
        return NULL;
    }
    mac->context = context;
    return mac;
}

void mac_close(struct mac *mac)
{
    if (mac == NULL) return;
    EVP_MAC_CTX_free(mac->context);
    free(mac);
}

void mac_sign(struct mac *mac, const struct slice *parts, size_t part_count,
              uint8_t ret_digest[SHA256_SIZE])
{
    CHECK(mac != NULL);
    CHECK(ret_digest != NULL);

    /* Without a key, the one that is set stays; that is what makes a context worth keeping. */
    CHECK(EVP_MAC_init(mac->context, NULL, 0, NULL) == 1);
    for (size_t index = 0; index < part_count; index++) {
        if (parts[index].size == 0) continue;
        const uint8_t *bytes = (const uint8_t *)parts[index].data;
        CHECK(EVP_MAC_update(mac->context, bytes, parts[index].size) == 1);
    }
    size_t size = 0;
    CHECK(EVP_MAC_final(mac->context, ret_digest, &size, SHA256_SIZE) == 1);
    CHECK(size == SHA256_SIZE);
}

bool mac_equal(struct slice left, struct slice right)
{
    if (left.size != right.size) return false;
    return left.size == 0 || CRYPTO_memcmp(left.data, right.data, left.size) == 0;
}

static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_end;
static EVP_MD *sha256; /* Fetched once: looking it up costs more than a short hash. */
static _Thread_local EVP_MD_CTX *thread_context;

static void release_context(void *context)
{
    EVP_MD_CTX_free(context);
}

static void prepare(void)
{
    CHECK(pthread_key_create(&at_thread_end, release_context) == 0);
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    CHECK(sha256 != NULL);
}

/* The context is the thread's own and freed with it. */
static EVP_MD_CTX *context_of_thread(void)
{
    if (thread_context != NULL) return thread_context;
    CHECK(pthread_once(&prepared, prepare) == 0);
    thread_context = EVP_MD_CTX_new();
    CHECK(thread_context != NULL);
    CHECK(pthread_setspecific(at_thread_end, thread_context) == 0);
    return thread_context;
}

void crypto_sha256(const struct slice *parts, size_t part_count, uint8_t ret_digest[SHA256_SIZE])
{
    CHECK(ret_digest != NULL);

    EVP_MD_CTX *context = context_of_thread();
    CHECK(EVP_DigestInit_ex2(context, sha256, NULL) == 1);
    for (size_t index = 0; index < part_count; index++) {
        if (parts[index].size == 0) continue;
        CHECK(EVP_DigestUpdate(context, parts[index].data, parts[index].size) == 1);
    }
    CHECK(EVP_DigestFinal_ex(context, ret_digest, NULL) == 1);
}
