#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "http/client_count.h"

static struct address client(uint32_t number)
{
    struct address address = {.bytes = {[10] = 0xff, [11] = 0xff}};
    memcpy(address.bytes + 12, &number, sizeof number);
    return address;
}

static bool add(struct client_count *count, uint32_t number)
{
    const struct address address = client(number);
    return client_count_add(count, &address, 3);
}

static void end(struct client_count *count, uint32_t number)
{
    const struct address address = client(number);
    client_count_remove(count, &address);
}

static void a_client_has_its_connections_and_no_more(void **state)
{
    (void)state;
    struct client_count *count = client_count_open(100);
    for (int times = 0; times < 3; times++) assert_true(add(count, 1));
    assert_false(add(count, 1));
    assert_true(add(count, 2));
    end(count, 1);
    assert_true(add(count, 1));
    assert_false(add(count, 1));
    client_count_close(count);
}

static void an_ipv6_network_is_one_client(void **state)
{
    (void)state;
    struct client_count *count = client_count_open(100);
    struct address address;
    assert_true(address_parse(SLICE("2001:db8::1"), &address));
    assert_true(client_count_add(count, &address, 1));
    assert_true(address_parse(SLICE("2001:db8::2"), &address));
    assert_false(client_count_add(count, &address, 1));
    assert_true(address_parse(SLICE("2001:db8:0:1::1"), &address));
    assert_true(client_count_add(count, &address, 1));
    client_count_close(count);
}

/* Comings and goings of as many clients as there is room for, beside a plain array. */
static void what_is_counted_is_what_came_and_has_not_gone(void **state)
{
    (void)state;
    enum { CLIENTS = 500, TURNS = 200000 };
    struct client_count *count = client_count_open(CLIENTS);
    uint32_t open[CLIENTS] = {0};
    uint64_t chance = 88172645463325252U;
    for (int turn = 0; turn < TURNS; turn++) {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        const uint32_t number = (uint32_t)(chance >> 8) % CLIENTS;
        if (chance & 1) {
            assert_int_equal(add(count, number), open[number] < 3);
            if (open[number] < 3) open[number]++;
        } else if (open[number] > 0) {
            end(count, number);
            open[number]--;
        }
    }
    for (uint32_t number = 0; number < CLIENTS; number++) {
        for (; open[number] > 0; open[number]--) end(count, number);
        assert_true(add(count, number));
    }
    client_count_close(count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_has_its_connections_and_no_more),
        cmocka_unit_test(an_ipv6_network_is_one_client),
        cmocka_unit_test(what_is_counted_is_what_came_and_has_not_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
