#include <errno.h>
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

enum {
    CONNECTIONS_PER_LOOP_MAX = 12000, /* Ten thousand listeners and their neighbours. */
    GRACE_MS = 10000, /* Twice an answer's deadline; for requests, then for the writer. */
    FILES_MIN = 256,  /* Sixteen loops and their readers take 180. */
};
static_assert(LISTENERS_MAX + 2000 <= CONNECTIONS_PER_LOOP_MAX, "listeners leave room for others");

/* Set by the writer's thread before it sends SIGTERM to its own process. */
static atomic_bool store_failed;

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
static sigset_t block_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    CHECK(sigprocmask(SIG_BLOCK, &signals, NULL) == 0);
    signal(SIGPIPE, SIG_IGN);
    return signals;
}

static void wait_for_end(const sigset_t *signals)
{
    siginfo_t info;
    while (sigwaitinfo(signals, &info) < 0) CHECK(errno == EINTR);
    const bool failed = atomic_load(&store_failed);
    log_event(failed ? LOG_ERROR : LOG_INFO, "stopping",
              LOG_TEXT("why", failed ? SLICE("the store's outcome is unknown") : SLICE("signal")),
              LOG_NUMBER("signal", info.si_signo));
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

static void announce(const struct config *config, const struct server *server,
                     const struct operations *operations)
{
    struct config_text block = {0};
    struct config_text metrics_block = {0};
    const struct slice url = address_of(&config->host, server, &block);
    struct slice metrics = SLICE("off");
    if (operations->server != NULL) {
        metrics = address_of(&config->metrics_host, operations->server, &metrics_block);
    }
    log_event(LOG_INFO, "serving", LOG_TEXT("url", url), LOG_TEXT("metrics", metrics),
              LOG_TEXT("data", config_slice(&config->data)),
              LOG_NUMBER("loops", config->loop_count), LOG_NUMBER("pid", getpid()));
    if (config->dev) {
        log_event(LOG_WARNING, "development_mode",
                  LOG_TEXT("what", SLICE("X-User-Id and unsigned webhooks are accepted")));
    }
    if (config->demo && log_format() == LOG_FORMAT_TEXT) print_welcome(config, url);
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

static bool start_writers(const struct writers *writers)
{
    for (uint32_t place = 0; place < writers->count; place++) {
        if (writer_start(writers->all[place]) != ERROR_NONE) return false;
    }
    return true;
}

/* Where several instances write, one that hangs keeps nobody from the truth. */
static bool stop_writers(const struct writers *writers)
{
    bool stopped = true;
    for (uint32_t place = 0; place < writers->count; place++) {
        if (!writer_stop(writers->all[place], GRACE_MS)) stopped = false;
    }
    return stopped;
}

static bool start_threads(struct program *program)
{
    if (start_writers(&program->house.house.writers) && house_start(&program->house) &&
        server_start(program->server) == ERROR_NONE &&
        operations_start(&program->operations, &program->house, program->server) == ERROR_NONE) {
        return true;
    }
    log_event(LOG_ERROR, "threads_failed", LOG_TEXT("why", SLICE("no thread could be started")));
    return false;
}

static int serve(struct program *program, struct config *config)
{
    const sigset_t signals = block_signals();
    if (!listen_all(program, config)) return EXIT_USAGE;
    const struct stock stock = {.embedded = program->shared ? NULL : &program->embedded,
                                .cluster = &program->cluster};
    if (!house_open(&program->house, config, &stock, server_port(program->server)) ||
        !start_threads(program)) {
        return EXIT_FAILURE;
    }
    announce(config, program->server, &program->operations);
    warn_of_settings(config);
    wait_for_end(&signals);
    house_begin_stop(&program->house);
    return EXIT_SUCCESS;
}

/* The operator's listener lives until all requests are answered. */
static void end(struct program *program)
{
    if (program->server != NULL) server_stop(program->server, GRACE_MS);
    operations_close(&program->operations);
    house_stop(&program->house);
    if (!stop_writers(&program->house.house.writers)) {
        log_event(LOG_ERROR, "stop_overdue", LOG_NUMBER("pid", getpid()));
        _exit(EXIT_RESTART); /* The successor reads from the file what became of the batch. */
    }
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
                                             .context = &program.server};
    int exit_code = EXIT_USAGE;
    program.shared = config_slice(&config->mongo_uri).size > 0;
    const bool open = program.shared ? cluster_open(&program.cluster, &options)
                                     : embedded_open(&program.embedded, &options);
    if (open) exit_code = serve(&program, config);
    end(&program);
    if (atomic_load(&store_failed)) exit_code = EXIT_RESTART;
    if (exit_code == EXIT_SUCCESS) log_event(LOG_INFO, "stopped", LOG_NUMBER("pid", getpid()));
    return exit_code;
}
