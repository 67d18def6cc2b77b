#include "app/config.h"

#include <stdarg.h>
#include <unistd.h>

#include "base/address.h"
#include "base/check.h"
#include "http/back_office.h"
#include "http/return_url.h"
#include "http/server.h"
#include "redis/redis_url.h"
#include "store/mongo/mongo_uri.h"

enum {
    HEARTBEAT_MS_DEFAULT = 15000, /* The contract's; proxies give up after 30 or 60 seconds. */
    HEARTBEAT_MS_MIN = 100,
    HEARTBEAT_MS_MAX = 600000,
    SECONDS_MAX = 1000000000,    /* 31 years: the contract has no upper limit, a clock has. */
    LOOPS_DEFAULT_MAX = 4,       /* More loops than this feed one writer no better. */
    WRITERS_DEFAULT = 8,         /* Round trips that one instance has under way for bookings, */
    READERS_DEFAULT = 4,         /* and for those who look. */
    METRICS_PORT_DEFAULT = 9464, /* Prometheus' list has it for OpenTelemetry's exporters. */
};

struct slice config_slice(const struct config_text *text)
{
    return slice_of(text->text);
}

__attribute__((format(printf, 2, 3))) static bool refuse(struct config *config, const char *format,
                                                         ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(config->message, sizeof config->message, format, arguments);
    va_end(arguments);
    return false;
}

static bool set_text(struct config *config, struct config_text *target, const char *name,
                     const char *value)
{
    if (value == NULL) return true;
    if (slice_to_string(slice_of(value), target->text, sizeof target->text)) return true;
    return refuse(config, "%s: longer than %d bytes", name, CONFIG_TEXT_SIZE_MAX - 1);
}

static bool read_text(struct config *config, struct config_text *target, const char *name)
{
    return set_text(config, target, name, getenv(name));
}

/* Takes a secret out of the environment, where other programs of the user could read it. */
static bool read_secret(struct config *config, struct config_text *target, const char *name)
{
    char *value = getenv(name);
    if (value == NULL) return true;
    const bool read = set_text(config, target, name, value);
    explicit_bzero(value, strlen(value));
    unsetenv(name);
    return read;
}

static bool read_number(struct config *config, const char *name, const char *flag, uint64_t lowest,
                        uint64_t highest, uint64_t *number)
{
    const char *value = flag != NULL ? flag : getenv(name);
    if (value == NULL || (flag == NULL && value[0] == '\0')) return true;
    uint64_t given = 0;
    const bool valid = slice_to_number(slice_of(value), highest, &given) && given >= lowest;
    if (valid) {
        *number = given;
        return true;
    }
    return refuse(config, "%s: must be a whole number from %llu to %llu", name,
                  (unsigned long long)lowest, (unsigned long long)highest);
}

