#include "engine/writer.h"

#include <pthread.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"

enum {
    TEND_EVERY_MS = 1000, /* Housekeeping; also the longest sleep, so clock jumps are seen. */
    NANOSECONDS_PER_MS = 1000000,
};

struct list {
    struct command *first;
    struct command *last;
};

struct outbox {
    pthread_mutex_t mutex;
    struct list answered;
};

struct writer {
    struct writer_options options;
    struct engine *engine;
    pthread_t thread;
    bool started;

    pthread_mutex_t mutex; /* Guards what follows, up to the outboxes. */
    pthread_cond_t arrival;
    pthread_cond_t end;
    struct list inbox;
    uint32_t waiting; /* In the inbox. */
    uint32_t in_flight;
    bool stopping;
    int64_t stop_by_us; /* When stopping: no batch begins after it. */
    bool failed;
    bool busy;
    bool ended; /* The thread has; `end` is signalled. */
    int64_t busy_since_us;
    struct engine_counts counts;

    struct outbox outboxes[WRITER_LOOPS_MAX];
    struct list answered[WRITER_LOOPS_MAX]; /* Of the batch that runs; the thread's own. */
    int64_t tended_at_ms;
};

static void list_append(struct list *list, struct command *command)
{
    command->next = NULL;
    if (list->last == NULL) list->first = command;
    else list->last->next = command;
    list->last = command;
}

static void list_splice(struct list *list, const struct list *more)
{
    if (more->first == NULL) return;
    if (list->last == NULL) list->first = more->first;
    else list->last->next = more->first;
    list->last = more->last;
}

static void collect_answer(void *context, struct command *command)
{
    struct writer *writer = context;
    CHECK(command->loop < writer->options.loop_count);
    list_append(&writer->answered[command->loop], command);
}

static void init_locks(struct writer *writer)
{
    pthread_condattr_t attributes;
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&writer->arrival, &attributes) == 0);
    CHECK(pthread_cond_init(&writer->end, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    CHECK(pthread_mutex_init(&writer->mutex, NULL) == 0);
    for (uint32_t loop = 0; loop < WRITER_LOOPS_MAX; loop++) {
        CHECK(pthread_mutex_init(&writer->outboxes[loop].mutex, NULL) == 0);
    }
}

struct writer *writer_open(const struct writer_options *options)
{
    CHECK(options->loop_count >= 1);
    CHECK(options->loop_count <= WRITER_LOOPS_MAX);

    struct writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) return NULL;
    writer->options = *options;
    writer->options.engine.answered = collect_answer;
    writer->options.engine.answered_context = writer;
    init_locks(writer);
    writer->engine = engine_open(&writer->options.engine);
    if (writer->engine == NULL) {
        log_event(LOG_ERROR, "out_of_memory", LOG_TEXT("what", SLICE("the engine")));
        writer_close(writer);
        return NULL;
    }
    const enum error error = engine_recover(writer->engine);
    if (error == ERROR_NONE) return writer;
    log_event(LOG_ERROR, "recovery_failed", LOG_TEXT("error", slice_of(error_name(error))));
    writer_close(writer);
    return NULL;
}

/* Before the answers leave, so that whoever has one finds it counted. */
static void publish_counts(struct writer *writer)
{
    const struct engine_counts counts = engine_counts(writer->engine);
    pthread_mutex_lock(&writer->mutex);
    writer->counts = counts;
    pthread_mutex_unlock(&writer->mutex);
}

static void publish_answers(struct writer *writer)
{
    for (uint32_t loop = 0; loop < writer->options.loop_count; loop++) {
        struct list *answered = &writer->answered[loop];
        if (answered->first == NULL) continue;
        struct outbox *outbox = &writer->outboxes[loop];
        pthread_mutex_lock(&outbox->mutex);
        list_splice(&outbox->answered, answered);
        pthread_mutex_unlock(&outbox->mutex);
        *answered = (struct list){0};
        writer->options.wake(writer->options.context, loop);
    }
}

static struct timespec moment_after(int64_t wait_ms)
{
    struct timespec moment;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &moment) == 0);
    const int64_t nanoseconds = moment.tv_nsec + wait_ms % 1000 * NANOSECONDS_PER_MS;
    moment.tv_sec += wait_ms / 1000 + nanoseconds / (1000 * NANOSECONDS_PER_MS);
    moment.tv_nsec = nanoseconds % (1000 * NANOSECONDS_PER_MS);
    return moment;
}

/* Waits for a command, the next expiry, or the end of TEND_EVERY_MS. Holds the mutex. */
static void wait_for_work(struct writer *writer)
{
    const int64_t due_ms = engine_next_due_ms(writer->engine);
    const int64_t now_ms = clock_now_ms();
    if (due_ms <= now_ms) return;
    int64_t wait_ms = TEND_EVERY_MS;
    if (due_ms - now_ms < wait_ms) wait_ms = due_ms - now_ms;
    const struct timespec until = moment_after(wait_ms);
    pthread_cond_timedwait(&writer->arrival, &writer->mutex, &until);
}

/* Takes what has arrived. False when there is nothing left to do for good, or no time. */
static bool take_inbox(struct writer *writer, bool more_waits, struct list *ret_arrived)
{
    pthread_mutex_lock(&writer->mutex);
    writer->busy = false;
    if (writer->inbox.first == NULL && !more_waits && !writer->stopping) wait_for_work(writer);
    *ret_arrived = writer->inbox;
    writer->inbox = (struct list){0};
    writer->waiting = 0;
    writer->busy = true;
    writer->busy_since_us = clock_steady_us();
    const bool works = ret_arrived->first != NULL || more_waits;
    const bool overdue = writer->busy_since_us >= writer->stop_by_us;
    const bool goes_on = writer->stopping ? works && !overdue : true;
    pthread_mutex_unlock(&writer->mutex);
    return goes_on;
}

