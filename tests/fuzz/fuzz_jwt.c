/* fuzz_jwt.c - bearer tokens: an accepted one is HS256, alive, and has the MAC that OpenSSL makes
 * of its bytes; no other spelling of it is accepted.
 *
 * An input is a token, or `sign` and a line of header and then the claims: such a token is made
 * with the right secret, so that the fuzzer comes behind the MAC too. */
#include "fuzz/fuzz.h"

#include <openssl/evp.h>

#include "crypto/base64url.h"
#include "http/jwt.h"
#include "json/json_read.h"

#define NOW_S INT64_C(1700000000)
#define SECRET SLICE("0123456789abcdef0123456789abcdef")
#define OLD_SECRET SLICE("fedcba9876543210fedcba9876543210")

enum { TOKEN_SIZE_MAX = 8192, TREE_SIZE = 1024 * 1024 };

static char token_text[TOKEN_SIZE_MAX];
static _Alignas(16) char tree[TREE_SIZE];

static void append_encoded(struct buffer *token, struct slice bytes)
{
    char text[TOKEN_SIZE_MAX];
    if (BASE64URL_SIZE(bytes.size) > sizeof text) return;
    base64url_encode(bytes, text);
    buffer_append(token, (struct slice){text, BASE64URL_SIZE(bytes.size)});
}

static struct slice forge(struct slice header, struct slice claims)
{
    struct buffer token;
    uint8_t digest[32];
    buffer_init(&token, token_text, sizeof token_text);
    append_encoded(&token, header);
    buffer_append_char(&token, '.');
    append_encoded(&token, claims);
    fuzz_hmac(SECRET, buffer_text(&token), digest);
    buffer_append_char(&token, '.');
    append_encoded(&token, (struct slice){(const char *)digest, sizeof digest});
    return buffer_text(&token);
}

/* A part of an accepted token, decoded by OpenSSL. */
static size_t decode(struct slice part, uint8_t *target)
{
    uint8_t text[TOKEN_SIZE_MAX + 4] = {0};
    const size_t padded = (part.size + 3) / 4 * 4;
    for (size_t index = 0; index < padded; index++) {
        const char letter = index < part.size ? part.data[index] : '=';
        text[index] = (uint8_t)(letter == '-' ? '+' : letter == '_' ? '/' : letter);
    }
    const int size = EVP_DecodeBlock(target, text, (int)padded);
    CHECK(size >= 0);
    return (size_t)size - (padded - part.size);
}

static const struct json *read_part(struct slice part, struct slice name, struct arena *arena)
{
    static uint8_t text[TOKEN_SIZE_MAX];
    const struct json *root = NULL;
    struct json_fault fault;
    const struct slice bytes = {(const char *)text, decode(part, text)};
    CHECK(json_parse(bytes, arena, &root, &fault));
    return json_member(root, name);
}

static void check_accepted(struct slice token, const struct jwt_claims *claims)
{
    struct slice rest = token;
    const struct slice header = slice_cut(rest, '.', &rest);
    const struct slice payload = slice_cut(rest, '.', &rest);
    const struct slice signed_part = {token.data, header.size + 1 + payload.size};
    uint8_t given[TOKEN_SIZE_MAX];
    uint8_t ours[32];
    uint8_t old[32];
    fuzz_hmac(SECRET, signed_part, ours);
    fuzz_hmac(OLD_SECRET, signed_part, old);
    CHECK(decode(rest, given) == sizeof ours);
    CHECK(memcmp(given, ours, sizeof ours) == 0 || memcmp(given, old, sizeof old) == 0);

    struct arena arena;
    arena_init(&arena, tree, sizeof tree);
    const struct json *algorithm = read_part(header, SLICE("alg"), &arena);
    CHECK(algorithm != NULL && slice_equal(algorithm->text, SLICE("HS256")));
    const struct json *end = read_part(payload, SLICE("exp"), &arena);
    CHECK(end != NULL && end->integer == claims->expires_at_s);
    CHECK(claims->expires_at_s > NOW_S);
    CHECK(claims->not_before_s <= NOW_S + JWT_LEEWAY_S);
    CHECK(jwt_user_is_valid((struct slice){claims->user.name, claims->user.size}));
    CHECK(claims->role <= ROLE_ADMIN);
}

static struct jwt_verifier *verifier_of(struct slice issuer, struct slice audience)
{
    const struct jwt_options options = {
        .secrets = {SECRET, OLD_SECRET}, .secret_count = 2, .issuer = issuer, .audience = audience};
    struct jwt_verifier *verifier = jwt_open(&options);
    CHECK(verifier != NULL);
    return verifier;
}

static bool accepts(struct jwt_verifier *verifier, struct slice token,
                    struct jwt_claims *ret_claims)
{
    struct slice reason = {0};
    const bool good = jwt_verify(verifier, token, NOW_S * 1000, ret_claims, &reason);
    CHECK(good == (reason.size == 0));
    return good;
}

/* Each byte matters: of a handful, turned by one bit, none is accepted. */
static void check_neighbours(struct jwt_verifier *verifier, struct slice token)
{
    static char copy[TOKEN_SIZE_MAX];
    struct jwt_claims claims = {0};
    memcpy(copy, token.data, token.size);
    for (size_t index = 0; index < token.size; index += 1 + token.size / 7) {
        copy[index] ^= 1;
        CHECK(!accepts(verifier, (struct slice){copy, token.size}, &claims));
        copy[index] ^= 1;
    }
    CHECK(!accepts(verifier, (struct slice){copy, token.size - 1}, &claims));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct jwt_verifier *plain;
    static struct jwt_verifier *strict;
    if (plain == NULL) plain = verifier_of((struct slice){0}, (struct slice){0});
    if (strict == NULL) strict = verifier_of(SLICE("usher"), SLICE("shop"));

    struct slice token = {(const char *)data, size};
    if (slice_starts_with(token, SLICE("sign\n"))) {
        struct slice claims = {0};
        const struct slice header = slice_cut(slice_from(token, 5), '\n', &claims);
        token = forge(header, claims);
    }
    struct jwt_claims claims = {0};
    struct jwt_claims again = {0};
    const bool good = accepts(plain, token, &claims);
    CHECK(accepts(plain, token, &again) == good); /* Out of the cache, perhaps. */
    if (accepts(strict, token, &again)) CHECK(good);
    if (!good) return 0;
    check_accepted(token, &claims);
    check_neighbours(plain, token);
    return 0;
}
