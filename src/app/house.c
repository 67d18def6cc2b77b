#include "app/house.h"

#include "app/app_locale.h"
#include "app/clerks.h"
#include "app/cluster_counts.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/random.h"
#include "base/tally.h"
#include "gateway/sandbox.h"
#include "http/auth.h"
#include "http/limiter.h"
#include "http/listeners.h"
#include "http/live.h"
#include "http/problem.h"
#include "http/router.h"
#include "http/seat_pages.h"
#include "store/sqlite/catalogue_read.h"
#include "store/sqlite/sqlite_reader.h"

enum { MADE_SECRET_SIZE = 32 };

/* A desk and the connections that are its loop's. */
struct counter {
    struct desk desk;
    struct sqlite_reader *reader;
    struct catalogue_read *catalogue;
};

static bool out_of_memory(const char *what)
{
    log_event(LOG_ERROR, "out_of_memory", LOG_TEXT("what", slice_of(what)));
    return false;
}

/* A secret for a provider that has none, known to this process and its sandbox only. */
static void make_secret(struct config_text *secret)
{
    unsigned char bytes[MADE_SECRET_SIZE];
    random_fill(bytes, sizeof bytes);
    hex_format(bytes, sizeof bytes, secret->text);
    secret->text[2 * sizeof bytes] = '\0';
}

static void set_providers(struct house *house, struct config *config)
{
    for (uint32_t method = 0; method < PAYMENT_METHOD_COUNT; method++) {
        struct config_text *secret = &config->webhook_secrets[method];
        if (secret->text[0] == '\0' && (config->demo || config->dev)) make_secret(secret);
        house->providers[method].on = secret->text[0] != '\0';
        house->providers[method].webhook_secret = config_slice(secret);
    }
}

static void set_return_urls(struct house *house, const struct config *config)
{
    struct slice rest = config_slice(&config->return_hosts);
    while (rest.size > 0 && house->return_host_count < RETURN_HOSTS_MAX) {
        const struct slice host = slice_trim(slice_cut(rest, ',', &rest));
        if (host.size > 0) house->return_hosts[house->return_host_count++] = host;
    }
    house->default_return_url = url_of(config_slice(&config->default_return_url));
}

/* The server's own address, as programs on this machine reach it. */
static struct slice own_address(const struct config *config, uint16_t port, char *target,
                                size_t capacity)
{
    const char *host = config->host.text;
    if (strcmp(host, "0.0.0.0") == 0) host = "127.0.0.1";
    if (strcmp(host, "::") == 0) host = "::1";
    const bool ipv6 = strchr(host, ':') != NULL;
    const int size = snprintf(target, capacity, "http://%s%s%s:%u", ipv6 ? "[" : "", host,
                              ipv6 ? "]" : "", (unsigned)port);
    return (struct slice){target, size < 0 ? 0 : (size_t)size};
}

static bool set_gateway(struct house_state *state, const struct config *config, uint16_t port)
{
    struct house *house = &state->house;
    const struct slice given = config_slice(&config->gateway_url);
    if (given.size > 0) {
        house->gateway = url_of(given);
        return true;
    }
    if (!config->demo) {
        house->gateway = url_of(SLICE("https://payment.example.com"));
        return true;
    }
    char address[CONFIG_TEXT_SIZE_MAX + 32];
    struct sandbox_options options = {.base = own_address(config, port, address, sizeof address)};
    for (uint32_t method = 0; method < PAYMENT_METHOD_COUNT; method++) {
        options.secrets[method] = house->providers[method].webhook_secret;
    }
    snprintf(state->gateway.text, sizeof state->gateway.text, "%.*s/sandbox",
             (int)options.base.size, options.base.data);
    if (config_slice(&state->gateway).size > URL_SIZE_MAX) return false;
    house->gateway = url_of(config_slice(&state->gateway));
    house->sandbox = sandbox_open(&options);
    return house->sandbox != NULL || out_of_memory("the sandbox");
}

static bool set_limits(struct house *house, const struct config *config)
{
    house->cors = config->limits.cors;
    if (!config->limits.limited) {
        log_event(LOG_WARNING, "rate_limits_off",
                  LOG_TEXT("what", SLICE("RATE_LIMIT=off: for load tests only")));
        return true;
    }
    struct limiter_options options = config->limits.limiter;
    options.streams_max = house->loop_count * LISTENERS_MAX;
    house->limiter = limiter_open(&options);
    return house->limiter != NULL || out_of_memory("the rate limits");
}

