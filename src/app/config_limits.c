#include "app/config_limits.h"

enum {
    CONNECTIONS_USUAL = 3000, /* A quarter of a loop's: one client never has them all. */
    CONNECTIONS_HIGHEST = 1000000,
};

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

static bool read_connections(char *(*get)(const char *), struct config_limits *limits,
                             struct config_limits_fault *ret_fault)
{
    const struct slice name = SLICE("RATE_LIMIT_CONNECTIONS");
    const struct slice text = slice_of(get(name.data));
    uint64_t number = text.data == NULL ? CONNECTIONS_USUAL : 0;
    const bool valid = text.data == NULL || slice_equal(text, SLICE("off")) ||
                       (slice_to_number(text, CONNECTIONS_HIGHEST, &number) && number > 0);
    if (!valid) return fault(ret_fault, name, SLICE("must be off, or a number from 1 to 1000000"));
    limits->connections_max = limits->limited ? (uint32_t)number : 0;
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
                               "nothing behind host and port, never *"));
        cors->origins[cors->count++] = origin;
    }
    return true;
}

bool config_limits_read(char *(*get)(const char *name), struct config_limits *ret_limits,
                        struct config_limits_fault *ret_fault)
{
    struct config_limits limits = {0};
    const bool read = read_switch(get, &limits, ret_fault) && read_rates(get, &limits, ret_fault) &&
                      read_connections(get, &limits, ret_fault) &&
                      read_proxies(get, &limits, ret_fault) &&
                      read_origins(get, &limits, ret_fault);
    if (read) *ret_limits = limits;
    return read;
}
