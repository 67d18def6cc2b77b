#include "http/return_url.h"

#include <uriparser/Uri.h>

#include "base/check.h"
#include "core/limits.h"

/* Printable ASCII without what browsers read differently from RFC 3986: they take a backslash
 * for a slash and skip control bytes. */
static bool has_plain_bytes(struct slice url)
{
    for (size_t index = 0; index < url.size; index++) {
        const char letter = url.data[index];
        if (letter <= ' ' || letter > '~' || letter == '\\') return false;
    }
    return true;
}

static struct slice range_of(UriTextRangeA range)
{
    if (range.first == NULL) return (struct slice){0};
    return (struct slice){range.first, (size_t)(range.afterLast - range.first)};
}

/* Where a URL leads. */
struct place {
    struct slice host;
    struct slice port; /* Empty: 443. */
};

static bool read_uri(const UriUriA *uri, struct place *ret_place)
{
    if (!slice_equal_ignoring_case(range_of(uri->scheme), SLICE("https"))) return false;
    if (uri->userInfo.first != NULL) return false;
    if (uri->hostData.ip6 != NULL || uri->hostData.ipFuture.first != NULL) return false;
    ret_place->host = range_of(uri->hostText);
    ret_place->port = range_of(uri->portText);
    if (slice_equal(ret_place->port, SLICE("443"))) ret_place->port = (struct slice){0};
    return ret_place->host.size > 0;
}

static bool read_place(struct slice url, struct place *ret_place)
{
    if (url.size == 0 || url.size > URL_SIZE_MAX || !has_plain_bytes(url)) return false;
    UriUriA uri;
    const char *error_position = NULL;
    if (uriParseSingleUriExA(&uri, url.data, url.data + url.size, &error_position) != URI_SUCCESS) {
        return false;
    }
    const bool read = read_uri(&uri, ret_place);
    uriFreeUriMembersA(&uri);
    return read;
}

/* A list entry is a host, or a host and a port. */
static bool entry_fits(struct slice entry, const struct place *place)
{
    struct slice port = {0};
    const struct slice host = slice_cut(entry, ':', &port);
    if (slice_equal(port, SLICE("443"))) port = (struct slice){0};
    return slice_equal_ignoring_case(host, place->host) && slice_equal(port, place->port);
}

bool return_url_allowed(const struct return_url_rules *rules, struct slice url)
{
    CHECK(rules->host_count == 0 || rules->hosts != NULL);

    struct place place = {0};
    if (!read_place(url, &place)) return false;
    for (size_t index = 0; index < rules->host_count; index++) {
        if (entry_fits(rules->hosts[index], &place)) return true;
    }
    struct place usual = {0};
    return read_place(rules->default_url, &usual) &&
           slice_equal_ignoring_case(usual.host, place.host) && slice_equal(usual.port, place.port);
}
