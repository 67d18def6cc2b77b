#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/demo_secret.h"
#include "app/embedded.h"
#include "app/house.h"
#include "app/operations.h"
#include "app/settings.h"
#include "base/buffer.h"
#include "base/check.h"
#include "base/clock.h"
#include "http/listeners.h"
#include "http/server.h"
#include "store/mongo/mongo_uri.h"

enum {
    CONNECTIONS_PER_LOOP_MAX = 12000, /* Ten thousand listeners and their neighbours. */
    GRACE_MS = 10000, /* Twice an answer's deadline; for requests, then for the writer. */
    FILES_MIN = 256,  /* Sixteen loops and their readers take 180. */
    END_S = 25,       /* Of a stop over a shared store; service managers kill after 30. */
};
static_assert(LISTENERS_MAX + 2000 <= CONNECTIONS_PER_LOOP_MAX, "listeners leave room for others");

/* Set by the writer's thread before it sends SIGTERM to its own process. */
static atomic_bool store_failed;

static sigset_t end_signals;

static void store_has_failed(void *context)
{
    (void)context;
    atomic_store(&store_failed, true);
    kill(getpid(), SIGTERM);
}

static void wake_loop(void *context, uint32_t loop)
{
    struct server **server = context;
    server_wake(*server, loop);
}

/* Threads inherit the mask, so that only the main thread hears of the end. */
static void block_signals(void)
{
    sigemptyset(&end_signals);
    sigaddset(&end_signals, SIGTERM);
    sigaddset(&end_signals, SIGINT);
    sigaddset(&end_signals, SIGHUP);
    CHECK(sigprocmask(SIG_BLOCK, &end_signals, NULL) == 0);
    signal(SIGPIPE, SIG_IGN);
}

static void tell_of_end(const siginfo_t *info)
{
    const bool failed = atomic_load(&store_failed);
    log_event(failed ? LOG_ERROR : LOG_INFO, "stopping",
              LOG_TEXT("why", failed ? SLICE("the store's outcome is unknown") : SLICE("signal")),
              LOG_NUMBER("signal", info->si_signo));
}

static void wait_for_end(void)
{
    siginfo_t info;
    while (sigwaitinfo(&end_signals, &info) < 0) CHECK(errno == EINTR);
    tell_of_end(&info);
}

static bool wait_or_end(void *context, int64_t wait_ms)
{
    (void)context;
    siginfo_t info;
    const struct timespec time = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
    if (sigtimedwait(&end_signals, &info, &time) < 0) return true;
    tell_of_end(&info);
    return false;
}

/* Most systems allow 1024 open files unless asked for more: too few for the connections. With
 * less than the store and the loops need nothing starts, since libraries abort in the middle. */
static bool raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return true;
    if (limit.rlim_max < FILES_MIN) {
        fprintf(stderr, "usher: only %llu files may be open, at least %d are needed: LimitNOFILE\n",
                (unsigned long long)limit.rlim_max, FILES_MIN);
        return false;
    }
    if (limit.rlim_cur == limit.rlim_max) return true;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_event(LOG_WARNING, "few_files", LOG_TEXT("why", slice_of(strerror(errno))));
    return true;
}

/* A core dump or a debugger of another program of the user must not show the secrets. */
static void hide_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__)
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        log_event(LOG_WARNING, "memory_readable", LOG_TEXT("why", slice_of(strerror(errno))));
#endif
}

/* The address that programs on this machine reach a listener by. */
static struct slice address_of(const struct config_text *host, const struct server *server,
                               struct config_text *target)
{
    const bool ipv6 = strchr(host->text, ':') != NULL;
    struct buffer url;
    buffer_init(&url, target->text, sizeof target->text - 1);
    buffer_append(&url, ipv6 ? SLICE("http://[") : SLICE("http://"));
    buffer_append(&url, config_slice(host));
    buffer_append(&url, ipv6 ? SLICE("]:") : SLICE(":"));
    buffer_append_unsigned(&url, server_port(server));
    target->text[url.size] = '\0';
    return buffer_text(&url);
}

/* For people, who see no more than the terminal. */
static void print_welcome(const struct config *config, struct slice url)
{
    const bool elsewhere = strcmp(config->data.text, "./data") != 0;
    fprintf(stderr,
            "\n"
            "  usher is ready: %.*s\n"
            "  A token for the API:  %s token --user me%s%s\n"
            "  Stop it with Ctrl-C.\n\n",
            (int)url.size, url.data, program_invocation_name, elsewhere ? " --data " : "",
            elsewhere ? config->data.text : "");
}