/* Takes over what the house serves from. */
static bool stock_up(struct house_state *state, const struct stock *stock)
{
    struct house *house = &state->house;
    const struct embedded *embedded = stock->embedded;
    if (embedded != NULL) {
        state->database_path = embedded->folder.database_path;
        house->writers = (struct writers){.count = 1, .all = {embedded->writer}};
        house->feed = embedded->feed;
        house->storage = sqlite_storage_port(embedded->storage);
        return true;
    }
    state->cluster = stock->cluster;
    house->opening = &stock->cluster->opening;
    house->feed = stock->cluster->feed;
    house->storage = cluster_storage(stock->cluster);
    house->sharing = cluster_counts_port(stock->cluster);
    house->back_office = clerks_open(state);
    return house->back_office != NULL || out_of_memory("the readers");
}

static bool start_writers(const struct writers *writers)
{
    for (uint32_t place = 0; place < writers->count; place++) {
        if (writer_start(writers->all[place]) != ERROR_NONE) return false;
    }
    return true;
}

bool house_start(struct house_state *state)
{
    struct cluster *cluster = state->cluster;
    if (cluster != NULL) state->house.writers = cluster->writers;
    if (!start_writers(&state->house.writers)) return false;
    if (cluster == NULL) return true;
    if (!back_office_start(state->house.back_office) ||
        !monitor_start(cluster->monitor, state->house.live)) {
        return false;
    }
    cluster_admit(cluster);
    return true;
}

void house_stop(struct house_state *state)
{
    if (state->cluster == NULL) return;
    if (state->house.back_office != NULL) back_office_stop(state->house.back_office);
    if (state->cluster->monitor != NULL) monitor_stop(state->cluster->monitor);
}

bool house_open(struct house_state *state, struct config *config, const struct stock *stock,
                uint16_t port)
{
    *state = (struct house_state){0};
    struct house *house = &state->house;
    if (!stock_up(state, stock)) return false;
    house->loop_count = config->loop_count;
    house->dev = config->dev;
    house->jwt_secret_count = config->jwt_secret_count;
    for (size_t index = 0; index < config->jwt_secret_count; index++) {
        house->jwt_secrets[index] = config_slice(&config->jwt_secrets[index]);
    }
    house->jwt_issuer = config_slice(&config->jwt_issuer);
    house->jwt_audience = config_slice(&config->jwt_audience);
    house->locale = app_locale();
    house->version = SLICE(USHER_VERSION);
    house->started_at_ms = clock_now_ms();
    set_providers(house, config);
    set_return_urls(house, config);
    for (uint32_t loop = 0; loop < config->loop_count; loop++) {
        state->tickets[loop] = desk_make_tickets();
        if (state->tickets[loop] == NULL) return out_of_memory("the commands");
    }
    house->seat_pages = seat_pages_open();
    if (house->seat_pages == NULL) return out_of_memory("the seat pages");
    house->meters = calloc(WRITER_LOOPS_MAX, sizeof *house->meters);
    if (house->meters == NULL) return out_of_memory("the metrics");
    house->heartbeat_ms = config->heartbeat_ms;
    house->live = live_open(house->feed, LIVE_SHOWTIMES_MAX);
    if (house->live == NULL) return out_of_memory("the live seat maps");
    return set_limits(house, config) && set_gateway(state, config, port);
}

void house_close(struct house_state *state)
{
    for (uint32_t loop = 0; loop < WRITER_LOOPS_MAX; loop++)
        desk_free_tickets(state->tickets[loop]);
    back_office_close(state->house.back_office);
    limiter_close(state->house.limiter);
    sandbox_close(state->house.sandbox);
    seat_pages_close(state->house.seat_pages);
    free(state->house.meters);
    live_close(state->house.live);
    *state = (struct house_state){0};
}

void house_close_keys(struct desk *desk)
{
    for (uint32_t method = 0; method < PAYMENT_METHOD_COUNT; method++) {
        mac_close(desk->webhook_macs[method]);
    }
    auth_close(desk->authenticator);
}

static void close_counter(struct counter *counter)
{
    listeners_close(counter->desk.listeners);
    house_close_keys(&counter->desk);
    sqlite_reader_close(counter->reader);
    catalogue_read_close(counter->catalogue);
    free(counter);
}

