#include "app/cluster.h"

#include <unistd.h>

#include "app/app_locale.h"
#include "app/commands.h"
#include "app/seed_command.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/random.h"
#include "store/mongo/mongo_catalogue_write.h"
#include "store/mongo/mongo_self_test.h"

enum {
    CONNECT_AGAIN_S = 1,
    WAIT_TOLD_EVERY = 10, /* Tries between two lines of the log. */
};

/* Waits for a database that does not answer yet. */
static enum error open_connection(const struct config *config,
                                  struct mongo_connection **ret_connection, bool waits)
{
    struct mongo_reason reason = {""};
    for (uint32_t try = 0;; try++) {
        const enum error error =
            mongo_connection_open(config->mongo_uri.text, ret_connection, &reason);
        if (error == ERROR_NONE) return error;
        if (error != ERROR_STORE_UNAVAILABLE || !waits) {
            fprintf(stderr, "usher: MONGO_URI: %s\n", reason.text);
            return error;
        }
        if (try % WAIT_TOLD_EVERY == 0) {
            log_event(LOG_WARNING, "waiting_for_database", LOG_TEXT("why", slice_of(reason.text)));
        }
        sleep(CONNECT_AGAIN_S);
    }
}

/* As long as nobody knows whether the database is safe, nothing starts. */
static bool is_safe(struct cluster *cluster)
{
    struct mongo_reason reason = {""};
    for (;;) {
        const enum error error = mongo_self_test(cluster->connection, &reason);
        if (error == ERROR_NONE) return true;
        if (error == ERROR_INTERNAL_ERROR) {
            fprintf(stderr, "usher: MONGO_URI: %s\n", reason.text);
            return false;
        }
        log_event(LOG_WARNING, "waiting_for_database", LOG_TEXT("why", slice_of(reason.text)));
        sleep(CONNECT_AGAIN_S);
    }
}

static enum error write_entries(void *context, const struct catalogue_entries *entries,
                                struct catalogue_report *ret_report)
{
    return mongo_catalogue_write(context, entries, app_locale(), clock_now_ms(), ret_report);
}

/* A store that loads a catalogue, and sells nothing. */
static struct mongo_store *open_loader(struct mongo_connection *connection)
{
    struct mongo_store *store = NULL;
    struct mongo_reason reason = {""};
    const struct mongo_store_options options = {.connection = connection, .instance = "seed"};
    if (mongo_store_open(&options, &store, &reason) == ERROR_NONE) return store;
    fprintf(stderr, "usher: MONGO_URI: %s\n", reason.text);
    return NULL;
}

