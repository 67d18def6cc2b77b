#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "http/client_address.h"
#include "support/bare_exchange.h"

static struct address address_of(const char *text)
{
    struct address address;
    if (!address_parse(slice_of(text), &address)) fail_msg("refused: %s", text);
    return address;
}

static bool same(const struct address *left, const struct address *right)
{
    return memcmp(left, right, sizeof *left) == 0;
}

static void an_ipv4_client_has_one_name_however_it_came(void **state)
{
    (void)state;
    const struct address plain = address_of("192.0.2.1");
    const struct address mapped = address_of("::ffff:192.0.2.1");
    const struct address other = address_of("192.0.2.2");
    assert_true(same(&plain, &mapped));
    assert_false(same(&plain, &other));
}

static void what_is_no_address_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "unknown",
        "192.0.2",
        "192.0.2.1.1",
        "192.0.2.256",
        "192.0.2.1:80",
        "[::1]",
        "fe80::1%eth0",
        " 192.0.2.1",
        "192.0.2.1 ",
        "0x7f.0.0.1",
        "127.1",
        "1:2:3:4:5:6:7:8:9",
        ":::",
        "::ffff:192.0.2.1.5",
        "_hidden",
        "example.com",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff"};
    for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++) {
        struct address address = {.bytes = {7}};
        if (address_parse(slice_of(wrong[index]), &address)) fail_msg("took %s", wrong[index]);
        assert_int_equal(address.bytes[0], 7);
    }
}

static void a_hop_may_carry_a_port(void **state)
{
    (void)state;
    const struct address ipv4 = address_of("192.0.2.1");
    const struct address ipv6 = address_of("2001:db8::1");
    struct address hop;
    assert_true(address_parse_hop(SLICE("192.0.2.1"), &hop) && same(&hop, &ipv4));
    assert_true(address_parse_hop(SLICE("192.0.2.1:65535"), &hop) && same(&hop, &ipv4));
    assert_true(address_parse_hop(SLICE("2001:db8::1"), &hop) && same(&hop, &ipv6));
    assert_true(address_parse_hop(SLICE("[2001:db8::1]"), &hop) && same(&hop, &ipv6));
    assert_true(address_parse_hop(SLICE("[2001:db8::1]:443"), &hop) && same(&hop, &ipv6));
    assert_false(address_parse_hop(SLICE("192.0.2.1:"), &hop));
    assert_false(address_parse_hop(SLICE("192.0.2.1:65536"), &hop));
    assert_false(address_parse_hop(SLICE("192.0.2.1:80:80"), &hop));
    assert_false(address_parse_hop(SLICE("[2001:db8::1"), &hop));
    assert_false(address_parse_hop(SLICE("[2001:db8::1]443"), &hop));
    assert_false(address_parse_hop(SLICE("[2001:db8::1]:"), &hop));
    assert_false(address_parse_hop(SLICE("[]"), &hop));
    assert_false(address_parse_hop(SLICE("["), &hop));
    assert_false(address_parse_hop(SLICE(""), &hop));
}

static bool holds(const char *range_text, const char *address_text)
{
    struct address_range range;
    if (!address_range_parse(slice_of(range_text), &range)) fail_msg("refused: %s", range_text);
    const struct address address = address_of(address_text);
    return address_in_range(&address, &range);
}

static void a_range_holds_what_shares_its_prefix(void **state)
{
    (void)state;
    assert_true(holds("192.0.2.1", "192.0.2.1"));
    assert_false(holds("192.0.2.1", "192.0.2.0"));
    assert_true(holds("10.0.0.0/8", "10.255.255.255"));
    assert_false(holds("10.0.0.0/8", "11.0.0.0"));
    assert_true(holds("172.16.0.0/12", "172.31.9.9"));
    assert_false(holds("172.16.0.0/12", "172.32.0.0"));
    assert_true(holds("192.0.2.2/31", "192.0.2.3"));
    assert_false(holds("192.0.2.2/31", "192.0.2.4"));
    assert_true(holds("0.0.0.0/0", "255.255.255.255"));
    assert_false(holds("0.0.0.0/0", "2001:db8::1"));
    assert_true(holds("::/0", "2001:db8::1"));
    assert_true(holds("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(holds("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(holds("::1/128", "::1"));
    assert_true(holds("::ffff:10.0.0.0/104", "10.1.2.3"));
}

static void what_is_no_range_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "10.0.0.0/",
                                        "10.0.0.0/33",
                                        "10.0.0.1/8",
                                        "::1/129",
                                        "2001:db8::1/64",
                                        "10.0.0.0/08",
                                        "10.0.0.0/-1",
                                        "10.0.0.0/8/8",
                                        "/8",
                                        "localhost",
                                        "*"};
    for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++) {
        struct address_range range;
        if (address_range_parse(slice_of(wrong[index]), &range)) fail_msg("took %s", wrong[index]);
    }
}