static uint64_t lesser(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

static bool read_numbers(struct config *config, const struct config_flags *flags)
{
    uint64_t port = 3000;
    uint64_t hold_s = HOLD_MS_DEFAULT / 1000;
    uint64_t payment_s = PAYMENT_MS_DEFAULT / 1000;
    uint64_t held_seats = HELD_SEATS_MAX_DEFAULT;
    uint64_t heartbeat_ms = HEARTBEAT_MS_DEFAULT;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t loops = cores < 1 ? 1 : (uint64_t)cores;
    if (loops > LOOPS_DEFAULT_MAX) loops = LOOPS_DEFAULT_MAX;
    const bool read = read_number(config, "PORT", flags->port, 0, UINT16_MAX, &port) &&
                      read_number(config, "HOLD_SECONDS", NULL, 1, UINT64_MAX, &hold_s) &&
                      read_number(config, "PAYMENT_SECONDS", NULL, 1, UINT64_MAX, &payment_s) &&
                      read_number(config, "MAX_HELD_SEATS", NULL, 1, UINT64_MAX, &held_seats) &&
                      read_number(config, "USHER_HEARTBEAT_MS", NULL, HEARTBEAT_MS_MIN,
                                  HEARTBEAT_MS_MAX, &heartbeat_ms) &&
                      read_number(config, "USHER_LOOPS", NULL, 1, LOOPS_MAX, &loops);
    config->port = (uint16_t)port;
    config->hold_ms = (int64_t)lesser(hold_s, SECONDS_MAX) * 1000;
    config->payment_ms = (int64_t)lesser(payment_s, SECONDS_MAX) * 1000;
    config->held_seats_max = (uint32_t)lesser(held_seats, UINT32_MAX);
    config->heartbeat_ms = (int64_t)heartbeat_ms;
    config->loop_count = (uint32_t)loops;
    return read;
}

/* A secret that anybody would try first. */
static bool is_guessable(struct slice secret)
{
    for (size_t index = 1; index < secret.size; index++) {
        if (secret.data[index] != secret.data[0]) return false;
    }
    return true;
}

static bool add_jwt_secret(struct config *config, struct slice secret)
{
    if (config->jwt_secret_count == SECRETS_MAX) {
        return refuse(config, "JWT_SECRET: more than two secrets (one, or two while rotating)");
    }
    if (secret.size < JWT_SECRET_SIZE_MIN) {
        return refuse(config,
                      "JWT_SECRET: each secret must have at least %d bytes; make one "
                      "with `openssl rand -hex 32`",
                      JWT_SECRET_SIZE_MIN);
    }
    if (is_guessable(secret)) {
        return refuse(config, "JWT_SECRET: can be guessed; make one with `openssl rand -hex 32`");
    }
    struct config_text *target = &config->jwt_secrets[config->jwt_secret_count++];
    CHECK(slice_to_string(secret, target->text, sizeof target->text));
    return true;
}

static bool read_jwt_secrets(struct config *config)
{
    struct config_text all = {0};
    if (!read_secret(config, &all, "JWT_SECRET")) return false;
    struct slice rest = config_slice(&all);
    bool read = true;
    while (read && rest.size > 0) read = add_jwt_secret(config, slice_cut(rest, ',', &rest));
    explicit_bzero(&all, sizeof all);
    return read;
}

static bool read_webhook_secrets(struct config *config)
{
    static const char *const names[PAYMENT_METHOD_COUNT] = {
        [PAYMENT_MOMO] = "WEBHOOK_SECRET_MOMO",
        [PAYMENT_VNPAY] = "WEBHOOK_SECRET_VNPAY",
        [PAYMENT_ZALOPAY] = "WEBHOOK_SECRET_ZALOPAY",
        [PAYMENT_CARD] = "WEBHOOK_SECRET_CARD",
    };
    for (uint32_t method = 0; method < PAYMENT_METHOD_COUNT; method++) {
        struct config_text *secret = &config->webhook_secrets[method];
        if (!read_secret(config, secret, names[method])) return false;
        const size_t size = config_slice(secret).size;
        if (size == 0 || size >= WEBHOOK_SECRET_SIZE_MIN) continue;
        return refuse(config, "%s: must have at least %d bytes", names[method],
                      WEBHOOK_SECRET_SIZE_MIN);
    }
    return true;
}

/* A variable's text; NULL if it is not set or empty. */
static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* An address needs no resolver; the one name that everybody types stands for itself. */
static const char *address_of(const char *host)
{
    return host == NULL || strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
}

static bool read_texts(struct config *config, const struct config_flags *flags)
{
    const char *host = flags->host != NULL ? flags->host : setting("HOST");
    const char *data = flags->data != NULL ? flags->data : setting("USHER_DATA");
    struct address address;
    if (!address_parse(slice_of(address_of(host)), &address)) {
        return refuse(config, "HOST: must be an IPv4 or IPv6 address, or localhost");
    }
    return set_text(config, &config->host, "HOST", address_of(host)) &&
           set_text(config, &config->data, "USHER_DATA", data != NULL ? data : "./data") &&
           read_text(config, &config->jwt_issuer, "JWT_ISSUER") &&
           read_text(config, &config->jwt_audience, "JWT_AUDIENCE") &&
           read_text(config, &config->gateway_url, "PAYMENT_GATEWAY_URL") &&
           read_text(config, &config->default_return_url, "DEFAULT_RETURN_URL") &&
           read_text(config, &config->return_hosts, "RETURN_URL_HOSTS");
}

/* On a terminal somebody reads the log; elsewhere a program does. */
static bool read_log(struct config *config)
{
    const char *level = setting("LOG_LEVEL");
    const char *format = setting("LOG_FORMAT");
    const bool json = format == NULL ? isatty(STDERR_FILENO) == 0 : strcmp(format, "json") == 0;
    config->log_level = LOG_INFO;
    config->log_format = json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
    if (level != NULL && !log_level_parse(slice_of(level), &config->log_level)) {
        return refuse(config, "LOG_LEVEL: must be error, warning, info or debug");
    }
    if (format == NULL || json || strcmp(format, "text") == 0) return true;
    return refuse(config, "LOG_FORMAT: must be json or text");
}

static bool read_metrics(struct config *config)
{
    const char *port = setting("METRICS_PORT");
    const char *host = setting("METRICS_HOST");
    uint64_t number = METRICS_PORT_DEFAULT;
    config->metrics_off = port != NULL && strcmp(port, "off") == 0;
    if (!config->metrics_off && port != NULL &&
        !slice_to_number(slice_of(port), UINT16_MAX, &number)) {
        return refuse(config, "METRICS_PORT: must be a whole number from 0 to %d, or off",
                      UINT16_MAX);
    }
    config->metrics_port = (uint16_t)number;
    return set_text(config, &config->metrics_host, "METRICS_HOST", address_of(host));
}

static bool read_limits(struct config *config)
{
    struct config_limits_fault fault = {0};
    if (config_limits_read(getenv, &config->limits, &fault)) return true;
    return refuse(config, "%s: %s", fault.name.data, fault.why.data);
}

static bool check_gateway(struct config *config)
{
    struct slice url = config_slice(&config->gateway_url);
    while (url.size > 0 && url.data[url.size - 1] == '/') {
        config->gateway_url.text[--url.size] = '\0';
    }
    const bool is_http =
        slice_starts_with(url, SLICE("https://")) || slice_starts_with(url, SLICE("http://"));
    if (url.size > 0 && (!is_http || url.size > URL_SIZE_MAX - 100)) {
        return refuse(config,
                      "PAYMENT_GATEWAY_URL: must be an http or https address of at most "
                      "%d bytes",
                      URL_SIZE_MAX - 100);
    }
    for (uint32_t method = 0; method < PAYMENT_METHOD_COUNT; method++) {
        const bool has_secret = config_slice(&config->webhook_secrets[method]).size > 0;
        if (!has_secret || url.size > 0 || config->demo) continue;
        return refuse(config, "PAYMENT_GATEWAY_URL: needed where a WEBHOOK_SECRET_... is set, for "
                              "the payment pages");
    }
    return true;
}

/* The hosts and the default address that payment pages may lead back to. */
static bool check_return_urls(struct config *config)
{
    size_t count = 0;
    struct slice rest = config_slice(&config->return_hosts);
    while (rest.size > 0) {
        const struct slice host = slice_trim(slice_cut(rest, ',', &rest));
        count += host.size > 0;
        if (host.size == 0 || strcspn(host.data, "/*@ ") >= host.size) continue;
        return refuse(config, "RETURN_URL_HOSTS: must be hosts such as shop.example, separated "
                              "by commas");
    }
    if (count > RETURN_HOSTS_MAX) {
        return refuse(config, "RETURN_URL_HOSTS: more than %d hosts", RETURN_HOSTS_MAX);
    }
    const struct slice url = config_slice(&config->default_return_url);
    const struct return_url_rules rules = {.default_url = url};
    if (url.size == 0 || return_url_allowed(&rules, url)) return true;
    return refuse(config, "DEFAULT_RETURN_URL: must be an https address of at most %d bytes",
                  URL_SIZE_MAX);
}

/* What several instances share, and one on its own file has no use for: whoever sets it expects
 * something else than he would get. */
static bool check_alone(struct config *config)
{
    static const char *const names[] = {"REDIS_URL", "LOCK"};
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        if (setting(names[index]) == NULL) continue;
        return refuse(config,
                      "%s: is for several instances on one database, and without MONGO_URI this "
                      "one runs alone, on its own file; unset it",
                      names[index]);
    }
    return true;
}

