/* mongo_fields.h - structs to documents and back, by a table of fields.
 *
 * A document is foreign bytes: what is missing or of another type makes the record unreadable,
 * never the process. Fields that the table does not know are left alone.
 *
 * Shape:  an absent or null field is the struct's empty value.
 * Units:  moments are Dates, money is a 64 bit integer.
 * Thread: any.
 */
#pragma once

#include <mongoc/mongoc.h>

#include "core/block.h"
#include "core/idempotency.h"
#include "core/payment.h"

enum mongo_field_kind {
    FIELD_MOMENT, /* int64_t of milliseconds; a Date. */
    FIELD_NUMBER, /* int64_t, not negative. */
    FIELD_FLAG,   /* bool */
    FIELD_ID,     /* struct id; an ObjectId. */
    FIELD_USER,   /* struct user; 24 hex digits are an ObjectId, as the predecessor has it. */
    FIELD_REASON,
    FIELD_URL,
    FIELD_UUID,
    FIELD_KEY, /* struct uuid; a text that is none leaves it empty: the predecessor's may be any. */
    FIELD_HASH, /* struct fingerprint; 64 hex digits. */
    FIELD_CODE, /* struct code; `BK-XXXXXXXX`. */
    FIELD_CURRENCY,
    FIELD_BOOKING_STATUS,
    FIELD_PAYMENT_STATUS,
    FIELD_METHOD,
    FIELD_PAYMENT_REASON,
    FIELD_BOOKED_SEATS, /* A booking's `seats`; the offset is the booking's. */
    FIELD_BLOCK_SEATS,  /* A block's; the offset is the block's. */
};

struct mongo_field {
    const char *name;
    enum mongo_field_kind kind;
    size_t offset;
    bool moves; /* A change of the record may change it. */
};

struct mongo_table {
    const struct mongo_field *fields;
    size_t count;
};

/* Appends the fields of `record`: all of them, or those that move. An empty one is left out, or
 * is null if `with_nulls`, so that it replaces what is there. */
void mongo_fields_append(const struct mongo_table *table, const void *record, bool only_moving,
                         bool with_nulls, bson_t *document);

/* Sets what the document has of the table's fields. False if one of them is of another kind. */
bool mongo_fields_read(const struct mongo_table *table, const bson_t *document, void *record);

/* What of a document cannot be read: the path of a field; empty: nothing. */
struct mongo_fault {
    char field[64];
};

/* Names the field, or the part of it. */
void mongo_fields_blame(struct mongo_fault *ret_fault, const char *field, const char *part);

/* The first of the table's fields that mongo_fields_read stumbles over; false if none is. `record`
 * is scratch. */
bool mongo_fields_fault(const struct mongo_table *table, const bson_t *document, void *record,
                        struct mongo_fault *ret_fault);

/* Is the field there, and not null? */
bool mongo_fields_has(const bson_t *document, const char *name);

/* One value of a kind that other codecs need too. */
void mongo_fields_append_user(bson_t *document, const char *name, const struct user *user);
bool mongo_fields_read_user(const bson_iter_t *value, struct user *ret_user);
bool mongo_fields_read_id(const bson_iter_t *value, struct id *ret_id);
/* After 1970 began: the core's 0 says that there is no moment. */
bool mongo_fields_read_moment(const bson_iter_t *value, int64_t *ret_moment_ms);

/* Any of the server's numbers, if it is a whole one that a double can say. */
bool mongo_fields_read_number(const bson_iter_t *value, int64_t *ret_number);
struct slice mongo_fields_text(const bson_iter_t *value); /* Empty: it is no text. */
