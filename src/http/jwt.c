#include "http/jwt.h"

#include "crypto/base64url.h"
#include "crypto/crypto.h"
#include "json/json_read.h"
#include "json/json_write.h"

enum {
    CACHED_SIZE_MAX = 512,    /* Longer tokens are rare and verified each time. */
    SCRATCH_SIZE = 32 * 1024, /* The tree of a token's 3 KB of JSON, and the parser. */
    CLAIMS_SIZE_MAX = 1024,   /* Of a token that we sign. */
};

#define NUMERIC_DATE_MAX (INT64_C(1) << 53) /* Beyond, other readers lose digits. */

struct cached_token {
    uint16_t size; /* 0: empty. */
    char text[CACHED_SIZE_MAX];
    struct jwt_claims claims;
};

struct jwt_verifier {
    struct mac *macs[JWT_SECRETS_MAX];
    size_t mac_count;
    struct slice issuer;
    struct slice audience;
    struct cached_token cache[JWT_CACHE_SIZE];
    _Alignas(16) char header_text[JWT_SIZE_MAX];
    _Alignas(16) char claims_text[JWT_SIZE_MAX];
    _Alignas(16) char scratch[SCRATCH_SIZE];
};

struct jwt_verifier *jwt_open(const struct jwt_options *options)
{
    CHECK(options->secret_count <= JWT_SECRETS_MAX);

    struct jwt_verifier *verifier = calloc(1, sizeof *verifier);
    if (verifier == NULL) return NULL;
    verifier->issuer = options->issuer;
    verifier->audience = options->audience;
    for (size_t index = 0; index < options->secret_count; index++) {
        verifier->macs[index] = mac_open(options->secrets[index]);
        if (verifier->macs[index] == NULL) {
            jwt_close(verifier);
            return NULL;
        }
        verifier->mac_count++;
    }
    return verifier;
}

void jwt_close(struct jwt_verifier *verifier)
{
    if (verifier == NULL) return;
    for (size_t index = 0; index < verifier->mac_count; index++) mac_close(verifier->macs[index]);
    explicit_bzero(verifier, sizeof *verifier);
    free(verifier);
}

bool jwt_user_is_valid(struct slice user)
{
    if (user.size == 0 || user.size > USER_SIZE_MAX) return false;
    for (size_t index = 0; index < user.size; index++) {
        if (user.data[index] <= ' ' || user.data[index] > '~') return false;
    }
    return true;
}

bool jwt_role_parse(struct slice text, enum role *ret_role)
{
    CHECK(ret_role != NULL);

    if (slice_equal(text, SLICE("user"))) *ret_role = ROLE_USER;
    else if (slice_equal(text, SLICE("staff"))) *ret_role = ROLE_STAFF;
    else if (slice_equal(text, SLICE("admin"))) *ret_role = ROLE_ADMIN;
    else return false;
    return true;
}

static struct slice role_name(enum role role)
{
    switch (role) {
    case ROLE_STAFF:
        return SLICE("staff");
    case ROLE_ADMIN:
        return SLICE("admin");
    case ROLE_USER:
        break;
    }
    return SLICE("user");
}

/* A part of the token as a JSON object; NULL if it is none. */
static const struct json *read_object(struct slice part, char *target, struct arena *arena)
{
    size_t size = 0;
    if (!base64url_decode(part, target, JWT_SIZE_MAX, &size)) return NULL;
    const struct json *root = NULL;
    struct json_fault fault;
    if (!json_parse((struct slice){target, size}, arena, &root, &fault)) return NULL;
    return root->kind == JSON_OBJECT ? root : NULL;
}

/* The header chooses nothing; it is only looked at to refuse what we do not do. */
static bool judge_header(const struct json *header, struct slice *ret_reason)
{
    static const struct slice refused[] = {SLICE_INIT("crit"), SLICE_INIT("jwk"), SLICE_INIT("jku"),
                                           SLICE_INIT("x5u"), SLICE_INIT("x5c")};
    *ret_reason = SLICE("the token's header is malformed");
    if (header == NULL) return false;
    const struct json *algorithm = json_member(header, SLICE("alg"));
    *ret_reason = SLICE("the token's algorithm is not HS256");
    if (algorithm == NULL || algorithm->kind != JSON_STRING) return false;
    if (!slice_equal(algorithm->text, SLICE("HS256"))) return false;
    *ret_reason = SLICE("the token's header asks for what is not supported");
    for (size_t index = 0; index < sizeof refused / sizeof refused[0]; index++) {
        if (json_member(header, refused[index]) != NULL) return false;
    }
    return true;
}

