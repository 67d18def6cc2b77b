#include "app/monitor.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/mongo/mongo_counts.h"
#include "store/mongo/mongo_watch.h"

enum {
    CHANGES_MAX = 1024, /* Heard and not looked at; the poll finds what does not fit. */
    VERSIONS_AT_ONCE = 256,
    DUE_AT_ONCE = 128,
    MONEY_AT_ONCE = 32,
    COUNTS_KEPT_MS = 3 * MONITOR_COUNT_MS, /* Older ones say nothing any more. */
};

struct change {
    struct id showtime;
    uint64_t version;
};

struct monitor {
    struct monitor_options options;
    struct mongo_client client;
    struct live *live;
    pthread_t thread;
    bool started;
    atomic_bool reachable;
    atomic_bool clock_well;
    atomic_bool clock_known;
    _Atomic int64_t clock_offset_ms;

    pthread_mutex_t mutex; /* Guards what follows, up to the commands. */
    pthread_cond_t arrival;
    bool stopping;
    bool woken;
    uint32_t change_count;
    struct change changes[CHANGES_MAX];
    struct storage_counts counts;
    int64_t counts_of_us; /* When they were read; 0: never. */

    struct command *free_commands; /* The thread's own, from here. */
    int64_t swept_at_us;
    int64_t clock_at_us;
    int64_t counted_at_us;
    struct id due_after; /* Where the next rounds of the sweep go on. */
    struct id money_after;
    struct id watched[LIVE_SHOWTIMES_MAX];
    struct command money[MONEY_AT_ONCE];
    struct command commands[MONITOR_COMMANDS_MAX];
};

struct monitor *monitor_open(const struct monitor_options *options)
{
    struct monitor *monitor = calloc(1, sizeof *monitor);
    if (monitor == NULL) return NULL;
    monitor->options = *options;
    atomic_store(&monitor->reachable, true);
    atomic_store(&monitor->clock_well, true);
    CHECK(pthread_mutex_init(&monitor->mutex, NULL) == 0);
    pthread_condattr_t attributes;
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&monitor->arrival, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    for (uint32_t place = 0; place < MONITOR_COMMANDS_MAX; place++) {
        monitor->commands[place].next = monitor->free_commands;
        monitor->free_commands = &monitor->commands[place];
    }
    if (mongo_client_open(options->connection, &monitor->client) == ERROR_NONE) return monitor;
    log_event(LOG_ERROR, "monitor_failed", LOG_TEXT("why", SLICE("no client is left")));
    monitor_close(monitor);
    return NULL;
}

void monitor_close(struct monitor *monitor)
{
    if (monitor == NULL) return;
    CHECK(!monitor->started);
    mongo_client_close(&monitor->client);
    pthread_cond_destroy(&monitor->arrival);
    pthread_mutex_destroy(&monitor->mutex);
    free(monitor);
}

static void note_reached(struct monitor *monitor, enum error error)
{
    const bool reached = error == ERROR_NONE;
    if (atomic_exchange(&monitor->reachable, reached) == reached) return;
    log_event(reached ? LOG_INFO : LOG_ERROR, "database",
              LOG_TEXT("state", reached ? SLICE("back") : SLICE("away")));
}

/* Takes back the commands that the writers have answered. */
static void collect(struct monitor *monitor)
{
    const struct writers *writers = monitor->options.writers;
    for (uint32_t place = 0; place < writers->count; place++) {
        struct command *command = writer_collect(writers->all[place], monitor->options.loop);
        while (command != NULL) {
            struct command *next = command->next;
            command->next = monitor->free_commands;
            monitor->free_commands = command;
            command = next;
        }
    }
}

/* A command to fill and send; NULL if too many are under way. */
static struct command *take(struct monitor *monitor)
{
    struct command *command = monitor->free_commands;
    if (command != NULL) monitor->free_commands = command->next;
    return command;
}

static void submit(struct monitor *monitor, struct command *command)
{
    command->owner = monitor;
    command->loop = monitor->options.loop;
    if (writers_submit(monitor->options.writers, command)) return;
    command->next = monitor->free_commands;
    monitor->free_commands = command;
}

static void tell(struct monitor *monitor, enum command_kind kind, struct id showtime,
                 uint64_t seen_version)
{
    struct command *command = take(monitor);
    if (command == NULL) return;
    command_init(command);
    command->kind = kind;
    command->showtime = showtime;
    command->seen_version = seen_version;
    submit(monitor, command);
}

