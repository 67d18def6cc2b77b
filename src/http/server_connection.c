#include "http/server_state.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/tally.h"

static const char reason_closed[] = "closed by the server";

static void on_readable(h2o_socket_t *socket, const char *failure);
static void on_written(h2o_socket_t *socket, const char *failure);

static struct server_connection *connection_of(h2o_socket_t *socket)
{
    struct server_connection *connection = socket->on_close.data;
    CHECK(connection != NULL);
    CHECK(connection->socket == socket);
    return connection;
}

/* The socket is gone: gives back all that the connection holds. An open exchange stays until it
 * is answered; its answer is dropped. */
static void on_close(void *data)
{
    struct server_connection *connection = data;
    struct server_loop *loop = connection->loop;
    CHECK(connection->socket != NULL);
    CHECK(loop->connection_count > 0);

    server_stream_forget(connection);
    shared_unref(connection->body);
    if (connection->refusal != NULL) server_request_release_slot(connection->refusal);
    if (connection->exchange != NULL) connection->exchange->connection = NULL;
    if (connection->counted) client_count_remove(loop->clients, &connection->client);

    *connection = (struct server_connection){
        .loop = loop, .generation = connection->generation + 1, .next_free = loop->connection_free};
    loop->connection_free = connection;
    loop->connection_count--;
    tally_set(&loop->connections_shown, loop->connection_count);
}

/* The client's address; an IPv4 client of an IPv6 listener is what it is. */
static struct address address_of(const struct sockaddr *socket_address)
{
    struct address address = {.bytes = {[10] = 0xff, [11] = 0xff}};
    if (socket_address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)socket_address;
        memcpy(address.bytes, ipv6->sin6_addr.s6_addr, sizeof address.bytes);
    } else {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)socket_address;
        memcpy(address.bytes + 12, &ipv4->sin_addr, 4);
    }
    return address;
}

static struct slice write_peer(const struct address *client, char *target)
{
    struct in6_addr ipv6;
    memcpy(&ipv6, client->bytes, sizeof ipv6);
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&ipv6);
    const void *bytes = mapped ? &client->bytes[12] : client->bytes;
    if (inet_ntop(mapped ? AF_INET : AF_INET6, bytes, target, SERVER_PEER_SIZE_MAX) == NULL)
        return SLICE("unknown");
    return slice_of(target);
}

/* Is there a limit that holds for this client? */
static bool is_counted(const struct server_loop *loop, const struct address *client)
{
    if (loop->clients == NULL) return false;
    const struct address_ranges *uncounted = loop->server->options.uncounted;
    return uncounted == NULL || !address_in_ranges(client, uncounted);
}

bool server_connection_open(struct server_loop *loop, int fd, const struct sockaddr *address)
{
    const struct address client = address_of(address);
    const uint32_t client_max = loop->server->options.connections_per_client_max;
    const bool counted = is_counted(loop, &client);
    if (counted && !client_count_add(loop->clients, &client, client_max)) return false;
    struct server_connection *connection = loop->connection_free;
    if (connection != NULL) {
        loop->connection_free = connection->next_free;
    } else {
        CHECK(loop->connections_used < loop->server->options.connections_max);
        connection = &loop->connections[loop->connections_used++];
        connection->loop = loop;
    }
    CHECK(connection->socket == NULL);

    loop->connection_count++;
    tally_set(&loop->connections_shown, loop->connection_count);
    connection->next_free = NULL;
    connection->phase = CONNECTION_HEAD;
    connection->client = client;
    connection->counted = counted;
    connection->peer = write_peer(&client, connection->peer_text);
    connection->socket =
        h2o_evloop_socket_create(loop->context.loop, fd, H2O_SOCKET_FLAG_IS_ACCEPTED_CONNECTION);
    connection->socket->on_close.cb = on_close;
    connection->socket->on_close.data = connection;
    h2o_accept(&loop->acceptor, connection->socket);
    CHECK(connection->socket->_cb.read != NULL);
    loop->read_inner = connection->socket->_cb.read;
    server_connection_watch(connection);
    return true;
}

void server_connection_close(struct server_connection *connection)
{
    CHECK(connection->socket != NULL);
    connection->loop->read_inner(connection->socket, reason_closed);
}

