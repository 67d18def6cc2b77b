/* test_redis_name.c - a name server that is slow, with a look-up of the test's own for the C
 * library's. */
#include "support/unit.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "redis/redis_connection.h"

static struct {
    int asked;
    int cancelled;
    bool stubborn; /* A look-up cannot be cancelled. */
    int code;      /* What a look-up says. */
    struct gaicb *request;
    uint32_t at_once; /* Addresses that a look-up finds without delay. */
    uint32_t first;   /* The first of them. */
    struct sockaddr_in addresses[REDIS_ADDRESSES_MAX + 1];
    uint32_t address_count;
} server;

static void answer(uint32_t count);

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's are reserved.
 */
int getaddrinfo_a(int mode, struct gaicb *list[], int count, struct sigevent *event)
{
    assert_int_equal(mode, GAI_NOWAIT);
    assert_int_equal(count, 1);
    assert_null(event);
    server.asked++;
    server.request = list[0];
    if (server.at_once > 0) answer(server.at_once);
    return 0;
}

int gai_error(struct gaicb *request)
{
    assert_ptr_equal(request, server.request);
    return server.code;
}

int gai_suspend(const struct gaicb *const list[], int count, const struct timespec *patience)
{
    assert_ptr_equal(list[0], server.request);
    assert_int_equal(count, 1);
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, patience, NULL);
    return EAI_AGAIN;
}

int gai_cancel(struct gaicb *request)
{
    assert_ptr_equal(request, server.request);
    server.cancelled++;
    if (server.stubborn) return EAI_NOTCANCELED;
    return server.code == EAI_INPROGRESS ? EAI_CANCELED : EAI_ALLDONE;
}

void freeaddrinfo(struct addrinfo *found)
{
    while (found != NULL) {
        struct addrinfo *next = found->ai_next;
        free(found);
        found = next;
    }
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* The look-up under way has found so many addresses. */
static void answer(uint32_t count)
{
    struct addrinfo **last = &server.request->ar_result;
    for (uint32_t index = 0; index < count; index++) {
        server.addresses[index] = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(server.first + index)};
        *last = calloc(1, sizeof **last);
        assert_non_null(*last);
        (*last)->ai_addr = (struct sockaddr *)&server.addresses[index];
        (*last)->ai_addrlen = sizeof server.addresses[index];
        last = &(*last)->ai_next;
    }
    server.code = 0;
}

static int setup(void **state)
{
    (void)state;
    memset(&server, 0, sizeof server);
    server.code = EAI_INPROGRESS;
    server.first = 0x0a000001;
    return 0;
}

static const char *find(struct redis_name **name, const char *host,
                        struct redis_addresses *ret_addresses)
{
    return redis_name_find(name, host, clock_steady_us() + 20000, ret_addresses);
}

static void an_address_is_not_looked_up(void **state)
{
    (void)state;
    struct redis_name *name = NULL;
    struct redis_addresses addresses;
    static const char *const hosts[] = {"10.0.0.1", "::1"};
    for (size_t index = 0; index < 2; index++) {
        assert_null(find(&name, hosts[index], &addresses));
        assert_int_equal(addresses.count, 1);
        assert_string_equal(addresses.all[0], hosts[index]);
    }
    assert_null(name);
    assert_int_equal(server.asked, 0);
}

static void a_slow_look_up_is_left_to_go_on_and_found_by_a_later_call(void **state)
{
    (void)state;
    struct redis_name *name = NULL;
    struct redis_addresses addresses;
    const int64_t since_us = clock_steady_us();
    for (int calls = 0; calls < 3; calls++) {
        assert_non_null(strstr(find(&name, "cache", &addresses), "does not answer"));
    }
    assert_true(clock_steady_us() - since_us < 5000000);
    assert_int_equal(server.asked, 1);
    answer(REDIS_ADDRESSES_MAX + 1);
    assert_null(find(&name, "cache", &addresses));
    assert_int_equal(addresses.count, REDIS_ADDRESSES_MAX);
    assert_string_equal(addresses.all[0], "10.0.0.1");
    assert_string_equal(addresses.all[3], "10.0.0.4");
    assert_null(name);
    server.code = EAI_INPROGRESS;
    assert_non_null(find(&name, "cache", &addresses)); /* It is asked for anew. */
    assert_int_equal(server.asked, 2);
    redis_name_forget(name);
    assert_int_equal(server.cancelled, 2);
}

static void a_look_up_that_cannot_be_stopped_is_left_where_it_is(void **state)
{
    (void)state;
    struct redis_name *name = NULL;
    struct redis_addresses addresses;
    server.stubborn = true;
    assert_non_null(find(&name, "cache", &addresses));
    const int64_t since_us = clock_steady_us();
    redis_name_forget(name);
    assert_true(clock_steady_us() - since_us < 10000000);
    assert_string_equal(server.request->ar_name, "cache"); /* It still may write there. */
    server.code = 0;
    redis_name_forget(name);
}

static void a_name_without_an_address_is_said_to_have_none(void **state)
{
    (void)state;
    struct redis_name *name = NULL;
    struct redis_addresses addresses;
    server.code = EAI_NONAME;
    assert_string_equal(find(&name, "cache", &addresses), gai_strerror(EAI_NONAME));
    assert_null(name);
    server.code = 0;
    assert_non_null(find(&name, "cache", &addresses));
    assert_null(name);
    redis_name_forget(name);
}

static void a_name_with_two_addresses_is_tried_at_both(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1)};
    socklen_t size = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    server.first = INADDR_LOOPBACK; /* Where nobody listens. */
    server.at_once = 2;
    const struct redis_url url = {.host = "cache", .port = ntohs(address.sin_port)};
    struct redis_connection connection = {0};
    assert_false(redis_connection_open(&connection, &url, "one")); /* No Redis, but somebody. */
    const int caller = accept(listener, NULL, NULL);
    assert_true(caller >= 0);
    (void)close(caller);
    (void)close(listener);
    redis_connection_release(&connection);
}

#define NAME_TEST(function) cmocka_unit_test_setup(function, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NAME_TEST(an_address_is_not_looked_up),
        NAME_TEST(a_slow_look_up_is_left_to_go_on_and_found_by_a_later_call),
        NAME_TEST(a_look_up_that_cannot_be_stopped_is_left_where_it_is),
        NAME_TEST(a_name_with_two_addresses_is_tried_at_both),
        NAME_TEST(a_name_without_an_address_is_said_to_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
