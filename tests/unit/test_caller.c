#include "support/unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "gateway/caller.h"
#include "gateway/generic.h"
#include "gateway/sandbox.h"

enum {
    REQUESTS_MAX = 64,
    REQUEST_SIZE_MAX = 4096,
    PATIENCE_MS = 8000,
    PAUSE_MS = 20,
};

/* A small HTTP server that answers each connection once, by a list of answers. */
struct peer {
    int listener;
    uint16_t port;
    const char *const *answers; /* The last one again and again; NULL entry: no answer at all. */
    size_t answer_count;
    pthread_t thread;
    pthread_mutex_t mutex;
    size_t request_count;
    char requests[REQUESTS_MAX][REQUEST_SIZE_MAX];
    int64_t times_us[REQUESTS_MAX];
    bool ending;
};

static bool is_whole(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "content-length: ");
    if (end == NULL || length == NULL) return false;
    return strlen(end + 4) >= strtoul(length + 16, NULL, 10);
}

static void read_request(int socket, char *target)
{
    size_t size = 0;
    while (size + 1 < REQUEST_SIZE_MAX && !is_whole(target)) {
        const ssize_t got = read(socket, target + size, REQUEST_SIZE_MAX - 1 - size);
        if (got <= 0) return;
        size += (size_t)got;
        target[size] = '\0';
    }
}

static void send_text(int socket, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        const ssize_t sent = send(socket, text, left, MSG_NOSIGNAL);
        if (sent <= 0) return;
        text += sent;
        left -= (size_t)sent;
    }
}

static void *serve(void *context)
{
    struct peer *peer = context;
    for (;;) {
        struct pollfd ready = {.fd = peer->listener, .events = POLLIN};
        const int count = poll(&ready, 1, 20);
        pthread_mutex_lock(&peer->mutex);
        const bool ending = peer->ending;
        const size_t index = peer->request_count;
        pthread_mutex_unlock(&peer->mutex);
        if (ending) return NULL;
        if (count <= 0) continue;
        const int socket = accept(peer->listener, NULL, NULL);
        if (socket < 0 || index == REQUESTS_MAX) continue;
        char request[REQUEST_SIZE_MAX] = "";
        read_request(socket, request);
        const char *answer =
            peer->answers[index < peer->answer_count ? index : peer->answer_count - 1];
        if (answer != NULL) send_text(socket, answer);
        close(socket);
        pthread_mutex_lock(&peer->mutex);
        memcpy(peer->requests[index], request, sizeof request);
        peer->times_us[index] = clock_steady_us();
        peer->request_count = index + 1;
        pthread_mutex_unlock(&peer->mutex);
    }
}

static struct peer *peer_open(const char *const *answers, size_t answer_count)
{
    struct peer *peer = calloc(1, sizeof *peer);
    assert_non_null(peer);
    peer->answers = answers;
    peer->answer_count = answer_count;
    pthread_mutex_init(&peer->mutex, NULL);
    peer->listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(peer->listener, 64), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &size), 0);
    peer->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&peer->thread, NULL, serve, peer), 0);
    return peer;
}

static void peer_close(struct peer *peer)
{
    pthread_mutex_lock(&peer->mutex);
    peer->ending = true;
    pthread_mutex_unlock(&peer->mutex);
    pthread_join(peer->thread, NULL);
    close(peer->listener);
    pthread_mutex_destroy(&peer->mutex);
    free(peer);
}

static size_t count_of(struct peer *peer)
{
    pthread_mutex_lock(&peer->mutex);
    const size_t count = peer->request_count;
    pthread_mutex_unlock(&peer->mutex);
    return count;
}

/* Waits until there were so many requests; false if they do not come. */
static bool wait_for(struct peer *peer, size_t count)
{
    for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += 5) {
        if (count_of(peer) >= count) return true;
        poll(NULL, 0, 5);
    }
    return false;
}

static struct slice base_of(const struct peer *peer, char *target, size_t capacity)
{
    return (struct slice){
        target, (size_t)snprintf(target, capacity, "http://127.0.0.1:%u", (unsigned)peer->port)};
}

static struct caller *open_caller(const struct peer *peer)
{
    char base[64];
    return caller_open(
        &(struct caller_options){.base = base_of(peer, base, sizeof base), .pause_ms = PAUSE_MS});
}

static const struct call a_call = {.path = SLICE_INIT("/api/payments/webhook/momo"),
                                   .header = SLICE_INIT("X-Signature: t=1,v1=00"),
                                   .body = SLICE_INIT("{\"status\":\"success\"}")};

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
#define BUSY "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
#define MOVED "HTTP/1.1 302 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"

