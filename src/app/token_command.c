#include "app/commands.h"
#include "app/demo_secret.h"
#include "base/check.h"
#include "base/clock.h"
#include "http/jwt.h"

enum { TTL_SECONDS_DEFAULT = 3600, TTL_NUMBER_MAX = 100000 };

/* Reads `90s`, `15m`, `1h` or `30d`. */
static bool read_ttl(const char *text, int64_t *ret_seconds)
{
    if (text == NULL) {
        *ret_seconds = TTL_SECONDS_DEFAULT;
        return true;
    }
    struct slice number = slice_of(text);
    uint64_t count = 0;
    if (number.size < 2) return false;
    const char unit = number.data[--number.size];
    const int64_t unit_s = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 86400;
    if (strchr("smhd", unit) == NULL) return false;
    if (!slice_to_number(number, TTL_NUMBER_MAX, &count) || count == 0) return false;
    *ret_seconds = (int64_t)count * unit_s;
    return true;
}

static int refuse(const char *message)
{
    fprintf(stderr, "usher token: %s\n", message);
    return EXIT_USAGE;
}

int token_command(struct config *config, const struct token_options *options)
{
    struct jwt_grant grant = {.user = slice_of(options->user),
                              .issued_at_s = clock_now_ms() / 1000};
    int64_t ttl_s = 0;
    if (options->user == NULL) {
        return refuse("whose? usage: usher token --user ID [--role user|staff|admin] [--ttl 1h]");
    }
    if (!jwt_user_is_valid(grant.user)) {
        return refuse("--user: must be 1 to 64 printable ASCII characters without spaces");
    }
    if (options->role != NULL && !jwt_role_parse(slice_of(options->role), &grant.role)) {
        return refuse("--role: must be user, staff or admin");
    }
    if (!read_ttl(options->ttl, &ttl_s)) {
        return refuse("--ttl: must be a number with s, m, h or d, like 90s, 15m, 1h or 30d");
    }
    grant.expires_at_s = grant.issued_at_s + ttl_s;
    if (config->jwt_secret_count == 0) {
        if (!demo_secret_read(config_slice(&config->data), false, &config->jwt_secrets[0],
                              config->message)) {
            fprintf(stderr,
                    "usher token: set JWT_SECRET, or start `usher serve --demo` once (%s)\n",
                    config->message);
            return EXIT_USAGE;
        }
    }
    const struct jwt_options jwt = {.secrets = {config_slice(&config->jwt_secrets[0])},
                                    .secret_count = 1,
                                    .issuer = config_slice(&config->jwt_issuer),
                                    .audience = config_slice(&config->jwt_audience)};
    char text[JWT_SIZE_MAX];
    struct buffer token;
    buffer_init(&token, text, sizeof text);
    if (!jwt_sign(&jwt, &grant, &token)) return refuse("the token could not be made");
    printf("%.*s\n", (int)token.size, token.data);
    return EXIT_SUCCESS;
}
