#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "crypto/base64url.h"
#include "crypto/crypto.h"
#include "http/jwt.h"

#define NOW_S INT64_C(1700000000)
#define NOW_MS (NOW_S * 1000 + 500)
#define SECRET SLICE("0123456789abcdef0123456789abcdef")
#define OLD_SECRET SLICE("fedcba9876543210fedcba9876543210")
#define HEADER SLICE("{\"alg\":\"HS256\",\"typ\":\"JWT\"}")
#define CLAIMS SLICE("{\"sub\":\"alice\",\"exp\":1700000100}")

static char token_text[8192];
static struct slice reason;
static struct jwt_claims claims;

static struct jwt_verifier *open_plain(void)
{
    const struct jwt_options options = {.secrets = {SECRET, OLD_SECRET}, .secret_count = 2};
    struct jwt_verifier *verifier = jwt_open(&options);
    assert_non_null(verifier);
    return verifier;
}

static void append_encoded(struct buffer *token, struct slice bytes)
{
    char text[8192];
    assert_true(BASE64URL_SIZE(bytes.size) <= sizeof text);
    base64url_encode(bytes, text);
    buffer_append(token, (struct slice){text, BASE64URL_SIZE(bytes.size)});
}

/* A token of any header and claims, signed properly: what an insider could make. */
static struct slice forge(struct slice secret, struct slice header, struct slice payload)
{
    struct buffer token;
    buffer_init(&token, token_text, sizeof token_text);
    append_encoded(&token, header);
    buffer_append_char(&token, '.');
    append_encoded(&token, payload);
    struct mac *mac = mac_open(secret);
    assert_non_null(mac);
    const struct slice signed_part = buffer_text(&token);
    uint8_t digest[SHA256_SIZE];
    mac_sign(mac, &signed_part, 1, digest);
    mac_close(mac);
    buffer_append_char(&token, '.');
    append_encoded(&token, (struct slice){(const char *)digest, sizeof digest});
    assert_false(token.overflowed);
    return buffer_text(&token);
}

static bool accepts(struct slice token)
{
    struct jwt_verifier *verifier = open_plain();
    const bool first = jwt_verify(verifier, token, NOW_MS, &claims, &reason);
    /* A second look, at the cache perhaps, must judge alike. */
    const bool second = jwt_verify(verifier, token, NOW_MS, &claims, &reason);
    jwt_close(verifier);
    assert_int_equal(first, second);
    assert_int_equal(first, reason.size == 0);
    return first;
}

static bool accepts_claims(struct slice payload)
{
    return accepts(forge(SECRET, HEADER, payload));
}

static void a_good_token_tells_user_and_role(void **state)
{
    (void)state;
    assert_true(accepts_claims(
        SLICE("{\"sub\":\"user-1@x\",\"exp\":1700000001,\"role\":\"staff\",\"other\":[1]}")));
    assert_int_equal(claims.user.size, 8);
    assert_memory_equal(claims.user.name, "user-1@x", 8);
    assert_int_equal(claims.role, ROLE_STAFF);
    assert_int_equal(claims.expires_at_s, 1700000001);
    assert_true(accepts_claims(CLAIMS));
    assert_int_equal(claims.role, ROLE_USER);
    assert_true(accepts(forge(OLD_SECRET, HEADER, CLAIMS)));
    assert_true(accepts(forge(SECRET, SLICE("{\"alg\":\"HS256\"}"), CLAIMS)));
    assert_true(accepts(
        forge(SECRET, SLICE("{\"kid\":\"../../x\",\"alg\":\"HS256\",\"typ\":\"a\"}"), CLAIMS)));
}

static void a_published_token_verifies(void **state)
{
    (void)state;
    /* Made with another implementation: header and claims spelled with spaces. */
    const struct jwt_options options = {.secrets = {SLICE("your-256-bit-secret")},
                                        .secret_count = 1};
    struct jwt_verifier *verifier = jwt_open(&options);
    /* Its MAC is right, which the reason shows: only exp is missing. */
    assert_false(jwt_verify(
        verifier,
        SLICE("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
              "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ."
              "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"),
        NOW_MS, &claims, &reason));
    assert_non_null(memmem(reason.data, reason.size, "exp", 3));
    jwt_close(verifier);
}

