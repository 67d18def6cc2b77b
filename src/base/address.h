/* address.h - internet addresses and ranges of them, as settings and proxies write them.
 *
 * An IPv4 address is kept as the IPv6 address that stands for it (::ffff:192.0.2.1), so that one
 * client has one name, whichever way it came.
 *
 * Thread: any.
 * Source: RFC 4291, sections 2.2 and 2.5.5.2; RFC 4632.
 */
#pragma once

#include "base/slice.h"

struct address {
    uint8_t bytes[16];
};

enum { ADDRESS_RANGES_MAX = 32 }; /* A network of load balancers has a handful. */

struct address_range {
    struct address first;
    uint8_t prefix_bits; /* 0..128, of the sixteen bytes. */
};

struct address_ranges {
    size_t count;
    struct address_range all[ADDRESS_RANGES_MAX];
};

/* Reads an IPv4 or IPv6 address; `[...]`, a port behind it and a zone are not part of one. */
bool address_parse(struct slice text, struct address *ret_address);

/* The same of a proxy's list, where some write a port: `192.0.2.1:443`, `[2001:db8::1]:443`. */
bool address_parse_hop(struct slice text, struct address *ret_address);

/* Reads an address, or a range such as 10.0.0.0/8; bits behind the prefix must be zero. */
bool address_range_parse(struct slice text, struct address_range *ret_range);

bool address_in_range(const struct address *address, const struct address_range *range);

bool address_in_ranges(const struct address *address, const struct address_ranges *ranges);

/* The part of an address that one customer has for himself: all of an IPv4 address, the first
 * 64 bits of an IPv6 address. */
struct address address_of_customer(const struct address *address);
