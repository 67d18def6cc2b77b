#include "redis/redis_url.h"

#include <uriparser/Uri.h>

#include "base/hex.h"

static struct slice range_of(UriTextRangeA range)
{
    if (range.first == NULL) return (struct slice){0};
    return (struct slice){range.first, (size_t)(range.afterLast - range.first)};
}

/* Percent-decodes into a string. The parser has seen that two digits follow each sign. */
static bool decode(struct slice text, char *target, size_t capacity)
{
    size_t size = 0;
    for (size_t index = 0; index < text.size; index++) {
        char letter = text.data[index];
        if (letter == '%') {
            if (index + 2 >= text.size) return false;
            if (!hex_parse((struct slice){text.data + index + 1, 2}, &letter, 1)) return false;
            index += 2;
        }
        if (letter == '\0' || size + 1 >= capacity) return false;
        target[size++] = letter;
    }
    target[size] = '\0';
    return true;
}

static const char *read_scheme(struct slice scheme)
{
    if (slice_equal_ignoring_case(scheme, SLICE("rediss"))) {
        return "rediss:// is not supported: use redis:// through a TLS tunnel, such as stunnel";
    }
    return slice_equal_ignoring_case(scheme, SLICE("redis")) ? NULL : "it must begin with redis://";
}

static const char *read_user(const UriUriA *uri, struct redis_url *url)
{
    if (uri->userInfo.first == NULL) return NULL;
    struct slice password;
    const struct slice user = slice_cut(range_of(uri->userInfo), ':', &password);
    if (password.size == 0) return "what stands before @ must be user:password or :password";
    if (!decode(user, url->user, sizeof url->user)) return "the user is too long or has a NUL";
    if (!decode(password, url->password, sizeof url->password)) {
        return "the password is too long or has a NUL";
    }
    return NULL;
}

static const char *read_host(const UriUriA *uri, struct redis_url *url)
{
    const struct slice host = range_of(uri->hostText);
    if (host.size == 0) return "it has no host";
    if (uri->hostData.ipFuture.first != NULL || memchr(host.data, '%', host.size) != NULL ||
        !slice_to_string(host, url->host, sizeof url->host)) {
        return "its host is not a name or an address";
    }
    uint64_t port = REDIS_PORT_DEFAULT;
    const struct slice text = range_of(uri->portText);
    if (text.size > 0 && !slice_to_number(text, UINT16_MAX, &port)) port = 0;
    if (port == 0) return "its port must be 1 to 65535";
    url->port = (uint16_t)port;
    return NULL;
}

static const char *read_rest(const UriUriA *uri, struct redis_url *url)
{
    if (uri->query.first != NULL || uri->fragment.first != NULL) {
        return "nothing may stand behind the database's number";
    }
    if (uri->pathHead == NULL) return NULL;
    const struct slice path = range_of(uri->pathHead->text);
    uint64_t database = 0;
    const bool number = path.size == 0 || slice_to_number(path, REDIS_DATABASE_MAX, &database);
    if (uri->pathHead->next != NULL || !number) return "the database must be a number up to 9999";
    url->database = (uint16_t)database;
    return NULL;
}

const char *redis_url_parse(struct slice text, struct redis_url *ret_url)
{
    CHECK(ret_url != NULL);

    UriUriA uri;
    const char *error_position = NULL;
    if (text.size == 0) return "it is empty";
    if (uriParseSingleUriExA(&uri, text.data, text.data + text.size, &error_position) !=
        URI_SUCCESS) {
        return "it is not a URL; signs such as / @ : in a password are written as %2F %40 %3A";
    }
    struct redis_url url = {0};
    const char *why = read_scheme(range_of(uri.scheme));
    if (why == NULL) why = read_user(&uri, &url);
    if (why == NULL) why = read_host(&uri, &url);
    if (why == NULL) why = read_rest(&uri, &url);
    uriFreeUriMembersA(&uri);
    if (why == NULL) *ret_url = url;
    return why;
}