static void every_other_header_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"None\"}",
        "{\"alg\":\"NONE\"}",
        "{\"alg\":\"\"}",
        "{\"alg\":\"hs256\"}",
        "{\"alg\":\"HS256 \"}",
        "{\"alg\":\"HS384\"}",
        "{\"alg\":\"HS512\"}",
        "{\"alg\":\"RS256\"}",
        "{\"alg\":\"ES256\"}",
        "{\"alg\":\"PS256\"}",
        "{\"alg\":\"EdDSA\"}",
        "{\"alg\":null}",
        "{\"alg\":[\"HS256\"]}",
        "{\"alg\":256}",
        "{\"typ\":\"JWT\"}",
        "{}",
        "[]",
        "\"HS256\"",
        "",
        "{\"alg\":\"HS256\",\"alg\":\"HS256\"}",
        "{\"alg\":\"none\",\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\"} ,",
        "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"HS256\",\"crit\":[]}",
        "{\"alg\":\"HS256\",\"jwk\":{}}",
        "{\"alg\":\"HS256\",\"jku\":\"https://evil.example/\"}",
        "{\"alg\":\"HS256\",\"x5u\":\"https://evil.example/\"}",
        "{\"alg\":\"HS256\",\"x5c\":[]}",
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        if (accepts(forge(SECRET, slice_of(rows[row]), CLAIMS))) fail_msg("took %s", rows[row]);
    }
}

static void every_other_claim_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"exp\":1700000100}",
        "{\"sub\":\"\",\"exp\":1700000100}",
        "{\"sub\":\"a b\",\"exp\":1700000100}",
        "{\"sub\":\"a\\u00e9\",\"exp\":1700000100}",
        "{\"sub\":\"a\\n\",\"exp\":1700000100}",
        "{\"sub\":\"a\\u007f\",\"exp\":1700000100}",
        "{\"sub\":\"a\\u0000b\",\"exp\":1700000100}",
        "{\"sub\":7,\"exp\":1700000100}",
        "{\"sub\":null,\"exp\":1700000100}",
        "{\"sub\":[\"alice\"],\"exp\":1700000100}",
        ("{\"sub\":\"0123456789012345678901234567890123456789012345678901234567890123x\","
         "\"exp\":1700000100}"),
        "{\"sub\":\"alice\"}",
        "{\"sub\":\"alice\",\"exp\":1700000000}",
        "{\"sub\":\"alice\",\"exp\":1699999999}",
        "{\"sub\":\"alice\",\"exp\":0}",
        "{\"sub\":\"alice\",\"exp\":-1}",
        "{\"sub\":\"alice\",\"exp\":\"1700000100\"}",
        "{\"sub\":\"alice\",\"exp\":1700000100.5}",
        "{\"sub\":\"alice\",\"exp\":17e8}",
        "{\"sub\":\"alice\",\"exp\":1e400}",
        "{\"sub\":\"alice\",\"exp\":9007199254740993}",
        "{\"sub\":\"alice\",\"exp\":9223372036854775807}",
        "{\"sub\":\"alice\",\"exp\":99999999999999999999}",
        "{\"sub\":\"alice\",\"exp\":null}",
        "{\"sub\":\"alice\",\"exp\":true}",
        "{\"sub\":\"alice\",\"exp\":1700000100,\"nbf\":1700000031}",
        "{\"sub\":\"alice\",\"exp\":1700000100,\"iat\":1700000031}",
        "{\"sub\":\"alice\",\"exp\":1700000100,\"nbf\":\"1\"}",
        "{\"sub\":\"alice\",\"exp\":1700000100,\"iat\":1.5}",
        "{\"sub\":\"alice\",\"exp\":1700000100,\"iat\":-1}",
        "{\"sub\":\"alice\",\"exp\":1700000100,\"role\":\"root\"}",
        "{\"sub\":\"alice\",\"exp\":1700000100,\"role\":\"Admin\"}",
        "{\"sub\":\"alice\",\"exp\":1700000100,\"role\":\"\"}",
        "{\"sub\":\"alice\",\"exp\":1700000100,\"role\":[\"user\"]}",
        "{\"sub\":\"alice\",\"exp\":1700000100,\"role\":null}",
        "{\"sub\":\"alice\",\"sub\":\"bob\",\"exp\":1700000100}",
        "{\"sub\":\"alice\",\"exp\":1,\"exp\":1700000100}",
        "{\"sub\":\"alice\",\"exp\":1700000100} x",
        "[{\"sub\":\"alice\",\"exp\":1700000100}]",
        "null",
        "",
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        if (accepts_claims(slice_of(rows[row]))) fail_msg("took %s", rows[row]);
    }
}

static void leeway_is_for_the_start_and_not_for_the_end(void **state)
{
    (void)state;
    assert_true(accepts_claims(SLICE("{\"sub\":\"a\",\"exp\":1700000001,\"nbf\":1700000030}")));
    assert_true(accepts_claims(SLICE("{\"sub\":\"a\",\"exp\":1700000001,\"iat\":1700000030}")));
    assert_true(accepts_claims(SLICE("{\"sub\":\"a\",\"exp\":9007199254740992}")));
    assert_true(accepts_claims(
        SLICE("{\"sub\":\"0123456789012345678901234567890123456789012345678901234567890123\","
              "\"exp\":1700000001}")));
}

