#include "store/move/move_fields.h"

#include <string.h>

#include "base/hex.h"
#include "base/timestamp.h"

enum { FIELDS_MAX = 32, NAME_SHOWN_MAX = 60 };

static struct slice text_of(enum move_field_kind kind, const void *value)
{
    switch (kind) {
    case MOVE_FIELD_TEXT:
        return *(const struct slice *)value;
    case MOVE_FIELD_USER:
        return user_name(value);
    case MOVE_FIELD_REASON:
        return reason_text(value);
    case MOVE_FIELD_URL:
        return url_text(value);
    case MOVE_FIELD_CURRENCY:
        return currency_text(value);
    case MOVE_FIELD_BOOKING_STATUS:
        return booking_status_name(*(const enum booking_status *)value);
    case MOVE_FIELD_PAYMENT_STATUS:
        return payment_status_name(*(const enum payment_status *)value);
    case MOVE_FIELD_SHOWTIME_STATUS:
        return showtime_status_name(*(const enum showtime_status *)value);
    case MOVE_FIELD_METHOD:
        return payment_method_name(*(const enum payment_method *)value);
    case MOVE_FIELD_PAYMENT_REASON:
        return payment_reason_name(*(const enum payment_reason *)value);
    default:
        CHECK(kind == MOVE_FIELD_OPERATION);
        return operation_name(*(const enum operation *)value);
    }
}

/* What is written as digits and letters of a fixed form; empty if there is none. */
static struct slice format(enum move_field_kind kind, const void *value, char *target)
{
    size_t size = 0;
    switch (kind) {
    case MOVE_FIELD_ID:
        if (id_is_none(*(const struct id *)value)) break;
        id_format(*(const struct id *)value, target);
        size = ID_HEX_SIZE;
        break;
    case MOVE_FIELD_UUID:
        if (uuid_is_none(*(const struct uuid *)value)) break;
        uuid_format(*(const struct uuid *)value, target);
        size = UUID_TEXT_SIZE;
        break;
    case MOVE_FIELD_HASH:
        if (memcmp(value, &(const struct fingerprint){0}, sizeof(struct fingerprint)) == 0) break;
        size = 2 * sizeof(struct fingerprint);
        hex_format(value, sizeof(struct fingerprint), target);
        break;
    case MOVE_FIELD_SECRET:
        size = (size_t)((const struct move_secret *)value)->size * 2;
        hex_format(((const struct move_secret *)value)->bytes, size / 2, target);
        break;
    default:
        CHECK(kind == MOVE_FIELD_CODE);
        target[0] = 'B';
        target[1] = 'K';
        target[2] = '-';
        memcpy(target + 3, value, CODE_SIZE);
        size = 3 + CODE_SIZE;
    }
    return (struct slice){.data = target, .size = size};
}

static void write_text(struct json_writer *writer, const struct move_field *field,
                       struct slice text)
{
    if (text.size == 0 && !field->needed) return;
    json_member_text(writer, slice_of(field->name), text);
}

static void write_field(struct json_writer *writer, const struct move_field *field,
                        const void *record)
{
    char target[2 * MOVE_CLAIM_SIZE];
    const struct slice name = slice_of(field->name);
    const void *value = (const char *)record + field->offset;
    switch (field->kind) {
    case MOVE_FIELD_NUMBER:
        if (*(const int64_t *)value != 0 || field->needed) {
            json_member_number(writer, name, *(const int64_t *)value);
        }
        break;
    case MOVE_FIELD_COUNT:
        json_member_number(writer, name, *(const uint32_t *)value);
        break;
    case MOVE_FIELD_FLAG:
        json_member_bool(writer, name, *(const bool *)value);
        break;
    case MOVE_FIELD_LIST:
        json_key(writer, name);
        field->list->write(writer, value);
        break;
    case MOVE_FIELD_ID:
    case MOVE_FIELD_UUID:
    case MOVE_FIELD_HASH:
    case MOVE_FIELD_SECRET:
    case MOVE_FIELD_CODE:
        write_text(writer, field, format(field->kind, value, target));
        break;
    default:
        write_text(writer, field, text_of(field->kind, value));
    }
}

void move_fields_write(const struct move_table *table, struct json_writer *writer,
                       const void *record)
{
    for (size_t index = 0; index < table->count; index++) {
        write_field(writer, &table->fields[index], record);
    }
}

