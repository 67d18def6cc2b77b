/* mongo_connection.h - the way to MongoDB: addresses, deadlines, safety of writes, clients.
 *
 * The driver's own defaults wait for minutes and promise little. What the URI does not say is
 * set here by the server's topology: a replica set acknowledges by majority, a single server by
 * its journal. Every wait has an end.
 *
 * Shape:  one pool; a thread takes one client and keeps it for life.
 * Errors: ERROR_STORE_UNAVAILABLE - not reached, try again; ERROR_INTERNAL_ERROR - this server
 *         or this URI will never do, and `ret_reason` says why.
 * Thread: a client belongs to one thread; the rest any.
 */
#pragma once

#include <mongoc/mongoc.h>

#include "base/error.h"
#include "core/id.h"

enum mongo_collection {
    MONGO_SHOWTIMES,
    MONGO_BOOKINGS,
    MONGO_PAYMENTS,
    MONGO_KEYS,
    MONGO_BLOCKS,
    MONGO_JOURNAL,
    MONGO_MOVIES,
    MONGO_CINEMAS,
    MONGO_SETTINGS, /* Ours: keys, the gate of the programme, the mark of an import. */
};

#define MONGO_COLLECTION_COUNT 9

enum {
    MONGO_POOL_MAX = 100,      /* Clients: 16 writers, 4 for each of 16 clerks, and others. */
    MONGO_READ_MS = 1500,      /* A read's longest time on the server. */
    MONGO_STRONG_MS = 600,     /* Of a strong one: the six of a payment take less than 5 s. */
    MONGO_REASON_SIZE = 512,   /* Holds the driver's message and ours. */
    MONGO_SOCKET_MS = 4000,    /* Above the majority's, so that a slow one is an answer. */
    MONGO_MAJORITY_MS = 2000,  /* How long a write waits for the majority. */
    MONGO_SELECTION_MS = 2000, /* How long an operation looks for a primary. */
    /* The same of those who only read: once each, as the driver tries again. */
    MONGO_READ_SOCKET_MS = 2000,
    MONGO_READ_SELECTION_MS = 1000,
};

struct mongo_reason {
    char text[MONGO_REASON_SIZE];
};

struct mongo_connection;

/* A thread's client and its collections. */
struct mongo_client {
    struct mongo_connection *connection;
    mongoc_client_t *client;
    bool strong; /* Set by its owner for a while: its reads are linearizable where that is more. */
    mongoc_collection_t *collections[MONGO_COLLECTION_COUNT];
};

/* Takes the name of the file in /dev/shm away that the driver makes for its counters when it is
 * loaded: a killed process would leave it behind, and a later one of the same pid complain of it.
 * First of all. */
void mongo_connection_unlink_counters(void);

/* For the process, before any other thread: sets the driver up. */
void mongo_connection_begin(void);

/* Connects, asks what kind of server it is, and completes the URI. */
MUST_USE enum error mongo_connection_open(const char *uri, struct mongo_connection **ret_connection,
                                          struct mongo_reason *ret_reason);

/* A second way to the same server for those who only read: they answer within 5 s, so they wait
 * less for a server that hangs than a write must. */
MUST_USE enum error mongo_connection_open_reading(const struct mongo_connection *of,
                                                  struct mongo_connection **ret_connection,
                                                  struct mongo_reason *ret_reason);

/* The same with long deadlines, for who moves a whole store and keeps nobody waiting. */
MUST_USE enum error mongo_connection_open_patient(const char *uri,
                                                  struct mongo_connection **ret_connection,
                                                  struct mongo_reason *ret_reason);
void mongo_connection_close(struct mongo_connection *connection); /* Accepts NULL. */

/* Is a write acknowledged by the majority of a replica set? */
bool mongo_connection_majority(const struct mongo_connection *connection);

/* The URI as completed; for tests and the log (it has the password in it: never log it whole). */
const mongoc_uri_t *mongo_connection_uri(const struct mongo_connection *connection);

/* Takes a client; ERROR_STORE_UNAVAILABLE when there is none to be had in time. */
MUST_USE enum error mongo_client_open(struct mongo_connection *connection,
                                      struct mongo_client *ret_client);
void mongo_client_close(struct mongo_client *client); /* Accepts an empty one. */

/* The collection's name in the database. */
const char *mongo_collection_name(enum mongo_collection collection);

mongoc_database_t *mongo_client_database(const struct mongo_client *client);

/* Does the primary answer? */
MUST_USE enum error mongo_client_ping(struct mongo_client *client);

/* How far the server's clock is ahead of ours, by the quickest of a few questions. */
MUST_USE enum error mongo_client_clock(struct mongo_client *client, int64_t *ret_offset_ms);

/* Runs a command on `admin`; `ret_reply` is always to be destroyed. */
MUST_USE enum error mongo_client_command(struct mongo_client *client, const char *command,
                                         bson_t *ret_reply, bson_error_t *ret_error);

/* Why an operation of the start failed: ERROR_INTERNAL_ERROR for a password or a right that is
 * wrong, which no waiting mends. */
enum error mongo_refusal(const bson_error_t *why, const bson_t *reply,
                         struct mongo_reason *ret_reason);

/* Makes a reason. */
void mongo_explain(struct mongo_reason *ret_reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
