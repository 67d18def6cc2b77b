#include "redis/redis_feed.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/tally.h"

enum { CHANNEL_PREFIX_SIZE = 6, CHANNEL_SIZE = CHANNEL_PREFIX_SIZE + ID_HEX_SIZE };

static const struct slice channel_prefix = SLICE_INIT("seats:");

struct redis_feed {
    struct redis_url url;
    char instance[REDIS_INSTANCE_SIZE];
    void (*heard)(void *context, struct id showtime, uint64_t version);
    void *context;
    int stop_fd; /* Readable: end. */
    pthread_t thread;
    struct redis_connection connection;
    int64_t said_us; /* When Redis said something last, */
    bool asked;      /* and whether it has been asked to since. */
    struct redis_feed_counts counts;
};

void redis_feed_publish(void *link, struct id showtime, uint64_t version)
{
    char channel[CHANNEL_SIZE];
    memcpy(channel, channel_prefix.data, CHANNEL_PREFIX_SIZE);
    id_format(showtime, channel + CHANNEL_PREFIX_SIZE);
    char number[24];
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)version);
    const struct redis_command command = {
        3, {SLICE("PUBLISH"), {channel, sizeof channel}, slice_of(number)}};
    (void)redis_link_tell(link, &command, NULL);
}

/* Waits; false if the feed is to end. */
static bool rest(const struct redis_feed *feed, int64_t wait_ms)
{
    struct pollfd watched = {.fd = feed->stop_fd, .events = POLLIN};
    return poll(&watched, 1, (int)wait_ms) <= 0;
}

static bool must_end(const struct redis_feed *feed)
{
    return !rest(feed, 0);
}

static struct slice text_of(const redisReply *reply)
{
    const bool text = reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;
    return text ? (struct slice){reply->str, reply->len} : (struct slice){0};
}

static void hear(struct redis_feed *feed, struct slice channel, struct slice message)
{
    struct id showtime;
    uint64_t version = 0;
    const bool formed = slice_starts_with(channel, channel_prefix) &&
                        id_parse(slice_from(channel, CHANNEL_PREFIX_SIZE), &showtime) &&
                        slice_to_number(message, INT64_MAX, &version);
    if (!formed) {
        tally_add(&feed->counts.ignored, 1);
        return;
    }
    tally_add(&feed->counts.heard, 1);
    feed->heard(feed->context, showtime, version);
}

/* False if Redis refuses what was asked. */
static bool take(struct redis_feed *feed, const redisReply *reply)
{
    feed->said_us = clock_steady_us();
    feed->asked = false;
    if (reply->type == REDIS_REPLY_ERROR) {
        (void)snprintf(feed->connection.why, sizeof feed->connection.why, "%s", reply->str);
        return false;
    }
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) return true;
    const struct slice kind = text_of(reply->element[0]);
    if (slice_equal(kind, SLICE("psubscribe"))) tally_set(&feed->counts.subscribed, 1);
    if (slice_equal(kind, SLICE("pmessage")) && reply->elements == 4) {
        hear(feed, text_of(reply->element[2]), text_of(reply->element[3]));
    }
    return true;
}

static bool say(struct redis_feed *feed, const struct redis_command *command)
{
    return redis_connection_send(&feed->connection, command,
                                 clock_steady_us() + REDIS_COMMAND_MS * INT64_C(1000));
}

/* Asks for a sign of life when there was none for long. */
static bool keep_alive(struct redis_feed *feed)
{
    static const struct redis_command ping = {1, {SLICE_INIT("PING")}};
    const int64_t silent_us = clock_steady_us() - feed->said_us;
    if (silent_us >= REDIS_FEED_SILENCE_MS * INT64_C(1000)) {
        (void)snprintf(feed->connection.why, sizeof feed->connection.why, "it is silent");
        return false;
    }
    if (feed->asked || silent_us < REDIS_FEED_PING_MS * INT64_C(1000)) return true;
    feed->asked = true;
    return say(feed, &ping);
}

