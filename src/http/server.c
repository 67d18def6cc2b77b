#include "http/server_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/random.h"
#include "base/tally.h"

static_assert((int)FRAMING_CINEMA_SIZE_MAX <= (int)FRAMING_WEBHOOK_SIZE_MAX,
              "webhooks are largest");

enum {
    USER_TIMEOUT_MS = 30000, /* Sent bytes that nobody acknowledges. */
    /* h2o takes all that the kernel holds, so this bounds what one connection pipelines. */
    RECEIVE_SIZE_MAX = FRAMING_WEBHOOK_SIZE_MAX,
};

/* server_open's message outlives it; the main thread alone writes it. */
static char message_block[256];

struct socket_address {
    struct sockaddr_storage storage;
    socklen_t size;
};

static struct slice describe(const struct server_options *options, int failure)
{
    struct buffer message;
    buffer_init(&message, message_block, sizeof message_block);
    if (failure == EADDRINUSE || failure == EACCES) {
        buffer_append(&message, SLICE("port "));
        buffer_append_unsigned(&message, options->port);
        buffer_append(&message, failure == EACCES
                                    ? SLICE(" needs privileges; choose one above 1023")
                                    : SLICE(" is in use"));
    } else {
        buffer_append(&message, SLICE("cannot listen on "));
        buffer_append(&message, options->host);
        buffer_append(&message, SLICE(" port "));
        buffer_append_unsigned(&message, options->port);
        buffer_append(&message, SLICE(": "));
        char text[128];
        buffer_append(&message, slice_of(strerror_r(failure, text, sizeof text)));
    }
    return message.overflowed ? SLICE("cannot listen on that address") : buffer_text(&message);
}

static bool parse_address(struct slice host, uint16_t port, struct socket_address *ret_address)
{
    char text[INET6_ADDRSTRLEN];
    if (!slice_to_string(host, text, sizeof text)) return false;

    struct sockaddr_in *ipv4 = (struct sockaddr_in *)&ret_address->storage;
    if (inet_pton(AF_INET, text, &ipv4->sin_addr) == 1) {
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(port);
        ret_address->size = sizeof *ipv4;
        return true;
    }
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&ret_address->storage;
    if (inet_pton(AF_INET6, text, &ipv6->sin6_addr) != 1) return false;
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(port);
    ret_address->size = sizeof *ipv6;
    return true;
}

static bool set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* A bound socket, or -1 and errno. Accepted connections inherit its options. */
static int bind_socket(const struct socket_address *address, bool shared)
{
    const int fd =
        socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
        (!shared || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
        set_option(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_SIZE_MAX) &&
        set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
        set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS) &&
        bind(fd, (const struct sockaddr *)&address->storage, address->size) == 0)
        return fd;
    const int failure = errno;
    (void)close(fd);
    errno = failure;
    return -1;
}

/* Reads back the port that the kernel chose. */
static bool read_port(int fd, struct socket_address *address, uint16_t *ret_port)
{
    address->size = sizeof address->storage;
    if (getsockname(fd, (struct sockaddr *)&address->storage, &address->size) != 0) return false;
    const bool ipv6 = address->storage.ss_family == AF_INET6;
    *ret_port = ntohs(ipv6 ? ((const struct sockaddr_in6 *)&address->storage)->sin6_port
                           : ((const struct sockaddr_in *)&address->storage)->sin_port);
    return true;
}

/* Binds and listens for every loop; 0 or an errno. SO_REUSEPORT lets a second server of the same
 * user share the port unseen, so a socket without it asks first whether the port is free. */
static int listen_all(struct server *server, struct socket_address *address)
{
    const bool shared = server->options.loop_count > 1;
    if (shared && server->options.port != 0) {
        const int probe_fd = bind_socket(address, false);
        if (probe_fd < 0) return errno;
        const int failure = listen(probe_fd, 1) == 0 ? 0 : errno;
        (void)close(probe_fd);
        if (failure != 0) return failure;
    }
    for (uint32_t index = 0; index < server->options.loop_count; index++) {
        struct server_loop *loop = &server->loops[index];
        loop->listener_fd = bind_socket(address, shared);
        if (loop->listener_fd < 0) return errno;
        if (index == 0 && !read_port(loop->listener_fd, address, &server->port)) return errno;
        if (listen(loop->listener_fd, SERVER_BACKLOG) != 0) return errno;
    }
    return 0;
}

static size_t arenas_size(const struct server *server)
{
    return (size_t)server->options.connections_max * EXCHANGE_ARENA_SIZE;
}

/* All memory of a loop; the kernel gives none of it before its first use. */
static bool make_loop(struct server *server, uint32_t index)
{
    struct server_loop *loop = &server->loops[index];
    const uint32_t count = server->options.connections_max;
    loop->connections = calloc(count, sizeof *loop->connections);
    loop->exchanges = calloc(count, sizeof *loop->exchanges);
    if (loop->connections == NULL || loop->exchanges == NULL) return false;
    if (server->options.connections_per_client_max > 0) {
        loop->clients = client_count_open(count);
        if (loop->clients == NULL) return false;
    }
    void *arenas = mmap(NULL, arenas_size(server), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arenas == MAP_FAILED) return false;
    loop->arenas = arenas;
    random_fill(&loop->request_id_prefix, sizeof loop->request_id_prefix);
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return loop->wake_fd >= 0;
}