static void submit_all(struct writer *writer, const struct list *arrived)
{
    struct command *command = arrived->first;
    while (command != NULL) {
        struct command *next = command->next;
        engine_submit(writer->engine, command);
        command = next;
    }
}

static void report_failure(struct writer *writer)
{
    if (!engine_failed(writer->engine)) return;
    pthread_mutex_lock(&writer->mutex);
    const bool first = !writer->failed;
    writer->failed = true;
    pthread_mutex_unlock(&writer->mutex);
    if (first) writer->options.failed(writer->options.context);
}

static void tend(struct writer *writer, int64_t now_ms)
{
    const int64_t passed_ms = now_ms - writer->tended_at_ms;
    if (passed_ms >= 0 && passed_ms < TEND_EVERY_MS) return;
    writer->tended_at_ms = now_ms;
    engine_tend(writer->engine, now_ms);
}

static void *run(void *context)
{
    struct writer *writer = context;
    struct list arrived;
    bool more_waits = true;
    while (take_inbox(writer, more_waits, &arrived)) {
        submit_all(writer, &arrived);
        const int64_t now_ms = clock_now_ms();
        more_waits = engine_step(writer->engine, now_ms);
        publish_counts(writer);
        publish_answers(writer);
        tend(writer, now_ms);
        report_failure(writer);
    }
    pthread_mutex_lock(&writer->mutex);
    writer->ended = true;
    pthread_cond_signal(&writer->end);
    pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

enum error writer_start(struct writer *writer)
{
    CHECK(!writer->started);
    if (pthread_create(&writer->thread, NULL, run, writer) != 0) return ERROR_INTERNAL_ERROR;
    writer->started = true;
    return ERROR_NONE;
}

bool writer_submit(struct writer *writer, struct command *command)
{
    CHECK(command->loop < writer->options.loop_count);

    pthread_mutex_lock(&writer->mutex);
    const bool taken = !writer->stopping && writer->in_flight < COMMANDS_IN_FLIGHT_MAX;
    if (taken) {
        const bool was_empty = writer->inbox.first == NULL;
        list_append(&writer->inbox, command);
        writer->waiting++;
        writer->in_flight++;
        if (was_empty) pthread_cond_signal(&writer->arrival);
    }
    pthread_mutex_unlock(&writer->mutex);
    return taken;
}

struct command *writer_collect(struct writer *writer, uint32_t loop)
{
    CHECK(loop < writer->options.loop_count);

    struct outbox *outbox = &writer->outboxes[loop];
    pthread_mutex_lock(&outbox->mutex);
    struct command *first = outbox->answered.first;
    outbox->answered = (struct list){0};
    pthread_mutex_unlock(&outbox->mutex);
    uint32_t count = 0;
    for (const struct command *command = first; command != NULL; command = command->next) count++;
    if (count == 0) return NULL;
    pthread_mutex_lock(&writer->mutex);
    CHECK(writer->in_flight >= count);
    writer->in_flight -= count;
    pthread_mutex_unlock(&writer->mutex);
    return first;
}

void writer_begin_stop(struct writer *writer, int64_t patience_ms)
{
    CHECK(patience_ms > 0);

    pthread_mutex_lock(&writer->mutex);
    if (!writer->stopping) writer->stop_by_us = clock_steady_us() + patience_ms * 1000 / 2;
    writer->stopping = true;
    pthread_cond_signal(&writer->arrival);
    pthread_mutex_unlock(&writer->mutex);
}

bool writer_stop(struct writer *writer, int64_t patience_ms)
{
    writer_begin_stop(writer, patience_ms);
    const struct timespec until = moment_after(patience_ms);
    const int64_t now_us = clock_steady_us();
    pthread_mutex_lock(&writer->mutex);
    /* A wait may end early; the clock alone says that the patience is over. */
    while (writer->started && !writer->ended && clock_steady_us() < now_us + patience_ms * 1000) {
        pthread_cond_timedwait(&writer->end, &writer->mutex, &until);
    }
    const bool stuck = writer->started && !writer->ended;
    pthread_mutex_unlock(&writer->mutex);
    if (stuck) return false;
    if (writer->started) CHECK(pthread_join(writer->thread, NULL) == 0);
    writer->started = false;
    return true;
}

void writer_close(struct writer *writer)
{
    if (writer == NULL) return;
    CHECK(!writer->started);
    engine_close(writer->engine);
    for (uint32_t loop = 0; loop < WRITER_LOOPS_MAX; loop++) {
        pthread_mutex_destroy(&writer->outboxes[loop].mutex);
    }
    pthread_mutex_destroy(&writer->mutex);
    pthread_cond_destroy(&writer->arrival);
    pthread_cond_destroy(&writer->end);
    free(writer);
}

struct writer_state writer_state(struct writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    const struct writer_state state = {
        .counts = writer->counts, .waiting = writer->waiting, .in_flight = writer->in_flight};
    pthread_mutex_unlock(&writer->mutex);
    return state;
}

bool writer_alive(struct writer *writer, int64_t now_us, int64_t patience_us)
{
    pthread_mutex_lock(&writer->mutex);
    const bool stuck = writer->busy && now_us - writer->busy_since_us > patience_us;
    const bool alive = !writer->failed && !stuck;
    pthread_mutex_unlock(&writer->mutex);
    return alive;
}
