/* fuzz_settings.c - settings of the environment: what is accepted is within its limits, a refusal
 * names a setting, and a secret is never told, nor left in the environment.
 *
 * An input is lines NAME=VALUE. */
#include "fuzz/fuzz.h"

#include "app/config.h"

enum { INPUT_SIZE_MAX = 8192, SECRET_SHOWN_MIN = 12 };

static const char *const names[] = {"PORT",
                                    "HOST",
                                    "METRICS_PORT",
                                    "METRICS_HOST",
                                    "USHER_DATA",
                                    "HOLD_SECONDS",
                                    "PAYMENT_SECONDS",
                                    "MAX_HELD_SEATS",
                                    "USHER_HEARTBEAT_MS",
                                    "USHER_LOOPS",
                                    "LOG_LEVEL",
                                    "LOG_FORMAT",
                                    "JWT_SECRET",
                                    "JWT_ISSUER",
                                    "JWT_AUDIENCE",
                                    "PAYMENT_GATEWAY_URL",
                                    "DEFAULT_RETURN_URL",
                                    "RETURN_URL_HOSTS",
                                    "WEBHOOK_SECRET_MOMO",
                                    "WEBHOOK_SECRET_CARD",
                                    "RATE_LIMIT",
                                    "RATE_LIMIT_USER_WRITES",
                                    "RATE_LIMIT_USER_READS",
                                    "RATE_LIMIT_ADDRESS_WRITES",
                                    "RATE_LIMIT_ADDRESS_READS",
                                    "RATE_LIMIT_WEBHOOKS",
                                    "RATE_LIMIT_FAILURES",
                                    "RATE_LIMIT_CANCELS",
                                    "RATE_LIMIT_CONNECTIONS",
                                    "TRUSTED_PROXIES",
                                    "CORS_ORIGINS",
                                    "MONGO_URI",
                                    "REDIS_URL",
                                    "LOCK"};

enum { NAME_COUNT = sizeof names / sizeof *names };

static char values[INPUT_SIZE_MAX + 1];

/* The name's own spelling, NULL if there is no such setting. */
static const char *find_name(struct slice name)
{
    for (size_t index = 0; index < NAME_COUNT; index++) {
        if (slice_equal(name, slice_of(names[index]))) return names[index];
    }
    return NULL;
}

static void set_environment(struct slice text)
{
    for (size_t index = 0; index < NAME_COUNT; index++) (void)unsetenv(names[index]);
    for (struct slice rest = text; rest.data != NULL;) {
        struct slice value = {0};
        const struct slice line = slice_cut(rest, '\n', &rest);
        const char *name = find_name(slice_cut(line, '=', &value));
        if (name == NULL || !slice_to_string(value, values, sizeof values)) continue;
        CHECK(setenv(name, values, 1) == 0);
    }
}

static void check_accepted(const struct config *config)
{
    CHECK(config->hold_ms >= 1000 && config->payment_ms >= 1000);
    CHECK(config->held_seats_max >= 1 && config->loop_count >= 1);
    CHECK(config->jwt_secret_count <= SECRETS_MAX);
    for (size_t index = 0; index < config->jwt_secret_count; index++) {
        CHECK(config_slice(&config->jwt_secrets[index]).size >= JWT_SECRET_SIZE_MIN);
    }
    CHECK(config->limits.cors.count <= CORS_ORIGINS_MAX);
    CHECK(config->limits.limiter.proxies.count <= ADDRESS_RANGES_MAX);
}

/* A name of capital letters, a colon, and more. */
static void check_refusal(const struct config *config)
{
    const size_t size = strlen(config->message);
    const size_t name_size = strspn(config->message, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-");
    CHECK(name_size > 0 && name_size < size);
    for (size_t index = 0; index < size; index++) CHECK((uint8_t)config->message[index] >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_SIZE_MAX) return -1;
    set_environment((struct slice){(const char *)data, size});
    char secret[CONFIG_TEXT_SIZE_MAX] = {0};
    const char *given = getenv("JWT_SECRET");
    if (given != NULL) (void)slice_to_string(slice_of(given), secret, sizeof secret);

    static struct config config;
    memset(&config, 0, sizeof config);
    const struct config_flags flags = {.dev = size % 5 == 0, .demo = size % 7 == 0};
    const bool good = config_read(&config, &flags);
    if (good) {
        CHECK(getenv("JWT_SECRET") == NULL && getenv("WEBHOOK_SECRET_MOMO") == NULL);
        check_accepted(&config);
        if (!config_check_serve(&config)) CHECK(config.message[0] != '\0');
    } else {
        check_refusal(&config);
        if (strlen(secret) >= SECRET_SHOWN_MIN) CHECK(strstr(config.message, secret) == NULL);
    }
    config_wipe(&config);
    return 0;
}
