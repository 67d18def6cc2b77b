/* embedded.h - the store on one machine: the folder, the file, and the writer above it.
 */
#pragma once

#include "app/config.h"
#include "store/sqlite/folder.h"
#include "store/sqlite/sqlite_storage.h"
#include "store/sqlite/sqlite_store.h"

struct embedded {
    struct folder folder;
    struct sqlite_store *store;
    struct sqlite_storage *storage;
    struct feed *feed;
    struct writer *writer;
};

struct embedded_options {
    const struct config *config;
    void (*wake)(void *context, uint32_t loop);
    void (*failed)(void *context);
    /* Lets the time pass; false when the end was asked for. For cluster_open. */
    bool (*wait)(void *context, int64_t wait_ms);
    void *context;
};

/* Locks the folder, opens the store, fills it with demo data if asked and empty, and recovers
 * the holds. False, and the reason is printed, if that cannot be; close it then too. */
MUST_USE bool embedded_open(struct embedded *embedded, const struct embedded_options *options);

/* After the writer has stopped. */
void embedded_close(struct embedded *embedded);
