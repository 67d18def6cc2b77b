/* fuzz_address.c - addresses, X-Forwarded-For, origins and return URLs: addresses are those that
 * the C library reads, the client is one that the header or the socket names, and what is allowed
 * to be returned to is https and listed.
 *
 * An input is lines: the peer, a trusted range, X-Forwarded-For, an origin, a return URL. */
#include "fuzz/fuzz.h"

#include <arpa/inet.h>

#include "http/client_address.h"
#include "http/cors.h"
#include "http/return_url.h"
#include "support/bare_exchange.h"

enum { INPUT_SIZE_MAX = 4096, TEXT_SIZE_MAX = 64 };

static const struct slice hosts[] = {SLICE_INIT("shop.example"), SLICE_INIT("b.example:8443")};

static bool address_equal(const struct address *left, const struct address *right)
{
    return memcmp(left->bytes, right->bytes, sizeof left->bytes) == 0;
}

static void check_address(struct slice text)
{
    struct address address;
    char copy[TEXT_SIZE_MAX];
    uint8_t wanted[16] = {[10] = 0xff, [11] = 0xff};
    const bool good = address_parse(text, &address);
    const bool short_enough = slice_to_string(text, copy, sizeof copy);
    const bool known = short_enough && (inet_pton(AF_INET, copy, wanted + 12) == 1 ||
                                        inet_pton(AF_INET6, copy, wanted) == 1);
    CHECK(good == known);
    if (!good) return;
    CHECK(memcmp(address.bytes, wanted, sizeof wanted) == 0);
    struct address hop;
    CHECK(address_parse_hop(text, &hop) && address_equal(&address, &hop));
}

static void check_range(struct slice text, struct address_ranges *ret_ranges)
{
    struct address_range range;
    if (!address_range_parse(text, &range)) return;
    CHECK(range.prefix_bits <= 128);
    CHECK(address_in_range(&range.first, &range));
    struct address outside = range.first;
    if (range.prefix_bits > 0) {
        const unsigned last = range.prefix_bits - 1U;
        outside.bytes[last / 8] ^= (uint8_t)(0x80U >> last % 8);
        CHECK(!address_in_range(&outside, &range));
    }
    ret_ranges->all[ret_ranges->count++] = range;
}

/* The client is a hop of the header, or the peer. */
static void check_client(struct slice peer, struct slice forwarded,
                         const struct address_ranges *ranges)
{
    static struct bare_exchange fake;
    struct exchange *exchange = bare_exchange_start(&fake);
    exchange->peer = peer;
    bare_exchange_send(&fake, SLICE("x-forwarded-for"), forwarded);
    const struct address client = client_address_of(ranges, exchange);
    struct address named = {0};
    if (!address_parse(peer, &named)) return;
    if (address_equal(&client, &named)) return;
    CHECK(address_in_ranges(&named, ranges)); /* Else nobody asks the header. */
    for (struct slice rest = forwarded; rest.data != NULL;) {
        const struct slice entry = slice_trim(slice_cut(rest, ',', &rest));
        if (address_parse_hop(entry, &named) && address_equal(&client, &named)) return;
    }
    CHECK(ranges == NULL); /* Out of nowhere. */
}

static void check_origin(struct slice origin)
{
    if (!cors_origin_valid(origin)) return;
    CHECK(origin.size <= CORS_ORIGIN_SIZE_MAX);
    CHECK(slice_starts_with(origin, SLICE("https://")) ||
          slice_starts_with(origin, SLICE("http://")));
    for (size_t index = 0; index < origin.size; index++) {
        CHECK(origin.data[index] > ' ' && origin.data[index] <= '~');
        CHECK(strchr("*@?#\"<>\\,", origin.data[index]) == NULL);
    }
}

static void check_return_url(struct slice url)
{
    const struct return_url_rules rules = {
        .hosts = hosts, .host_count = 2, .default_url = SLICE("https://paid.example/done")};
    if (!return_url_allowed(&rules, url)) return;
    CHECK(url.size <= 512);
    CHECK(slice_equal_ignoring_case((struct slice){url.data, 8}, SLICE("https://")));
    size_t end = 8;
    while (end < url.size && strchr("/?#", url.data[end]) == NULL) end++;
    struct slice host = {url.data + 8, end - 8};
    if (host.size > 4 && memcmp(host.data + host.size - 4, ":443", 4) == 0) host.size -= 4;
    if (host.size > 1 && host.data[host.size - 1] == ':') host.size--;
    CHECK(slice_equal_ignoring_case(host, hosts[0]) || slice_equal_ignoring_case(host, hosts[1]) ||
          slice_equal_ignoring_case(host, SLICE("paid.example")));
    for (size_t index = 0; index < url.size; index++) {
        CHECK(url.data[index] > ' ' && url.data[index] <= '~' && url.data[index] != '\\');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_SIZE_MAX) return -1;
    struct slice rest = {(const char *)data, size};
    const struct slice peer = slice_cut(rest, '\n', &rest);
    const struct slice range = slice_cut(rest, '\n', &rest);
    const struct slice forwarded = slice_cut(rest, '\n', &rest);
    const struct slice origin = slice_cut(rest, '\n', &rest);
    struct address_ranges ranges = {0};
    check_address(peer);
    check_range(range, &ranges);
    check_client(peer, forwarded, &ranges);
    check_origin(origin);
    check_return_url(rest);
    return 0;
}