static bool read_shared(struct config *config)
{
    uint64_t writers = WRITERS_DEFAULT;
    uint64_t readers = READERS_DEFAULT;
    if (!read_number(config, "USHER_WRITERS", NULL, 1, WRITERS_MAX, &writers) ||
        !read_number(config, "USHER_READERS", NULL, 1, BACK_OFFICE_CLERKS_MAX, &readers)) {
        return false;
    }
    config->writer_count = (uint32_t)writers;
    config->reader_count = (uint32_t)readers;
    if (setting("MONGO_URI") == NULL) return check_alone(config);
    if (!read_secret(config, &config->mongo_uri, "MONGO_URI") ||
        !read_secret(config, &config->redis_url, "REDIS_URL")) {
        return false;
    }
    struct mongo_reason reason = {""};
    if (!mongo_uri_check(config->mongo_uri.text, &reason))
        return refuse(config, "MONGO_URI: %s", reason.text);
    const struct slice redis = config_slice(&config->redis_url);
    struct redis_url url;
    const char *wrong = redis.size == 0 ? NULL : redis_url_parse(redis, &url);
    explicit_bzero(&url, sizeof url);
    if (wrong != NULL) return refuse(config, "REDIS_URL: %s", wrong);
    const char *lock = setting("LOCK");
    config->lock_required = lock != NULL && strcmp(lock, "required") == 0;
    if (config->lock_required && redis.size == 0)
        return refuse(config, "LOCK: required needs REDIS_URL, where the lock is");
    if (lock == NULL || config->lock_required || strcmp(lock, "best-effort") == 0) return true;
    return refuse(config, "LOCK: must be best-effort or required");
}

