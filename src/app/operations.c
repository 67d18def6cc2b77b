#include "app/operations.h"

#include "base/check.h"
#include "base/clock.h"
#include "http/health.h"
#include "http/metrics_page.h"
#include "http/metrics_text.h"
#include "http/problem.h"
#include "store/sqlite/sqlite_reader.h"

static_assert((int)LOOPS_MAX < (int)WRITER_LOOPS_MAX, "every loop has its outbox");

enum {
    CONNECTIONS_MAX_HERE = 64, /* A few collectors and probes. */
    GRACE_MS = 500,            /* A page takes a few. */
};

/* What its loop owns. */
struct post {
    struct desk desk;
    struct sqlite_reader *reader;
};

static void *enter(void *context, uint32_t loop)
{
    const struct operations *operations = context;
    struct database_reason reason;
    struct post *post = calloc(1, sizeof *post);
    if (post == NULL) return NULL;
    post->desk = (struct desk){.house = &operations->house->house, .loop = loop};
    const char *path = operations->house->database_path;
    if (path == NULL) {
        post->desk.reader = cluster_reader(operations->house->cluster);
        return post;
    }
    if (sqlite_reader_open(path, &post->reader, &reason) != ERROR_NONE) {
        log_event(LOG_ERROR, "store_not_readable", LOG_TEXT("why", slice_of(reason.text)));
        free(post);
        return NULL;
    }
    post->desk.reader = sqlite_reader_port(post->reader);
    return post;
}

static void leave(void *context, void *loop_state)
{
    struct post *post = loop_state;
    (void)context;
    sqlite_reader_close(post->reader);
    free(post);
}

static void show_metrics(const struct operations *operations, struct exchange *exchange,
                         int64_t now_ms)
{
    const struct house *house = &operations->house->house;
    uint64_t connections[LOOPS_MAX];
    uint64_t listeners = 0;
    for (uint32_t loop = 0; loop < house->loop_count; loop++) {
        connections[loop] = server_connections(operations->public_server, loop);
        listeners += server_streams(operations->public_server, loop);
    }
    const struct metrics_page page = {
        .house = house, .connections = connections, .listeners = listeners, .now_ms = now_ms};
    struct buffer buffer;
    buffer_init(&buffer, operations->page, METRICS_PAGE_SIZE_MAX);
    metrics_page_write(&page, &buffer);
    CHECK(!buffer.overflowed);
    exchange_add_header(exchange, SLICE("cache-control"), SLICE("no-store"));
    exchange_reply(exchange, 200, METRICS_TEXT_TYPE, buffer_text(&buffer));
}

static void handle(void *context, void *loop_state, struct exchange *exchange)
{
    const struct operations *operations = context;
    struct post *post = loop_state;
    const int64_t now_ms = clock_now_ms();
    const struct slice path = exchange->path;
    const bool metrics = slice_equal(path, SLICE("/metrics"));
    const bool ready = slice_equal(path, SLICE("/health/ready"));
    const bool live = slice_equal(path, SLICE("/health/live"));
    struct problem problem = {.error = ERROR_NOT_FOUND};
    if (!metrics && !ready && !live && !slice_equal(path, SLICE("/health"))) {
        problem_reply(exchange, &problem, now_ms);
    } else if (exchange->method != METHOD_GET) {
        problem = (struct problem){.error = ERROR_METHOD_NOT_ALLOWED, .allow = SLICE("GET, HEAD")};
        problem_reply(exchange, &problem, now_ms);
    } else if (metrics) {
        show_metrics(operations, exchange, now_ms);
    } else if (ready) {
        health_ready(&post->desk, exchange, now_ms);
    } else if (live) {
        health_live(&post->desk, exchange, now_ms);
    } else {
        health_all(&post->desk, exchange, now_ms);
    }
}

bool operations_open(struct operations *operations, const struct config *config)
{
    *operations = (struct operations){0};
    if (config->metrics_off) return true;
    operations->page = malloc(METRICS_PAGE_SIZE_MAX);
    if (operations->page == NULL) {
        fputs("usher: out of memory\n", stderr);
        return false;
    }
    const struct server_options options = {.host = config_slice(&config->metrics_host),
                                           .port = config->metrics_port,
                                           .loop_count = 1,
                                           .connections_max = CONNECTIONS_MAX_HERE,
                                           .loop_enter = enter,
                                           .loop_leave = leave,
                                           .handle = handle,
                                           .fault_body = house_fault_body,
                                           .context = operations};
    struct slice message = {0};
    if (server_open(&options, &operations->server, &message) == ERROR_NONE) return true;
    fprintf(stderr, "usher: METRICS_PORT, METRICS_HOST: %.*s; another port, 0 (any), or off?\n",
            (int)message.size, message.data);
    return false;
}

enum error operations_start(struct operations *operations, const struct house_state *house,
                            const struct server *public_server)
{
    CHECK(house != NULL);

    if (operations->server == NULL) return ERROR_NONE;
    operations->house = house;
    operations->public_server = public_server;
    const enum error error = server_start(operations->server);
    if (error != ERROR_NONE) server_close(operations->server);
    if (error != ERROR_NONE) operations->server = NULL;
    return error;
}

void operations_close(struct operations *operations)
{
    if (operations->server != NULL) {
        server_stop(operations->server, GRACE_MS);
        server_close(operations->server);
    }
    free(operations->page);
    *operations = (struct operations){0};
}