static void a_cached_token_still_expires(void **state)
{
    (void)state;
    struct jwt_verifier *verifier = open_plain();
    const struct slice token =
        forge(SECRET, HEADER, SLICE("{\"sub\":\"a\",\"exp\":1700000002,\"nbf\":1700000000}"));
    assert_true(jwt_verify(verifier, token, NOW_MS, &claims, &reason));
    assert_true(jwt_verify(verifier, token, NOW_MS + 1000, &claims, &reason));
    assert_true(jwt_verify(verifier, token, NOW_S * 1000 + 1999, &claims, &reason));
    assert_false(jwt_verify(verifier, token, NOW_S * 1000 + 2000, &claims, &reason));
    assert_false(jwt_verify(verifier, token, (NOW_S - 31) * 1000, &claims, &reason));
    assert_true(jwt_verify(verifier, token, (NOW_S - 30) * 1000, &claims, &reason));
    jwt_close(verifier);
}

static void an_expired_token_is_not_accepted_before_it_was_cached(void **state)
{
    (void)state;
    struct jwt_verifier *verifier = open_plain();
    const struct slice token = forge(SECRET, HEADER, CLAIMS);
    assert_false(jwt_verify(verifier, token, (NOW_S + 100) * 1000, &claims, &reason));
    assert_true(jwt_verify(verifier, token, NOW_MS, &claims, &reason));
    jwt_close(verifier);
}

static void a_changed_token_is_refused_cached_or_not(void **state)
{
    (void)state;
    struct jwt_verifier *verifier = open_plain();
    const struct slice token = forge(SECRET, HEADER, CLAIMS);
    assert_true(jwt_verify(verifier, token, NOW_MS, &claims, &reason));
    /* Every bit of every byte: accepted means that the MAC is valid, so only the token itself. */
    for (size_t index = 0; index < token.size; index++) {
        for (int bit = 0; bit < 8; bit++) {
            token_text[index] = (char)(token_text[index] ^ 1 << bit);
            if (jwt_verify(verifier, token, NOW_MS, &claims, &reason)) {
                fail_msg("byte %zu, bit %d", index, bit);
            }
            token_text[index] = (char)(token_text[index] ^ 1 << bit);
        }
    }
    for (size_t size = 0; size < token.size; size++) {
        assert_false(
            jwt_verify(verifier, (struct slice){token_text, size}, NOW_MS, &claims, &reason));
    }
    assert_true(jwt_verify(verifier, token, NOW_MS, &claims, &reason));
    jwt_close(verifier);
}

static void other_shapes_and_spellings_are_refused(void **state)
{
    (void)state;
    char text[8192];
    static const struct {
        const char *before, *after;
    } rows[] = {{"", "="}, {"", "=="}, {"", "."},  {"", ".x"}, {".", ""}, {" ", ""},
                {"", " "}, {"", "\n"}, {"\t", ""}, {"", "AA"}, {"x", ""}};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct buffer changed;
        buffer_init(&changed, text, sizeof text);
        buffer_append(&changed, slice_of(rows[row].before));
        buffer_append(&changed, forge(SECRET, HEADER, CLAIMS));
        buffer_append(&changed, slice_of(rows[row].after));
        if (accepts(buffer_text(&changed))) fail_msg("row %zu", row);
    }
    static const char *const shapes[] = {"", ".", "..", "...", "a", "a.b", "a.b.c", "a.b.c.d"};
    for (size_t row = 0; row < sizeof shapes / sizeof shapes[0]; row++) {
        assert_false(accepts(slice_of(shapes[row])));
    }
    /* No signature at all, with the algorithm that promises one and the one that does not. */
    struct slice token = forge(SECRET, HEADER, CLAIMS);
    assert_false(accepts((struct slice){token.data, token.size - 43}));
    token = forge(SECRET, SLICE("{\"alg\":\"none\"}"), CLAIMS);
    assert_false(accepts((struct slice){token.data, token.size - 43}));
}

static void another_key_is_refused(void **state)
{
    (void)state;
    assert_false(accepts(forge(SLICE("0123456789abcdef0123456789abcdeg"), HEADER, CLAIMS)));
    const struct slice token = forge(SECRET, HEADER, CLAIMS);
    const struct jwt_options none = {.secret_count = 0};
    struct jwt_verifier *verifier = jwt_open(&none);
    assert_false(jwt_verify(verifier, token, NOW_MS, &claims, &reason));
    jwt_close(verifier);
}

