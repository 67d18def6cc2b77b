#include "http/limiter.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/client_count.h"
#include "http/problem.h"
#include "http/rate_table.h"

enum {
    POLICY_SIZE_MAX = 96,   /* `"address-writes";q=1000000;w=3600000000` */
    DETAIL_SIZE_MAX = 256,  /* A sentence. */
    KEY_SIZE_MAX = 64,      /* A user, or a provider and an address. */
    USER_SETS = 1 << 13,    /* 65536 users that do not have a full bucket: 1 MiB a limit. */
    ADDRESS_SETS = 1 << 14, /* Twice as many, as addresses are cheaper to have than tokens. */
    WEBHOOK_SETS = 1 << 10, /* Gateways call from a few networks. */
    US_PER_S = 1000 * 1000,
};

static_assert((int)KEY_SIZE_MAX >= (int)USER_SIZE_MAX, "a user is a key");

struct limiter {
    struct rate rates[LIMIT_COUNT];
    struct rate_table *tables[LIMIT_COUNT]; /* NULL: the limit is off. */
    struct address_ranges proxies;
    struct slice policies[LIMIT_COUNT]; /* As the header tells them. */
    struct slice pairs[LIMIT_COUNT];    /* A user's limit together with his address's. */
    char policy_texts[LIMIT_COUNT][POLICY_SIZE_MAX];
    atomic_bool warned; /* Of a proxy that nobody has named. */
    uint32_t streams_per_client_max;
    pthread_mutex_t streams_mutex; /* Guards the count: streams begin and end rarely. */
    struct client_count *streams;  /* NULL: the limit is off. */
    char pair_texts[LIMIT_COUNT][2 * POLICY_SIZE_MAX];
};

/* Whom a limit counts. */
struct limiter_key {
    size_t size;
    char bytes[KEY_SIZE_MAX];
};

/* The limits that an exchange was counted under, for its headers. */
struct counted {
    enum limit limits[2];
    struct rate_verdict verdicts[2];
    size_t count;
};