static bool open_connections(struct counter *counter, const struct house_state *state)
{
    struct database_reason reason;
    const char *path = state->database_path;
    if (path == NULL) {
        counter->desk.reader = cluster_reader(state->cluster);
        return true;
    }
    if (sqlite_reader_open(path, &counter->reader, &reason) != ERROR_NONE ||
        catalogue_read_open(path, app_locale(), &counter->catalogue, &reason) != ERROR_NONE) {
        log_event(LOG_ERROR, "store_not_readable", LOG_TEXT("why", slice_of(reason.text)));
        return false;
    }
    counter->desk.reader = sqlite_reader_port(counter->reader);
    counter->desk.staff_reader = sqlite_staff_reader_port(counter->reader);
    counter->desk.catalogue = catalogue_read_port(counter->catalogue);
    return true;
}

bool house_open_keys(struct desk *desk)
{
    const struct house *house = desk->house;
    struct authenticator_options options = {.jwt = {.secret_count = house->jwt_secret_count,
                                                    .issuer = house->jwt_issuer,
                                                    .audience = house->jwt_audience},
                                            .dev = house->dev};
    for (size_t index = 0; index < house->jwt_secret_count; index++) {
        options.jwt.secrets[index] = house->jwt_secrets[index];
    }
    desk->authenticator = auth_open(&options);
    if (desk->authenticator == NULL) return out_of_memory("the token keys");
    for (uint32_t method = 0; method < PAYMENT_METHOD_COUNT; method++) {
        if (!house->providers[method].on) continue;
        struct mac *mac = mac_open(house->providers[method].webhook_secret);
        if (mac == NULL) return out_of_memory("the webhook keys");
        desk->webhook_macs[method] = mac;
    }
    return true;
}

static bool open_listeners(struct counter *counter, const struct house *house)
{
    counter->desk.listeners =
        listeners_open(&(struct listeners_options){.live = house->live,
                                                   .desk = &counter->desk,
                                                   .listeners_max = LISTENERS_MAX,
                                                   .heartbeat_us = house->heartbeat_ms * 1000});
    return counter->desk.listeners != NULL || out_of_memory("the live listeners");
}

void *house_loop_enter(void *context, uint32_t loop)
{
    const struct house_state *state = context;
    struct counter *counter = calloc(1, sizeof *counter);
    if (counter == NULL) return NULL;
    desk_open(&counter->desk, &state->house, loop, state->tickets[loop]);
    if (open_connections(counter, state) && house_open_keys(&counter->desk) &&
        open_listeners(counter, &state->house)) {
        return counter;
    }
    close_counter(counter);
    return NULL;
}

void house_loop_leave(void *context, void *loop_state)
{
    (void)context;
    close_counter(loop_state);
}

void house_handle(void *context, void *loop_state, struct exchange *exchange)
{
    (void)context;
    struct counter *counter = loop_state;
    router_handle(&counter->desk, exchange);
}

struct slice house_fault_body(void *context, enum error error, struct slice request_id,
                              struct arena *arena)
{
    (void)context;
    char *target = arena_take(arena, PROBLEM_SIZE_MAX);
    if (target == NULL) return (struct slice){0};
    const struct problem_request request = {
        .path = SLICE("/"), .request_id = request_id, .now_ms = clock_now_ms()};
    return problem_body(&(struct problem){.error = error}, &request, target);
}

void house_woken(void *context, void *loop_state)
{
    (void)context;
    struct counter *counter = loop_state;
    struct desk *desk = &counter->desk;
    desk_collect(desk);
    if (desk->house->back_office != NULL) back_office_collect(desk->house->back_office, desk);
}

void house_answered(void *context, void *loop_state, const struct server_answer *answer)
{
    (void)context;
    struct counter *counter = loop_state;
    observer_note(&counter->desk.observer, answer);
}

void house_begin_stop(struct house_state *state)
{
    tally_set(&state->house.stopping, 1);
}

void house_ticked(void *context, void *loop_state)
{
    (void)context;
    struct counter *counter = loop_state;
    desk_expire(&counter->desk, clock_steady_us());
}

bool house_pulse(void *context, void *loop_state)
{
    (void)context;
    struct counter *counter = loop_state;
    return listeners_pulse(counter->desk.listeners, clock_steady_us());
}
