#include "app/cluster.h"

#include <stdatomic.h>
#include <unistd.h>

#include "app/app_locale.h"
#include "app/commands.h"
#include "app/seed_command.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/random.h"
#include "store/mongo/mongo_catalogue_write.h"
#include "store/mongo/mongo_move.h"
#include "store/mongo/mongo_self_test.h"
#include "store/mongo/mongo_uri.h"

enum {
    CONNECT_AGAIN_MS = 1000,
    WAIT_TOLD_EVERY = 10, /* Tries between two lines of the log. */
    CLIENTS_OF_CLERK = 4, /* clerks.c: its own, and those of its three readers. */
};

/* What the start needs, in this order; tried again, from where it stopped, until it succeeds. */
typedef enum error step(struct cluster *cluster, struct mongo_reason *ret_reason);

/* Until the next try, or the end: CLUSTER_OPEN to try again. */
static enum cluster_outcome wait_for_database(const struct cluster *cluster, uint32_t tries,
                                              enum error error, const struct mongo_reason *reason)
{
    if (error == ERROR_INTERNAL_ERROR) {
        fprintf(stderr, "usher: MONGO_URI: %s\n", reason->text);
        return CLUSTER_REFUSED;
    }
    if (tries % WAIT_TOLD_EVERY == 0) {
        log_event(LOG_WARNING, "waiting_for_database",
                  LOG_TEXT("database", mongo_uri_place(cluster->config->mongo_uri.text)),
                  LOG_TEXT("why", slice_of(reason->text)));
    }
    return cluster->wait(cluster->context, CONNECT_AGAIN_MS) ? CLUSTER_OPEN : CLUSTER_ENDED;
}

/* Each thread keeps its clients: too few of them would show in the middle of the start. */
static enum error check_clients(const struct cluster *cluster, struct mongo_reason *ret_reason)
{
    const struct config *config = cluster->config;
    uint32_t needed = CLIENTS_OF_CLERK * config->reader_count + 1; /* The monitor's. */
    if (needed < config->writer_count) needed = config->writer_count;
    if (needed < MONGO_SELF_TEST_CLIENTS) needed = MONGO_SELF_TEST_CLIENTS;
    const int32_t given = mongoc_uri_get_option_as_int32(mongo_connection_uri(cluster->connection),
                                                         MONGOC_URI_MAXPOOLSIZE, MONGO_POOL_MAX);
    if (given >= (int32_t)needed) return ERROR_NONE;
    mongo_explain(ret_reason,
                  "maxPoolSize=%d: USHER_WRITERS and USHER_READERS need %u connections; leave it "
                  "out, or set fewer threads",
                  given, needed);
    return ERROR_INTERNAL_ERROR;
}

static enum error check_whole(struct mongo_connection *connection, struct mongo_reason *ret_reason)
{
    struct mongo_client client = {0};
    enum error error = mongo_client_open(connection, &client);
    if (error == ERROR_NONE) error = mongo_move_check_whole(&client, ret_reason);
    else mongo_explain(ret_reason, "the pool has no client left");
    mongo_client_close(&client);
    return error;
}

/* As long as nobody knows whether the database is safe, nothing starts. */
static enum error reach(struct cluster *cluster, struct mongo_reason *ret_reason)
{
    if (cluster->connection == NULL) {
        const enum error error = mongo_connection_open(cluster->config->mongo_uri.text,
                                                       &cluster->connection, ret_reason);
        if (error != ERROR_NONE) return error;
    }
    enum error error = check_clients(cluster, ret_reason);
    if (error == ERROR_NONE) error = mongo_self_test(cluster->connection, ret_reason);
    if (error == ERROR_NONE) error = check_whole(cluster->connection, ret_reason);
    if (error != ERROR_NONE) return error;
    return mongo_connection_open_reading(cluster->connection, &cluster->reading, ret_reason);
}

