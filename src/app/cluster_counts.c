#include "app/cluster_counts.h"

static void add_store(struct sharing_counts *sum, const struct mongo_store *store)
{
    const struct mongo_store_counts counts = mongo_store_counts(store);
    sum->round_trips += counts.round_trips;
    sum->commits += counts.commits;
    sum->retries += counts.retries;
    sum->unresolved += counts.unresolved;
    sum->resolved += counts.resolved;
    sum->swept += counts.swept;
}

/* One link that is away is enough: that writer's turns go without the lock. */
static void add_lock(struct sharing_counts *sum, const struct redis_lock *lock,
                     const struct redis_link *link)
{
    const struct redis_lock_counts counts = redis_lock_counts(lock);
    const struct redis_link_counts way = redis_link_counts(link);
    sum->lock_taken += counts.acquired;
    sum->lock_busy += counts.missed;
    sum->lock_away += counts.skipped;
    sum->lock_lost += counts.lost;
    sum->lock_errors += way.errors;
    if (sum->lock_mode == LOCK_MODE_OFF) sum->lock_mode = LOCK_MODE_LOCK;
    if (way.degraded != 0) sum->lock_mode = LOCK_MODE_DEGRADED;
}

static void count(void *context, struct sharing_counts *ret_counts)
{
    const struct cluster *cluster = context;
    struct sharing_counts sum = {0};
    for (uint32_t place = 0; place < cluster->writers.count; place++) {
        add_store(&sum, cluster->stores[place]);
        if (cluster->locks[place] == NULL) continue;
        add_lock(&sum, cluster->locks[place], cluster->links[place]);
    }
    *ret_counts = sum;
}

struct sharing cluster_counts_port(struct cluster *cluster)
{
    return (struct sharing){.context = cluster, .count = count};
}
