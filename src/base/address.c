#include "base/address.h"

#include <arpa/inet.h>
#include <string.h>

enum { MAPPED_BITS = 96, MAPPED_BYTES = MAPPED_BITS / 8, CUSTOMER_BYTES = 8 };

static const uint8_t mapped_prefix[MAPPED_BYTES] = {[10] = 0xff, [11] = 0xff};

static bool is_ipv4(const struct address *address)
{
    return memcmp(address->bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

bool address_parse(struct slice text, struct address *ret_address)
{
    char copy[INET6_ADDRSTRLEN];
    struct address address = {0};
    if (!slice_to_string(text, copy, sizeof copy)) return false;
    if (inet_pton(AF_INET, copy, address.bytes + MAPPED_BYTES) == 1) {
        memcpy(address.bytes, mapped_prefix, sizeof mapped_prefix);
    } else if (inet_pton(AF_INET6, copy, address.bytes) != 1) {
        return false;
    }
    *ret_address = address;
    return true;
}

static bool is_port(struct slice text)
{
    uint64_t port = 0;
    return slice_to_number(text, UINT16_MAX, &port);
}

bool address_parse_hop(struct slice text, struct address *ret_address)
{
    struct slice rest = {0};
    if (slice_starts_with(text, SLICE("["))) {
        const struct slice inner = slice_cut(slice_from(text, 1), ']', &rest);
        if (rest.data == NULL) return false;
        const bool has_port = rest.size > 0 && rest.data[0] == ':' && is_port(slice_from(rest, 1));
        return (rest.size == 0 || has_port) && address_parse(inner, ret_address);
    }
    if (address_parse(text, ret_address)) return true;
    const struct slice host = slice_cut(text, ':', &rest);
    return is_port(rest) && address_parse(host, ret_address);
}

static bool bits_behind_are_zero(const struct address_range *range)
{
    for (uint32_t bit = range->prefix_bits; bit < 128; bit++) {
        if ((range->first.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return false;
    }
    return true;
}

bool address_range_parse(struct slice text, struct address_range *ret_range)
{
    struct slice prefix = {0};
    struct address_range range = {.prefix_bits = 128};
    const struct slice host = slice_cut(text, '/', &prefix);
    if (!address_parse(host, &range.first)) return false;
    if (prefix.data != NULL) {
        const bool ipv4 = memchr(host.data, ':', host.size) == NULL;
        uint64_t bits = 0;
        if (!slice_to_number(prefix, ipv4 ? 32 : 128, &bits)) return false;
        range.prefix_bits = (uint8_t)(ipv4 ? bits + MAPPED_BITS : bits);
    }
    if (!bits_behind_are_zero(&range)) return false;
    *ret_range = range;
    return true;
}

bool address_in_range(const struct address *address, const struct address_range *range)
{
    const uint32_t whole = range->prefix_bits / 8;
    const uint32_t rest_bits = range->prefix_bits % 8;
    if (memcmp(address->bytes, range->first.bytes, whole) != 0) return false;
    if (rest_bits == 0) return true;
    const uint8_t difference = address->bytes[whole] ^ range->first.bytes[whole];
    return difference >> (8 - rest_bits) == 0;
}

bool address_in_ranges(const struct address *address, const struct address_ranges *ranges)
{
    for (size_t index = 0; index < ranges->count; index++) {
        if (address_in_range(address, &ranges->all[index])) return true;
    }
    return false;
}

struct address address_of_customer(const struct address *address)
{
    struct address customer = *address;
    if (!is_ipv4(address)) memset(customer.bytes + CUSTOMER_BYTES, 0, 16 - CUSTOMER_BYTES);
    return customer;
}
