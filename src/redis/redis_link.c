#include "redis/redis_link.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/tally.h"

struct redis_link {
    struct redis_url url;
    char instance[REDIS_INSTANCE_SIZE];
    struct redis_connection connection;
    struct redis_breaker breaker;
    struct redis_watch *owed[REDIS_OWED_MAX]; /* A ring; NULL: nobody wants to know. */
    uint32_t owed_first;
    uint32_t owed_count;
    bool refused; /* One of them was an error. */
    struct redis_watch nobody;
    struct redis_link_counts counts;
};

struct redis_link *redis_link_open(const struct redis_url *url, const char *instance)
{
    CHECK(url != NULL);
    CHECK(instance != NULL);

    struct redis_link *link = calloc(1, sizeof *link);
    if (link == NULL) return NULL;
    link->url = *url;
    (void)snprintf(link->instance, sizeof link->instance, "%s", instance);
    return link;
}

void redis_link_close(struct redis_link *link)
{
    if (link == NULL) return;
    redis_connection_release(&link->connection);
    free(link);
}

static int64_t now_us(void)
{
    return clock_steady_us();
}

static int64_t command_until_us(void)
{
    return now_us() + REDIS_COMMAND_MS * INT64_C(1000);
}

static void note_why(struct redis_link *link, const char *why)
{
    (void)snprintf(link->connection.why, sizeof link->connection.why, "%s", why);
}

static void hang_up(struct redis_link *link)
{
    redis_connection_close(&link->connection);
    for (; link->owed_count > 0; link->owed_count--) {
        link->owed[link->owed_first]->fate = REDIS_FATE_NONE;
        link->owed_first = (link->owed_first + 1) % REDIS_OWED_MAX;
    }
}

/* Redis is left alone for a while. */
static void give_up(struct redis_link *link)
{
    const bool was_well = link->breaker.rest_ms == 0;
    hang_up(link);
    redis_breaker_failed(&link->breaker, now_us() / 1000);
    tally_add(&link->counts.errors, 1);
    tally_set(&link->counts.degraded, 1);
    if (!was_well) return;
    log_event(LOG_WARNING, "redis_away", LOG_TEXT("host", slice_of(link->url.host)),
              LOG_TEXT("why", slice_of(link->connection.why)));
}

static void note_well(struct redis_link *link)
{
    if (link->breaker.rest_ms == 0) return;
    redis_breaker_succeeded(&link->breaker);
    tally_set(&link->counts.degraded, 0);
    log_event(LOG_INFO, "redis_back", LOG_TEXT("host", slice_of(link->url.host)));
}

/* The reply to something told. False if it is an error that was not reckoned with. */
static bool settle(struct redis_link *link, const redisReply *reply)
{
    struct redis_watch *watch = link->owed[link->owed_first];
    link->owed_first = (link->owed_first + 1) % REDIS_OWED_MAX;
    link->owed_count--;
    watch->fate = REDIS_FATE_NONE;
    if (reply->type == REDIS_REPLY_ERROR) {
        const struct slice text = {reply->str, reply->len};
        if (!slice_starts_with(text, SLICE("NOSCRIPT"))) {
            note_why(link, reply->str);
            link->refused = true;
            return false;
        }
        watch->fate = REDIS_FATE_NO_SCRIPT;
        return true;
    }
    note_well(link);
    if (reply->type != REDIS_REPLY_INTEGER) return true;
    watch->fate = REDIS_FATE_NUMBER;
    watch->number = reply->integer;
    return true;
}

/* Reads owed replies until `until_us`, or until only `left_max` are owed. */
static bool settle_owed(struct redis_link *link, int64_t until_us, uint32_t left_max)
{
    while (link->owed_count > left_max) {
        redisReply *reply = NULL;
        if (!redis_connection_receive(&link->connection, until_us, -1, &reply)) return false;
        if (reply == NULL) return true;
        const bool well = settle(link, reply);
        freeReplyObject(reply);
        if (!well) return false;
    }
    return true;
}

/* Has Redis closed the connection since it was last used, or said something that was not asked? */
static bool has_ended(struct redis_link *link)
{
    redisReply *reply = NULL;
    if (!redis_connection_receive(&link->connection, 0, -1, &reply)) return true;
    if (reply == NULL) return false;
    freeReplyObject(reply);
    return true;
}

/* Reads what is there, and hangs up if there will be no more. */
static void read_owed(struct redis_link *link)
{
    if (link->connection.context == NULL) return;
    link->refused = false;
    const bool read = settle_owed(link, 0, 0);
    if (link->refused) give_up(link);
    else if (!read || (link->owed_count == 0 && has_ended(link))) hang_up(link);
}

/* A connection that is open is in use: a failure closes it. */
static bool make_ready(struct redis_link *link)
{
    read_owed(link);
    if (link->connection.context != NULL) return true;
    if (!redis_breaker_allows(&link->breaker, now_us() / 1000)) return false;
    if (!redis_connection_open(&link->connection, &link->url, link->instance)) {
        give_up(link);
        return false;
    }
    tally_add(&link->counts.connects, 1);
    return true;
}

static redisReply *exchange(struct redis_link *link, const struct redis_command *command)
{
    redisReply *reply = NULL;
    const int64_t until_us = command_until_us();
    if (!redis_connection_send(&link->connection, command, until_us)) return NULL;
    if (!settle_owed(link, until_us, 0)) return NULL;
    if (link->owed_count == 0 &&
        !redis_connection_receive(&link->connection, until_us, -1, &reply)) {
        return NULL;
    }
    if (reply != NULL && reply->type != REDIS_REPLY_ERROR) return reply;
    note_why(link, reply == NULL ? "it does not answer" : reply->str);
    freeReplyObject(reply);
    return NULL;
}

redisReply *redis_link_ask(struct redis_link *link, const struct redis_command *command)
{
    if (!make_ready(link)) return NULL;
    redisReply *reply = exchange(link, command);
    if (reply == NULL) give_up(link);
    else note_well(link);
    return reply;
}

bool redis_link_tell(struct redis_link *link, const struct redis_command *command,
                     struct redis_watch *watch)
{
    if (!make_ready(link)) return false;
    const int64_t until_us = command_until_us();
    const bool room = settle_owed(link, until_us, REDIS_OWED_MAX - 1);
    const bool full = link->owed_count == REDIS_OWED_MAX;
    if (room && full) note_why(link, "it does not answer");
    if (!room || full || !redis_connection_send(&link->connection, command, until_us)) {
        give_up(link);
        return false;
    }
    struct redis_watch *kept = watch == NULL ? &link->nobody : watch;
    kept->fate = REDIS_FATE_OWED;
    link->owed[(link->owed_first + link->owed_count) % REDIS_OWED_MAX] = kept;
    link->owed_count++;
    return true;
}

void redis_link_look(struct redis_link *link)
{
    read_owed(link);
}

struct redis_link_counts redis_link_counts(const struct redis_link *link)
{
    return (struct redis_link_counts){.connects = tally_read(&link->counts.connects),
                                      .errors = tally_read(&link->counts.errors),
                                      .degraded = tally_read(&link->counts.degraded)};
}