void server_connection_close_idle(struct server_connection *connection)
{
    if (connection->phase != CONNECTION_HEAD) return;
    if (connection->socket->input->size > 0) return;
    /* A request that has reached the kernel is still answered. */
    char next = 0;
    const int fd = h2o_socket_get_fd(connection->socket);
    if (recv(fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 1) return;
    server_connection_close(connection);
}

void server_connection_watch(struct server_connection *connection)
{
    h2o_socket_t *socket = connection->socket;
    if (socket->_cb.read == connection->loop->read_inner) socket->_cb.read = on_readable;
    if (socket->_cb.write != NULL && connection->phase != CONNECTION_REFUSED &&
        socket->_cb.write != on_written) {
        connection->write_inner = socket->_cb.write;
        socket->_cb.write = on_written;
    }
    if (connection->loop->stopping) server_connection_close_idle(connection);
}

/* Calls h2o's own callback, which may close the connection. */
static void run_inner(struct server_connection *connection, h2o_socket_cb inner,
                      const char *failure)
{
    const uint32_t generation = connection->generation;
    inner(connection->socket, failure);
    if (connection->generation == generation) server_connection_watch(connection);
}

static void on_linger_readable(h2o_socket_t *socket, const char *failure)
{
    struct server_connection *connection = connection_of(socket);
    CHECK(connection->phase == CONNECTION_LINGERING);

    connection->lingered_size += socket->input->size;
    h2o_buffer_consume(&socket->input, socket->input->size);
    if (failure != NULL || connection->lingered_size > SERVER_LINGER_SIZE_MAX)
        server_connection_close(connection);
}

/* A close with unread bytes resets the connection, and the client may never see the refusal: so
 * the end is announced, and what still comes is dropped for a moment. */
static void on_refusal_written(h2o_socket_t *socket, const char *failure)
{
    struct server_connection *connection = connection_of(socket);
    CHECK(connection->phase == CONNECTION_REFUSED);

    if (failure != NULL || shutdown(h2o_socket_get_fd(socket), SHUT_WR) != 0) {
        server_connection_close(connection);
        return;
    }
    connection->phase = CONNECTION_LINGERING;
    h2o_buffer_consume(&socket->input, socket->input->size);
    h2o_socket_read_start(socket, on_linger_readable);
}

void server_connection_refuse(struct server_connection *connection, enum error error,
                              struct slice request_id)
{
    static const char overloaded[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
                                     "Connection: close\r\nContent-Length: 0\r\n\r\n";
    h2o_socket_t *socket = connection->socket;
    CHECK(error != ERROR_NONE);
    CHECK(connection->phase != CONNECTION_REFUSED);
    CHECK(connection->refusal == NULL);
    CHECK(socket->_cb.write == NULL);

    struct slice text = SLICE(overloaded);
    connection->refusal = server_request_take_slot(connection->loop);
    if (connection->refusal != NULL)
        text = server_request_fault_text(connection->refusal, error, request_id);
    connection->phase = CONNECTION_REFUSED;
    connection->deadline = connection->loop->tick + 1 + SERVER_LINGER_TICKS;
    h2o_iovec_t vector = h2o_iovec_init(text.data, text.size);
    h2o_socket_read_stop(socket);
    h2o_socket_write(socket, &vector, 1, on_refusal_written);
}

/* Judges the head that starts at `offset` of the input, and what has come of its body. False:
 * the connection was refused. */
static bool examine(struct server_connection *connection, size_t offset)
{
    const h2o_buffer_t *input = connection->socket->input;
    CHECK(offset <= input->size);
    if (offset == input->size) return true;

    const struct slice bytes = {.data = input->bytes + offset, .size = input->size - offset};
    struct framing_head head = {0};
    enum error error = framing_check(bytes, connection->seen, &head);
    if (error == ERROR_NONE && head.size == 0) {
        connection->seen = bytes.size;
        return true;
    }
    connection->head_size = head.size;
    connection->body_size_max = head.body_size_max;
    connection->chunked = head.chunked;
    connection->chunks = (struct framing_chunks){0};
    connection->phase = CONNECTION_BODY;
    if (error == ERROR_NONE && head.chunked)
        error = framing_chunks_check(&connection->chunks, slice_from(bytes, head.size),
                                     head.body_size_max);
    if (error == ERROR_NONE) return true;
    server_connection_refuse(connection, error, head.request_id);
    return false;
}

static void begin_head(struct server_connection *connection)
{
    connection->phase = CONNECTION_HEAD;
    connection->head_size = 0;
    connection->seen = 0;
}

static void on_readable(h2o_socket_t *socket, const char *failure)
{
    struct server_connection *connection = connection_of(socket);
    if (failure != NULL) {
        server_connection_close(connection);
        return;
    }
    if (connection->phase == CONNECTION_HEAD) {
        if (!examine(connection, 0)) return;
    } else if (connection->phase == CONNECTION_BODY && connection->chunked) {
        CHECK(socket->bytes_read <= socket->input->size);
        const struct slice fresh = {
            .data = socket->input->bytes + socket->input->size - socket->bytes_read,
            .size = socket->bytes_read,
        };
        const enum error error =
            framing_chunks_check(&connection->chunks, fresh, connection->body_size_max);
        if (error != ERROR_NONE) {
            server_connection_refuse(connection, error, (struct slice){0});
            return;
        }
    }
    run_inner(connection, connection->loop->read_inner, NULL);
}

/* h2o has handed all it wanted to write to the kernel: an answer, a part of a stream, or
 * `100 Continue`. */
static void on_written(h2o_socket_t *socket, const char *failure)
{
    struct server_connection *connection = connection_of(socket);
    if (connection->phase == CONNECTION_ANSWERING || connection->phase == CONNECTION_STREAMING) {
        shared_unref(connection->body);
        connection->body = NULL;
        connection->deadline = 0;
    }
    if (connection->phase == CONNECTION_ANSWERING) {
        if (connection->resting) h2o_socket_dont_read(socket, 0);
        connection->resting = false;
        if (failure != NULL) connection->request->http1_is_persistent = 0;
        begin_head(connection);
        if (connection->request->http1_is_persistent &&
            !examine(connection, connection->request_size))
            return;
    }
    run_inner(connection, connection->write_inner, failure);
}
