/* echo_server.c - the HTTP server alone, with handlers that say what they got.
 *
 * Lets tests/system/test_http_framing.py see framing, limits, time-outs and the graceful end
 * without the rest of usher. Usage: echo_server PORT; settings by ECHO_... variables. It prints
 * its port, and ends gracefully by SIGTERM.
 *
 *   /echo        answers at once
 *   /later?MS    answers from another thread, MS milliseconds later, in batches
 *   /shared?SIZE a shared body of SIZE bytes
 *   /empty, /not-modified   204, 304
 *   /stream?SIZE a stream that begins with `begin` and gets SIZE bytes with every pulse
 *   /stream-later?MS   a stream that begins MS milliseconds later
 *   /streams     how many streams are open
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "http/server.h"
#include "http/shared.h"
#include "http/stream.h"

enum { BODY_SHOWN_MAX = 4096, SHARED_SIZE_MAX = 64 << 20, LISTENERS_MAX = 256 };

static const struct slice json = SLICE_INIT("application/json");

struct waiting {
    struct waiting *next;
    struct exchange *exchange;
    uint32_t loop_index;
    unsigned delay_ms;
};

struct listener {
    struct stream *stream; /* NULL: free. */
    size_t size;
    bool writing;
};

struct loop_state {
    uint32_t index;
    struct waiting *done; /* Guarded by the mutex. */
    struct listener listeners[LISTENERS_MAX];
};

static struct loop_state loops[LOOPS_MAX];
static atomic_int stream_count;
static struct server *server;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static struct waiting *queue; /* Guarded by the mutex, like the next. */
static bool ending;

static uint64_t sum_of(struct slice bytes)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    for (size_t index = 0; index < bytes.size; index++)
        sum = (sum ^ (unsigned char)bytes.data[index]) * UINT64_C(1099511628211);
    return sum;
}

static void append_text(struct buffer *text, const char *name, struct slice value)
{
    buffer_append(text, slice_of(name));
    for (size_t index = 0; index < value.size; index++) {
        const char letter = value.data[index];
        if (letter == '"' || letter == '\\') buffer_append_char(text, '\\');
        buffer_append_char(text, letter);
    }
}

static void echo(struct exchange *exchange)
{
    static const char *const methods[] = {"GET", "POST", "PATCH", "DELETE", "OPTIONS", "OTHER"};
    enum { TEXT_SIZE = 24 * 1024 };
    struct buffer text;
    buffer_init(&text, arena_take(&exchange->arena, TEXT_SIZE), TEXT_SIZE);
    append_text(&text, "{\"method\":\"", slice_of(methods[exchange->method]));
    append_text(&text, "\",\"path\":\"", exchange->path);
    append_text(&text, "\",\"query\":\"", exchange->query);
    append_text(&text, "\",\"peer\":\"", exchange->peer);
    append_text(&text, "\",\"host\":\"", exchange_header(exchange, SLICE("host")));
    append_text(&text, "\",\"x_test\":\"", exchange_header(exchange, SLICE("x-test")));
    buffer_append(&text, SLICE("\",\"x_test_count\":"));
    buffer_append_unsigned(&text, exchange_header_count(exchange, SLICE("x-test")));
    buffer_append(&text, SLICE(",\"body_size\":"));
    buffer_append_unsigned(&text, exchange->body.size);
    buffer_append(&text, SLICE(",\"body_sum\":"));
    buffer_append_unsigned(&text, sum_of(exchange->body));
    buffer_append(&text, SLICE(",\"body_hex\":\""));
    if (exchange->body.size > 0 && exchange->body.size <= BODY_SHOWN_MAX)
        buffer_append_hex(&text, exchange->body.data, exchange->body.size);
    buffer_append(&text, SLICE("\"}"));
    exchange_add_header(exchange, SLICE("X-Echo"), SLICE("yes"));
    exchange_reply(exchange, 200, json, buffer_text(&text));
}