static void a_token_over_4096_bytes_is_refused(void **state)
{
    (void)state;
    static char payload[4000];
    for (size_t filler = 2900; filler < 3100; filler++) {
        struct buffer text;
        buffer_init(&text, payload, sizeof payload);
        buffer_append(&text, SLICE("{\"sub\":\"a\",\"exp\":1700000100,\"x\":\""));
        for (size_t index = 0; index < filler; index++) buffer_append_char(&text, 'x');
        buffer_append(&text, SLICE("\"}"));
        const struct slice token = forge(SECRET, HEADER, buffer_text(&text));
        assert_int_equal(accepts(token), token.size <= 4096);
    }
}

static void issuer_and_audience_count_when_they_are_configured(void **state)
{
    (void)state;
    const struct jwt_options options = {
        .secrets = {SECRET}, .secret_count = 1, .issuer = SLICE("me"), .audience = SLICE("you")};
    static const struct {
        const char *payload;
        bool good;
    } rows[] = {
        {"{\"sub\":\"a\",\"exp\":1700000100,\"iss\":\"me\",\"aud\":\"you\"}", true},
        {"{\"sub\":\"a\",\"exp\":1700000100,\"iss\":\"me\",\"aud\":[\"x\",\"you\"]}", true},
        {"{\"sub\":\"a\",\"exp\":1700000100,\"iss\":\"me\",\"aud\":[]}", false},
        {"{\"sub\":\"a\",\"exp\":1700000100,\"iss\":\"me\",\"aud\":[\"you\",1]}", false},
        {"{\"sub\":\"a\",\"exp\":1700000100,\"iss\":\"me\",\"aud\":[[\"you\"]]}", false},
        {"{\"sub\":\"a\",\"exp\":1700000100,\"iss\":\"me\",\"aud\":\"YOU\"}", false},
        {"{\"sub\":\"a\",\"exp\":1700000100,\"iss\":\"me\"}", false},
        {"{\"sub\":\"a\",\"exp\":1700000100,\"aud\":\"you\"}", false},
        {"{\"sub\":\"a\",\"exp\":1700000100,\"iss\":\"me2\",\"aud\":\"you\"}", false},
        {"{\"sub\":\"a\",\"exp\":1700000100,\"iss\":[\"me\"],\"aud\":\"you\"}", false},
    };
    struct jwt_verifier *verifier = jwt_open(&options);
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        const struct slice token = forge(SECRET, HEADER, slice_of(rows[row].payload));
        if (jwt_verify(verifier, token, NOW_MS, &claims, &reason) != rows[row].good) {
            fail_msg("row %zu", row);
        }
    }
    jwt_close(verifier);
}

static void what_we_sign_we_accept(void **state)
{
    (void)state;
    const struct jwt_options options = {
        .secrets = {SECRET}, .secret_count = 1, .issuer = SLICE("me"), .audience = SLICE("you")};
    struct buffer token;
    buffer_init(&token, token_text, sizeof token_text);
    const struct jwt_grant grant = {.user = SLICE("carol"),
                                    .role = ROLE_ADMIN,
                                    .issued_at_s = NOW_S,
                                    .expires_at_s = NOW_S + 60};
    assert_true(jwt_sign(&options, &grant, &token));
    struct jwt_verifier *verifier = jwt_open(&options);
    assert_true(jwt_verify(verifier, buffer_text(&token), NOW_MS, &claims, &reason));
    assert_int_equal(claims.role, ROLE_ADMIN);
    assert_int_equal(claims.expires_at_s, NOW_S + 60);
    assert_memory_equal(claims.user.name, "carol", 5);
    jwt_close(verifier);
    const struct jwt_grant bad = {.user = SLICE("no spaces"), .expires_at_s = NOW_S + 60};
    assert_false(jwt_sign(&options, &bad, &token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_token_tells_user_and_role),
        cmocka_unit_test(a_published_token_verifies),
        cmocka_unit_test(every_other_header_is_refused),
        cmocka_unit_test(every_other_claim_is_refused),
        cmocka_unit_test(leeway_is_for_the_start_and_not_for_the_end),
        cmocka_unit_test(a_cached_token_still_expires),
        cmocka_unit_test(an_expired_token_is_not_accepted_before_it_was_cached),
        cmocka_unit_test(a_changed_token_is_refused_cached_or_not),
        cmocka_unit_test(other_shapes_and_spellings_are_refused),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(a_token_over_4096_bytes_is_refused),
        cmocka_unit_test(issuer_and_audience_count_when_they_are_configured),
        cmocka_unit_test(what_we_sign_we_accept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