/* What was set and has no effect, or more than its owner may have meant. */
static void warn_of_settings(const struct config *config)
{
    enum { UNKNOWN_TOLD_MAX = 20, MAPPED_PREFIX_BITS = 96 /* Of 0.0.0.0/0 in an IPv6 address. */ };
    size_t place = 0;
    for (uint32_t told = 0; told < UNKNOWN_TOLD_MAX; told++) {
        const struct slice name = settings_next_unknown(environ, &place);
        if (name.size == 0) break;
        log_event(LOG_WARNING, "setting_unknown", LOG_TEXT("name", name));
    }
    const struct address_ranges *proxies = &config->limits.limiter.proxies;
    for (size_t index = 0; index < proxies->count; index++) {
        const uint8_t bits = proxies->all[index].prefix_bits;
        if (bits != 0 && bits != MAPPED_PREFIX_BITS) continue;
        log_event(LOG_WARNING, "everybody_is_a_proxy",
                  LOG_TEXT("what", SLICE("TRUSTED_PROXIES lets any client choose his address")));
    }
}

/* What is made of the settings, and ended in the other order. */
struct program {
    struct embedded embedded; /* Or: */
    struct cluster cluster;
    bool shared;
    struct server *server;
    struct house_state house;
    struct operations operations;
};

/* Where people and programs find it. */
struct addresses {
    struct config_text blocks[2];
    struct slice url;
    struct slice metrics;
};

static void find_addresses(const struct program *program, const struct config *config,
                           struct addresses *ret_addresses)
{
    const struct server *metrics = program->operations.server;
    ret_addresses->url = address_of(&config->host, program->server, &ret_addresses->blocks[0]);
    ret_addresses->metrics =
        metrics == NULL ? SLICE("off")
                        : address_of(&config->metrics_host, metrics, &ret_addresses->blocks[1]);
}

/* Health answers from here on; all else when the database is there. */
static void announce_port(const struct program *program, const struct config *config)
{
    struct addresses addresses = {0};
    find_addresses(program, config, &addresses);
    log_event(LOG_INFO, "listening", LOG_TEXT("url", addresses.url),
              LOG_TEXT("metrics", addresses.metrics), LOG_NUMBER("pid", getpid()));
}

static struct slice lock_mode(const struct config *config)
{
    if (config_slice(&config->redis_url).size == 0) return SLICE("none");
    return config->lock_required ? SLICE("required") : SLICE("best-effort");
}

static void announce(const struct program *program, const struct config *config)
{
    const bool shared = program->shared;
    const char *kind = shared ? "database" : "data";
    const struct slice mode = shared ? SLICE("shared") : SLICE("embedded");
    const struct slice place =
        shared ? mongo_uri_place(config->mongo_uri.text) : config_slice(&config->data);
    const char *lock = shared ? "lock" : NULL;
    struct addresses addresses = {0};
    find_addresses(program, config, &addresses);
    log_event(LOG_INFO, "serving", LOG_TEXT("url", addresses.url),
              LOG_TEXT("metrics", addresses.metrics), LOG_TEXT("mode", mode), LOG_TEXT(kind, place),
              LOG_TEXT(lock, lock_mode(config)), LOG_NUMBER("loops", config->loop_count),
              LOG_NUMBER("pid", getpid()));
    if (config->dev) {
        log_event(LOG_WARNING, "development_mode",
                  LOG_TEXT("what", SLICE("X-User-Id and unsigned webhooks are accepted")));
    }
    if (config->demo && log_format() == LOG_FORMAT_TEXT) print_welcome(config, addresses.url);
}

static bool listen_all(struct program *program, const struct config *config)
{
    const struct server_options options = {.host = config_slice(&config->host),
                                           .port = config->port,
                                           .loop_count = config->loop_count,
                                           .connections_max = CONNECTIONS_PER_LOOP_MAX,
                                           .connections_per_client_max =
                                               config->limits.connections_max,
                                           .uncounted = &config->limits.limiter.proxies,
                                           .loop_enter = house_loop_enter,
                                           .loop_leave = house_loop_leave,
                                           .handle = house_handle,
                                           .fault_body = house_fault_body,
                                           .woken = house_woken,
                                           .ticked = house_ticked,
                                           .pulse = house_pulse,
                                           .answered = house_answered,
                                           .context = &program->house};
    struct slice message = {0};
    if (server_open(&options, &program->server, &message) != ERROR_NONE) {
        fprintf(stderr, "usher: HOST, PORT: %.*s\n", (int)message.size, message.data);
        return false;
    }
    return operations_open(&program->operations, config);
}

