/* move_fields.h - structs to JSON objects and back, by a table of fields.
 *
 * Strict: a member that the table does not know, one that is missing, and a value that the field
 * cannot have are refused by name.
 *
 * Shape:  an empty value that need not be there is left out.
 * Errors: false, with a sentence that names the member.
 */
#pragma once

#include "store/move/move_record.h"
#include "json/json_read.h"
#include "json/json_write.h"

enum move_field_kind {
    MOVE_FIELD_NUMBER,   /* int64_t, 0 to TIMESTAMP_MS_MAX: money, moments, versions. */
    MOVE_FIELD_COUNT,    /* uint32_t */
    MOVE_FIELD_FLAG,     /* bool */
    MOVE_FIELD_TEXT,     /* struct slice, in the arena. */
    MOVE_FIELD_ID,       /* struct id */
    MOVE_FIELD_USER,     /* struct user */
    MOVE_FIELD_REASON,   /* struct reason */
    MOVE_FIELD_URL,      /* struct url */
    MOVE_FIELD_UUID,     /* struct uuid */
    MOVE_FIELD_HASH,     /* struct fingerprint */
    MOVE_FIELD_SECRET,   /* struct move_secret */
    MOVE_FIELD_CODE,     /* struct code */
    MOVE_FIELD_CURRENCY, /* struct currency */
    MOVE_FIELD_BOOKING_STATUS,
    MOVE_FIELD_PAYMENT_STATUS,
    MOVE_FIELD_SHOWTIME_STATUS,
    MOVE_FIELD_METHOD,
    MOVE_FIELD_PAYMENT_REASON,
    MOVE_FIELD_OPERATION,
    MOVE_FIELD_LIST, /* Of the field's own reading and writing. */
};

struct move_list {
    void (*write)(struct json_writer *writer, const void *record);
    bool (*read)(const struct json *value, struct arena *arena, void *record);
};

struct move_field {
    const char *name;
    enum move_field_kind kind;
    size_t offset; /* In the record; 0 of a list, which is given the record. */
    bool needed;   /* Must be there. */
    const struct move_list *list;
};

struct move_table {
    const struct move_field *fields;
    size_t count;
};

/* Writes the fields as members of the object that is open. */
void move_fields_write(const struct move_table *table, struct json_writer *writer,
                       const void *record);

/* Reads an object into a zeroed record. */
MUST_USE bool move_fields_read(const struct move_table *table, const struct json *object,
                               struct arena *arena, void *record, struct move_reason *ret_reason);