static void configure(struct server *server)
{
    h2o_globalconf_t *config = &server->config;
    h2o_config_init(config);
    config->server_name = (h2o_iovec_t){.base = NULL, .len = 0};
    config->http1.req_timeout = server->options.request_timeout_ms;
    config->http1.upgrade_to_http2 = 0;
    /* Never reached, as framing refuses earlier; twice, as h2o counts chunk framing too. */
    config->max_request_entity_size = (size_t)FRAMING_WEBHOOK_SIZE_MAX * 2;
    h2o_hostconf_t *host =
        h2o_config_register_host(config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_pathconf_t *path = h2o_config_register_path(host, "/", 0);
    h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = server_request_handle;
}

static struct server *make_server(const struct server_options *options)
{
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) return NULL;
    server->options = *options;
    if (server->options.request_timeout_ms == 0)
        server->options.request_timeout_ms = SERVER_REQUEST_MS;
    if (server->options.answer_timeout_ms == 0)
        server->options.answer_timeout_ms = SERVER_ANSWER_MS;
    CHECK(pthread_mutex_init(&server->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&server->entered, NULL) == 0);
    for (uint32_t index = 0; index < LOOPS_MAX; index++) {
        struct server_loop *loop = &server->loops[index];
        loop->server = server;
        loop->index = index;
        loop->listener_fd = -1;
        loop->wake_fd = -1;
    }
    configure(server);
    return server;
}

enum error server_open(const struct server_options *options, struct server **ret_server,
                       struct slice *ret_message)
{
    CHECK(options->loop_count >= 1);
    CHECK(options->loop_count <= LOOPS_MAX);
    CHECK(options->connections_max >= 1);
    CHECK(options->connections_max <= CONNECTIONS_MAX);
    CHECK(options->handle != NULL);
    CHECK(options->fault_body != NULL);

    struct socket_address address = {0};
    if (!parse_address(options->host, options->port, &address)) {
        *ret_message = SLICE("the host is not an IPv4 or IPv6 address");
        return ERROR_VALIDATION_FAILED;
    }
    /* A client that leaves while it is written to is an error of that write only. */
    (void)signal(SIGPIPE, SIG_IGN);

    struct server *server = make_server(options);
    bool made = server != NULL;
    for (uint32_t index = 0; made && index < options->loop_count; index++)
        made = make_loop(server, index);
    if (!made) {
        if (server != NULL) server_close(server);
        *ret_message = SLICE("not enough memory for the connections");
        return ERROR_INTERNAL_ERROR;
    }
    const int failure = listen_all(server, &address);
    if (failure != 0) {
        server_close(server);
        *ret_message = describe(options, failure);
        return ERROR_INTERNAL_ERROR;
    }
    *ret_server = server;
    return ERROR_NONE;
}

uint16_t server_port(const struct server *server)
{
    CHECK(server->port != 0);
    return server->port;
}

uint32_t server_connections(const struct server *server, uint32_t loop_index)
{
    CHECK(loop_index < server->options.loop_count);
    return (uint32_t)tally_read(&server->loops[loop_index].connections_shown);
}

uint32_t server_streams(const struct server *server, uint32_t loop_index)
{
    CHECK(loop_index < server->options.loop_count);
    return (uint32_t)tally_read(&server->loops[loop_index].streams_shown);
}

enum error server_start(struct server *server)
{
    CHECK(server->running_count == 0);

    /* Signals belong to the main thread. */
    sigset_t all;
    sigset_t before;
    CHECK(sigfillset(&all) == 0);
    CHECK(pthread_sigmask(SIG_BLOCK, &all, &before) == 0);
    bool failed = false;
    for (uint32_t index = 0; !failed && index < server->options.loop_count; index++) {
        struct server_loop *loop = &server->loops[index];
        failed = pthread_create(&loop->thread, NULL, server_loop_run, loop) != 0;
        if (!failed) server->running_count++;
    }
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);

    CHECK(pthread_mutex_lock(&server->mutex) == 0);
    while (server->entered_count < server->running_count)
        CHECK(pthread_cond_wait(&server->entered, &server->mutex) == 0);
    failed = failed || server->enter_failed;
    CHECK(pthread_mutex_unlock(&server->mutex) == 0);
    if (!failed) return ERROR_NONE;
    server_stop(server, 0);
    return ERROR_INTERNAL_ERROR;
}

static void ring(const struct server_loop *loop)
{
    const uint64_t one = 1;
    /* Only a full counter could fail, and then the loop is awake. */
    (void)!write(loop->wake_fd, &one, sizeof one);
}

void server_wake(struct server *server, uint32_t loop_index)
{
    CHECK(loop_index < server->options.loop_count);

    struct server_loop *loop = &server->loops[loop_index];
    if (atomic_exchange_explicit(&loop->wake_pending, true, memory_order_acq_rel)) return;
    ring(loop);
}

void server_stop(struct server *server, uint32_t grace_ms)
{
    server->grace_ms = grace_ms;
    for (uint32_t index = 0; index < server->running_count; index++) {
        struct server_loop *loop = &server->loops[index];
        atomic_store_explicit(&loop->stop_requested, true, memory_order_release);
        ring(loop);
    }
    for (uint32_t index = 0; index < server->running_count; index++)
        CHECK(pthread_join(server->loops[index].thread, NULL) == 0);
    server->running_count = 0;
}

void server_close(struct server *server)
{
    if (server == NULL) return;
    CHECK(server->running_count == 0);

    for (uint32_t index = 0; index < LOOPS_MAX; index++) {
        struct server_loop *loop = &server->loops[index];
        if (loop->listener_fd >= 0) (void)close(loop->listener_fd);
        if (loop->wake_fd >= 0) (void)close(loop->wake_fd);
        if (loop->arenas != NULL) (void)munmap(loop->arenas, arenas_size(server));
        client_count_close(loop->clients);
        free(loop->connections);
        free(loop->exchanges);
    }
    h2o_config_dispose(&server->config);
    (void)pthread_cond_destroy(&server->entered);
    (void)pthread_mutex_destroy(&server->mutex);
    free(server);
}
