#include "http/cors.h"

#define ALLOWED_HEADERS \
    "Authorization, Content-Type, X-Idempotency-Key, Idempotency-Key, If-None-Match, " \
    "Last-Event-ID, X-Request-Id"

#define EXPOSED_HEADERS \
    "X-Request-Id, X-Showtime-Version, X-Server-Time, Idempotent-Replayed, Retry-After, ETag, " \
    "RateLimit, RateLimit-Policy, WWW-Authenticate, Location"

static bool is_host_letter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' ||
           letter == '.';
}

static bool is_host(struct slice host)
{
    for (size_t index = 0; index < host.size; index++) {
        if (!is_host_letter(host.data[index])) return false;
    }
    return host.size > 0;
}

/* A port as browsers write it: without zeros before it, and never the one that the scheme has
 * anyway. */
static bool is_port(struct slice port, struct slice usual)
{
    uint64_t number = 0;
    if (!slice_to_number(port, UINT16_MAX, &number)) return false;
    return port.data[0] != '0' && !slice_equal(port, usual);
}

bool cors_origin_valid(struct slice origin)
{
    if (origin.size > CORS_ORIGIN_SIZE_MAX) return false;
    struct slice rest = {0};
    const bool secure = slice_starts_with(origin, SLICE("https://"));
    if (secure) rest = slice_from(origin, 8);
    else if (slice_starts_with(origin, SLICE("http://"))) rest = slice_from(origin, 7);
    struct slice port = {0};
    const struct slice host = slice_cut(rest, ':', &port);
    if (port.data != NULL && !is_port(port, secure ? SLICE("443") : SLICE("80"))) return false;
    return is_host(host);
}

/* The entry of the list that the request's Origin is; the empty slice if it is none. */
static struct slice listed_origin(const struct cors *cors, const struct exchange *exchange)
{
    const struct slice name = SLICE("origin");
    if (exchange_header_count(exchange, name) != 1) return (struct slice){0};
    const struct slice origin = exchange_header(exchange, name);
    for (size_t index = 0; index < cors->count; index++) {
        if (slice_equal(cors->origins[index], origin)) return cors->origins[index];
    }
    return (struct slice){0};
}

void cors_mark(const struct cors *cors, struct exchange *exchange)
{
    if (cors->count == 0) return;
    /* A cache between us must not hand one site's answer to another, nor one without a mark. */
    exchange_add_header(exchange, SLICE("vary"), SLICE("Origin"));
    exchange->varies_by_origin = true;
    const struct slice origin = listed_origin(cors, exchange);
    if (origin.size == 0) return;
    exchange_add_header(exchange, SLICE("access-control-allow-origin"), origin);
    exchange_add_header(exchange, SLICE("access-control-expose-headers"), SLICE(EXPOSED_HEADERS));
}

void cors_vary_by_encoding(struct exchange *exchange)
{
    exchange_set_header(exchange, SLICE("vary"),
                        exchange->varies_by_origin ? SLICE("Origin, accept-encoding")
                                                   : SLICE("accept-encoding"));
}

bool cors_answer_preflight(const struct cors *cors, struct exchange *exchange, struct slice methods)
{
    if (cors->count == 0 || exchange->method != METHOD_OPTIONS) return false;
    if (exchange_header_count(exchange, SLICE("access-control-request-method")) != 1) return false;
    if (listed_origin(cors, exchange).size == 0) return false;
    exchange_add_header(exchange, SLICE("access-control-allow-methods"), methods);
    exchange_add_header(exchange, SLICE("access-control-allow-headers"), SLICE(ALLOWED_HEADERS));
    /* Chromium keeps it for two hours at most. */
    exchange_add_header(exchange, SLICE("access-control-max-age"), SLICE("7200"));
    exchange_reply(exchange, 204, (struct slice){0}, (struct slice){0});
    return true;
}
