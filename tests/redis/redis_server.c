#include "redis/redis_server.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/unit.h"

#define READY_WITHIN_US INT64_C(20000000) /* On a busy machine. */

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int probe = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(probe >= 0);
    assert_int_equal(bind(probe, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(probe, (struct sockaddr *)&address, &size), 0);
    (void)close(probe);
    return ntohs(address.sin_port);
}

struct redis_url redis_server_url(const struct redis_server *server)
{
    struct redis_url url = {.host = "127.0.0.1", .port = server->port};
    if (server->password != NULL) {
        (void)snprintf(url.password, sizeof url.password, "%s", server->password);
    }
    return url;
}

_Noreturn static void become_server(const struct redis_server *server)
{
    char port[8];
    (void)snprintf(port, sizeof port, "%d", server->port);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save",
                 "", "--appendonly", "no", "--daemonize", "no", "--logfile", "/dev/null",
                 "--requirepass", server->password == NULL ? "" : server->password, (char *)NULL);
    perror("redis-server (see tools/setup)");
    _exit(127);
}

/* Connects; a busy machine, or a server that has just begun, may need more than one try. */
static void connect_to(const struct redis_server *server, struct redis_connection *connection)
{
    const struct redis_url url = redis_server_url(server);
    const int64_t until_us = clock_steady_us() + READY_WITHIN_US;
    while (!redis_connection_open(connection, &url, "test")) {
        if (waitpid(server->process, NULL, WNOHANG) != 0) fail_msg("redis-server has ended");
        if (clock_steady_us() > until_us) fail_msg("redis-server: %s", connection->why);
        (void)usleep(10000);
    }
}

void redis_server_start(struct redis_server *server)
{
    assert_int_equal(server->process, 0);
    if (server->port == 0) server->port = free_port();
    server->process = fork();
    assert_true(server->process >= 0);
    if (server->process == 0) become_server(server);
    struct redis_connection connection = {0};
    connect_to(server, &connection);
    redis_connection_release(&connection);
}

void redis_server_kill(struct redis_server *server)
{
    if (server->process == 0) return;
    assert_int_equal(kill(server->process, SIGKILL), 0);
    assert_int_equal(waitpid(server->process, NULL, 0), server->process);
    server->process = 0;
}

void redis_server_freeze(struct redis_server *server)
{
    int status = 0;
    assert_int_equal(kill(server->process, SIGSTOP), 0);
    assert_int_equal(waitpid(server->process, &status, WUNTRACED), server->process);
    assert_true(WIFSTOPPED(status));
}

void redis_server_thaw(struct redis_server *server)
{
    assert_int_equal(kill(server->process, SIGCONT), 0);
}

const char *redis_server_ask(const struct redis_server *server, const char *text)
{
    static char answer[16384];
    struct redis_connection connection = {0};
    connect_to(server, &connection);
    struct redis_command command = {0};
    struct slice rest = slice_of(text);
    while (rest.size > 0) command.parts[command.count++] = slice_cut(rest, ' ', &rest);
    const int64_t until_us = clock_steady_us() + READY_WITHIN_US;
    redisReply *reply = NULL;
    const bool asked = redis_connection_send(&connection, &command, until_us) &&
                       redis_connection_receive(&connection, until_us, -1, &reply);
    if (!asked) fail_msg("%s: %s", text, connection.why);
    if (reply == NULL) return "";
    const bool number = reply->type == REDIS_REPLY_INTEGER;
    if (number) (void)snprintf(answer, sizeof answer, "%lld", reply->integer);
    else (void)snprintf(answer, sizeof answer, "%s", reply->str == NULL ? "(nil)" : reply->str);
    freeReplyObject(reply);
    redis_connection_release(&connection);
    return answer;
}
