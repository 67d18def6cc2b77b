#include "app/config_limits.h"

#include "http/listeners.h"

enum {
    CONNECTIONS_USUAL = 3000, /* A quarter of a loop's: one client never has them all. */
    STREAMS_USUAL = 1000,     /* A thousand people behind one address, each with a map. */
    NUMBER_HIGHEST = 1000000,
};

static_assert(2 * (int)STREAMS_USUAL <= (int)LIVE_SHOWTIMES_MAX, "one client never pins all maps");
static_assert(2 * (int)STREAMS_USUAL <= (int)LISTENERS_MAX, "nor takes the places of all");

static bool fault(struct config_limits_fault *ret_fault, struct slice name, struct slice why)
{
    *ret_fault = (struct config_limits_fault){.name = name, .why = why};
    return false;
}

static bool read_switch(char *(*get)(const char *), struct config_limits *limits,
                        struct config_limits_fault *ret_fault)
{
    const struct slice text = slice_of(get("RATE_LIMIT"));
    limits->limited = !slice_equal(text, SLICE("off"));
    if (text.data == NULL || !limits->limited || slice_equal(text, SLICE("on"))) return true;
    return fault(ret_fault, SLICE("RATE_LIMIT"), SLICE("must be on or off"));
}

static bool read_rates(char *(*get)(const char *), struct config_limits *limits,
                       struct config_limits_fault *ret_fault)
{
    for (enum limit limit = 0; limit < LIMIT_COUNT; limit++) {
        struct rate *rate = &limits->limiter.rates[limit];
        const struct slice name = limiter_variable(limit);
        const struct slice text = slice_of(get(name.data));
        *rate = limiter_default(limit);
        if (text.data == NULL || rate_parse(text, rate)) continue;
        return fault(ret_fault, name,
                     SLICE("must be off, or how many at once and how many come back, such as "
                           "2000:20/s or 10:20/h (1 to 1000000 each; units s, m, h)"));
    }
    return true;
}

/* A number of things that may be open at once; 0: off. */
static bool read_number(char *(*get)(const char *), struct slice name, uint32_t *number,
                        struct config_limits_fault *ret_fault)
{
    const struct slice text = slice_of(get(name.data));
    uint64_t given = 0;
    if (text.data == NULL) return true;
    if (!slice_equal(text, SLICE("off")) &&
        (!slice_to_number(text, NUMBER_HIGHEST, &given) || given == 0))
        return fault(ret_fault, name, SLICE("must be off, or a number from 1 to 1000000"));
    *number = (uint32_t)given;
    return true;
}

static bool read_numbers(char *(*get)(const char *), struct config_limits *limits,
                         struct config_limits_fault *ret_fault)
{
    uint32_t *streams = &limits->limiter.streams_per_client_max;
    limits->connections_max = CONNECTIONS_USUAL;
    *streams = STREAMS_USUAL;
    if (!read_number(get, SLICE("RATE_LIMIT_CONNECTIONS"), &limits->connections_max, ret_fault) ||
        !read_number(get, SLICE("RATE_LIMIT_STREAMS"), streams, ret_fault))
        return false;
    if (!limits->limited) limits->connections_max = 0;
    return true;
}

static bool read_proxies(char *(*get)(const char *), struct config_limits *limits,
                         struct config_limits_fault *ret_fault)
{
    const struct slice name = SLICE("TRUSTED_PROXIES");
    struct address_ranges *proxies = &limits->limiter.proxies;
    struct slice rest = slice_of(get(name.data));
    while (rest.size > 0) {
        const struct slice text = slice_trim(slice_cut(rest, ',', &rest));
        if (proxies->count == ADDRESS_RANGES_MAX)
            return fault(ret_fault, name, SLICE("more than 32 addresses and ranges"));
        if (!address_range_parse(text, &proxies->all[proxies->count]))
            return fault(ret_fault, name,
                         SLICE("must be addresses or ranges, separated by commas, such as "
                               "127.0.0.1, 10.0.0.0/8, 2001:db8::/32; bits behind the prefix must "
                               "be zero"));
        proxies->count++;
    }
    return true;
}

static bool read_origins(char *(*get)(const char *), struct config_limits *limits,
                         struct config_limits_fault *ret_fault)
{
    const struct slice name = SLICE("CORS_ORIGINS");
    struct cors *cors = &limits->cors;
    struct slice rest = slice_of(get(name.data));
    while (rest.size > 0) {
        const struct slice origin = slice_trim(slice_cut(rest, ',', &rest));
        if (cors->count == CORS_ORIGINS_MAX)
            return fault(ret_fault, name, SLICE("more than 16 origins"));
        if (!cors_origin_valid(origin))
            return fault(ret_fault, name,
                         SLICE("must be origins, separated by commas, such as "
                               "https://shop.example.com or http://localhost:5173: lower case, "
                               "nothing behind host and port, no port that the scheme has "
                               "anyway (443, 80), never *"));
        cors->origins[cors->count++] = origin;
    }
    return true;
}

bool config_limits_read(char *(*get)(const char *name), struct config_limits *ret_limits,
                        struct config_limits_fault *ret_fault)
{
    struct config_limits limits = {0};
    const bool read = read_switch(get, &limits, ret_fault) && read_rates(get, &limits, ret_fault) &&
                      read_numbers(get, &limits, ret_fault) &&
                      read_proxies(get, &limits, ret_fault) &&
                      read_origins(get, &limits, ret_fault);
    if (read) *ret_limits = limits;
    return read;
}