static enum error write_entries(void *context, const struct catalogue_entries *entries,
                                struct catalogue_report *ret_report)
{
    return mongo_catalogue_write(context, entries, app_locale(), clock_now_ms(), ret_report);
}

/* A store that loads a catalogue, and sells nothing. */
static struct mongo_store *open_loader(struct mongo_connection *connection,
                                       struct mongo_reason *ret_reason)
{
    struct mongo_store *store = NULL;
    const struct mongo_store_options options = {.connection = connection, .instance = "seed"};
    return mongo_store_open(&options, &store, ret_reason) == ERROR_NONE ? store : NULL;
}

/* What was begun is completed, though the database is not empty any more. */
static enum error fill_with_demo(struct cluster *cluster, struct mongo_reason *ret_reason)
{
    bool empty = false;
    if (!cluster->config->demo) return ERROR_NONE;
    struct mongo_store *store = open_loader(cluster->connection, ret_reason);
    if (store == NULL) return ERROR_STORE_UNAVAILABLE;
    mongo_explain(ret_reason, "the demo's catalogue could not be written");
    enum error error = mongo_catalogue_write_empty(store, &empty);
    cluster->fills = cluster->fills || empty;
    if (error == ERROR_NONE && cluster->fills &&
        seed_demo_into(write_entries, store, clock_now_ms()) != EXIT_SUCCESS) {
        error = ERROR_STORE_UNAVAILABLE;
    }
    mongo_store_close(store);
    return error;
}

static void wake(void *context, uint32_t loop)
{
    struct cluster *cluster = context;
    if (loop < cluster->config->loop_count) cluster->wake(cluster->context, loop);
    else if (cluster->monitor != NULL) monitor_wake(cluster->monitor);
}

static void never_failed(void *context)
{
    (void)context; /* A shared store finds out by itself. */
}

/* Who we are, for people who look into the database or Redis. */
static void name_instance(struct cluster *cluster)
{
    char host[32] = "usher";
    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(cluster->instance, sizeof cluster->instance, "%s:%ld", host, (long)getpid());
}

static bool open_redis(struct cluster *cluster, const struct redis_url *url, uint32_t place)
{
    const struct config *config = cluster->config;
    if (config_slice(&config->redis_url).size == 0) return true;
    cluster->links[place] = redis_link_open(url, cluster->instance);
    if (cluster->links[place] == NULL) return false;
    cluster->locks[place] =
        redis_lock_open(&(struct redis_lock_options){.link = cluster->links[place],
                                                     .instance = cluster->instance,
                                                     .required = config->lock_required});
    return cluster->locks[place] != NULL;
}

static void heard(void *context, struct id showtime, uint64_t version)
{
    const struct cluster *cluster = context;
    const uint32_t place = engine_part(showtime, cluster->writers.count);
    redis_lock_heard(cluster->locks[place], showtime);
    monitor_changed(cluster->monitor, showtime, version);
}

static bool read_redis_url(const struct cluster *cluster, struct redis_url *ret_url)
{
    const struct slice text = config_slice(&cluster->config->redis_url);
    *ret_url = (struct redis_url){0};
    return text.size == 0 || redis_url_parse(text, ret_url) == NULL;
}

static bool open_writer(struct cluster *cluster, uint32_t place)
{
    const struct config *config = cluster->config;
    const uint32_t share = SHOWTIMES_RESIDENT_MAX / config->writer_count;
    struct writer_options options = {.engine = {.policy = {.hold_ms = config->hold_ms,
                                                           .payment_ms = config->payment_ms,
                                                           .held_seats_max = config->held_seats_max,
                                                           .tag_key = cluster->tag_key},
                                                .showtimes_max = share,
                                                .store = mongo_store_port(cluster->stores[place]),
                                                .feed = cluster->feed,
                                                .feed_base = place * share,
                                                .parts = config->writer_count,
                                                .part = place},
                                     .loop_count = config->loop_count + 1,
                                     .wake = wake,
                                     .failed = never_failed,
                                     .context = cluster};
    struct redis_url url;
    bool open = read_redis_url(cluster, &url);
    if (open && cluster->links[place] == NULL) open = open_redis(cluster, &url, place);
    explicit_bzero(&url, sizeof url);
    if (!open) return false;
    if (cluster->links[place] != NULL) {
        options.engine.lock = redis_lock_port(cluster->locks[place]);
        options.engine.committed = redis_feed_publish;
        options.engine.committed_context = cluster->links[place];
    }
    cluster->writers.all[place] = writer_open(&options);
    return cluster->writers.all[place] != NULL;
}