/* Compares with every secret, so that the time does not tell which one it was. */
static bool signature_is_ours(struct jwt_verifier *verifier, struct slice signed_part,
                              struct slice signature_text)
{
    uint8_t signature[SHA256_SIZE];
    size_t size = 0;
    if (!base64url_decode(signature_text, signature, sizeof signature, &size)) return false;
    if (size != SHA256_SIZE) return false;
    bool ours = false;
    for (size_t index = 0; index < verifier->mac_count; index++) {
        uint8_t expected[SHA256_SIZE];
        mac_sign(verifier->macs[index], &signed_part, 1, expected);
        const bool equal = mac_equal((struct slice){(const char *)expected, sizeof expected},
                                     (struct slice){(const char *)signature, size});
        ours = ours || equal;
    }
    return ours;
}

/* A whole number of seconds; false if the member is there and is none. */
static bool read_time(const struct json *claims, struct slice name, int64_t *ret_time_s,
                      bool *ret_given)
{
    const struct json *member = json_member(claims, name);
    *ret_given = member != NULL;
    if (member == NULL) return true;
    if (member->kind != JSON_INTEGER) return false;
    if (member->integer < 0 || member->integer > NUMERIC_DATE_MAX) return false;
    *ret_time_s = member->integer;
    return true;
}

static bool read_times(const struct json *claims, struct jwt_claims *claimed,
                       struct slice *ret_reason)
{
    int64_t issued_at_s = 0;
    bool given = false;
    *ret_reason = SLICE("exp is missing or not a whole number of seconds");
    if (!read_time(claims, SLICE("exp"), &claimed->expires_at_s, &given) || !given) return false;
    *ret_reason = SLICE("nbf is not a whole number of seconds");
    if (!read_time(claims, SLICE("nbf"), &claimed->not_before_s, &given)) return false;
    *ret_reason = SLICE("iat is not a whole number of seconds");
    if (!read_time(claims, SLICE("iat"), &issued_at_s, &given)) return false;
    if (issued_at_s > claimed->not_before_s) claimed->not_before_s = issued_at_s;
    return true;
}

static bool is_text(const struct json *value, struct slice text)
{
    return value != NULL && value->kind == JSON_STRING && slice_equal(value->text, text);
}

/* `aud` is one text or an array of texts. */
static bool names_audience(const struct json *value, struct slice audience)
{
    if (value == NULL || value->kind != JSON_ARRAY) return is_text(value, audience);
    bool named = false;
    for (const struct json *entry = value->first; entry != NULL; entry = entry->next) {
        if (entry->kind != JSON_STRING) return false;
        named = named || is_text(entry, audience);
    }
    return named;
}

static bool read_claims(const struct jwt_verifier *verifier, const struct json *claims,
                        struct jwt_claims *claimed, struct slice *ret_reason)
{
    *ret_reason = SLICE("the token's claims are malformed");
    if (claims == NULL) return false;
    if (!read_times(claims, claimed, ret_reason)) return false;

    *ret_reason = SLICE("sub is missing or not a user id");
    const struct json *subject = json_member(claims, SLICE("sub"));
    if (subject == NULL || subject->kind != JSON_STRING) return false;
    if (!jwt_user_is_valid(subject->text)) return false;
    claimed->user.size = (uint8_t)subject->text.size;
    memcpy(claimed->user.name, subject->text.data, subject->text.size);

    *ret_reason = SLICE("role is not user, staff or admin");
    const struct json *role = json_member(claims, SLICE("role"));
    if (role != NULL && role->kind != JSON_STRING) return false;
    if (role != NULL && !jwt_role_parse(role->text, &claimed->role)) return false;

    *ret_reason = SLICE("the token is from another issuer");
    const struct json *issuer = json_member(claims, SLICE("iss"));
    if (verifier->issuer.size > 0 && !is_text(issuer, verifier->issuer)) return false;

    *ret_reason = SLICE("the token is for another audience");
    const struct json *audience = json_member(claims, SLICE("aud"));
    return verifier->audience.size == 0 || names_audience(audience, verifier->audience);
}

static bool judge_times(const struct jwt_claims *claims, int64_t now_ms, struct slice *ret_reason)
{
    const int64_t now_s = now_ms / 1000;
    *ret_reason = SLICE("the token has expired");
    if (claims->expires_at_s <= now_s) return false;
    *ret_reason = SLICE("the token is not valid yet");
    return claims->not_before_s <= now_s + JWT_LEEWAY_S;
}

static bool verify_whole(struct jwt_verifier *verifier, struct slice token,
                         struct jwt_claims *ret_claims, struct slice *ret_reason)
{
    struct slice rest = {0};
    struct slice signature = {0};
    const struct slice header_part = slice_cut(token, '.', &rest);
    const struct slice claims_part = slice_cut(rest, '.', &signature);
    *ret_reason = SLICE("the token is not three parts of base64url");
    if (header_part.size == 0 || claims_part.size == 0 || signature.size == 0) return false;

