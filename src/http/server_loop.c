#include "http/server_state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* One connection too many is told so at once: cheaper for both than a queue that nobody empties. */
static void turn_away(struct server_loop *loop, int fd, enum error error)
{
    struct exchange_slot *slot = server_request_take_slot(loop);
    if (slot != NULL) {
        const struct slice text = server_request_fault_text(slot, error, (struct slice){0});
        /* A fresh socket's buffer has room; if not, the client sees the close alone. */
        const ssize_t sent = send(fd, text.data, text.size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) (void)shutdown(fd, SHUT_WR);
        server_request_release_slot(slot);
    }
    /* What has come already is taken, or the close would reset the answer away. */
    char dropped[4096];
    (void)!recv(fd, dropped, sizeof dropped, MSG_DONTWAIT);
    (void)close(fd);
}

/* No file descriptor is left: accepts one connection with the reserve and closes it, so that the
 * client learns of it and the listener does not stay readable for ever. */
static void shed_one(struct server_loop *loop)
{
    if (loop->reserve_fd >= 0) {
        (void)close(loop->reserve_fd);
        const int fd = accept4(loop->listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) (void)close(fd);
        loop->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    if (loop->reserve_fd >= 0) return;
    h2o_socket_read_stop(loop->listener);
    loop->listener_paused = true;
}

/* Takes what waits; true if there may be more. */
static bool accept_some(struct server_loop *loop)
{
    for (int count = 0; count < SERVER_ACCEPTS_PER_CALL; count++) {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof address;
        const int fd = accept4(loop->listener_fd, (struct sockaddr *)&address, &size,
                               SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0 && loop->connection_count == loop->server->options.connections_max) {
            turn_away(loop, fd, ERROR_OVERLOADED);
        } else if (fd >= 0) {
            if (!server_connection_open(loop, fd, (struct sockaddr *)&address))
                turn_away(loop, fd, ERROR_RATE_LIMITED);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            shed_one(loop);
            return false;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return false;
        }
        /* Any other error is that of one connection, which is gone. */
    }
    return true;
}

static void on_acceptable(h2o_socket_t *listener, const char *failure)
{
    if (failure != NULL) return;
    struct server_loop *loop = listener->data;
    CHECK(loop->listener == listener);
    (void)accept_some(loop);
}

static void resume_listener(struct server_loop *loop)
{
    loop->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (loop->reserve_fd < 0) return;
    loop->listener_paused = false;
    h2o_socket_read_start(loop->listener, on_acceptable);
}

/* Connections whose time to write is over are closed; the second is the unit of deadlines. */
static void on_tick(h2o_timeout_entry_t *ticker)
{
    struct server_loop *loop = H2O_STRUCT_FROM_MEMBER(struct server_loop, ticker, ticker);
    loop->tick++;
    for (uint32_t index = 0; index < loop->connections_used; index++) {
        struct server_connection *connection = &loop->connections[index];
        if (connection->socket == NULL || connection->deadline == 0) continue;
        if (loop->tick >= connection->deadline) server_connection_close(connection);
    }
    if (loop->listener_paused && loop->listener != NULL) resume_listener(loop);
    const struct server_options *options = &loop->server->options;
    if (options->ticked != NULL) options->ticked(options->context, loop->state);
    h2o_timeout_link(loop->context.loop, &loop->context.one_sec_timeout, ticker);
}

/* What the streams wait for, a slice at a time. */
static void on_pulse(h2o_timeout_entry_t *pulser)
{
    struct server_loop *loop = H2O_STRUCT_FROM_MEMBER(struct server_loop, pulser, pulser);
    const struct server_options *options = &loop->server->options;
    if (loop->stream_count == 0 || options->pulse == NULL) return;
    const bool more = options->pulse(options->context, loop->state);
    h2o_timeout_link(loop->context.loop, more ? &loop->soon : &loop->context.hundred_ms_timeout,
                     pulser);
}

void server_loop_expect_pulse(struct server_loop *loop)
{
    CHECK(loop->stream_count > 0);
    if (h2o_timeout_is_linked(&loop->pulser)) return;
    h2o_timeout_link(loop->context.loop, &loop->context.hundred_ms_timeout, &loop->pulser);
}

/* h2o measures timeouts by the clock of day: after a step back, what was linked before it would
 * wait for as long as the step, and hold up all that is linked later. From the step on it waits
 * its full time instead. A step forward ends them early, which a client bears. */
static void follow_clock(struct server_loop *loop)
{
    h2o_evloop_t *evloop = loop->context.loop;
    const uint64_t now_ms = h2o_now(evloop);
    const bool stepped_back = now_ms < loop->seen_ms;
    loop->seen_ms = now_ms;
    if (!stepped_back) return;

    h2o_linklist_t *timeouts = &evloop->_timeouts;
    for (h2o_linklist_t *node = timeouts->next; node != timeouts; node = node->next) {
        h2o_timeout_t *timeout = H2O_STRUCT_FROM_MEMBER(h2o_timeout_t, _link, node);
        h2o_linklist_t *entries = &timeout->_entries;
        for (h2o_linklist_t *link = entries->next; link != entries; link = link->next) {
            h2o_timeout_entry_t *entry = H2O_STRUCT_FROM_MEMBER(h2o_timeout_entry_t, _link, link);
            if (entry->registered_at > now_ms) entry->registered_at = now_ms;
        }
    }
}

static void close_listener(struct server_loop *loop)
{
    if (loop->listener == NULL) return;
    h2o_socket_close(loop->listener);
    loop->listener = NULL;
    loop->listener_fd = -1;
}

/* What the kernel has accepted for this listener would be reset by its close, so it is taken
 * first, then closed if idle. */
static void begin_stop(struct server_loop *loop)
{
    CHECK(!loop->stopping);
    loop->stopping = true;
    loop->stop_at_us = clock_steady_us() + (int64_t)loop->server->grace_ms * 1000;
    loop->context.shutdown_requested = 1;
    for (int round = 0; round < SERVER_BACKLOG / SERVER_ACCEPTS_PER_CALL; round++) {
        if (!accept_some(loop)) break;
    }
    close_listener(loop);
    for (uint32_t index = 0; index < loop->connections_used; index++) {
        struct server_connection *connection = &loop->connections[index];
        if (connection->socket == NULL) continue;
        server_connection_close_idle(connection);
        if (connection->socket != NULL) server_stream_stop(connection);
    }
}

static void on_wake(h2o_socket_t *waker, const char *failure)
{
    (void)failure;
    struct server_loop *loop = waker->data;
    CHECK(loop->waker == waker);

    uint64_t count = 0;
    (void)!read(h2o_socket_get_fd(waker), &count, sizeof count);
    if (atomic_load_explicit(&loop->stop_requested, memory_order_acquire) && !loop->stopping)
        begin_stop(loop);
    if (!atomic_exchange_explicit(&loop->wake_pending, false, memory_order_acq_rel)) return;
    const struct server_options *options = &loop->server->options;
    if (options->woken != NULL) options->woken(options->context, loop->state);
}

/* h2o keeps free buffers per thread, so all that reads must be made on the loop's own. */
static void open_loop(struct server_loop *loop)
{
    h2o_context_init(&loop->context, h2o_evloop_create(), &loop->server->config);
    loop->acceptor = (h2o_accept_ctx_t){.ctx = &loop->context, .hosts = loop->server->config.hosts};
    loop->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    loop->listener =
        h2o_evloop_socket_create(loop->context.loop, loop->listener_fd, H2O_SOCKET_FLAG_DONT_READ);
    loop->listener->data = loop;
    h2o_socket_read_start(loop->listener, on_acceptable);

    /* A copy, as h2o closes it while others may still wake the loop. */
    const int wake_fd = fcntl(loop->wake_fd, F_DUPFD_CLOEXEC, 0);
    CHECK(wake_fd >= 0);
    loop->waker = h2o_evloop_socket_create(loop->context.loop, wake_fd, H2O_SOCKET_FLAG_DONT_READ);
    loop->waker->data = loop;
    h2o_socket_read_start(loop->waker, on_wake);

    loop->ticker = (h2o_timeout_entry_t){.cb = on_tick};
    h2o_timeout_link(loop->context.loop, &loop->context.one_sec_timeout, &loop->ticker);
    h2o_timeout_init(loop->context.loop, &loop->soon, SERVER_SOON_MS);
    loop->pulser = (h2o_timeout_entry_t){.cb = on_pulse};
}

static void close_loop(struct server_loop *loop)
{
    for (uint32_t index = 0; index < loop->connections_used; index++) {
        struct server_connection *connection = &loop->connections[index];
        if (connection->socket != NULL) server_connection_close(connection);
    }
    CHECK(loop->connection_count == 0);
    close_listener(loop);
    h2o_socket_close(loop->waker);
    loop->waker = NULL;
    h2o_timeout_unlink(&loop->ticker);
    if (h2o_timeout_is_linked(&loop->pulser)) h2o_timeout_unlink(&loop->pulser);
    h2o_timeout_dispose(loop->context.loop, &loop->soon);
    if (loop->reserve_fd >= 0) (void)close(loop->reserve_fd);

    h2o_evloop_t *evloop = loop->context.loop;
    /* h2o 2.2.5 forgets to free its queue. */
    h2o_multithread_queue_t *queue = loop->context.queue;
    h2o_context_dispose(&loop->context);
    free(queue);
    h2o_evloop_destroy(evloop);
}

/* Tells server_start how it went. */
static void report_entered(struct server_loop *loop, bool failed)
{
    struct server *server = loop->server;
    CHECK(pthread_mutex_lock(&server->mutex) == 0);
    server->entered_count++;
    server->enter_failed = server->enter_failed || failed;
    CHECK(pthread_cond_signal(&server->entered) == 0);
    CHECK(pthread_mutex_unlock(&server->mutex) == 0);
}

static bool finished(const struct server_loop *loop)
{
    if (!loop->stopping) return false;
    if (loop->connection_count == 0 && loop->exchange_count == 0) return true;
    return clock_steady_us() >= loop->stop_at_us;
}

void *server_loop_run(void *argument)
{
    enum { STOP_CHECK_MS = 20 };
    struct server_loop *loop = argument;
    const struct server_options *options = &loop->server->options;

    open_loop(loop);
    loop->state =
        options->loop_enter == NULL ? loop : options->loop_enter(options->context, loop->index);
    const bool failed = loop->state == NULL;
    report_entered(loop, failed);
    while (!failed && !finished(loop)) {
        const int32_t wait_ms = loop->stopping ? STOP_CHECK_MS : SERVER_TICK_MS;
        const int ran = h2o_evloop_run(loop->context.loop, wait_ms);
        CHECK(ran == 0 || errno == EINTR);
        follow_clock(loop);
    }
    if (loop->exchange_count > 0)
        log_event(LOG_WARNING, "requests_cut", LOG_NUMBER("count", loop->exchange_count));
    if (!failed && options->loop_leave != NULL) options->loop_leave(options->context, loop->state);
    close_loop(loop);
    return NULL;
}
