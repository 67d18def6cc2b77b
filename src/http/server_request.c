#include "http/server_state.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/hex.h"

/* A slot that was never used. */
static struct exchange_slot *take_new_slot(struct server_loop *loop)
{
    if (loop->exchanges_used == loop->server->options.connections_max) return NULL;
    const uint32_t place = loop->exchanges_used++;
    struct exchange_slot *slot = &loop->exchanges[place];
    slot->loop = loop;
    arena_init(&slot->exchange.arena, loop->arenas + (size_t)place * EXCHANGE_ARENA_SIZE,
               EXCHANGE_ARENA_SIZE);
    return slot;
}

struct exchange_slot *server_request_take_slot(struct server_loop *loop)
{
    struct exchange_slot *slot = loop->exchange_free;
    if (slot != NULL) loop->exchange_free = slot->next_free;
    else slot = take_new_slot(loop);
    if (slot == NULL) return NULL;
    CHECK(slot->connection == NULL);

    loop->exchange_count++;
    slot->next_free = NULL;
    slot->header_count = 0;
    slot->head = false;
    slot->lent = false;
    slot->replied = false;
    const struct arena arena = slot->exchange.arena;
    slot->exchange = (struct exchange){.loop_state = loop->state, .arena = arena};
    arena_reset(&slot->exchange.arena);
    return slot;
}

void server_request_release_slot(struct exchange_slot *slot)
{
    struct server_loop *loop = slot->loop;
    CHECK(loop->exchange_count > 0);
    CHECK(slot->next_free == NULL);

    loop->exchange_count--;
    slot->connection = NULL;
    slot->next_free = loop->exchange_free;
    loop->exchange_free = slot;
}

struct slice server_request_make_id(struct server_loop *loop, struct slice wanted,
                                    char target[FRAMING_REQUEST_ID_SIZE_MAX])
{
    if (framing_request_id_sane(wanted)) {
        memcpy(target, wanted.data, wanted.size);
        return (struct slice){.data = target, .size = wanted.size};
    }
    /* A prefix drawn for each loop and start, and a counter: unique, and no system call. */
    const uint32_t counter = __builtin_bswap32(++loop->request_id_counter);
    const size_t prefix_size = sizeof loop->request_id_prefix;
    hex_format(&loop->request_id_prefix, prefix_size, target);
    hex_format(&counter, sizeof counter, target + 2 * prefix_size);
    return (struct slice){.data = target, .size = 2 * (prefix_size + sizeof counter)};
}

const char *server_request_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };
    for (size_t index = 0; index < sizeof reasons / sizeof reasons[0]; index++) {
        if (reasons[index].status == status) return reasons[index].reason;
    }
    return "Status";
}

void server_request_tell(struct server_loop *loop, const struct server_answer *answer)
{
    const struct server_options *options = &loop->server->options;
    if (options->answered != NULL) options->answered(options->context, loop->state, answer);
}

/* The limit that only the server itself knows. It has no window: connections come back as others
 * end. */
static void append_limit(struct buffer *text, uint32_t connections_max)
{
    CHECK(connections_max >= 1);
    buffer_append(text, SLICE("\r\nRateLimit-Policy: \"connections\";q="));
    buffer_append_unsigned(text, connections_max);
    buffer_append(text, SLICE("\r\nRateLimit: \"connections\";r=0"));
}

struct slice server_request_fault_text(struct exchange_slot *slot, enum error error,
                                       struct slice request_id)
{
    enum { HEAD_SIZE_MAX = 512, BODY_SIZE_MAX = 8192 };
    struct server_loop *loop = slot->loop;
    const struct server_options *options = &loop->server->options;
    const int status = error_status(error);

    const struct slice id = server_request_make_id(loop, request_id, slot->request_id);
    struct arena *arena = &slot->exchange.arena;
    char *block = arena_take(arena, HEAD_SIZE_MAX + BODY_SIZE_MAX);
    CHECK(block != NULL);
    struct slice body = options->fault_body(options->context, error, id, arena);
    if (body.size > BODY_SIZE_MAX) body.size = 0;