    struct arena arena;
    arena_init(&arena, verifier->scratch, sizeof verifier->scratch);
    const struct json *header = read_object(header_part, verifier->header_text, &arena);
    if (!judge_header(header, ret_reason)) return false;

    const struct slice signed_part = {token.data, header_part.size + 1 + claims_part.size};
    *ret_reason = SLICE("the token's signature is not valid");
    if (!signature_is_ours(verifier, signed_part, signature)) return false;

    arena_reset(&arena);
    struct jwt_claims claims = {.role = ROLE_USER};
    const struct json *object = read_object(claims_part, verifier->claims_text, &arena);
    if (!read_claims(verifier, object, &claims, ret_reason)) return false;
    *ret_claims = claims;
    return true;
}

/* The end of a token is a piece of its signature, and as good as random. */
static struct cached_token *cache_place(struct jwt_verifier *verifier, struct slice token)
{
    uint32_t tail = 0;
    if (token.size < sizeof tail || token.size > CACHED_SIZE_MAX) return NULL;
    memcpy(&tail, token.data + token.size - sizeof tail, sizeof tail);
    return &verifier->cache[(tail * UINT32_C(2654435761) >> 16) % JWT_CACHE_SIZE];
}

bool jwt_verify(struct jwt_verifier *verifier, struct slice token, int64_t now_ms,
                struct jwt_claims *ret_claims, struct slice *ret_reason)
{
    CHECK(verifier != NULL);
    CHECK(ret_claims != NULL);
    CHECK(ret_reason != NULL);

    *ret_reason = SLICE("the token is longer than 4096 bytes");
    if (token.size > JWT_SIZE_MAX) return false;
    struct jwt_claims claims;
    struct cached_token *cached = cache_place(verifier, token);
    /* In constant time, or the answer's time would tell how much of a signature is right. */
    if (cached != NULL && mac_equal(token, (struct slice){cached->text, cached->size})) {
        claims = cached->claims;
    } else {
        if (!verify_whole(verifier, token, &claims, ret_reason)) return false;
        if (cached != NULL) {
            cached->size = (uint16_t)token.size;
            memcpy(cached->text, token.data, token.size);
            cached->claims = claims;
        }
    }
    if (!judge_times(&claims, now_ms, ret_reason)) return false;
    *ret_claims = claims;
    *ret_reason = (struct slice){0};
    return true;
}

static void append_part(struct buffer *token, struct slice bytes)
{
    char text[BASE64URL_SIZE(CLAIMS_SIZE_MAX)];
    CHECK(bytes.size <= CLAIMS_SIZE_MAX);
    base64url_encode(bytes, text);
    buffer_append(token, (struct slice){text, BASE64URL_SIZE(bytes.size)});
}

static struct slice write_claims(const struct jwt_options *options, const struct jwt_grant *grant,
                                 struct buffer *text)
{
    struct json_writer writer = json_writer_of(text);
    json_open_object(&writer);
    json_member_text(&writer, SLICE("sub"), grant->user);
    json_member_text(&writer, SLICE("role"), role_name(grant->role));
    json_member_number(&writer, SLICE("iat"), grant->issued_at_s);
    json_member_number(&writer, SLICE("exp"), grant->expires_at_s);
    if (options->issuer.size > 0) json_member_text(&writer, SLICE("iss"), options->issuer);
    if (options->audience.size > 0) json_member_text(&writer, SLICE("aud"), options->audience);
    json_close_object(&writer);
    return buffer_text(text);
}

bool jwt_sign(const struct jwt_options *options, const struct jwt_grant *grant,
              struct buffer *token)
{
    CHECK(options->secret_count > 0);

    if (!jwt_user_is_valid(grant->user)) return false;
    char block[CLAIMS_SIZE_MAX];
    struct buffer text;
    buffer_init(&text, block, sizeof block);
    const struct slice claims = write_claims(options, grant, &text);
    struct mac *mac = mac_open(options->secrets[0]);
    if (claims.size == 0 || mac == NULL) {
        mac_close(mac);
        return false;
    }
    const size_t start = token->size;
    append_part(token, SLICE("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"));
    buffer_append_char(token, '.');
    append_part(token, claims);
    const struct slice signed_part = slice_from(buffer_text(token), start);
    uint8_t digest[SHA256_SIZE];
    mac_sign(mac, &signed_part, 1, digest);
    buffer_append_char(token, '.');
    append_part(token, (struct slice){(const char *)digest, sizeof digest});
    mac_close(mac);
    return !token->overflowed;
}
