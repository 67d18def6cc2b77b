#include "http/client_address.h"

/* Cuts the last entry off a list; what stands before it is left in `list` (data NULL: nothing). */
static struct slice cut_last(struct slice *list)
{
    size_t start = list->size;
    while (start > 0 && list->data[start - 1] != ',') start--;
    const struct slice last = slice_from(*list, start);
    if (start == 0) *list = (struct slice){0};
    else list->size = start - 1;
    return slice_trim(last);
}

struct address client_address_of(const struct address_ranges *proxies,
                                 const struct exchange *exchange)
{
    const struct slice name = SLICE("x-forwarded-for");
    struct address client = {0};
    if (!address_parse(exchange->peer, &client)) return client;
    if (!address_in_ranges(&client, proxies)) return client;

    /* Some proxies add to the header that came, others add a header behind it. */
    size_t headers_left = exchange_header_count(exchange, name);
    struct slice list = {0};
    for (uint32_t hop = 0; hop < CLIENT_HOPS_MAX; hop++) {
        if (list.data == NULL && headers_left == 0) break;
        if (list.data == NULL) list = exchange_header_at(exchange, name, --headers_left);
        if (!address_parse_hop(cut_last(&list), &client)) return client;
        if (!address_in_ranges(&client, proxies)) return client;
    }
    return client;
}
