#include "http/rate_table.h"

#include <pthread.h>

#include "base/check.h"
#include "base/random.h"
#include "core/siphash.h"

struct bucket {
    uint64_t tag; /* The key's hash; 0: never used. */
    int64_t full_at_us;
};

struct bucket_set {
    _Alignas(64) struct bucket buckets[RATE_WAYS];
};

struct shard {
    _Alignas(64) pthread_mutex_t mutex; /* A line of its own, so that neighbours do not wait. */
};

struct rate_table {
    struct rate rate;
    struct siphash_key secret;
    uint32_t sets;
    struct bucket_set *all;
    struct shard shards[RATE_SHARDS];
};

struct rate_table *rate_table_open(const struct rate *rate, uint32_t sets)
{
    CHECK(rate->burst >= 1);
    CHECK(sets >= RATE_SETS_MIN && sets <= RATE_SETS_MAX);
    CHECK((sets & (sets - 1)) == 0);

    struct rate_table *table = aligned_alloc(64, sizeof *table);
    if (table == NULL) return NULL;
    memset(table, 0, sizeof *table);
    table->rate = *rate;
    table->sets = sets;
    table->all = aligned_alloc(64, sets * sizeof *table->all);
    if (table->all == NULL) {
        free(table);
        return NULL;
    }
    memset(table->all, 0, sets * sizeof *table->all);
    random_fill(&table->secret, sizeof table->secret);
    for (uint32_t index = 0; index < RATE_SHARDS; index++)
        CHECK(pthread_mutex_init(&table->shards[index].mutex, NULL) == 0);
    return table;
}

void rate_table_close(struct rate_table *table)
{
    if (table == NULL) return;
    for (uint32_t index = 0; index < RATE_SHARDS; index++)
        (void)pthread_mutex_destroy(&table->shards[index].mutex);
    free(table->all);
    free(table);
}

static struct bucket *find(struct bucket_set *set, uint64_t tag)
{
    for (uint32_t way = 0; way < RATE_WAYS; way++) {
        if (set->buckets[way].tag == tag) return &set->buckets[way];
    }
    return NULL;
}

/* The place of the bucket with the least debt, whose debt the new key takes over in part. */
static struct bucket *claim(const struct rate *rate, struct bucket_set *set, uint64_t tag,
                            int64_t now_us)
{
    struct bucket *bucket = &set->buckets[0];
    for (uint32_t way = 1; way < RATE_WAYS; way++) {
        if (set->buckets[way].full_at_us < bucket->full_at_us) bucket = &set->buckets[way];
    }
    const int64_t half_us = rate_window_us(rate) / 2;
    bucket->tag = tag;
    if (bucket->full_at_us > now_us + half_us) bucket->full_at_us = now_us + half_us;
    return bucket;
}

struct place {
    uint64_t tag;
    struct bucket_set *set;
    pthread_mutex_t *mutex;
};

static struct place place_of(struct rate_table *table, struct slice key)
{
    CHECK(key.size > 0);
    const uint64_t hash = siphash(&table->secret, key.data, key.size);
    const uint32_t set = (uint32_t)(hash & (table->sets - 1));
    return (struct place){.tag = hash != 0 ? hash : 1,
                          .set = &table->all[set],
                          .mutex = &table->shards[set % RATE_SHARDS].mutex};
}

/* Of a locked set. */
static struct bucket *bucket_of(const struct rate_table *table, const struct place *place,
                                int64_t now_us)
{
    struct bucket *bucket = find(place->set, place->tag);
    return bucket != NULL ? bucket : claim(&table->rate, place->set, place->tag, now_us);
}

void rate_table_charge(struct rate_table *table, struct slice key, int64_t now_us)
{
    const struct place place = place_of(table, key);
    CHECK(pthread_mutex_lock(place.mutex) == 0);
    rate_charge(&table->rate, &bucket_of(table, &place, now_us)->full_at_us, now_us);
    CHECK(pthread_mutex_unlock(place.mutex) == 0);
}

struct rate_verdict rate_table_take(struct rate_table *table, struct slice key, int64_t now_us)
{
    const struct place place = place_of(table, key);
    CHECK(pthread_mutex_lock(place.mutex) == 0);
    struct bucket *bucket = bucket_of(table, &place, now_us);
    const struct rate_verdict verdict = rate_take(&table->rate, &bucket->full_at_us, now_us);
    CHECK(pthread_mutex_unlock(place.mutex) == 0);
    return verdict;
}

struct rate_verdict rate_table_look(struct rate_table *table, struct slice key, int64_t now_us)
{
    const struct place place = place_of(table, key);
    CHECK(pthread_mutex_lock(place.mutex) == 0);
    const struct bucket *bucket = find(place.set, place.tag);
    const int64_t full_at_us = bucket == NULL ? 0 : bucket->full_at_us;
    CHECK(pthread_mutex_unlock(place.mutex) == 0);
    return rate_look(&table->rate, full_at_us, now_us);
}
