#include "http/stream.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/tally.h"
#include "http/server_state.h"

static struct server_connection *connection_of(struct stream *stream)
{
    struct server_connection *connection = (struct server_connection *)stream;
    CHECK(connection->phase == CONNECTION_STREAMING);
    return connection;
}

/* h2o has no more to write. */
static void on_proceed(h2o_generator_t *generator, h2o_req_t *request)
{
    (void)generator;
    struct server_connection *connection =
        request->conn->callbacks->get_socket(request->conn)->on_close.data;
    CHECK(connection->phase == CONNECTION_STREAMING);
    CHECK(connection->body == NULL);
    connection->stream_callbacks->written(connection->stream_owner);
}

static h2o_generator_t generator = {.proceed = on_proceed, .stop = NULL};
static h2o_generator_t bodiless_generator = {.proceed = NULL, .stop = NULL};

/* A listener says nothing, so that whatever can be read is its end, or a request that it will
 * never get an answer to. */
static void on_stream_readable(h2o_socket_t *socket, const char *failure)
{
    struct server_connection *connection = socket->on_close.data;
    CHECK(connection->socket == socket);

    char next = 0;
    const ssize_t size =
        recv(h2o_socket_get_fd(socket), &next, sizeof next, MSG_PEEK | MSG_DONTWAIT);
    const bool nothing = size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (failure != NULL || (size <= 0 && !nothing)) server_connection_close(connection);
    else if (size > 0) h2o_socket_read_stop(socket);
}

/* Nobody needs the request any more: half of what a listener takes is given back. What came
 * behind it will never be answered. */
static void drop_request(struct server_connection *connection)
{
    h2o_buffer_t **input = &connection->socket->input;
    h2o_buffer_consume(input, (*input)->size);
}

/* Watches for the client's end without reading. */
static void watch_end(struct server_connection *connection)
{
    connection->resting = true;
    h2o_socket_dont_read(connection->socket, 1);
    h2o_socket_read_start(connection->socket, on_stream_readable);
}

static void set_deadline(struct server_connection *connection)
{
    const struct server_loop *loop = connection->loop;
    const uint32_t timeout_ms = loop->server->options.answer_timeout_ms;
    connection->deadline = loop->tick + 1 + (timeout_ms + SERVER_TICK_MS - 1) / SERVER_TICK_MS;
}

static void start_write(struct server_connection *connection, struct shared *bytes)
{
    const struct slice text = shared_bytes(bytes);
    CHECK(text.size > 0);
    CHECK(connection->body == NULL);

    connection->body = bytes;
    set_deadline(connection);
    h2o_iovec_t vector = h2o_iovec_init(text.data, text.size);
    h2o_send(connection->request, &vector, 1, H2O_SEND_STATE_IN_PROGRESS);
    server_connection_watch(connection);
}

/* The head alone, which has no length, as the answer to GET has none. */
static void answer_head(struct server_connection *connection)
{
    connection->phase = CONNECTION_ANSWERING;
    set_deadline(connection);
    h2o_start_response(connection->request, &bodiless_generator);
    h2o_send(connection->request, NULL, 0, H2O_SEND_STATE_FINAL);
    server_connection_watch(connection);
}

struct stream *stream_begin(struct exchange *exchange, struct slice content_type,
                            struct shared *first, const struct stream_callbacks *callbacks,
                            void *owner)
{
    struct exchange_slot *slot = (struct exchange_slot *)exchange;
    struct server_connection *connection = slot->connection;
    CHECK(callbacks->written != NULL);
    CHECK(callbacks->gone != NULL);

    if (connection == NULL || slot->loop->stopping) {
        exchange_reply_shared(exchange, 200, content_type, first);
        return NULL;
    }
    CHECK(connection->exchange == slot);
    CHECK(connection->phase == CONNECTION_HANDLING);
    exchange_set_answer(slot, connection->request, 200, content_type, SIZE_MAX);
    /* What ends a stream ends its connection: nobody waits for a next request. */
    connection->request->http1_is_persistent = 0;
    connection->exchange = NULL;
    exchange_tell(slot, 200, slot->head ? 0 : shared_bytes(first).size);
    if (slot->head) {
        shared_unref(first);
        answer_head(connection);
        server_request_release_slot(slot);
        return NULL;
    }
    connection->phase = CONNECTION_STREAMING;
    connection->stream_callbacks = callbacks;
    connection->stream_owner = owner;
    connection->loop->stream_count++;
    tally_set(&connection->loop->streams_shown, connection->loop->stream_count);
    server_loop_expect_pulse(connection->loop);
    const int size = STREAM_SEND_SIZE_MAX;
    /* Without it the kernel keeps more for a slow client; no reason to refuse him. */
    (void)setsockopt(h2o_socket_get_fd(connection->socket), SOL_SOCKET, SO_SNDBUF, &size,
                     sizeof size);
    h2o_start_response(connection->request, &generator);
    start_write(connection, first);
    server_request_release_slot(slot);
    drop_request(connection);
    watch_end(connection);
    return (struct stream *)connection;
}

void stream_write(struct stream *stream, struct shared *bytes)
{
    CHECK(bytes != NULL);
    start_write(connection_of(stream), bytes);
}

void server_stream_forget(struct server_connection *connection)
{
    if (connection->phase != CONNECTION_STREAMING) return;
    CHECK(connection->loop->stream_count > 0);
    CHECK(connection->stream_callbacks != NULL);

    const struct stream_callbacks *callbacks = connection->stream_callbacks;
    void *owner = connection->stream_owner;
    connection->loop->stream_count--;
    tally_set(&connection->loop->streams_shown, connection->loop->stream_count);
    connection->phase = CONNECTION_ANSWERING;
    connection->stream_callbacks = NULL;
    connection->stream_owner = NULL;
    callbacks->gone(owner);
}

void server_stream_stop(struct server_connection *connection)
{
    if (connection->phase != CONNECTION_STREAMING) return;
    server_stream_forget(connection);
    /* Before HTTP/1.1 the close is the end; and who is slow would only make the end late. */
    if (connection->request->version != 0x101 || connection->body != NULL) {
        server_connection_close(connection);
        return;
    }
    set_deadline(connection);
    h2o_send(connection->request, NULL, 0, H2O_SEND_STATE_FINAL);
    server_connection_watch(connection);
}