static enum error open_writers(struct cluster *cluster, struct mongo_reason *ret_reason)
{
    struct mongo_store_options store = {.connection = cluster->connection,
                                        .tag_key = cluster->tag_key,
                                        .instance = cluster->instance};
    while (cluster->writers.count < cluster->config->writer_count) {
        const uint32_t place = cluster->writers.count;
        store.sweeps_not = place > 0;
        if (cluster->stores[place] == NULL) {
            const enum error error = mongo_store_open(&store, &cluster->stores[place], ret_reason);
            if (error != ERROR_NONE) return error;
        }
        if (!open_writer(cluster, place)) {
            mongo_explain(ret_reason, "a writer could not be opened");
            return ERROR_STORE_UNAVAILABLE;
        }
        cluster->writers.count++;
    }
    return ERROR_NONE;
}

static enum error open_monitor(struct cluster *cluster, struct mongo_reason *ret_reason)
{
    struct redis_url url;
    mongo_explain(ret_reason, "the monitor could not be opened");
    cluster->monitor = monitor_open(&(struct monitor_options){.connection = cluster->reading,
                                                              .writers = &cluster->writers,
                                                              .feed = cluster->feed,
                                                              .loop = cluster->config->loop_count});
    if (cluster->monitor == NULL) return ERROR_INTERNAL_ERROR;
    if (config_slice(&cluster->config->redis_url).size == 0) return ERROR_NONE;
    mongo_explain(ret_reason, "the connection to REDIS_URL could not be set up");
    if (read_redis_url(cluster, &url)) {
        cluster->news = redis_feed_open(&(struct redis_feed_options){
            .url = &url, .instance = cluster->instance, .heard = heard, .context = cluster});
    }
    explicit_bzero(&url, sizeof url);
    return cluster->news == NULL ? ERROR_INTERNAL_ERROR : ERROR_NONE;
}

bool cluster_prepare(struct cluster *cluster, const struct embedded_options *options)
{
    *cluster = (struct cluster){.config = options->config,
                                .wake = options->wake,
                                .wait = options->wait,
                                .context = options->context};
    atomic_init(&cluster->opening, true);
    mongo_connection_begin();
    name_instance(cluster);
    random_fill(&cluster->tag_key, sizeof cluster->tag_key);
    cluster->feed = feed_open(SHOWTIMES_RESIDENT_MAX);
    if (cluster->feed == NULL) fputs("usher: out of memory\n", stderr);
    return cluster->feed != NULL;
}

enum cluster_outcome cluster_open(struct cluster *cluster)
{
    static step *const steps[] = {reach, fill_with_demo, open_writers, open_monitor};
    const int64_t started_us = clock_steady_us();
    uint32_t tries = 0;
    for (size_t index = 0; index < sizeof steps / sizeof steps[0]; index++) {
        struct mongo_reason reason = {""};
        enum error error = ERROR_NONE;
        while ((error = steps[index](cluster, &reason)) != ERROR_NONE) {
            const enum cluster_outcome outcome =
                wait_for_database(cluster, tries++, error, &reason);
            if (outcome != CLUSTER_OPEN) return outcome;
        }
    }
    log_event(LOG_INFO, "database_open",
              LOG_TEXT("database", mongo_uri_place(cluster->config->mongo_uri.text)),
              LOG_NUMBER("writers", cluster->writers.count),
              LOG_NUMBER("micros", clock_steady_us() - started_us));
    return CLUSTER_OPEN;
}