    const time_t now = (time_t)(clock_now_ms() / 1000);
    struct tm moment;
    char date[H2O_TIMESTR_RFC1123_LEN + 1];
    h2o_time2str_rfc1123(date, gmtime_r(&now, &moment));
    struct buffer text;
    buffer_init(&text, block, HEAD_SIZE_MAX + BODY_SIZE_MAX);
    buffer_append(&text, SLICE("HTTP/1.1 "));
    buffer_append_number(&text, status);
    buffer_append_char(&text, ' ');
    buffer_append(&text, slice_of(server_request_reason(status)));
    buffer_append(&text, SLICE("\r\nDate: "));
    buffer_append(&text, (struct slice){.data = date, .size = H2O_TIMESTR_RFC1123_LEN});
    buffer_append(&text, SLICE("\r\nConnection: close\r\nContent-Type: application/problem+json"
                               "\r\nContent-Length: "));
    buffer_append_unsigned(&text, body.size);
    buffer_append(&text, SLICE("\r\nCache-Control: no-store\r\nX-Request-Id: "));
    buffer_append(&text, id);
    if (status == 503 || status == 429) buffer_append(&text, SLICE("\r\nRetry-After: 1"));
    if (error == ERROR_RATE_LIMITED) append_limit(&text, options->connections_per_client_max);
    buffer_append(&text, SLICE("\r\n\r\n"));
    buffer_append(&text, body);
    CHECK(!text.overflowed);
    server_request_tell(
        loop, &(struct server_answer){
                  .fault = error, .request_id = id, .status = status, .body_size = body.size});
    return buffer_text(&text);
}

static enum http_method method_of(struct slice name, bool *ret_head)
{
    *ret_head = slice_equal(name, SLICE("HEAD"));
    if (*ret_head || slice_equal(name, SLICE("GET"))) return METHOD_GET;
    if (slice_equal(name, SLICE("POST"))) return METHOD_POST;
    if (slice_equal(name, SLICE("PATCH"))) return METHOD_PATCH;
    if (slice_equal(name, SLICE("DELETE"))) return METHOD_DELETE;
    if (slice_equal(name, SLICE("OPTIONS"))) return METHOD_OPTIONS;
    return METHOD_OTHER;
}

static struct slice slice_of_vector(h2o_iovec_t vector)
{
    return (struct slice){.data = vector.base, .size = vector.base == NULL ? 0 : vector.len};
}

/* The slices point into the connection's input and h2o's pool. Both stay as they are until the
 * answer, as nothing is read and nothing closes the connection before. */
static void fill_exchange(struct exchange_slot *slot, struct server_connection *connection,
                          const h2o_req_t *request)
{
    struct exchange *exchange = &slot->exchange;
    slot->connection = connection;
    exchange->method = method_of(slice_of_vector(request->input.method), &slot->head);
    struct slice query = {0};
    const struct slice target = framing_target(slice_of_vector(request->input.path));
    exchange->path = slice_cut(target, '?', &query);
    exchange->query = query;
    exchange->body = slice_of_vector(request->entity);
    exchange->peer = connection->peer;
    exchange->request_id = server_request_make_id(
        slot->loop, exchange_header(exchange, SLICE("x-request-id")), slot->request_id);
}

/* Something happens on a connection whose exchange is open: it waits. */
static void on_resting_readable(h2o_socket_t *socket, const char *failure)
{
    (void)failure;
    h2o_socket_read_stop(socket);
}

/* h2o has stopped reading for the time of the exchange, and starts again after the answer: two
 * system calls, needless if nothing comes in between. So the socket stays watched, without being
 * read, and is left only when something comes. -DSERVER_REST_READING=0 turns it off. */
#ifndef SERVER_REST_READING
#define SERVER_REST_READING 1
#endif
static void rest(struct server_connection *connection)
{
    if (!SERVER_REST_READING) return;
    CHECK(!connection->resting);
    CHECK(!h2o_socket_is_reading(connection->socket));

    connection->resting = true;
    h2o_socket_dont_read(connection->socket, 1);
    h2o_socket_read_start(connection->socket, on_resting_readable);
}

int server_request_handle(h2o_handler_t *handler, h2o_req_t *request)
{
    (void)handler;
    h2o_socket_t *socket = request->conn->callbacks->get_socket(request->conn);
    struct server_connection *connection = socket->on_close.data;
    CHECK(connection->socket == socket);
    CHECK(connection->exchange == NULL);

    const enum connection_phase phase = connection->phase;
    connection->request = request;
    connection->phase = CONNECTION_HANDLING;
    /* Nothing reaches a handler unjudged, even if h2o has found a way round. */
    if (phase != CONNECTION_BODY || connection->head_size == 0) {
        server_connection_refuse(connection, ERROR_BAD_REQUEST, (struct slice){0});
        return 0;
    }
    connection->request_size = connection->head_size;
    if (request->entity.base != NULL)
        connection->request_size =
            (size_t)(request->entity.base - socket->input->bytes) + request->entity.len;

    struct server_loop *loop = connection->loop;
    struct exchange_slot *slot = server_request_take_slot(loop);
    if (slot == NULL) {
        server_connection_refuse(connection, ERROR_OVERLOADED, (struct slice){0});
        return 0;
    }
    connection->exchange = slot;
    fill_exchange(slot, connection, request);
    slot->exchange.notes.begun_us = clock_steady_us();
    const struct server_options *options = &loop->server->options;
    options->handle(options->context, loop->state, &slot->exchange);
    if (connection->exchange == slot) rest(connection);
    return 0;
}