static const struct {
    struct slice name;
    struct slice variable;
    struct slice usual;
} texts[LIMIT_COUNT] = {
#define LIMIT_TEXTS(name, text, variable, usual) \
    [LIMIT_##name] = {SLICE_INIT(text), SLICE_INIT(variable), SLICE_INIT(usual)},
    LIMIT_LIST(LIMIT_TEXTS)
#undef LIMIT_TEXTS
};

struct slice limiter_name(enum limit limit)
{
    CHECK(limit < LIMIT_COUNT);
    return texts[limit].name;
}

struct slice limiter_variable(enum limit limit)
{
    CHECK(limit < LIMIT_COUNT);
    return texts[limit].variable;
}

struct rate limiter_default(enum limit limit)
{
    CHECK(limit < LIMIT_COUNT);
    struct rate rate = {0};
    CHECK(rate_parse(texts[limit].usual, &rate));
    return rate;
}

static uint32_t sets_of(enum limit limit)
{
    switch (limit) {
    case LIMIT_USER_WRITES:
    case LIMIT_USER_READS:
    case LIMIT_CANCELS:
        return USER_SETS;
    case LIMIT_WEBHOOKS:
        return WEBHOOK_SETS;
    default:
        return ADDRESS_SETS;
    }
}

static int64_t seconds_up(int64_t duration_us)
{
    return (duration_us + US_PER_S - 1) / US_PER_S;
}

static void append_name(struct buffer *text, enum limit limit)
{
    buffer_append_char(text, '"');
    buffer_append(text, limiter_name(limit));
    buffer_append_char(text, '"');
}

static void write_policy(struct limiter *limiter, enum limit limit)
{
    const struct rate *rate = &limiter->rates[limit];
    struct buffer text;
    buffer_init(&text, limiter->policy_texts[limit], POLICY_SIZE_MAX);
    append_name(&text, limit);
    buffer_append(&text, SLICE(";q="));
    buffer_append_unsigned(&text, rate->burst);
    buffer_append(&text, SLICE(";w="));
    buffer_append_number(&text, seconds_up(rate_window_us(rate)));
    CHECK(!text.overflowed);
    limiter->policies[limit] = buffer_text(&text);
}

static void write_pair(struct limiter *limiter, enum limit user, enum limit address)
{
    struct buffer text;
    buffer_init(&text, limiter->pair_texts[user], sizeof limiter->pair_texts[user]);
    buffer_append(&text, limiter->policies[user]);
    buffer_append(&text, SLICE(", "));
    buffer_append(&text, limiter->policies[address]);
    CHECK(!text.overflowed);
    limiter->pairs[user] = buffer_text(&text);
}

struct limiter *limiter_open(const struct limiter_options *options)
{
    struct limiter *limiter = calloc(1, sizeof *limiter);
    if (limiter == NULL) return NULL;
    limiter->proxies = options->proxies;
    CHECK(pthread_mutex_init(&limiter->streams_mutex, NULL) == 0);
    limiter->streams_per_client_max = options->streams_per_client_max;
    if (options->streams_per_client_max > 0) {
        limiter->streams = client_count_open(options->streams_max);
        if (limiter->streams == NULL) {
            limiter_close(limiter);
            return NULL;
        }
    }
    for (uint32_t limit = 0; limit < LIMIT_COUNT; limit++) {
        limiter->rates[limit] = options->rates[limit];
        if (options->rates[limit].burst == 0) continue;
        limiter->tables[limit] = rate_table_open(&options->rates[limit], sets_of(limit));
        if (limiter->tables[limit] == NULL) {
            limiter_close(limiter);
            return NULL;
        }
        write_policy(limiter, limit);
    }
    write_pair(limiter, LIMIT_USER_WRITES, LIMIT_ADDRESS_WRITES);
    write_pair(limiter, LIMIT_USER_READS, LIMIT_ADDRESS_READS);
    return limiter;
}

void limiter_close(struct limiter *limiter)
{
    if (limiter == NULL) return;
    for (uint32_t limit = 0; limit < LIMIT_COUNT; limit++) rate_table_close(limiter->tables[limit]);
    client_count_close(limiter->streams);
    (void)pthread_mutex_destroy(&limiter->streams_mutex);
    free(limiter);
}

static void append_key(struct limiter_key *key, const void *bytes, size_t size)
{
    CHECK(size <= sizeof key->bytes - key->size);
    memcpy(key->bytes + key->size, bytes, size);
    key->size += size;
}

static struct limiter_key key_of_user(const struct exchange *exchange)
{
    struct limiter_key key = {0};
    append_key(&key, exchange->user.name, exchange->user.size);
    return key;
}

static struct limiter_key key_of_address(const struct limiter *limiter,
                                         const struct exchange *exchange)
{
    struct limiter_key key = {0};
    const struct address client = client_address_of(&limiter->proxies, exchange);
    const struct address customer = address_of_customer(&client);
    append_key(&key, customer.bytes, sizeof customer.bytes);
    return key;
}

/* Tells the policies, and of the one that leaves least what it leaves. An arena that is full
 * already has other worries than headers. */
static void announce(struct limiter *limiter, struct exchange *exchange,
                     const struct counted *counted)
{
    if (counted->count == 0) return;
    const struct slice *policies = counted->count == 2 ? limiter->pairs : limiter->policies;
    exchange_set_header(exchange, SLICE("ratelimit-policy"), policies[counted->limits[0]]);
    size_t least = 0;
    if (counted->count == 2) {
        const struct rate_verdict *pair = counted->verdicts;
        if (!pair[1].admitted || pair[1].remaining < pair[0].remaining) least = 1;
    }
    char *block = arena_take(&exchange->arena, POLICY_SIZE_MAX);
    if (block == NULL) return;
    struct buffer text;
    buffer_init(&text, block, POLICY_SIZE_MAX);
    append_name(&text, counted->limits[least]);
    buffer_append(&text, SLICE(";r="));
    buffer_append_unsigned(&text, counted->verdicts[least].remaining);
    buffer_append(&text, SLICE(";t="));
    buffer_append_number(&text, seconds_up(counted->verdicts[least].full_after_us));
    exchange_set_header(exchange, SLICE("ratelimit"), buffer_text(&text));
}

static void append_detail(struct buffer *detail, const struct rate *rate, enum limit limit)
{
    if (limit == LIMIT_CANCELS) {
        buffer_append(detail, SLICE("Too many held bookings were cancelled lately"));
    } else if (limit == LIMIT_FAILURES) {
        buffer_append(detail, SLICE("Too many tokens or signatures that are not valid came from "
                                    "this address"));
    } else {
        buffer_append(detail, SLICE("Too many requests"));
    }
    buffer_append(detail, SLICE(": the limit "));
    buffer_append(detail, limiter_name(limit));
    buffer_append(detail, SLICE(" allows "));
    buffer_append_unsigned(detail, rate->burst);
    buffer_append(detail, SLICE(" at once, which come back within "));
    buffer_append_number(detail, seconds_up(rate_window_us(rate)));
    buffer_append(detail, SLICE(" s"));
}

/* A proxy that is not named makes all customers one client. Told once, as strangers can write the
 * header too. */
static void warn_of_proxy(struct limiter *limiter, const struct exchange *exchange)
{
    struct address peer;
    if (exchange_header_count(exchange, SLICE("x-forwarded-for")) == 0) return;
    if (!address_parse(exchange->peer, &peer) || address_in_ranges(&peer, &limiter->proxies))
        return;
    if (atomic_exchange(&limiter->warned, true)) return;
    log_event(LOG_WARNING, "proxy_not_trusted", LOG_TEXT("peer", exchange->peer),
              LOG_TEXT("what", SLICE("limited, with an X-Forwarded-For that is not believed; if "
                                     "it is your proxy, name it in TRUSTED_PROXIES")));
}

static void refuse(struct limiter *limiter, struct exchange *exchange,
                   const struct counted *counted, int64_t now_ms)
{
    CHECK(counted->count >= 1);
    const enum limit limit = counted->limits[counted->count - 1];
    announce(limiter, exchange, counted);
    warn_of_proxy(limiter, exchange);
    char block[DETAIL_SIZE_MAX];
    struct buffer detail;
    buffer_init(&detail, block, sizeof block);
    append_detail(&detail, &limiter->rates[limit], limit);
    const int64_t wait_us = counted->verdicts[counted->count - 1].retry_after_us;
    problem_reply(exchange,
                  &(struct problem){.error = ERROR_RATE_LIMITED,
                                    .detail = buffer_text(&detail),
                                    .retry_after_s = seconds_up(wait_us)},
                  now_ms);
}

/* Takes a token and remembers it in `counted`. False if there is none. */
static bool take(struct limiter *limiter, enum limit limit, const struct limiter_key *key,
                 int64_t now_us, struct counted *counted)
{
    if (limiter->tables[limit] == NULL) return true;
    const struct rate_verdict verdict =
        rate_table_take(limiter->tables[limit], (struct slice){key->bytes, key->size}, now_us);
    counted->limits[counted->count] = limit;
    counted->verdicts[counted->count++] = verdict;
    return verdict.admitted;
}

/* May the user hold again, after all that he has cancelled? */
static bool may_hold(struct limiter *limiter, const struct limiter_key *user, int64_t now_us,
                     struct counted *counted)
{
    if (limiter->tables[LIMIT_CANCELS] == NULL) return true;
    const struct rate_verdict verdict = rate_table_look(
        limiter->tables[LIMIT_CANCELS], (struct slice){user->bytes, user->size}, now_us);
    if (verdict.admitted) return true;
    *counted = (struct counted){.limits = {LIMIT_CANCELS}, .verdicts = {verdict}, .count = 1};
    return false;
}

/* The user first: what stops him must not cost those who share his address. */
static bool take_all(struct limiter *limiter, const struct exchange *exchange, enum limited limited,
                     int64_t now_us, struct counted *counted)
{
    const bool reads = limited == LIMITED_BY_METHOD && exchange->method == METHOD_GET;
    if (exchange->user.size > 0) {
        const struct limiter_key user = key_of_user(exchange);
        const enum limit limit = reads ? LIMIT_USER_READS : LIMIT_USER_WRITES;
        if (!take(limiter, limit, &user, now_us, counted)) return false;
        if (limited == LIMITED_HOLD && !may_hold(limiter, &user, now_us, counted)) return false;
    }
    const struct limiter_key address = key_of_address(limiter, exchange);
    const enum limit limit = reads ? LIMIT_ADDRESS_READS : LIMIT_ADDRESS_WRITES;
    return take(limiter, limit, &address, now_us, counted);
}

/* Tells the client where it stands, or that it must wait. */
static bool answer(struct limiter *limiter, struct exchange *exchange,
                   const struct counted *counted, bool admitted, int64_t now_ms)
{
    if (admitted) announce(limiter, exchange, counted);
    else refuse(limiter, exchange, counted, now_ms);
    return admitted;
}

bool limiter_admit(struct limiter *limiter, struct exchange *exchange, enum limited limited,
                   int64_t now_ms)
{
    if (limiter == NULL || limited == LIMITED_NOT || limited == LIMITED_LATER) return true;
    struct counted counted = {0};
    const bool admitted = take_all(limiter, exchange, limited, clock_steady_us(), &counted);
    return answer(limiter, exchange, &counted, admitted, now_ms);
}

bool limiter_admit_webhook(struct limiter *limiter, struct exchange *exchange,
                           enum payment_method method, int64_t now_ms)
{
    CHECK(method <= PAYMENT_METHOD_COUNT);

    if (limiter == NULL) return true;
    struct counted counted = {0};
    struct limiter_key key = key_of_address(limiter, exchange);
    const char number = (char)method;
    append_key(&key, &number, sizeof number);
    const bool admitted = take(limiter, LIMIT_WEBHOOKS, &key, clock_steady_us(), &counted);
    return answer(limiter, exchange, &counted, admitted, now_ms);
}

bool limiter_admit_failure(struct limiter *limiter, struct exchange *exchange, int64_t now_ms)
{
    if (limiter == NULL) return true;
    struct counted counted = {0};
    const struct limiter_key address = key_of_address(limiter, exchange);
    const bool admitted = take(limiter, LIMIT_FAILURES, &address, clock_steady_us(), &counted);
    return answer(limiter, exchange, &counted, admitted, now_ms);
}

void limiter_note_cancel(struct limiter *limiter, const struct exchange *exchange)
{
    if (limiter == NULL || exchange->role != ROLE_USER) return;
    if (limiter->tables[LIMIT_CANCELS] == NULL) return;
    const struct limiter_key user = key_of_user(exchange);
    rate_table_charge(limiter->tables[LIMIT_CANCELS], (struct slice){user.bytes, user.size},
                      clock_steady_us());
}

bool limiter_begin_stream(struct limiter *limiter, const struct exchange *exchange,
                          struct address *ret_client)
{
    *ret_client = (struct address){0};
    if (limiter == NULL || limiter->streams == NULL) return true;
    const struct address client = client_address_of(&limiter->proxies, exchange);
    CHECK(pthread_mutex_lock(&limiter->streams_mutex) == 0);
    const bool counted =
        client_count_add(limiter->streams, &client, limiter->streams_per_client_max);
    CHECK(pthread_mutex_unlock(&limiter->streams_mutex) == 0);
    *ret_client = client;
    return counted;
}

void limiter_end_stream(struct limiter *limiter, const struct address *client)
{
    if (limiter == NULL || limiter->streams == NULL) return;
    CHECK(pthread_mutex_lock(&limiter->streams_mutex) == 0);
    client_count_remove(limiter->streams, client);
    CHECK(pthread_mutex_unlock(&limiter->streams_mutex) == 0);
}

void limiter_refuse_stream(struct limiter *limiter, struct exchange *exchange, int64_t now_ms)
{
    CHECK(limiter->streams != NULL);

    warn_of_proxy(limiter, exchange);
    char *block = arena_take(&exchange->arena, POLICY_SIZE_MAX);
    if (block != NULL) {
        struct buffer policy;
        buffer_init(&policy, block, POLICY_SIZE_MAX);
        buffer_append(&policy, SLICE("\"streams\";q="));
        buffer_append_unsigned(&policy, limiter->streams_per_client_max);
        exchange_set_header(exchange, SLICE("ratelimit-policy"), buffer_text(&policy));
        exchange_set_header(exchange, SLICE("ratelimit"), SLICE("\"streams\";r=0"));
    }
    char text[DETAIL_SIZE_MAX];
    struct buffer detail;
    buffer_init(&detail, text, sizeof text);
    buffer_append(&detail, SLICE("Too many live seat maps are open from this address: the limit "
                                 "streams allows "));
    buffer_append_unsigned(&detail, limiter->streams_per_client_max);
    problem_reply(exchange,
                  &(struct problem){.error = ERROR_RATE_LIMITED,
                                    .detail = buffer_text(&detail),
                                    .retry_after_s = LIMITER_STREAM_BACK_S},
                  now_ms);
}