static bool read_secret(struct slice text, struct move_secret *secret)
{
    const size_t size = text.size / 2;
    if (size != MOVE_SEAL_SIZE && size != MOVE_CLAIM_SIZE) return false;
    secret->size = (uint8_t)size;
    return hex_parse(text, secret->bytes, size);
}

static bool read_name(enum move_field_kind kind, struct slice text, void *value)
{
    switch (kind) {
    case MOVE_FIELD_CURRENCY:
        return currency_parse(text, value);
    case MOVE_FIELD_BOOKING_STATUS:
        return booking_status_parse(text, value);
    case MOVE_FIELD_PAYMENT_STATUS:
        return payment_status_parse(text, value);
    case MOVE_FIELD_SHOWTIME_STATUS:
        return showtime_status_parse(text, value);
    case MOVE_FIELD_METHOD:
        return payment_method_parse(text, value);
    case MOVE_FIELD_PAYMENT_REASON:
        return payment_reason_parse(text, value);
    default:
        CHECK(kind == MOVE_FIELD_OPERATION);
        return operation_parse(text, value);
    }
}

static bool read_text(enum move_field_kind kind, struct slice text, void *value)
{
    switch (kind) {
    case MOVE_FIELD_TEXT:
        *(struct slice *)value = text;
        return true;
    case MOVE_FIELD_ID:
        return id_parse(text, value);
    case MOVE_FIELD_USER:
        if (text.size < 1 || text.size > USER_SIZE_MAX) return false;
        *(struct user *)value = user_of(text);
        return true;
    case MOVE_FIELD_REASON:
        if (text.size > REASON_SIZE_MAX) return false;
        *(struct reason *)value = reason_of(text);
        return true;
    case MOVE_FIELD_URL:
        if (text.size > URL_SIZE_MAX) return false;
        *(struct url *)value = url_of(text);
        return true;
    case MOVE_FIELD_UUID:
        return uuid_parse(text, value);
    case MOVE_FIELD_HASH:
        return hex_parse(text, value, sizeof(struct fingerprint));
    case MOVE_FIELD_SECRET:
        return read_secret(text, value);
    case MOVE_FIELD_CODE:
        return code_parse(text, value);
    default:
        return read_name(kind, text, value);
    }
}

static bool read_field(const struct move_field *field, const struct json *member,
                       struct arena *arena, void *record)
{
    void *value = (char *)record + field->offset;
    switch (field->kind) {
    case MOVE_FIELD_NUMBER:
        *(int64_t *)value = member->integer;
        return member->kind == JSON_INTEGER && member->integer >= 0 &&
               member->integer <= TIMESTAMP_MS_MAX;
    case MOVE_FIELD_COUNT:
        *(uint32_t *)value = (uint32_t)member->integer;
        return member->kind == JSON_INTEGER && member->integer >= 0 &&
               member->integer <= UINT32_MAX;
    case MOVE_FIELD_FLAG:
        *(bool *)value = member->truth;
        return member->kind == JSON_BOOL;
    case MOVE_FIELD_LIST:
        return field->list->read(member, arena, value);
    default:
        return member->kind == JSON_STRING && read_text(field->kind, member->text, value);
    }
}

static const struct move_field *find(const struct move_table *table, struct slice name)
{
    for (size_t index = 0; index < table->count; index++) {
        if (slice_equal(slice_of(table->fields[index].name), name)) return &table->fields[index];
    }
    return NULL;
}

bool move_fields_read(const struct move_table *table, const struct json *object,
                      struct arena *arena, void *record, struct move_reason *ret_reason)
{
    bool found[FIELDS_MAX] = {0};
    CHECK(table->count <= FIELDS_MAX);
    if (object->kind != JSON_OBJECT) return move_record_explain(ret_reason, "it is no object");
    for (const struct json *member = object->first; member != NULL; member = member->next) {
        const struct move_field *field = find(table, member->key);
        if (field == NULL) {
            const int size =
                member->key.size < NAME_SHOWN_MAX ? (int)member->key.size : (int)NAME_SHOWN_MAX;
            return move_record_explain(ret_reason, "\"%.*s\" is not known", size, member->key.data);
        }
        if (!read_field(field, member, arena, record)) {
            return move_record_explain(ret_reason, "\"%s\" has a value that it cannot have",
                                       field->name);
        }
        found[field - table->fields] = true;
    }
    for (size_t index = 0; index < table->count; index++) {
        if (found[index] || !table->fields[index].needed) continue;
        return move_record_explain(ret_reason, "\"%s\" is missing", table->fields[index].name);
    }
    return true;
}
