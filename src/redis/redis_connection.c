#include "redis/redis_connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "base/clock.h"

static bool fail(struct redis_connection *connection, const char *why)
{
    (void)snprintf(connection->why, sizeof connection->why, "%s", why);
    return false;
}

/* The library's own words, as its last call failed. */
static bool fail_library(struct redis_connection *connection)
{
    const redisContext *context = connection->context;
    return fail(connection, context->errstr[0] == '\0' ? "no reason given" : context->errstr);
}

void redis_connection_close(struct redis_connection *connection)
{
    if (connection->context != NULL) redisFree(connection->context);
    connection->context = NULL;
}

void redis_connection_release(struct redis_connection *connection)
{
    redis_connection_close(connection);
    redis_name_forget(connection->name);
    *connection = (struct redis_connection){0};
}

/* Waits for the socket, or for `wake_fd`. False when the time is over or it is woken. */
static bool wait_for(const struct redis_connection *connection, short events, int64_t until_us,
                     int wake_fd)
{
    struct pollfd watched[] = {{.fd = connection->context->fd, .events = events},
                               {.fd = wake_fd, .events = POLLIN}};
    for (;;) {
        const int64_t left_us = until_us - clock_steady_us();
        const int wait_ms = left_us <= 0 ? 0 : (int)((left_us + 999) / 1000);
        const int ready = poll(watched, 2, wait_ms);
        if (ready < 0 && errno == EINTR) continue;
        return ready > 0 && watched[1].revents == 0;
    }
}

bool redis_connection_send(struct redis_connection *connection, const struct redis_command *command,
                           int64_t until_us)
{
    CHECK(connection->context != NULL);
    CHECK(command->count >= 1);
    CHECK(command->count <= REDIS_PARTS_MAX);

    const char *parts[REDIS_PARTS_MAX];
    size_t sizes[REDIS_PARTS_MAX];
    for (int index = 0; index < command->count; index++) {
        parts[index] = command->parts[index].data;
        sizes[index] = command->parts[index].size;
    }
    redisContext *context = connection->context;
    if (redisAppendCommandArgv(context, command->count, parts, sizes) != REDIS_OK) {
        return fail_library(connection);
    }
    for (;;) {
        int done = 0;
        if (redisBufferWrite(context, &done) != REDIS_OK) return fail_library(connection);
        if (done != 0) return true;
        if (!wait_for(connection, POLLOUT, until_us, -1))
            return fail(connection, "it takes nothing");
    }
}

bool redis_connection_receive(struct redis_connection *connection, int64_t until_us, int wake_fd,
                              redisReply **ret_reply)
{
    CHECK(connection->context != NULL);

    redisContext *context = connection->context;
    for (;;) {
        void *reply = NULL;
        if (redisGetReplyFromReader(context, &reply) != REDIS_OK) return fail_library(connection);
        *ret_reply = reply;
        if (reply != NULL) return true;
        if (context->reader->len > REDIS_REPLY_SIZE_MAX)
            return fail(connection, "its reply is too long");
        if (!wait_for(connection, POLLIN, until_us, wake_fd)) return true;
        if (redisBufferRead(context) != REDIS_OK) return fail_library(connection);
    }
}

/* Sends a command of the greeting and reads its answer. */
static bool greet(struct redis_connection *connection, const struct redis_command *command,
                  int64_t until_us)
{
    redisReply *reply = NULL;
    if (!redis_connection_send(connection, command, until_us)) return false;
    if (!redis_connection_receive(connection, until_us, -1, &reply)) return false;
    if (reply == NULL) return fail(connection, "it does not answer");
    const bool agreed = reply->type != REDIS_REPLY_ERROR;
    if (!agreed) (void)fail(connection, reply->str);
    freeReplyObject(reply);
    return agreed;
}

/* Redis takes no name with a space or a control character in it. */
static void make_name(const char *instance, char *target)
{
    size_t size = 0;
    for (; instance[size] != '\0' && size + 1 < REDIS_INSTANCE_SIZE; size++) {
        const char letter = instance[size];
        target[size] = '-';
        if (letter > ' ' && letter <= '~') target[size] = letter;
    }
    target[size] = '\0';
}

static bool say_who(struct redis_connection *connection, const struct redis_url *url,
                    const char *instance)
{
    const int64_t until_us = clock_steady_us() + REDIS_COMMAND_MS * INT64_C(1000);
    if (url->password[0] != '\0') {
        struct redis_command command = {.count = 1, .parts = {SLICE("AUTH")}};
        if (url->user[0] != '\0') command.parts[command.count++] = slice_of(url->user);
        command.parts[command.count++] = slice_of(url->password);
        if (!greet(connection, &command, until_us)) return false;
    }
    if (url->database != 0) {
        char number[8];
        (void)snprintf(number, sizeof number, "%d", url->database);
        const struct redis_command command = {2, {SLICE("SELECT"), slice_of(number)}};
        if (!greet(connection, &command, until_us)) return false;
    }
    char name[REDIS_INSTANCE_SIZE];
    make_name(instance, name);
    const struct redis_command command = {3, {SLICE("CLIENT"), SLICE("SETNAME"), slice_of(name)}};
    return greet(connection, &command, until_us);
}

/* From now on no call of the library waits. */
static bool stop_blocking(struct redis_connection *connection)
{
    redisContext *context = connection->context;
    const int flags = fcntl(context->fd, F_GETFL);
    if (flags < 0 || fcntl(context->fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(context->fd, F_SETFD, FD_CLOEXEC) < 0) {
        return fail(connection, "the socket cannot be set");
    }
    context->flags &= ~REDIS_BLOCK;
    return true;
}

static bool connect_to(struct redis_connection *connection, const char *address, uint16_t port)
{
    const struct timeval patience = {.tv_usec = REDIS_CONNECT_MS * 1000};
    connection->context = redisConnectWithTimeout(address, port, patience);
    if (connection->context == NULL) return fail(connection, "out of memory");
    if (connection->context->err == 0) return true;
    (void)fail_library(connection);
    redis_connection_close(connection);
    return false;
}

static bool connect_to_any(struct redis_connection *connection, const struct redis_url *url)
{
    struct redis_addresses addresses;
    const int64_t until_us = clock_steady_us() + REDIS_NAME_MS * INT64_C(1000);
    const char *why = redis_name_find(&connection->name, url->host, until_us, &addresses);
    if (why != NULL) return fail(connection, why);
    for (uint32_t tries = 0; tries < REDIS_CONNECTS_MAX && tries < addresses.count; tries++) {
        const char *address = addresses.all[connection->address % addresses.count];
        if (connect_to(connection, address, url->port)) return true;
        connection->address++;
    }
    return false;
}

bool redis_connection_open(struct redis_connection *connection, const struct redis_url *url,
                           const char *instance)
{
    CHECK(connection->context == NULL);

    if (!connect_to_any(connection, url)) return false;
    if (stop_blocking(connection) && say_who(connection, url, instance)) return true;
    redis_connection_close(connection);
    return false;
}