static void later(struct loop_state *loop, struct exchange *exchange)
{
    uint64_t delay_ms = 0;
    (void)slice_to_number(exchange->query, 10000, &delay_ms);
    struct waiting *waiting = arena_take(&exchange->arena, sizeof *waiting);
    waiting->exchange = exchange;
    waiting->loop_index = loop->index;
    waiting->delay_ms = (unsigned)delay_ms;
    pthread_mutex_lock(&mutex);
    waiting->next = queue;
    queue = waiting;
    pthread_cond_signal(&filled);
    pthread_mutex_unlock(&mutex);
}

static void *work(void *argument)
{
    (void)argument;
    for (;;) {
        pthread_mutex_lock(&mutex);
        while (queue == NULL && !ending) pthread_cond_wait(&filled, &mutex);
        struct waiting *batch = queue;
        queue = NULL;
        pthread_mutex_unlock(&mutex);
        if (batch == NULL) return NULL;

        unsigned delay_ms = 0;
        for (struct waiting *waiting = batch; waiting != NULL; waiting = waiting->next) {
            if (waiting->delay_ms > delay_ms) delay_ms = waiting->delay_ms;
        }
        usleep(delay_ms == 0 ? 300 : delay_ms * 1000);

        bool touched[LOOPS_MAX] = {false};
        pthread_mutex_lock(&mutex);
        for (struct waiting *waiting = batch, *next; waiting != NULL; waiting = next) {
            next = waiting->next;
            struct loop_state *loop = &loops[waiting->loop_index];
            waiting->next = loop->done;
            loop->done = waiting;
            touched[loop->index] = true;
        }
        pthread_mutex_unlock(&mutex);
        for (uint32_t index = 0; index < LOOPS_MAX; index++) {
            if (touched[index]) server_wake(server, index);
        }
    }
}

static struct shared *letters(size_t size)
{
    char *data = malloc(size + 1);
    for (size_t index = 0; index < size; index++) data[index] = (char)('a' + index % 26);
    return shared_of(data, size);
}

static void share(struct exchange *exchange)
{
    uint64_t size = 0;
    (void)slice_to_number(exchange->query, SHARED_SIZE_MAX, &size);
    exchange_reply_shared(exchange, 200, SLICE("text/plain"), letters(size));
}

static void written(void *owner)
{
    struct listener *listener = owner;
    CHECK(listener->writing);
    listener->writing = false;
}

static void gone(void *owner)
{
    struct listener *listener = owner;
    *listener = (struct listener){0};
    atomic_fetch_sub(&stream_count, 1);
}

static void begin_stream(struct loop_state *loop, struct exchange *exchange)
{
    static const struct stream_callbacks callbacks = {.written = written, .gone = gone};
    uint64_t size = 0;
    (void)slice_to_number(exchange->query, SHARED_SIZE_MAX, &size);
    struct listener *listener = loop->listeners;
    while (listener->stream != NULL) listener++;
    CHECK(listener < loop->listeners + LISTENERS_MAX);
    *listener = (struct listener){.size = size, .writing = true};
    exchange_add_header(exchange, SLICE("X-Stream"), SLICE("yes"));
    char *data = malloc(6);
    memcpy(data, "begin\n", 6);
    listener->stream = stream_begin(exchange, SLICE("text/event-stream"), shared_of(data, 6),
                                    &callbacks, listener);
    if (listener->stream != NULL) atomic_fetch_add(&stream_count, 1);
}

static void woken(void *context, void *loop_state)
{
    (void)context;
    struct loop_state *loop = loop_state;
    pthread_mutex_lock(&mutex);
    struct waiting *done = loop->done;
    loop->done = NULL;
    pthread_mutex_unlock(&mutex);
    for (struct waiting *next; done != NULL; done = next) {
        next = done->next;
        if (slice_equal(done->exchange->path, SLICE("/stream-later")))
            begin_stream(loop, done->exchange);
        else echo(done->exchange);
    }
}

