#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "http/auth.h"
#include "support/bare_exchange.h"

#define NOW_S INT64_C(1700000000)
#define NOW_MS (NOW_S * 1000)
#define SECRET SLICE("0123456789abcdef0123456789abcdef")

static struct slice good_token(void)
{
    static char text[1024];
    const struct jwt_options options = {.secrets = {SECRET}, .secret_count = 1};
    const struct jwt_grant grant = {.user = SLICE("alice"),
                                    .role = ROLE_STAFF,
                                    .issued_at_s = NOW_S,
                                    .expires_at_s = NOW_S + 100};
    struct buffer token;
    buffer_init(&token, text, sizeof text);
    assert_true(jwt_sign(&options, &grant, &token));
    return buffer_text(&token);
}

static struct bare_exchange fake;

/* Judges and, as the router does, refuses. */
static bool check(struct authenticator *authenticator, struct exchange *exchange, int64_t now_ms)
{
    struct slice reason = {0};
    const enum error error = auth_judge(authenticator, exchange, now_ms, &reason);
    if (error != ERROR_NONE) auth_refuse(exchange, error, reason, now_ms);
    return error == ERROR_NONE;
}

/* Starts a request with one header and lets it be judged. */
static bool let_in(bool dev, struct slice name, struct slice value)
{
    const struct authenticator_options options = {.jwt = {.secrets = {SECRET}, .secret_count = 1},
                                                  .dev = dev};
    struct authenticator *authenticator = auth_open(&options);
    assert_non_null(authenticator);
    struct exchange *exchange = bare_exchange_start(&fake);
    if (name.size > 0) bare_exchange_send(&fake, name, value);
    const bool in = check(authenticator, exchange, NOW_MS);
    auth_close(authenticator);
    assert_int_equal(in, fake.status == 0);
    if (!in) assert_int_equal(fake.status, 401);
    return in;
}

static struct slice bearer(const char *scheme, struct slice token)
{
    static char text[8192];
    struct buffer value;
    buffer_init(&value, text, sizeof text);
    buffer_append(&value, slice_of(scheme));
    buffer_append(&value, token);
    return buffer_text(&value);
}

static void assert_challenge(const char *expected)
{
    const struct slice value = bare_exchange_answered(&fake, SLICE("www-authenticate"));
    assert_int_equal(value.size, strlen(expected));
    assert_memory_equal(value.data, expected, value.size);
}

static void a_request_without_a_token_is_told_so(void **state)
{
    (void)state;
    assert_false(let_in(false, (struct slice){0}, (struct slice){0}));
    assert_true(bare_exchange_says(&fake, "\"errorCode\":\"TOKEN_MISSING\""));
    assert_challenge("Bearer realm=\"usher\"");
    assert_false(let_in(false, SLICE("x-user-id"), SLICE("alice")));
    assert_true(bare_exchange_says(&fake, "TOKEN_MISSING"));
}

static void a_bearer_token_lets_in_and_names_the_user(void **state)
{
    (void)state;
    const struct slice token = good_token();
    assert_true(let_in(false, SLICE("authorization"), bearer("Bearer ", token)));
    assert_int_equal(fake.exchange.user.size, 5);
    assert_memory_equal(fake.exchange.user.name, "alice", 5);
    assert_int_equal(fake.exchange.role, ROLE_STAFF);
    assert_true(let_in(false, SLICE("authorization"), bearer("bearer  ", token)));
}

static void a_bad_token_is_answered_with_its_reason_and_never_echoed(void **state)
{
    (void)state;
    assert_false(let_in(false, SLICE("authorization"), SLICE("Bearer hunter2secret")));
    assert_true(bare_exchange_says(&fake, "TOKEN_INVALID"));
    assert_false(bare_exchange_says(&fake, "hunter2"));
    assert_challenge("Bearer realm=\"usher\", error=\"invalid_token\", "
                     "error_description=\"the token is not three parts of base64url\"");
    static const char *const rows[] = {"Basic YTpi", "Bearer",    "Bearer ",
                                       "",           "Bearerx y", "Bearer a b"};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        assert_false(let_in(true, SLICE("authorization"), slice_of(rows[row])));
        assert_true(bare_exchange_says(&fake, "TOKEN_INVALID"));
    }
}