static bool fill_with_demo(struct cluster *cluster)
{
    bool empty = false;
    struct mongo_store *store = open_loader(cluster->connection);
    if (store == NULL) return false;
    bool filled = mongo_catalogue_write_empty(store, &empty) == ERROR_NONE;
    if (filled && empty) filled = seed_demo_into(write_entries, store, clock_now_ms()) == 0;
    mongo_store_close(store);
    return filled;
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

/* Not needed for a right answer, so it may be away; but it must be one. */
static bool read_redis_url(const struct config *config, struct redis_url *ret_url)
{
    const struct slice text = config_slice(&config->redis_url);
    if (text.size == 0) return true;
    const char *wrong = redis_url_parse(text, ret_url);
    if (wrong == NULL) return true;
    fprintf(stderr, "usher: REDIS_URL: %s\n", wrong);
    return false;
}

static bool open_redis(struct cluster *cluster, const struct redis_url *url, uint32_t place,
                       struct engine_options *engine)
{
    const struct config *config = cluster->config;
    if (config_slice(&config->redis_url).size == 0) return true;
    cluster->links[place] = redis_link_open(url, cluster->instance);
    if (cluster->links[place] == NULL) return false;
    cluster->locks[place] =
        redis_lock_open(&(struct redis_lock_options){.link = cluster->links[place],
                                                     .instance = cluster->instance,
                                                     .required = config->lock_required});
    if (cluster->locks[place] == NULL) return false;
    engine->lock = redis_lock_port(cluster->locks[place]);
    engine->committed = redis_feed_publish;
    engine->committed_context = cluster->links[place];
    return true;
}

static void heard(void *context, struct id showtime, uint64_t version)
{
    const struct cluster *cluster = context;
    monitor_changed(cluster->monitor, showtime, version);
}

static bool open_writer(struct cluster *cluster, uint32_t place, const struct siphash_key *tag_key,
                        const struct redis_url *url)
{
    const struct config *config = cluster->config;
    struct mongo_reason reason = {""};
    const struct mongo_store_options store = {
        .connection = cluster->connection, .tag_key = *tag_key, .instance = cluster->instance};
    while (mongo_store_open(&store, &cluster->stores[place], &reason) != ERROR_NONE) {
        log_event(LOG_WARNING, "waiting_for_database", LOG_TEXT("why", slice_of(reason.text)));
        sleep(CONNECT_AGAIN_S);
    }
    const uint32_t share = SHOWTIMES_RESIDENT_MAX / config->writer_count;
    struct writer_options options = {.engine = {.policy = {.hold_ms = config->hold_ms,
                                                           .payment_ms = config->payment_ms,
                                                           .held_seats_max = config->held_seats_max,
                                                           .tag_key = *tag_key},
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
    if (!open_redis(cluster, url, place, &options.engine)) return false;
    cluster->writers.all[place] = writer_open(&options);
    if (cluster->writers.all[place] == NULL) return false;
    cluster->writers.count++;
    return true;
}

static bool open_writers(struct cluster *cluster)
{
    struct siphash_key tag_key; /* Of this process only: the tags never leave memory. */
    struct redis_url url = {0};
    random_fill(&tag_key, sizeof tag_key);
    name_instance(cluster);
    if (!read_redis_url(cluster->config, &url)) return false;
    cluster->feed = feed_open(SHOWTIMES_RESIDENT_MAX);
    if (cluster->feed == NULL) return false;
    for (uint32_t place = 0; place < cluster->config->writer_count; place++) {
        if (!open_writer(cluster, place, &tag_key, &url)) return false;
    }
    cluster->monitor = monitor_open(&(struct monitor_options){.connection = cluster->connection,
                                                              .writers = &cluster->writers,
                                                              .feed = cluster->feed,
                                                              .loop = cluster->config->loop_count});
    if (cluster->monitor == NULL) return false;
    if (config_slice(&cluster->config->redis_url).size == 0) return true;
    cluster->news = redis_feed_open(&(struct redis_feed_options){
        .url = &url, .instance = cluster->instance, .heard = heard, .context = cluster});
    return cluster->news != NULL;
}

bool cluster_open(struct cluster *cluster, const struct embedded_options *options)
{
    *cluster = (struct cluster){
        .config = options->config, .wake = options->wake, .context = options->context};
    const int64_t started_us = clock_steady_us();
    mongo_connection_begin();
    if (open_connection(options->config, &cluster->connection, true) != ERROR_NONE) return false;
    if (!is_safe(cluster)) return false;
    if (options->config->demo && !fill_with_demo(cluster)) {
        fputs("usher: MONGO_URI: the demo's catalogue could not be written\n", stderr);
        return false;
    }
    if (!open_writers(cluster)) {
        fputs("usher: the writers could not be opened\n", stderr);
        return false;
    }
    log_event(LOG_INFO, "database_open", LOG_NUMBER("writers", cluster->writers.count),
              LOG_NUMBER("micros", clock_steady_us() - started_us));
    return true;
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
    mongo_connection_close(cluster->connection);
    *cluster = (struct cluster){0};
}

/* Disks are the database's; what is full or slow there shows in its answers. */
static void examine(void *context, struct storage_state *ret_state)
{
    const struct cluster *cluster = context;
    *ret_state = (struct storage_state){
        .in_place = monitor_well(cluster->monitor), .disk_size = INT64_MAX, .disk_free = INT64_MAX};
}

static enum error count(void *context, struct storage_counts *ret_counts)
{
    (void)context;
    (void)ret_counts;
    return ERROR_STORE_UNAVAILABLE;
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
    return monitor_well(cluster->monitor) ? ERROR_NONE : ERROR_STORE_UNAVAILABLE;
}

struct reader cluster_reader(struct cluster *cluster)
{
    static const struct reader_methods methods = {.ping = ping};
    return (struct reader){.context = cluster, .methods = &methods};
}

int cluster_seed(const struct config *config, const char *path)
{
    struct mongo_connection *connection = NULL;
    mongo_connection_begin();
    if (open_connection(config, &connection, false) != ERROR_NONE) return EXIT_USAGE;
    struct mongo_store *store = open_loader(connection);
    const int exit_code = store == NULL ? EXIT_USAGE : seed_file(path, write_entries, store);
    mongo_store_close(store);
    mongo_connection_close(connection);
    return exit_code;
}
