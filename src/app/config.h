/* config.h - what the environment and the command line ask for, checked.
 *
 * Flags win over the environment. A setting that is wrong is named with what it may be, and
 * nothing starts. Secrets are copied here and wiped from the environment.
 *
 * Source: docs/operations.md, "Settings".
 */
#pragma once

#include "app/config_limits.h"
#include "base/log.h"
#include "http/desk.h"

enum {
    CONFIG_TEXT_SIZE_MAX = 1024,
    CONFIG_MESSAGE_SIZE_MAX = 256,
    JWT_SECRET_SIZE_MIN = 32,     /* RFC 7518, section 3.2: as long as the hash. */
    WEBHOOK_SECRET_SIZE_MIN = 16, /* Gateways give 32 and more; fewer can be tried out. */
};

struct config_text {
    char text[CONFIG_TEXT_SIZE_MAX];
};

struct config {
    uint16_t port;
    struct config_text host;
    bool metrics_off;
    uint16_t metrics_port;
    struct config_text metrics_host;
    struct config_text mongo_uri; /* Empty: the embedded store. */
    struct config_text redis_url; /* Empty: none. */
    bool lock_required;           /* LOCK=required. */
    uint32_t writer_count;        /* Of a shared store, */
    uint32_t reader_count;        /* and the threads that read it. */
    struct config_text data;      /* The folder of the embedded store. */
    bool dev;
    bool demo;
    uint32_t loop_count;
    enum log_level log_level;
    enum log_format log_format;
    int64_t hold_ms;
    int64_t payment_ms;
    uint32_t held_seats_max;
    int64_t heartbeat_ms;    /* Between two comments to a live listener. */
    size_t jwt_secret_count; /* 0: none given. */
    struct config_text jwt_secrets[SECRETS_MAX];
    struct config_text jwt_issuer;
    struct config_text jwt_audience;
    struct config_text gateway_url;
    struct config_text default_return_url;
    struct config_limits limits;
    struct config_text return_hosts; /* Comma separated, as given. */
    struct config_text webhook_secrets[PAYMENT_METHOD_COUNT];
    char message[CONFIG_MESSAGE_SIZE_MAX]; /* Why it was refused. */
};

/* What a command line may set; NULL or false: not given. */
struct config_flags {
    const char *port;
    const char *host;
    const char *data;
    bool dev;
    bool demo;
};

/* Reads and checks everything. False with `message` set if something is wrong. */
MUST_USE bool config_read(struct config *config, const struct config_flags *flags);

/* Further rules for `serve`: secrets that it needs, addresses that --dev and --demo allow. */
MUST_USE bool config_check_serve(struct config *config);

struct slice config_slice(const struct config_text *text);

/* Overwrites the secrets. */
void config_wipe(struct config *config);