/* All at once, so that the patience is that of one. */
static bool stop_writers(const struct writers *writers)
{
    bool stopped = true;
    for (uint32_t place = 0; place < writers->count; place++) {
        writer_begin_stop(writers->all[place], GRACE_MS);
    }
    const int64_t until_us = clock_steady_us() + GRACE_MS * INT64_C(1000);
    for (uint32_t place = 0; place < writers->count; place++) {
        const int64_t left_ms = (until_us - clock_steady_us()) / 1000;
        if (!writer_stop(writers->all[place], left_ms < 1 ? 1 : left_ms)) stopped = false;
    }
    return stopped;
}

static bool start_loops(struct program *program)
{
    return server_start(program->server) == ERROR_NONE &&
           operations_start(&program->operations, &program->house, program->server) == ERROR_NONE;
}

static int fail_to_start(void)
{
    log_event(LOG_ERROR, "threads_failed", LOG_TEXT("why", SLICE("no thread could be started")));
    return EXIT_FAILURE;
}

static int serve(struct program *program, struct config *config)
{
    const struct stock stock = {.embedded = program->shared ? NULL : &program->embedded,
                                .cluster = &program->cluster};
    block_signals();
    if (!listen_all(program, config)) return EXIT_USAGE;
    if (!house_open(&program->house, config, &stock, server_port(program->server))) {
        return EXIT_FAILURE;
    }
    if (program->shared) {
        if (!start_loops(program)) return fail_to_start();
        announce_port(program, config);
        const enum cluster_outcome outcome = cluster_open(&program->cluster);
        if (outcome == CLUSTER_REFUSED) return EXIT_USAGE;
        if (outcome == CLUSTER_ENDED) return EXIT_SUCCESS;
    }
    if (!house_start(&program->house)) return fail_to_start();
    if (!program->shared && !start_loops(program)) return fail_to_start();
    announce(program, config);
    warn_of_settings(config);
    wait_for_end();
    return EXIT_SUCCESS;
}

static void give_up(void)
{
    log_event(LOG_ERROR, "stop_overdue", LOG_NUMBER("pid", getpid()));
    _exit(EXIT_RESTART); /* The successor reads from the store what became of the batch. */
}

static void *watch_end(void *context)
{
    (void)context;
    struct timespec left = {.tv_sec = END_S};
    while (nanosleep(&left, &left) != 0) {
    }
    give_up();
    return NULL;
}

/* A database that hangs, and with it the driver, holds up nobody's end. */
static void limit_end(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, watch_end, NULL) == 0) pthread_detach(thread);
}

/* The operator's listener lives until all requests are answered. */
static void end(struct program *program)
{
    if (program->shared) limit_end();
    house_begin_stop(&program->house);
    if (program->server != NULL) server_stop(program->server, GRACE_MS);
    operations_close(&program->operations);
    house_stop(&program->house);
    if (!stop_writers(&program->house.house.writers)) give_up();
    house_close(&program->house);
    if (program->server != NULL) server_close(program->server);
    if (program->shared) cluster_close(&program->cluster);
    else embedded_close(&program->embedded);
}

int serve_command(struct config *config)
{
    if (!config_check_serve(config)) {
        fprintf(stderr, "usher: %s\n", config->message);
        return EXIT_USAGE;
    }
    if (config->demo && config->jwt_secret_count == 0) {
        if (!demo_secret_read(config_slice(&config->data), true, &config->jwt_secrets[0],
                              config->message)) {
            fprintf(stderr, "usher: %s\n", config->message);
            return EXIT_USAGE;
        }
        config->jwt_secret_count = 1;
    }
    hide_memory();
    if (!raise_file_limit()) return EXIT_USAGE;
    static struct program program;
    const struct embedded_options options = {.config = config,
                                             .wake = wake_loop,
                                             .failed = store_has_failed,
                                             .wait = wait_or_end,
                                             .context = &program.server};
    int exit_code = EXIT_USAGE;
    program.shared = config_slice(&config->mongo_uri).size > 0;
    const bool open = program.shared ? cluster_prepare(&program.cluster, &options)
                                     : embedded_open(&program.embedded, &options);
    if (open) exit_code = serve(&program, config);
    end(&program);
    if (atomic_load(&store_failed)) exit_code = EXIT_RESTART;
    if (exit_code == EXIT_SUCCESS) log_event(LOG_INFO, "stopped", LOG_NUMBER("pid", getpid()));
    return exit_code;
}
