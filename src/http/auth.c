#include "http/auth.h"

#include "http/desk.h"
#include "http/problem.h"

static_assert((int)SECRETS_MAX <= (int)JWT_SECRETS_MAX, "every secret is tried");

enum { CHALLENGE_SIZE_MAX = 160 };

struct authenticator {
    struct jwt_verifier *verifier;
    bool dev;
};

struct authenticator *auth_open(const struct authenticator_options *options)
{
    struct authenticator *authenticator = calloc(1, sizeof *authenticator);
    if (authenticator == NULL) return NULL;
    authenticator->dev = options->dev;
    authenticator->verifier = jwt_open(&options->jwt);
    if (authenticator->verifier != NULL) return authenticator;
    free(authenticator);
    return NULL;
}

void auth_close(struct authenticator *authenticator)
{
    if (authenticator == NULL) return;
    jwt_close(authenticator->verifier);
    free(authenticator);
}

/* The token behind `Bearer `; the scheme's case does not count. False for another scheme. */
static bool cut_scheme(struct slice value, struct slice *ret_token)
{
    struct slice rest = {0};
    const struct slice scheme = slice_cut(slice_trim(value), ' ', &rest);
    if (!slice_equal_ignoring_case(scheme, SLICE("Bearer"))) return false;
    *ret_token = slice_trim(rest);
    return ret_token->size > 0;
}

/* Without one: a user. */
static bool read_dev_role(const struct exchange *exchange, enum role *ret_role)
{
    const struct slice name = SLICE("x-user-role");
    const size_t count = exchange_header_count(exchange, name);
    if (count == 0) return true;
    return count == 1 && jwt_role_parse(exchange_header(exchange, name), ret_role);
}

/* The predecessor's header, which proves nothing, and beside it one that lets staff's calls be
 * tried. */
static enum error judge_dev_header(struct exchange *exchange, struct slice *ret_reason)
{
    const struct slice name = SLICE("x-user-id");
    const size_t count = exchange_header_count(exchange, name);
    if (count == 0) return ERROR_TOKEN_MISSING;
    const struct slice user = exchange_header(exchange, name);
    *ret_reason = SLICE("X-User-Id is not one user id");
    if (count > 1 || !jwt_user_is_valid(user)) return ERROR_TOKEN_INVALID;
    enum role role = ROLE_USER;
    *ret_reason = SLICE("X-User-Role is not user, staff or admin");
    if (!read_dev_role(exchange, &role)) return ERROR_TOKEN_INVALID;
    exchange->user = (struct user){.size = (uint8_t)user.size};
    memcpy(exchange->user.name, user.data, user.size);
    exchange->role = role;
    return ERROR_NONE;
}

enum error auth_judge(struct authenticator *authenticator, struct exchange *exchange,
                      int64_t now_ms, struct slice *ret_reason)
{
    CHECK(ret_reason != NULL);
    CHECK(exchange->user.size == 0);

    const struct slice name = SLICE("authorization");
    const size_t count = exchange_header_count(exchange, name);
    if (count == 0 && authenticator->dev) return judge_dev_header(exchange, ret_reason);
    if (count == 0) return ERROR_TOKEN_MISSING;
    *ret_reason = SLICE("the Authorization header came more than once");
    if (count > 1) return ERROR_TOKEN_INVALID;
    struct slice token = {0};
    *ret_reason = SLICE("the Authorization header is not a Bearer token");
    if (!cut_scheme(exchange_header(exchange, name), &token)) return ERROR_TOKEN_INVALID;

    struct jwt_claims claims;
    if (!jwt_verify(authenticator->verifier, token, now_ms, &claims, ret_reason)) {
        return ERROR_TOKEN_INVALID;
    }
    exchange->user = claims.user;
    exchange->role = claims.role;
    return ERROR_NONE;
}

void auth_refuse(struct exchange *exchange, enum error error, struct slice reason, int64_t now_ms)
{
    struct problem problem = {.error = error};
    exchange->notes.why = reason;
    char challenge_text[CHALLENGE_SIZE_MAX];
    char detail_text[CHALLENGE_SIZE_MAX];
    struct buffer challenge, detail;
    buffer_init(&challenge, challenge_text, sizeof challenge_text);
    buffer_init(&detail, detail_text, sizeof detail_text);
    if (error == ERROR_TOKEN_INVALID) {
        buffer_append(&challenge, SLICE("Bearer realm=\"usher\", error=\"invalid_token\", "
                                        "error_description=\""));
        buffer_append(&challenge, reason);
        buffer_append_char(&challenge, '"');
        buffer_append(&detail, SLICE("The token is not valid: "));
        buffer_append(&detail, reason);
        problem.authenticate = buffer_text(&challenge);
        problem.detail = buffer_text(&detail);
    }
    problem_reply(exchange, &problem, now_ms);
}