/* Listens on an open connection until it fails, or the feed ends. */
static void attend(struct redis_feed *feed)
{
    static const struct redis_command subscribe = {
        2, {SLICE_INIT("PSUBSCRIBE"), SLICE_INIT("seats:*")}};
    feed->said_us = clock_steady_us();
    feed->asked = false;
    bool well = say(feed, &subscribe);
    while (well && !must_end(feed)) {
        redisReply *reply = NULL;
        const int64_t until_us =
            feed->said_us +
            (feed->asked ? REDIS_FEED_SILENCE_MS : REDIS_FEED_PING_MS) * INT64_C(1000);
        well = redis_connection_receive(&feed->connection, until_us, feed->stop_fd, &reply);
        if (reply != NULL) well = take(feed, reply);
        freeReplyObject(reply);
        if (well) well = keep_alive(feed);
    }
    const bool was_subscribed = tally_read(&feed->counts.subscribed) != 0;
    tally_set(&feed->counts.subscribed, 0);
    if (well || !was_subscribed) return;
    log_event(LOG_WARNING, "redis_feed_lost", LOG_TEXT("why", slice_of(feed->connection.why)));
}

/* The wait and up to half as much again, so that instances do not all come back at once. */
static int64_t by_chance(int64_t wait_ms)
{
    uint32_t chance;
    random_fill(&chance, sizeof chance);
    return wait_ms + (int64_t)(chance % (uint32_t)(wait_ms / 2 + 1));
}

static void *run(void *context)
{
    struct redis_feed *feed = context;
    int64_t wait_ms = REDIS_FEED_WAIT_MS;
    while (!must_end(feed)) {
        const uint64_t heard_before = tally_read(&feed->counts.heard);
        if (redis_connection_open(&feed->connection, &feed->url, feed->instance)) {
            tally_add(&feed->counts.connects, 1);
            const int64_t since_us = clock_steady_us();
            attend(feed);
            redis_connection_close(&feed->connection);
            const bool lasted = feed->said_us - since_us > REDIS_FEED_WAIT_MS_MAX * INT64_C(1000);
            if (lasted || tally_read(&feed->counts.heard) > heard_before) {
                wait_ms = REDIS_FEED_WAIT_MS;
            }
        }
        if (!rest(feed, by_chance(wait_ms))) break;
        wait_ms = wait_ms * 2 < REDIS_FEED_WAIT_MS_MAX ? wait_ms * 2 : REDIS_FEED_WAIT_MS_MAX;
    }
    redis_connection_release(&feed->connection);
    return NULL;
}

struct redis_feed *redis_feed_open(const struct redis_feed_options *options)
{
    CHECK(options->url != NULL);
    CHECK(options->instance != NULL);
    CHECK(options->heard != NULL);

    struct redis_feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL) return NULL;
    feed->url = *options->url;
    (void)snprintf(feed->instance, sizeof feed->instance, "%s", options->instance);
    feed->heard = options->heard;
    feed->context = options->context;
    feed->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (feed->stop_fd >= 0 && pthread_create(&feed->thread, NULL, run, feed) == 0) return feed;
    if (feed->stop_fd >= 0) (void)close(feed->stop_fd);
    free(feed);
    return NULL;
}

void redis_feed_close(struct redis_feed *feed)
{
    if (feed == NULL) return;
    CHECK(eventfd_write(feed->stop_fd, 1) == 0);
    CHECK(pthread_join(feed->thread, NULL) == 0);
    (void)close(feed->stop_fd);
    free(feed);
}

struct redis_feed_counts redis_feed_counts(const struct redis_feed *feed)
{
    return (struct redis_feed_counts){.subscribed = tally_read(&feed->counts.subscribed),
                                      .connects = tally_read(&feed->counts.connects),
                                      .heard = tally_read(&feed->counts.heard),
                                      .ignored = tally_read(&feed->counts.ignored)};
}
