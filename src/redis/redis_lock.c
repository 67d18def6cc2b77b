#include "redis/redis_lock.h"

#include <assert.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/random.h"
#include "base/tally.h"

enum {
    TOKEN_BYTES = 16,
    TOKEN_SIZE_MAX = 2 * TOKEN_BYTES + 1 + REDIS_INSTANCE_SIZE,
    KEY_PREFIX_SIZE = 22,
    KEY_SIZE = KEY_PREFIX_SIZE + ID_HEX_SIZE,
    /* Off the lock's time, for clocks of different speed and what a reply takes. */
    MARGIN_MS = REDIS_LOCK_TTL_MS / 100 + 2,
    NEWS_TRIES_MAX = 64, /* In one wait; more commits than the database does in that time. */
};

static_assert(REDIS_LOCK_WAITS_MS_MAX == REDIS_LOCK_WAIT_MS * 3 / 2 + REDIS_LOCK_WAIT_MS * 3,
              "the longest waits before the second and the third try");
static_assert(REDIS_LOCK_TRIES == 3, "two waits");

static const struct slice release_script = SLICE_INIT(
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0");

/* SHA-1 of the script; the tests compare it. */
static const struct slice release_script_sha1 =
    SLICE_INIT("6fbe84d1140fd2047394924af9d845b83c070bec");

/* Whose lock it is. */
struct claim {
    char key[KEY_SIZE];
    char token[TOKEN_SIZE_MAX];
    size_t token_size;
};

struct redis_lock {
    struct redis_link *link;
    bool required;
    char instance[REDIS_INSTANCE_SIZE];
    bool held;
    struct claim claim;         /* Of the lock that is held. */
    int64_t valid_until_us;     /* It is not ours after this. */
    struct claim released;      /* Of the lock that was given back last, */
    struct redis_watch release; /* and what became of that. */
    uint64_t script_known;      /* Which of the link's connections has seen the script. */
    struct redis_lock_counts counts;
    pthread_mutex_t mutex; /* Guards what follows. */
    pthread_cond_t arrival;
    struct id awaited; /* Whose lock is asked for; none: nobody's. */
    bool heard;        /* Its holder has committed since. */
};

static void init_news(struct redis_lock *lock)
{
    pthread_condattr_t attributes;
    CHECK(pthread_condattr_init(&attributes) == 0);
    CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&lock->arrival, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    CHECK(pthread_mutex_init(&lock->mutex, NULL) == 0);
}

struct redis_lock *redis_lock_open(const struct redis_lock_options *options)
{
    CHECK(options->link != NULL);
    CHECK(options->instance != NULL);

    struct redis_lock *lock = calloc(1, sizeof *lock);
    if (lock == NULL) return NULL;
    lock->link = options->link;
    lock->required = options->required;
    (void)snprintf(lock->instance, sizeof lock->instance, "%s", options->instance);
    init_news(lock);
    return lock;
}

void redis_lock_close(struct redis_lock *lock)
{
    if (lock == NULL) return;
    pthread_cond_destroy(&lock->arrival);
    pthread_mutex_destroy(&lock->mutex);
    free(lock);
}

static void make_claim(struct redis_lock *lock, struct id showtime)
{
    static const char prefix[] = "lock:booking:showtime:";
    static_assert(sizeof prefix - 1 == KEY_PREFIX_SIZE, "the key has room");
    struct claim *claim = &lock->claim;
    memcpy(claim->key, prefix, KEY_PREFIX_SIZE);
    id_format(showtime, claim->key + KEY_PREFIX_SIZE);
    uint8_t bytes[TOKEN_BYTES];
    random_fill(bytes, sizeof bytes);
    hex_format(bytes, sizeof bytes, claim->token);
    const size_t size = 2 * sizeof bytes;
    const int more =
        snprintf(claim->token + size, sizeof claim->token - size, ":%s", lock->instance);
    CHECK(more > 0);
    claim->token_size = size + (size_t)more;
}

static struct slice key_of(const struct claim *claim)
{
    return (struct slice){claim->key, sizeof claim->key};
}

static struct slice token_of(const struct claim *claim)
{
    return (struct slice){claim->token, claim->token_size};
}

/* Whole, or by the script's name. */
static void send_release(struct redis_lock *lock, bool whole)
{
    const struct redis_command command = {5,
                                          {whole ? SLICE("EVAL") : SLICE("EVALSHA"),
                                           whole ? release_script : release_script_sha1, SLICE("1"),
                                           key_of(&lock->released), token_of(&lock->released)}};
    if (!redis_link_tell(lock->link, &command, &lock->release)) return;
    if (whole) lock->script_known = redis_link_counts(lock->link).connects;
}

/* Follows up the last release, without waiting for it. */
static void finish_release(struct redis_lock *lock)
{
    redis_link_look(lock->link);
    if (lock->release.fate == REDIS_FATE_NO_SCRIPT) send_release(lock, true);
    if (lock->release.fate != REDIS_FATE_NUMBER) return;
    if (lock->release.number == 0) tally_add(&lock->counts.lost, 1);
    lock->release.fate = REDIS_FATE_NONE;
}

enum try { TRY_TAKEN, TRY_BUSY, TRY_AWAY };

static enum try try_once(struct redis_lock *lock)
{
    const int64_t asked_us = clock_steady_us();
    char ttl[8];
    (void)snprintf(ttl, sizeof ttl, "%d", REDIS_LOCK_TTL_MS);
    const struct redis_command command = {6,
                                          {SLICE("SET"), key_of(&lock->claim),
                                           token_of(&lock->claim), SLICE("NX"), SLICE("PX"),
                                           slice_of(ttl)}};
    redisReply *reply = redis_link_ask(lock->link, &command);
    if (reply == NULL) return TRY_AWAY;
    const bool taken = reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    lock->valid_until_us = asked_us + (REDIS_LOCK_TTL_MS - MARGIN_MS) * INT64_C(1000);
    return taken ? TRY_TAKEN : TRY_BUSY;
}

/* Was there news since the last call? */
static bool await(struct redis_lock *lock, struct id showtime)
{
    pthread_mutex_lock(&lock->mutex);
    const bool heard = lock->heard;
    lock->awaited = showtime;
    lock->heard = false;
    pthread_mutex_unlock(&lock->mutex);
    return heard;
}

void redis_lock_heard(struct redis_lock *lock, struct id showtime)
{
    pthread_mutex_lock(&lock->mutex);
    if (id_equal(lock->awaited, showtime)) {
        lock->heard = true;
        pthread_cond_signal(&lock->arrival);
    }
    pthread_mutex_unlock(&lock->mutex);
}

/* Until the moment, or until the holder has committed; true in this case. */
static bool wait_for_news(struct redis_lock *lock, const struct timespec *until)
{
    pthread_mutex_lock(&lock->mutex);
    int code = 0;
    while (!lock->heard && code == 0) {
        code = pthread_cond_timedwait(&lock->arrival, &lock->mutex, until);
    }
    const bool heard = lock->heard;
    lock->heard = false;
    pthread_mutex_unlock(&lock->mutex);
    return heard;
}

/* After the wait and up to half as much again, so that those who lost together do not meet
 * again. */
static struct timespec moment_by_chance(int64_t wait_ms)
{
    uint32_t chance;
    struct timespec moment;
    random_fill(&chance, sizeof chance);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &moment) == 0);
    const int64_t more_us = wait_ms * 500 * (int64_t)(chance % 1001) / 1000;
    const int64_t nanoseconds = moment.tv_nsec + (wait_ms * 1000 + more_us) * 1000;
    moment.tv_sec += nanoseconds / 1000000000;
    moment.tv_nsec = nanoseconds % 1000000000;
    return moment;
}