/* Has the showtime's writer see what the database has, if somebody watches it; else it forgets
 * what is old, and reads it when it is asked for. */
static void look_if_newer(struct monitor *monitor, struct id showtime, uint64_t version)
{
    uint64_t known = 0;
    const bool in_memory = feed_version(monitor->options.feed, showtime, &known);
    if (!in_memory || version <= known) return;
    const bool watched = live_is_watched(monitor->live, showtime);
    tell(monitor, watched ? COMMAND_LOOK : COMMAND_NEWS, showtime, version);
}

static void follow_changes(struct monitor *monitor)
{
    static_assert(CHANGES_MAX * sizeof(struct change) <= 64 * 1024, "fits the stack");
    struct change changes[CHANGES_MAX];
    pthread_mutex_lock(&monitor->mutex);
    const uint32_t count = monitor->change_count;
    memcpy(changes, monitor->changes, count * sizeof *changes);
    monitor->change_count = 0;
    pthread_mutex_unlock(&monitor->mutex);
    for (uint32_t index = 0; index < count; index++) {
        look_if_newer(monitor, changes[index].showtime, changes[index].version);
    }
}

static enum error follow_watched(struct monitor *monitor)
{
    uint64_t versions[VERSIONS_AT_ONCE];
    const uint32_t count = live_watched(monitor->live, monitor->watched, LIVE_SHOWTIMES_MAX);
    for (uint32_t from = 0; from < count; from += VERSIONS_AT_ONCE) {
        const struct id *showtimes = &monitor->watched[from];
        const uint32_t rest = count - from;
        const uint32_t part = rest < VERSIONS_AT_ONCE ? rest : VERSIONS_AT_ONCE;
        const enum error error = mongo_watch_versions(&monitor->client, showtimes, part, versions);
        if (error != ERROR_NONE) return error;
        for (uint32_t index = 0; index < part; index++) {
            look_if_newer(monitor, showtimes[index], versions[index]);
        }
    }
    if (count > 0) return ERROR_NONE;
    return mongo_client_ping(&monitor->client);
}

static enum error sweep(struct monitor *monitor)
{
    struct id due[DUE_AT_ONCE];
    size_t count = 0;
    const int64_t before_ms = clock_now_ms() - STEAL_GUARD_MS - MONITOR_DUE_AFTER_MS;
    enum error error =
        mongo_watch_due(&monitor->client, before_ms, &monitor->due_after, due, DUE_AT_ONCE, &count);
    if (error != ERROR_NONE) return error;
    for (size_t index = 0; index < count; index++) tell(monitor, COMMAND_LOOK, due[index], 0);
    count = 0;
    error = mongo_watch_money(&monitor->client, &monitor->money_after, monitor->money,
                              MONEY_AT_ONCE, &count);
    if (error != ERROR_NONE) return error;
    for (size_t index = 0; index < count; index++) {
        struct command *command = take(monitor);
        if (command == NULL) break;
        *command = monitor->money[index];
        submit(monitor, command);
    }
    return ERROR_NONE;
}

static enum error compare_clocks(struct monitor *monitor)
{
    int64_t offset_ms = 0;
    const enum error error = mongo_client_clock(&monitor->client, &offset_ms);
    if (error != ERROR_NONE) return error;
    const bool well = offset_ms <= CLOCK_OFF_MAX_MS && offset_ms >= -CLOCK_OFF_MAX_MS;
    atomic_store(&monitor->clock_offset_ms, offset_ms);
    atomic_store(&monitor->clock_known, true);
    if (atomic_exchange(&monitor->clock_well, well) != well) {
        log_event(well ? LOG_INFO : LOG_ERROR, well ? "clock_well" : "clock_off",
                  LOG_NUMBER("offset_ms", offset_ms), LOG_NUMBER("at_most_ms", CLOCK_OFF_MAX_MS));
    }
    return ERROR_NONE;
}

/* For who watches only: that it takes too long says nothing of the database. */
static void count(struct monitor *monitor)
{
    struct storage_counts counts = {0};
    if (mongo_counts_read(&monitor->client, &counts) != ERROR_NONE) return;
    pthread_mutex_lock(&monitor->mutex);
    monitor->counts = counts;
    monitor->counts_of_us = clock_steady_us();
    pthread_mutex_unlock(&monitor->mutex);
}

