/* mongo_facts.h - the documents that a turn names, read in few round trips.
 *
 * First all ids that the commands say, one query a collection; then what those documents name.
 * Over each lies what the showtime has decided of it and not settled.
 *
 * Shape:  a record stands once, found by a hash of its id; what is not there is remembered too.
 * Thread: the store's.
 */
#pragma once

#include "base/error.h"
#include "core/facts.h"
#include "store/mongo/mongo_documents.h"

/* A command names up to four bookings, itself or through its key and payments, and each of them
 * two payments, besides its own two. */
enum { MONGO_FACTS_MAX = TURN_COMMANDS_MAX * 10, MONGO_FACT_SLOTS = 16384 };

static_assert(MONGO_FACT_SLOTS >= 2 * MONGO_FACTS_MAX, "the hash stays half empty");
static_assert(MONGO_FACTS_MAX <= UINT16_MAX, "a slot holds a position");

enum mongo_fact_kind { MONGO_FACT_BOOKING, MONGO_FACT_PAYMENT, MONGO_FACT_KEY, MONGO_FACT_BLOCK };

#define MONGO_FACT_KINDS 4

/* An id that was looked for. */
struct mongo_fact {
    struct id id;
    bool asked;     /* The collection was asked for it. */
    bool found;     /* It has a document, or the showtime has decided one. */
    bool decided;   /* The showtime's `settle` has it. */
    bool adopted;   /* An intent that no commit has followed; this turn may make it anew. */
    uint32_t place; /* In the records. */
};

struct mongo_facts {
    struct mongo_fact_set {
        uint32_t count;
        uint32_t record_count;
        struct mongo_fact facts[MONGO_FACTS_MAX];
        uint16_t slots[MONGO_FACT_SLOTS]; /* Position + 1; 0: free. */
    } sets[MONGO_FACT_KINDS];
    struct mongo_booking bookings[MONGO_FACTS_MAX];
    struct mongo_payment payments[MONGO_FACTS_MAX];
    struct mongo_key keys[TURN_COMMANDS_MAX * 2];
    struct mongo_block blocks[TURN_COMMANDS_MAX * 2];
};

void mongo_facts_clear(struct mongo_facts *facts);

/* Notes that the id is to be read; one that is none, or noted, is left alone. */
void mongo_facts_want(struct mongo_facts *facts, enum mongo_fact_kind kind, struct id id);

/* The fact of an id, or NULL if nobody wanted it. */
struct mongo_fact *mongo_facts_get(struct mongo_facts *facts, enum mongo_fact_kind kind,
                                   struct id id);

struct mongo_store;

/* Reads what is wanted and was not asked for. */
MUST_USE enum error mongo_facts_fetch(struct mongo_store *store);