static void an_ipv6_customer_has_a_network_and_an_ipv4_customer_an_address(void **state)
{
    (void)state;
    const struct address here = address_of("2001:db8:1:2:3:4:5:6");
    const struct address there = address_of("2001:db8:1:2:ffff::1");
    const struct address next = address_of("2001:db8:1:3::1");
    const struct address ipv4 = address_of("192.0.2.1");
    const struct address customers[] = {address_of_customer(&here), address_of_customer(&there),
                                        address_of_customer(&next), address_of_customer(&ipv4)};
    assert_true(same(&customers[0], &customers[1]));
    assert_false(same(&customers[0], &customers[2]));
    assert_true(same(&customers[3], &ipv4));
}

/* 10.0.0.0/8 and ::1 are trusted. Up to three X-Forwarded-For headers, in the order they came. */
static void assert_client(const char *peer, const char *const *forwarded, size_t count,
                          const char *expected)
{
    static struct bare_exchange fake;
    struct address_ranges proxies = {.count = 2};
    assert_true(address_range_parse(SLICE("10.0.0.0/8"), &proxies.all[0]));
    assert_true(address_range_parse(SLICE("::1"), &proxies.all[1]));
    struct exchange *exchange = bare_exchange_start(&fake);
    exchange->peer = slice_of(peer);
    for (size_t index = 0; index < count; index++)
        bare_exchange_send(&fake, SLICE("x-forwarded-for"), slice_of(forwarded[index]));
    const struct address client = client_address_of(&proxies, exchange);
    const struct address wanted = address_of(expected);
    if (!same(&client, &wanted)) fail_msg("%s, %zu headers: not %s", peer, count, expected);
}

static void one(const char *peer, const char *forwarded, const char *expected)
{
    assert_client(peer, &forwarded, 1, expected);
}

static void a_stranger_is_who_he_is_whatever_he_writes(void **state)
{
    (void)state;
    one("203.0.113.9", "192.0.2.1", "203.0.113.9");
    one("203.0.113.9", "10.0.0.1", "203.0.113.9");
    one("203.0.113.9", "", "203.0.113.9");
}

static void behind_trusted_proxies_the_last_untrusted_hop_is_the_client(void **state)
{
    (void)state;
    one("10.0.0.1", "192.0.2.1", "192.0.2.1");
    one("::1", "192.0.2.1", "192.0.2.1");
    one("10.0.0.1", "198.51.100.7, 192.0.2.1", "192.0.2.1");
    one("10.0.0.1", "10.9.9.9, 198.51.100.7, 192.0.2.1,10.0.0.2 , 10.0.0.3", "192.0.2.1");
    one("10.0.0.1", "192.0.2.1:4711, 10.0.0.2:80", "192.0.2.1");
    one("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1");
    one("10.0.0.1", "10.0.0.5, 10.0.0.6", "10.0.0.5");
}

static void an_entry_that_is_no_address_ends_the_walk_at_the_proxy_that_wrote_it(void **state)
{
    (void)state;
    one("10.0.0.1", "", "10.0.0.1");
    one("10.0.0.1", "unknown", "10.0.0.1");
    one("10.0.0.1", "192.0.2.1,", "10.0.0.1");
    one("10.0.0.1", "192.0.2.1, junk, 10.0.0.2", "10.0.0.2");
    one("10.0.0.1", ",,,,,,,,", "10.0.0.1");
    one("10.0.0.1", ",10.0.0.2", "10.0.0.2");
}

static void several_headers_are_one_list(void **state)
{
    (void)state;
    const char *const added[] = {"198.51.100.7", "192.0.2.1"};
    assert_client("10.0.0.1", added, 2, "192.0.2.1");
    const char *const chain[] = {"198.51.100.7, 192.0.2.1", "10.0.0.2", "10.0.0.3, 10.0.0.4"};
    assert_client("10.0.0.1", chain, 3, "192.0.2.1");
    const char *const broken[] = {"192.0.2.1", "", "10.0.0.2"};
    assert_client("10.0.0.1", broken, 3, "10.0.0.2");
    assert_client("10.0.0.1", NULL, 0, "10.0.0.1");
}

static void the_walk_ends_after_a_few_hops(void **state)
{
    (void)state;
    char text[2000];
    struct buffer list;
    buffer_init(&list, text, sizeof text);
    buffer_append(&list, SLICE("192.0.2.1"));
    for (int hop = 0; hop < 100; hop++) buffer_append(&list, SLICE(",10.0.0.2"));
    buffer_append_char(&list, '\0');
    assert_false(list.overflowed);
    one("10.0.0.1", text, "10.0.0.2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ipv4_client_has_one_name_however_it_came),
        cmocka_unit_test(what_is_no_address_is_refused_and_changes_nothing),
        cmocka_unit_test(a_hop_may_carry_a_port),
        cmocka_unit_test(a_range_holds_what_shares_its_prefix),
        cmocka_unit_test(what_is_no_range_is_refused),
        cmocka_unit_test(an_ipv6_customer_has_a_network_and_an_ipv4_customer_an_address),
        cmocka_unit_test(a_stranger_is_who_he_is_whatever_he_writes),
        cmocka_unit_test(behind_trusted_proxies_the_last_untrusted_hop_is_the_client),
        cmocka_unit_test(an_entry_that_is_no_address_ends_the_walk_at_the_proxy_that_wrote_it),
        cmocka_unit_test(several_headers_are_one_list),
        cmocka_unit_test(the_walk_ends_after_a_few_hops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
