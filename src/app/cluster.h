/* cluster.h - the store that several instances share: MongoDB, and the writers above it.
 *
 * Beside embedded.h. Each writer has an engine, a store and a client of its own; a showtime is
 * always with the same one.
 */
#pragma once

#include "app/config.h"
#include "app/embedded.h"
#include "app/monitor.h"
#include "redis/redis_feed.h"
#include "redis/redis_lock.h"
#include "store/mongo/mongo_store.h"

struct cluster {
    const struct config *config;
    struct mongo_connection *connection;
    struct feed *feed;
    struct writers writers;
    struct mongo_store *stores[WRITERS_MAX];
    struct redis_link *links[WRITERS_MAX]; /* NULL: there is no Redis. */
    struct redis_lock *locks[WRITERS_MAX];
    struct redis_feed *news; /* Of other instances. */
    char instance[REDIS_INSTANCE_SIZE];
    struct monitor *monitor;
    void (*wake)(void *context, uint32_t loop);
    void *context;
};

/* Connects, waiting for a database that is not there; tries whether it is safe, fills it with
 * demo data if asked and empty, and opens the writers. False, and the reason is printed, if that
 * cannot be; close it then too. */
MUST_USE bool cluster_open(struct cluster *cluster, const struct embedded_options *options);

/* After the writers have stopped. */
void cluster_close(struct cluster *cluster);

/* What an operator hears of the database. */
struct storage cluster_storage(struct cluster *cluster);

/* Answers nothing but whether the database is there: for loops, which do not read it. */
struct reader cluster_reader(struct cluster *cluster);

/* Loads a catalogue file; the process's exit code, as seed_command's. */
int cluster_seed(const struct config *config, const char *path);
