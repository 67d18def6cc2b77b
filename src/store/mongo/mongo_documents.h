/* mongo_documents.h - bookings, payments, keys, blocks and the journal as MongoDB has them.
 *
 * The predecessor's names where it had a field; ours beside them. `v` is the version of the
 * showtime whose commit the document shows: an intent has 0, and a document is only ever
 * replaced by what a later commit says.
 *
 * Thread: any.
 */
#pragma once

#include "core/journal.h"
#include "store/mongo/mongo_connection.h"
#include "store/mongo/mongo_fields.h"

struct mongo_booking {
    struct booking booking;
    struct uuid key; /* Of the hold that made it, */
    struct fingerprint fingerprint;
    int64_t version;
    int64_t created_at_ms;    /* As lists are sorted; 0: the predecessor did not say. */
    int64_t never_held_at_ms; /* When an intent was ended that no commit had followed; else 0. */
};

struct mongo_payment {
    struct payment payment;
    struct uuid key; /* Of the request that made it, */
    struct fingerprint fingerprint;
    int64_t version;
    bool foreign;     /* The predecessor's: it stands, whatever its booking says. */
    bool money_waits; /* Its money is recorded, and not decided yet: what was paid is in
                         `payment`, whose status says `processing`. */
};

struct mongo_key {
    struct id id;
    struct key_record record;
};

struct mongo_block {
    struct block block;
    int64_t version;
};

/* The status of a payment whose money is recorded and waits for its turn. */
#define MONGO_MONEY_RECORDED "succeeded"

/* Whole documents, `_id` first. False, and the target undefined, if one cannot be read. */
void mongo_documents_append_booking(const struct mongo_booking *booking, bson_t *document);
void mongo_documents_append_payment(const struct mongo_payment *payment, bson_t *document);
void mongo_documents_append_key(const struct mongo_key *key, bson_t *document);
void mongo_documents_append_block(const struct mongo_block *block, bson_t *document);
void mongo_documents_append_entry(struct id id, const struct journal_entry *entry,
                                  bson_t *document);
bool mongo_documents_read_booking(const bson_t *document, struct mongo_booking *booking);
bool mongo_documents_read_payment(const bson_t *document, struct mongo_payment *payment);
bool mongo_documents_read_key(const bson_t *document, struct mongo_key *key);
bool mongo_documents_read_block(const bson_t *document, struct mongo_block *block);

/* Has it been sold by the predecessor, which never noted by which payment? By its completed one. */
bool mongo_documents_unnamed(const struct mongo_booking *booking);

/* Tells such a booking its payment, if this is it. */
void mongo_documents_name_kept(struct mongo_booking *booking, const struct payment *payment);

/* Which field keeps a document from being read; false if it can be. */
bool mongo_documents_booking_fault(const bson_t *document, struct mongo_fault *ret_fault);
bool mongo_documents_payment_fault(const bson_t *document, struct mongo_fault *ret_fault);

/* Logs that a document cannot be read, and which field is wrong; ERROR_INTERNAL_ERROR. */
enum error mongo_documents_refuse(enum mongo_collection collection, const bson_t *document);

/* What a commit sets of a document: all that moves, with its version; of an adopted one,
 * everything. */
void mongo_documents_append_booking_change(const struct mongo_booking *booking, bool all,
                                           bson_t *document);
void mongo_documents_append_payment_change(const struct mongo_payment *payment, bool all,
                                           bson_t *document);
void mongo_documents_append_block_change(const struct mongo_block *block, bson_t *document);

/* The states that a payment may be left in for one that a commit has decided: statuses only
 * climb. As an array for `$in`. */
void mongo_documents_append_below(bson_t *document, const char *name, enum payment_status status);
