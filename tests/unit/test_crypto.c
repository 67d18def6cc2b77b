#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/hex.h"
#include "crypto/base64url.h"
#include "crypto/crypto.h"

static struct slice repeated(char *block, char letter, size_t size)
{
    memset(block, letter, size);
    return (struct slice){block, size};
}

static void assert_digest(const uint8_t *digest, const char *expected)
{
    char text[2 * SHA256_SIZE + 1] = {0};
    hex_format(digest, SHA256_SIZE, text);
    assert_string_equal(text, expected);
}

static void assert_hmac(struct slice key, struct slice text, const char *expected)
{
    struct mac *mac = mac_open(key);
    assert_non_null(mac);
    uint8_t digest[SHA256_SIZE];
    /* Twice, because a context that is used again must still know its key. */
    for (int round = 0; round < 2; round++) {
        const size_t half = text.size / 2;
        const struct slice parts[] = {{text.data, half}, {0}, slice_from(text, half)};
        mac_sign(mac, parts, 3, digest);
        assert_digest(digest, expected);
    }
    mac_close(mac);
}

/* RFC 4231, test cases 1, 2, 3, 6 and 7. */
static void hmac_gives_the_published_vectors(void **state)
{
    (void)state;
    char key[131], text[50];
    assert_hmac(repeated(key, 0x0b, 20), SLICE("Hi There"),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_hmac(SLICE("Jefe"), SLICE("what do ya want for nothing?"),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_hmac(repeated(key, (char)0xaa, 20), repeated(text, (char)0xdd, 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    assert_hmac(repeated(key, (char)0xaa, 131),
                SLICE("Test Using Larger Than Block-Size Key - Hash Key First"),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_hmac(repeated(key, (char)0xaa, 131),
                SLICE("This is a test using a larger than block-size key and a larger than "
                      "block-size data. The key needs to be hashed before being used by the HMAC "
                      "algorithm."),
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
    mac_close(NULL);
}

static void sha256_gives_the_published_vectors(void **state)
{
    (void)state;
    uint8_t digest[SHA256_SIZE];
    crypto_sha256(NULL, 0, digest);
    assert_digest(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const struct slice parts[] = {SLICE("a"), {0}, SLICE("bc")};
    crypto_sha256(parts, 3, digest);
    assert_digest(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void *hash_elsewhere(void *context)
{
    uint8_t digest[SHA256_SIZE];
    crypto_sha256(&SLICE("abc"), 1, digest);
    memcpy(context, digest, sizeof digest);
    return NULL;
}

static void threads_hash_alike_and_leave_nothing(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        pthread_t thread;
        uint8_t digest[SHA256_SIZE] = {0};
        assert_int_equal(pthread_create(&thread, NULL, hash_elsewhere, digest), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_digest(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}

static void mac_equal_compares_all_bytes_and_the_size(void **state)
{
    (void)state;
    assert_true(mac_equal(SLICE("abcd"), SLICE("abcd")));
    assert_false(mac_equal(SLICE("abcd"), SLICE("abce")));
    assert_false(mac_equal(SLICE("xbcd"), SLICE("abcd")));
    assert_false(mac_equal(SLICE("abc"), SLICE("abcd")));
    assert_false(mac_equal(SLICE("abcd"), (struct slice){0}));
    assert_true(mac_equal((struct slice){0}, (struct slice){0}));
}

static void base64url_round_trips_every_size(void **state)
{
    (void)state;
    uint8_t bytes[256];
    for (size_t index = 0; index < sizeof bytes; index++) bytes[index] = (uint8_t)(index * 167);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        char text[BASE64URL_SIZE(sizeof bytes)];
        base64url_encode((struct slice){(const char *)bytes, size}, text);
        uint8_t again[sizeof bytes];
        size_t again_size = SIZE_MAX;
        const struct slice encoded = {text, BASE64URL_SIZE(size)};
        assert_true(base64url_decode(encoded, again, size > 0 ? size : 1, &again_size));
        assert_int_equal(again_size, size);
        assert_memory_equal(again, bytes, size);
        if (size > 0) assert_false(base64url_decode(encoded, again, size - 1, &again_size));
    }
}

static void base64url_reads_the_published_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
    } rows[] = {{"f", "Zg"},
                {"fo", "Zm8"},
                {"foo", "Zm9v"},
                {"foobar", "Zm9vYmFy"},
                {"\xfb\xff\xfe", "-__-"}};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        char bytes[16];
        size_t size = 0;
        assert_true(base64url_decode(slice_of(rows[row].text), bytes, sizeof bytes, &size));
        assert_int_equal(size, strlen(rows[row].bytes));
        assert_memory_equal(bytes, rows[row].bytes, size);
    }
}

static void base64url_refuses_every_other_spelling(void **state)
{
    (void)state;
    static const char *const rows[] = {"Z",    "Zg==",    "Zg=",        "Zm8=", "Zh",
                                       "Zm9",  "Zm9v Zg", "Zm9v\n",     "+//+", "-_/-",
                                       "Zm+v", "Zm.v",    "\xc3\xa9Zm", "Zm9vY"};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        char bytes[16];
        size_t size = 0;
        if (base64url_decode(slice_of(rows[row]), bytes, sizeof bytes, &size)) {
            fail_msg("accepted: %s", rows[row]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_gives_the_published_vectors),
        cmocka_unit_test(sha256_gives_the_published_vectors),
        cmocka_unit_test(threads_hash_alike_and_leave_nothing),
        cmocka_unit_test(mac_equal_compares_all_bytes_and_the_size),
        cmocka_unit_test(base64url_round_trips_every_size),
        cmocka_unit_test(base64url_reads_the_published_vectors),
        cmocka_unit_test(base64url_refuses_every_other_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