static bool is_time(int64_t *at_us, int64_t now_us, int64_t every_ms)
{
    if (*at_us != 0 && now_us - *at_us < every_ms * 1000) return false;
    *at_us = now_us;
    return true;
}

static void do_round(struct monitor *monitor)
{
    const int64_t now_us = clock_steady_us();
    enum error error = follow_watched(monitor);
    if (error == ERROR_NONE && is_time(&monitor->swept_at_us, now_us, MONITOR_SWEEP_MS))
        error = sweep(monitor);
    if (error == ERROR_NONE && is_time(&monitor->clock_at_us, now_us, MONITOR_CLOCK_MS))
        error = compare_clocks(monitor);
    note_reached(monitor, error);
    if (error == ERROR_NONE && is_time(&monitor->counted_at_us, now_us, MONITOR_COUNT_MS))
        count(monitor);
}

/* Until something has come, or the moment; false when the end has. */
static bool wait_until(struct monitor *monitor, int64_t until_us)
{
    const struct timespec until = {.tv_sec = until_us / 1000000,
                                   .tv_nsec = until_us % 1000000 * 1000};
    pthread_mutex_lock(&monitor->mutex);
    int code = 0;
    while (!monitor->stopping && !monitor->woken && monitor->change_count == 0 && code == 0) {
        code = pthread_cond_timedwait(&monitor->arrival, &monitor->mutex, &until);
    }
    monitor->woken = false;
    const bool goes_on = !monitor->stopping;
    pthread_mutex_unlock(&monitor->mutex);
    return goes_on;
}

static int64_t monotonic_us(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void *run(void *argument)
{
    struct monitor *monitor = argument;
    int64_t next_us = 0;
    while (wait_until(monitor, next_us)) {
        collect(monitor);
        follow_changes(monitor);
        if (monotonic_us() < next_us) continue;
        do_round(monitor);
        next_us = monotonic_us() + MONITOR_ROUND_MS * 1000;
    }
    return NULL;
}

bool monitor_start(struct monitor *monitor, struct live *live)
{
    monitor->live = live;
    /* A clock that is off is known before the first request; without an answer it is soon. */
    if (compare_clocks(monitor) == ERROR_NONE) monitor->clock_at_us = clock_steady_us();
    monitor->started = pthread_create(&monitor->thread, NULL, run, monitor) == 0;
    return monitor->started;
}

void monitor_stop(struct monitor *monitor)
{
    if (!monitor->started) return;
    pthread_mutex_lock(&monitor->mutex);
    monitor->stopping = true;
    pthread_cond_signal(&monitor->arrival);
    pthread_mutex_unlock(&monitor->mutex);
    CHECK(pthread_join(monitor->thread, NULL) == 0);
    monitor->started = false;
}

void monitor_wake(struct monitor *monitor)
{
    pthread_mutex_lock(&monitor->mutex);
    monitor->woken = true;
    pthread_cond_signal(&monitor->arrival);
    pthread_mutex_unlock(&monitor->mutex);
}

void monitor_changed(struct monitor *monitor, struct id showtime, uint64_t version)
{
    pthread_mutex_lock(&monitor->mutex);
    if (monitor->change_count < CHANGES_MAX) {
        monitor->changes[monitor->change_count++] = (struct change){showtime, version};
        pthread_cond_signal(&monitor->arrival);
    }
    pthread_mutex_unlock(&monitor->mutex);
}

bool monitor_reachable(const struct monitor *monitor)
{
    return atomic_load(&monitor->reachable);
}

bool monitor_well(const struct monitor *monitor)
{
    return atomic_load(&monitor->reachable) && atomic_load(&monitor->clock_well);
}

bool monitor_clock(const struct monitor *monitor, int64_t *ret_offset_ms, bool *ret_well)
{
    *ret_well = atomic_load(&monitor->clock_well);
    *ret_offset_ms = atomic_load(&monitor->clock_offset_ms);
    return atomic_load(&monitor->clock_known);
}

enum error monitor_counts(struct monitor *monitor, struct storage_counts *ret_counts)
{
    const int64_t now_us = clock_steady_us();
    pthread_mutex_lock(&monitor->mutex);
    const bool fresh = monitor->counts_of_us != 0 &&
                       now_us - monitor->counts_of_us <= COUNTS_KEPT_MS * INT64_C(1000);
    *ret_counts = monitor->counts;
    pthread_mutex_unlock(&monitor->mutex);
    return fresh ? ERROR_NONE : ERROR_STORE_UNAVAILABLE;
}