void cluster_admit(struct cluster *cluster)
{
    atomic_store_explicit(&cluster->opening, false, memory_order_release);
}

static bool is_open(const struct cluster *cluster)
{
    return !atomic_load_explicit(&cluster->opening, memory_order_acquire);
}

void cluster_close(struct cluster *cluster)
{
    redis_feed_close(cluster->news);
    monitor_close(cluster->monitor);
    for (uint32_t place = 0; place < WRITERS_MAX; place++) {
        writer_close(cluster->writers.all[place]);
        redis_lock_close(cluster->locks[place]);
        redis_link_close(cluster->links[place]);
        mongo_store_close(cluster->stores[place]);
    }
    feed_close(cluster->feed);
    mongo_connection_close(cluster->reading);
    mongo_connection_close(cluster->connection);
    *cluster = (struct cluster){0};
}

static void describe_peers(const struct cluster *cluster, struct storage_peers *ret_peers)
{
    *ret_peers = (struct storage_peers){.any = true, .database = STORAGE_DATABASE_AWAITED};
    if (!is_open(cluster)) return;
    const struct monitor *monitor = cluster->monitor;
    ret_peers->database = monitor_reachable(monitor) ? STORAGE_DATABASE_OK : STORAGE_DATABASE_AWAY;
    ret_peers->clock_known =
        monitor_clock(monitor, &ret_peers->clock_offset_ms, &ret_peers->clock_well);
    ret_peers->redis_set = cluster->news != NULL;
    ret_peers->redis_well =
        cluster->news != NULL && redis_feed_counts(cluster->news).subscribed == 1;
}

/* Disks are the database's; what is full or slow there shows in its answers. */
static void examine(void *context, struct storage_state *ret_state)
{
    const struct cluster *cluster = context;
    *ret_state =
        (struct storage_state){.in_place = is_open(cluster) && monitor_well(cluster->monitor),
                               .disk_size = INT64_MAX,
                               .disk_free = INT64_MAX};
    describe_peers(cluster, &ret_state->peers);
}

static enum error count(void *context, struct storage_counts *ret_counts)
{
    const struct cluster *cluster = context;
    if (!is_open(cluster) || !monitor_reachable(cluster->monitor)) return ERROR_STORE_UNAVAILABLE;
    return monitor_counts(cluster->monitor, ret_counts);
}

struct storage cluster_storage(struct cluster *cluster)
{
    static const struct storage_methods methods = {.examine = examine, .count = count};
    static const struct storage_meter meter;
    return (struct storage){.context = cluster, .methods = &methods, .meter = &meter};
}

static enum error ping(void *context)
{
    const struct cluster *cluster = context;
    return is_open(cluster) && monitor_well(cluster->monitor) ? ERROR_NONE
                                                              : ERROR_STORE_UNAVAILABLE;
}

struct reader cluster_reader(struct cluster *cluster)
{
    static const struct reader_methods methods = {.ping = ping};
    return (struct reader){.context = cluster, .methods = &methods};
}

int cluster_seed(const struct config *config, const char *path)
{
    struct mongo_connection *connection = NULL;
    struct mongo_store *store = NULL;
    struct mongo_reason reason = {""};
    mongo_connection_begin();
    enum error error = mongo_connection_open(config->mongo_uri.text, &connection, &reason);
    if (error == ERROR_NONE) error = check_whole(connection, &reason);
    if (error == ERROR_NONE) {
        store = open_loader(connection, &reason);
        if (store == NULL) error = ERROR_STORE_UNAVAILABLE;
    }
    if (error != ERROR_NONE) fprintf(stderr, "usher: MONGO_URI: %s\n", reason.text);
    const int exit_code = error == ERROR_NONE ? seed_file(path, write_entries, store) : EXIT_USAGE;
    mongo_store_close(store);
    mongo_connection_close(connection);
    return exit_code;
}