static void a_message_arrives_as_it_was_left(void **state)
{
    (void)state;
    static const char *const answers[] = {OK};
    struct peer *peer = peer_open(answers, 1);
    struct caller *caller = open_caller(peer);

    assert_true(caller_post(caller, &a_call));
    assert_true(wait_for(peer, 1));
    poll(NULL, 0, 5 * PAUSE_MS);
    assert_int_equal(count_of(peer), 1); /* Taken is taken. */
    const char *request = peer->requests[0];
    assert_non_null(strstr(request, "POST /api/payments/webhook/momo HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "\r\nX-Signature: t=1,v1=00\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(request, "\r\n\r\n{\"status\":\"success\"}"));
    assert_null(strcasestr(request, "\r\nExpect:"));
    caller_close(caller);
    peer_close(peer);
}

static void what_is_refused_is_tried_again_with_growing_pauses(void **state)
{
    (void)state;
    static const char *const answers[] = {BUSY, NULL, BUSY, OK};
    struct peer *peer = peer_open(answers, 4);
    struct caller *caller = open_caller(peer);

    assert_true(caller_post(caller, &a_call));
    assert_true(wait_for(peer, 4));
    poll(NULL, 0, 20 * PAUSE_MS);
    assert_int_equal(count_of(peer), 4);
    for (int64_t try = 1; try < 4; try++) {
        const int64_t pause_us = peer->times_us[try] - peer->times_us[try - 1];
        assert_true(pause_us >= (PAUSE_MS * INT64_C(1000) << (try - 1)) - 5000);
        assert_string_equal(peer->requests[try], peer->requests[0]);
    }
    caller_close(caller);
    peer_close(peer);
}

static void what_nobody_takes_is_given_up(void **state)
{
    (void)state;
    static const char *const answers[] = {BUSY};
    struct peer *peer = peer_open(answers, 1);
    struct caller *caller = open_caller(peer);

    assert_true(caller_post(caller, &a_call));
    assert_true(wait_for(peer, CALLER_TRIES));
    poll(NULL, 0, 32 * PAUSE_MS);
    assert_int_equal(count_of(peer), CALLER_TRIES);
    caller_close(caller);
    peer_close(peer);
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    static const char *const answers[] = {MOVED, OK};
    struct peer *peer = peer_open(answers, 2);
    struct caller *caller = open_caller(peer);

    assert_true(caller_post(caller, &a_call));
    assert_true(wait_for(peer, 2));
    assert_null(strstr(peer->requests[1], "/elsewhere"));
    caller_close(caller);
    peer_close(peer);
}

static void an_answer_without_end_is_cut_off(void **state)
{
    (void)state;
    static char long_answer[2 * CALLER_ANSWER_SIZE_MAX];
    const int size =
        snprintf(long_answer, sizeof long_answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
                 CALLER_ANSWER_SIZE_MAX + 1);
    memset(long_answer + size, 'x', CALLER_ANSWER_SIZE_MAX + 1);
    const char *const answers[] = {long_answer, OK};
    struct peer *peer = peer_open(answers, 2);
    struct caller *caller = open_caller(peer);

    assert_true(caller_post(caller, &a_call));
    assert_true(wait_for(peer, 2)); /* The first one did not count. */
    caller_close(caller);
    peer_close(peer);
}

static void a_full_queue_says_so_and_many_messages_all_arrive(void **state)
{
    (void)state;
    static const char *const answers[] = {OK};
    struct peer *peer = peer_open(answers, 1);
    struct caller *caller = open_caller(peer);
    size_t left = 0;
    for (uint32_t count = 0; count < REQUESTS_MAX - 1; count++)
        left += caller_post(caller, &a_call);
    assert_int_equal(left, REQUESTS_MAX - 1);
    assert_true(wait_for(peer, REQUESTS_MAX - 1));
    caller_close(caller);

    /* Nobody listens: all stay. */
    struct caller *lost = caller_open(
        &(struct caller_options){.base = SLICE("http://127.0.0.1:1"), .pause_ms = INT64_C(600000)});
    for (uint32_t count = 0; count < CALLER_CALLS_MAX; count++)
        assert_true(caller_post(lost, &a_call));
    assert_false(caller_post(lost, &a_call));
    caller_close(lost);
    peer_close(peer);
}

static void what_is_too_large_is_not_taken(void **state)
{
    (void)state;
    static char large[CALLER_BODY_SIZE_MAX + 1];
    static char long_base[CALLER_ADDRESS_SIZE_MAX + 1];
    struct caller *caller = caller_open(
        &(struct caller_options){.base = SLICE("http://127.0.0.1:1"), .pause_ms = INT64_C(600000)});
    struct call call = a_call;
    call.body = (struct slice){large, sizeof large};
    assert_false(caller_post(caller, &call));
    memset(large, 'x', sizeof large);
    large[0] = '/';
    call = a_call;
    call.path = (struct slice){large, CALLER_ADDRESS_SIZE_MAX};
    assert_false(caller_post(caller, &call));
    call = a_call;
    call.header = (struct slice){large, CALLER_HEADER_SIZE_MAX};
    assert_false(caller_post(caller, &call));
    assert_true(caller_post(caller, &a_call));
    caller_close(caller);
    memset(long_base, 'x', sizeof long_base);
    assert_null(caller_open(
        &(struct caller_options){.base = {long_base, sizeof long_base}, .pause_ms = PAUSE_MS}));
}

static void closing_does_not_wait_for_a_silent_gateway(void **state)
{
    (void)state;
    /* A listener that accepts in its backlog and never answers. */
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    const struct peer silent = {.port = ntohs(address.sin_port)};
    struct caller *caller = open_caller(&silent);
    assert_true(caller_post(caller, &a_call));
    poll(NULL, 0, 100);
    const int64_t before_us = clock_steady_us();
    caller_close(caller);
    assert_true(clock_steady_us() - before_us < 1000000);
    close(listener);
}

static struct slice given_signature(const void *request, struct slice name)
{
    (void)name;
    const char *text = request;
    const char *start = strstr(text, "X-Signature: ");
    if (start == NULL) return (struct slice){0};
    start += sizeof "X-Signature: " - 1;
    return (struct slice){start, strcspn(start, "\r")};
}

/* Reads a request that the sandbox has made, as the webhook would. */
static enum error read_report(const char *request, struct mac *mac, int64_t now_ms,
                              struct gateway_news *ret_news)
{
    static char block[64 * 1024];
    struct arena arena;
    arena_init(&arena, block, sizeof block);
    struct generic generic = {.mac = mac};
    const struct gateway gateway = generic_gateway(&generic);
    const char *body = strstr(request, "\r\n\r\n");
    assert_non_null(body);
    const struct gateway_message message = {
        .body = slice_of(body + 4), .header = given_signature, .request = request};
    struct gateway_faults faults;
    return gateway.methods->read(gateway.context, &message, now_ms, &arena, ret_news, &faults);
}

static void the_sandbox_reports_like_a_gateway(void **state)
{
    (void)state;
    static const char *const answers[] = {OK};
    static const int64_t now_ms = INT64_C(1700000000123);
    struct peer *peer = peer_open(answers, 1);
    char base[64];
    struct sandbox *sandbox = sandbox_open(
        &(struct sandbox_options){.base = base_of(peer, base, sizeof base),
                                  .secrets = {[PAYMENT_CARD] = SLICE("the card's secret")}});
    struct sandbox_report report = {
        .method = PAYMENT_CARD, .payment = {.bytes = {1, 2, 3}}, .amount = 90000};
    struct mac *mac = mac_open(SLICE("the card's secret"));
    for (uint32_t news = MONEY_PAID; news <= MONEY_PENDING; news++) {
        report.news = (enum money_news)news;
        assert_true(sandbox_send(sandbox, &report, now_ms));
        assert_true(wait_for(peer, news + 1));
        const char *request = peer->requests[news];
        assert_non_null(strstr(request, "POST /api/payments/webhook/card HTTP/1.1\r\n"));
        struct gateway_news read = {0};
        assert_int_equal(read_report(request, mac, now_ms, &read), ERROR_NONE);
        assert_int_equal(read.method, PAYMENT_CARD);
        assert_true(id_equal(read.payment, report.payment));
        assert_int_equal(read.news, news);
        assert_int_equal(read.amount, news == MONEY_PAID ? 90000 : 0);
        assert_int_equal(read.paid_at_ms, news == MONEY_PAID ? now_ms : 0);
        assert_true(currency_is_none(read.currency));
    }
    report.method = PAYMENT_MOMO; /* Has no secret. */
    assert_false(sandbox_send(sandbox, &report, now_ms));
    mac_close(mac);
    sandbox_close(sandbox);
    peer_close(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_arrives_as_it_was_left),
        cmocka_unit_test(what_is_refused_is_tried_again_with_growing_pauses),
        cmocka_unit_test(what_nobody_takes_is_given_up),
        cmocka_unit_test(a_redirect_is_not_followed),
        cmocka_unit_test(an_answer_without_end_is_cut_off),
        cmocka_unit_test(a_full_queue_says_so_and_many_messages_all_arrive),
        cmocka_unit_test(what_is_too_large_is_not_taken),
        cmocka_unit_test(closing_does_not_wait_for_a_silent_gateway),
        cmocka_unit_test(the_sandbox_reports_like_a_gateway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
