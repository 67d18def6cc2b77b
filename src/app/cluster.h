/* cluster.h - the store that several instances share: MongoDB, and the writers above it.
 *
 * Beside embedded.h. Each writer has an engine, a store and a client of its own; a showtime is
 * always with the same one.
 */
#pragma once

#include <stdatomic.h>

#include "app/config.h"
#include "app/embedded.h"
#include "app/monitor.h"
#include "redis/redis_feed.h"
#include "redis/redis_lock.h"
#include "store/mongo/mongo_store.h"

struct cluster {
    const struct config *config;
    atomic_bool opening;                 /* Until cluster_admit. */
    bool fills;                          /* The demo's catalogue is on its way. */
    struct mongo_connection *connection; /* The writers'; */
    struct mongo_connection *reading;    /* the clerks' and the monitor's. */
    struct siphash_key tag_key;          /* Of this process only: the tags never leave memory. */
    struct feed *feed;
    struct writers writers;
    struct mongo_store *stores[WRITERS_MAX];
    struct redis_link *links[WRITERS_MAX]; /* NULL: there is no Redis. */
    struct redis_lock *locks[WRITERS_MAX];
    struct redis_feed *news; /* Of other instances. */
    char instance[REDIS_INSTANCE_SIZE];
    struct monitor *monitor;
    void (*wake)(void *context, uint32_t loop);
    bool (*wait)(void *context, int64_t wait_ms);
    void *context;
};

enum cluster_outcome {
    CLUSTER_OPEN,
    CLUSTER_ENDED,  /* The end was asked for before the database came. */
    CLUSTER_REFUSED /* It will never do, and the reason is printed. */
};

/* Makes what needs no database, so that the loops can begin. False, and the reason is printed,
 * without memory; close it then too. */
MUST_USE bool cluster_prepare(struct cluster *cluster, const struct embedded_options *options);

/* Connects, waiting for a database that is not there; tries whether it is safe, fills it with
 * demo data if asked and empty, and opens the writers and the monitor. */
MUST_USE enum cluster_outcome cluster_open(struct cluster *cluster);

/* The writers and the monitor run: requests may come. */
void cluster_admit(struct cluster *cluster);

/* After the writers have stopped. */
void cluster_close(struct cluster *cluster);

/* What an operator hears of the database. */
struct storage cluster_storage(struct cluster *cluster);

/* Answers nothing but whether the database is there: for loops, which do not read it. */
struct reader cluster_reader(struct cluster *cluster);

/* Loads a catalogue file; the process's exit code, as seed_command's. */
int cluster_seed(const struct config *config, const char *path);