static bool has_passed(const struct timespec *moment)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec > moment->tv_sec ||
           (now.tv_sec == moment->tv_sec && now.tv_nsec >= moment->tv_nsec);
}

/* Tries when the wait is over, and as often as the holders commit in between: each of those was a
 * moment at which it was free. */
static enum try try_again(struct redis_lock *lock, int64_t wait_ms)
{
    const struct timespec until = moment_by_chance(wait_ms);
    enum try result = TRY_BUSY;
    bool heard = true;
    for (int tries = 0; result == TRY_BUSY && heard && tries < NEWS_TRIES_MAX; tries++) {
        finish_release(lock); /* It may be our own that is not back yet. */
        heard = wait_for_news(lock, &until) && !has_passed(&until);
        result = try_once(lock);
    }
    return result;
}

static enum error acquire(void *context, struct id showtime, bool *ret_contended)
{
    struct redis_lock *lock = context;
    CHECK(!lock->held);

    finish_release(lock);
    make_claim(lock, showtime);
    (void)await(lock, showtime);
    enum try result = try_once(lock);
    int64_t wait_ms = REDIS_LOCK_WAIT_MS;
    *ret_contended = result == TRY_BUSY;
    for (int tries = 1; result == TRY_BUSY && tries < REDIS_LOCK_TRIES; tries++) {
        result = try_again(lock, wait_ms);
        wait_ms *= 2;
    }
    if (await(lock, (struct id){0})) *ret_contended = true;
    lock->held = result == TRY_TAKEN;
    if (lock->held) tally_add(&lock->counts.acquired, 1);
    else tally_add(result == TRY_BUSY ? &lock->counts.missed : &lock->counts.skipped, 1);
    return lock->held || !lock->required ? ERROR_NONE : ERROR_BOOKING_LOCK_FAILED;
}

static void release(void *context, struct id showtime)
{
    struct redis_lock *lock = context;
    if (!lock->held) return;
    lock->held = false;
    char hex[ID_HEX_SIZE];
    id_format(showtime, hex);
    CHECK(memcmp(hex, lock->claim.key + KEY_PREFIX_SIZE, ID_HEX_SIZE) == 0);
    finish_release(lock);
    if (clock_steady_us() >= lock->valid_until_us) {
        tally_add(&lock->counts.lost, 1);
        return;
    }
    lock->released = lock->claim;
    const bool known = lock->script_known == redis_link_counts(lock->link).connects;
    send_release(lock, !known);
}

struct lock redis_lock_port(struct redis_lock *lock)
{
    static const struct lock_methods methods = {.acquire = acquire, .release = release};
    return (struct lock){.context = lock, .methods = &methods};
}

struct redis_lock_counts redis_lock_counts(const struct redis_lock *lock)
{
    return (struct redis_lock_counts){.acquired = tally_read(&lock->counts.acquired),
                                      .missed = tally_read(&lock->counts.missed),
                                      .skipped = tally_read(&lock->counts.skipped),
                                      .lost = tally_read(&lock->counts.lost)};
}