static bool pulse(void *context, void *loop_state)
{
    (void)context;
    struct loop_state *loop = loop_state;
    for (struct listener *listener = loop->listeners; listener < loop->listeners + LISTENERS_MAX;
         listener++) {
        if (listener->stream == NULL || listener->writing || listener->size == 0) continue;
        listener->writing = true;
        stream_write(listener->stream, letters(listener->size));
    }
    return false;
}

static void say_streams(struct exchange *exchange)
{
    struct buffer text;
    buffer_init(&text, arena_take(&exchange->arena, 16), 16);
    buffer_append_number(&text, atomic_load(&stream_count));
    exchange_reply(exchange, 200, json, buffer_text(&text));
}

static void handle(void *context, void *loop_state, struct exchange *exchange)
{
    (void)context;
    if (slice_equal(exchange->path, SLICE("/later")) ||
        slice_equal(exchange->path, SLICE("/stream-later"))) {
        later(loop_state, exchange);
    } else if (slice_equal(exchange->path, SLICE("/shared"))) {
        share(exchange);
    } else if (slice_equal(exchange->path, SLICE("/stream"))) {
        begin_stream(loop_state, exchange);
    } else if (slice_equal(exchange->path, SLICE("/streams"))) {
        say_streams(exchange);
    } else if (slice_equal(exchange->path, SLICE("/empty"))) {
        exchange_reply(exchange, 204, (struct slice){0}, (struct slice){0});
    } else if (slice_equal(exchange->path, SLICE("/not-modified"))) {
        exchange_reply(exchange, 304, (struct slice){0}, (struct slice){0});
    } else {
        echo(exchange);
    }
}

static struct slice fault_body(void *context, enum error error, struct slice request_id,
                               struct arena *arena)
{
    (void)context;
    (void)request_id;
    struct buffer text;
    buffer_init(&text, arena_take(arena, 256), 256);
    append_text(&text, "{\"errorCode\":\"", slice_of(error_name(error)));
    buffer_append(&text, SLICE("\"}"));
    return buffer_text(&text);
}

static void *enter(void *context, uint32_t loop_index)
{
    (void)context;
    loops[loop_index].index = loop_index;
    return &loops[loop_index];
}

static uint32_t setting(const char *name, uint32_t otherwise)
{
    uint64_t number = otherwise;
    (void)slice_to_number(slice_of(getenv(name)), 1 << 20, &number);
    return (uint32_t)number;
}

int main(int argument_count, char **arguments)
{
    uint64_t port = 0;
    if (argument_count == 2) (void)slice_to_number(slice_of(arguments[1]), 65535, &port);
    const char *host = getenv("ECHO_HOST");
    const struct server_options options = {
        .host = host == NULL ? SLICE("127.0.0.1") : slice_of(host),
        .port = (uint16_t)port,
        .loop_count = setting("ECHO_LOOPS", 2),
        .connections_max = setting("ECHO_CONNECTIONS", 1024),
        .request_timeout_ms = setting("ECHO_REQUEST_MS", 0),
        .answer_timeout_ms = setting("ECHO_ANSWER_MS", 0),
        .loop_enter = enter,
        .handle = handle,
        .fault_body = fault_body,
        .woken = woken,
        .pulse = pulse,
    };
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);

    struct slice message = {0};
    if (server_open(&options, &server, &message) != ERROR_NONE) {
        fprintf(stderr, "%.*s\n", (int)message.size, message.data);
        return 1;
    }
    pthread_t worker;
    if (pthread_create(&worker, NULL, work, NULL) != 0) return 1;
    if (server_start(server) != ERROR_NONE) return 1;
    printf("port %u\n", server_port(server));
    fflush(stdout);

    int number = 0;
    sigwait(&signals, &number);
    server_stop(server, setting("ECHO_GRACE_MS", 5000));
    pthread_mutex_lock(&mutex);
    ending = true;
    pthread_cond_signal(&filled);
    pthread_mutex_unlock(&mutex);
    pthread_join(worker, NULL);
    server_close(server);
    return 0;
}