static void two_authorization_headers_are_refused(void **state)
{
    (void)state;
    const struct authenticator_options options = {.jwt = {.secrets = {SECRET}, .secret_count = 1}};
    struct authenticator *authenticator = auth_open(&options);
    struct exchange *exchange = bare_exchange_start(&fake);
    const struct slice value = bearer("Bearer ", good_token());
    bare_exchange_send(&fake, SLICE("authorization"), value);
    bare_exchange_send(&fake, SLICE("authorization"), value);
    assert_false(check(authenticator, exchange, NOW_MS));
    assert_true(bare_exchange_says(&fake, "TOKEN_INVALID"));
    assert_int_equal(exchange->user.size, 0);
    auth_close(authenticator);
}

static void the_user_header_counts_in_development_only_and_without_a_token(void **state)
{
    (void)state;
    assert_true(let_in(true, SLICE("x-user-id"), SLICE("bob")));
    assert_memory_equal(fake.exchange.user.name, "bob", 3);
    assert_int_equal(fake.exchange.role, ROLE_USER);
    assert_false(let_in(true, SLICE("x-user-id"), SLICE("a b")));
    assert_false(let_in(true, SLICE("x-user-id"), SLICE("")));

    const struct authenticator_options options = {.jwt = {.secrets = {SECRET}, .secret_count = 1},
                                                  .dev = true};
    struct authenticator *authenticator = auth_open(&options);
    struct exchange *exchange = bare_exchange_start(&fake);
    bare_exchange_send(&fake, SLICE("x-user-id"), SLICE("bob"));
    bare_exchange_send(&fake, SLICE("authorization"), SLICE("Bearer x.y.z"));
    assert_false(check(authenticator, exchange, NOW_MS));
    exchange = bare_exchange_start(&fake);
    bare_exchange_send(&fake, SLICE("x-user-id"), SLICE("bob"));
    bare_exchange_send(&fake, SLICE("authorization"), bearer("Bearer ", good_token()));
    assert_true(check(authenticator, exchange, NOW_MS));
    assert_memory_equal(exchange->user.name, "alice", 5);
    auth_close(authenticator);
}

/* What a development server says of `X-User-Id: bob` with a role. */
static bool let_in_as(bool dev, const char *role)
{
    const struct authenticator_options options = {.jwt = {.secrets = {SECRET}, .secret_count = 1},
                                                  .dev = dev};
    struct authenticator *authenticator = auth_open(&options);
    struct exchange *exchange = bare_exchange_start(&fake);
    bare_exchange_send(&fake, SLICE("x-user-id"), SLICE("bob"));
    bare_exchange_send(&fake, SLICE("x-user-role"), slice_of(role));
    const bool in = check(authenticator, exchange, NOW_MS);
    auth_close(authenticator);
    return in;
}

static void the_role_header_counts_in_development_only_and_beside_the_users(void **state)
{
    (void)state;
    assert_true(let_in_as(true, "staff"));
    assert_int_equal(fake.exchange.role, ROLE_STAFF);
    assert_true(let_in_as(true, "user"));
    assert_int_equal(fake.exchange.role, ROLE_USER);
    assert_false(let_in_as(true, "Staff"));
    assert_true(bare_exchange_says(&fake, "X-User-Role is not user, staff or admin"));
    assert_false(let_in_as(true, ""));
    assert_false(let_in_as(false, "staff"));
    assert_true(bare_exchange_says(&fake, "TOKEN_MISSING"));
    assert_false(let_in(true, SLICE("x-user-role"), SLICE("staff")));
    assert_true(bare_exchange_says(&fake, "TOKEN_MISSING"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_without_a_token_is_told_so),
        cmocka_unit_test(a_bearer_token_lets_in_and_names_the_user),
        cmocka_unit_test(a_bad_token_is_answered_with_its_reason_and_never_echoed),
        cmocka_unit_test(two_authorization_headers_are_refused),
        cmocka_unit_test(the_user_header_counts_in_development_only_and_without_a_token),
        cmocka_unit_test(the_role_header_counts_in_development_only_and_beside_the_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