bool config_read(struct config *config, const struct config_flags *flags)
{
    *config = (struct config){.dev = flags->dev, .demo = flags->demo};
    return read_shared(config) && read_numbers(config, flags) && read_texts(config, flags) &&
           read_log(config) && read_metrics(config) && read_limits(config) &&
           read_jwt_secrets(config) && read_webhook_secrets(config) && check_gateway(config) &&
           check_return_urls(config);
}

static bool is_loopback(struct slice host)
{
    return slice_equal(host, SLICE("::1")) || slice_starts_with(host, SLICE("127."));
}

bool config_check_serve(struct config *config)
{
    const bool loopback = is_loopback(config_slice(&config->host));
    if (config->dev && !loopback) {
        return refuse(config, "HOST: --dev trusts X-User-Id and binds to loopback only");
    }
    if (config->jwt_secret_count > 0 || config->dev) return true;
    if (!config->demo) {
        return refuse(config, "JWT_SECRET: required (at least %d bytes), unless --demo or --dev",
                      JWT_SECRET_SIZE_MIN);
    }
    if (!loopback) {
        return refuse(config, "HOST: --demo without JWT_SECRET binds to loopback only");
    }
    return true;
}

void config_wipe(struct config *config)
{
    explicit_bzero(&config->mongo_uri, sizeof config->mongo_uri);
    explicit_bzero(&config->redis_url, sizeof config->redis_url);
    explicit_bzero(config->jwt_secrets, sizeof config->jwt_secrets);
    explicit_bzero(config->webhook_secrets, sizeof config->webhook_secrets);
}
