#include "store/mongo/mongo_fields.h"

#include "base/check.h"
#include "base/hex.h"
#include "store/mongo/mongo_ids.h"

enum { CODE_TEXT_SIZE = 3 + CODE_SIZE, HASH_TEXT_SIZE = 64, INDEX_SIZE = 16 };

#define MOMENT_MAX_MS INT64_C(253402300799999) /* The end of the year 9999. */
#define WHOLE_MAX 9007199254740992.0           /* 2^53: above it doubles leave numbers out. */

struct slice mongo_fields_text(const bson_iter_t *value)
{
    uint32_t size = 0;
    if (!BSON_ITER_HOLDS_UTF8(value)) return (struct slice){0};
    const char *text = bson_iter_utf8(value, &size);
    return (struct slice){.data = text, .size = size};
}

void mongo_fields_append_user(bson_t *document, const char *name, const struct user *user)
{
    struct id id;
    /* Only what comes back the same: an ObjectId has no upper-case digits. */
    char text[ID_HEX_SIZE];
    if (id_parse(user_name(user), &id)) {
        id_format(id, text);
        if (slice_equal(user_name(user), (struct slice){.data = text, .size = sizeof text})) {
            const bson_oid_t oid = mongo_ids_to_oid(id);
            BSON_APPEND_OID(document, name, &oid);
            return;
        }
    }
    (void)bson_append_utf8(document, name, -1, user->name, user->size);
}

bool mongo_fields_read_user(const bson_iter_t *value, struct user *ret_user)
{
    if (BSON_ITER_HOLDS_OID(value)) {
        char text[ID_HEX_SIZE];
        id_format(mongo_ids_from_oid(bson_iter_oid(value)), text);
        *ret_user = user_of((struct slice){.data = text, .size = sizeof text});
        return true;
    }
    const struct slice text = mongo_fields_text(value);
    if (text.size < 1 || text.size > USER_SIZE_MAX) return false;
    *ret_user = user_of(text);
    return true;
}

bool mongo_fields_read_moment(const bson_iter_t *value, int64_t *ret_moment_ms)
{
    if (!BSON_ITER_HOLDS_DATE_TIME(value)) return false;
    const int64_t moment_ms = bson_iter_date_time(value);
    if (moment_ms < 1 || moment_ms > MOMENT_MAX_MS) return false;
    *ret_moment_ms = moment_ms;
    return true;
}

bool mongo_fields_read_number(const bson_iter_t *value, int64_t *ret_number)
{
    if (BSON_ITER_HOLDS_DOUBLE(value)) {
        const double number = bson_iter_double(value);
        if (!(number >= -WHOLE_MAX && number <= WHOLE_MAX)) return false;
        *ret_number = (int64_t)number;
        return (double)*ret_number == number;
    }
    if (!BSON_ITER_HOLDS_INT(value)) return false;
    *ret_number = bson_iter_as_int64(value);
    return true;
}

bool mongo_fields_has(const bson_t *document, const char *name)
{
    bson_iter_t at;
    return bson_iter_init_find(&at, document, name) && !BSON_ITER_HOLDS_NULL(&at);
}

void mongo_fields_blame(struct mongo_fault *ret_fault, const char *field, const char *part)
{
    const char *dot = part == NULL ? "" : ".";
    (void)snprintf(ret_fault->field, sizeof ret_fault->field, "%s%s%s", field, dot,
                   part == NULL ? "" : part);
}

bool mongo_fields_read_id(const bson_iter_t *value, struct id *ret_id)
{
    if (!BSON_ITER_HOLDS_OID(value)) return false;
    *ret_id = mongo_ids_from_oid(bson_iter_oid(value));
    return !id_is_none(*ret_id);
}

static void append_seat(bson_t *document, const char *name, struct seat_name seat)
{
    char text[SEAT_NAME_SIZE_MAX];
    const size_t size = seat_name_format(seat, text);
    (void)bson_append_utf8(document, name, -1, text, (int)size);
}

static void append_booked_seats(bson_t *document, const char *name, const struct booking *booking)
{
    bson_t array;
    BSON_APPEND_ARRAY_BEGIN(document, name, &array);
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        char buffer[INDEX_SIZE];
        const char *key = NULL;
        bson_t seat;
        (void)bson_uint32_to_string(index, &key, buffer, sizeof buffer);
        BSON_APPEND_DOCUMENT_BEGIN(&array, key, &seat);
        append_seat(&seat, "seat_id", booking->seats[index].name);
        BSON_APPEND_UTF8(&seat, "seat_type",
                         seat_type_name((enum seat_type)booking->seats[index].type).data);
        BSON_APPEND_INT64(&seat, "price", booking->seats[index].price);
        (void)bson_append_document_end(&array, &seat);
    }
    (void)bson_append_array_end(document, &array);
}

static void append_block_seats(bson_t *document, const char *name, const struct block *block)
{
    bson_t array;
    BSON_APPEND_ARRAY_BEGIN(document, name, &array);
    for (uint32_t index = 0; index < block->seat_count; index++) {
        char buffer[INDEX_SIZE];
        const char *key = NULL;
        (void)bson_uint32_to_string(index, &key, buffer, sizeof buffer);
        append_seat(&array, key, block->seats[index]);
    }
    (void)bson_append_array_end(document, &array);
}

static void append_text(bson_t *document, const char *name, struct slice text)
{
    (void)bson_append_utf8(document, name, -1, text.data, (int)text.size);
}

static void append_bytes(bson_t *document, const struct mongo_field *field, const void *value)
{
    char text[HASH_TEXT_SIZE] = "BK-";
    size_t size = 0;
    if (field->kind == FIELD_UUID || field->kind == FIELD_KEY) {
        uuid_format(*(const struct uuid *)value, text);
        size = UUID_TEXT_SIZE;
    } else if (field->kind == FIELD_HASH) {
        hex_format(value, sizeof(struct fingerprint), text);
        size = HASH_TEXT_SIZE;
    } else {
        memcpy(text + 3, value, CODE_SIZE);
        size = CODE_TEXT_SIZE;
    }
    append_text(document, field->name, (struct slice){.data = text, .size = size});
}

static bool is_empty(enum mongo_field_kind kind, const void *value)
{
    switch (kind) {
    case FIELD_MOMENT:
        return *(const int64_t *)value == 0;
    case FIELD_ID:
        return id_is_none(*(const struct id *)value);
    case FIELD_USER:
        return ((const struct user *)value)->size == 0;
    case FIELD_REASON:
        return ((const struct reason *)value)->size == 0;
    case FIELD_URL:
        return ((const struct url *)value)->size == 0;
    case FIELD_UUID:
    case FIELD_KEY:
        return uuid_is_none(*(const struct uuid *)value);
    case FIELD_CURRENCY:
        return currency_is_none(*(const struct currency *)value);
    case FIELD_PAYMENT_REASON:
        return *(const enum payment_reason *)value == REASON_NONE;
    default:
        return false;
    }
}

static void append_value(bson_t *document, const struct mongo_field *field, const void *value)
{
    const char *name = field->name;
    switch (field->kind) {
    case FIELD_MOMENT:
        BSON_APPEND_DATE_TIME(document, name, *(const int64_t *)value);
        break;
    case FIELD_NUMBER:
        BSON_APPEND_INT64(document, name, *(const int64_t *)value);
        break;
    case FIELD_FLAG:
        BSON_APPEND_BOOL(document, name, *(const bool *)value);
        break;
    case FIELD_ID: {
        const bson_oid_t oid = mongo_ids_to_oid(*(const struct id *)value);
        BSON_APPEND_OID(document, name, &oid);
        break;
    }
    case FIELD_USER:
        mongo_fields_append_user(document, name, value);
        break;
    case FIELD_REASON:
        append_text(document, name, reason_text(value));
        break;
    case FIELD_URL:
        append_text(document, name, url_text(value));
        break;
    case FIELD_CURRENCY:
        append_text(document, name, currency_text(value));
        break;
    case FIELD_BOOKING_STATUS:
        append_text(document, name, booking_status_name(*(const enum booking_status *)value));
        break;
    case FIELD_PAYMENT_STATUS:
        append_text(document, name, payment_status_name(*(const enum payment_status *)value));
        break;
    case FIELD_METHOD:
        append_text(document, name, payment_method_name(*(const enum payment_method *)value));
        break;
    case FIELD_PAYMENT_REASON:
        append_text(document, name, payment_reason_name(*(const enum payment_reason *)value));
        break;
    case FIELD_BOOKED_SEATS:
        append_booked_seats(document, name, value);
        break;
    case FIELD_BLOCK_SEATS:
        append_block_seats(document, name, value);
        break;
    case FIELD_UUID:
    case FIELD_KEY:
    case FIELD_HASH:
    case FIELD_CODE:
        append_bytes(document, field, value);
        break;
    }
}

void mongo_fields_append(const struct mongo_table *table, const void *record, bool only_moving,
                         bool with_nulls, bson_t *document)
{
    CHECK(record != NULL);

    for (size_t index = 0; index < table->count; index++) {
        const struct mongo_field *field = &table->fields[index];
        const void *value = (const char *)record + field->offset;
        if (only_moving && !field->moves) continue;
        if (!is_empty(field->kind, value)) append_value(document, field, value);
        else if (with_nulls) BSON_APPEND_NULL(document, field->name);
    }
}

static bool read_seat(const bson_iter_t *value, struct seat_name *ret_seat)
{
    return seat_name_parse(mongo_fields_text(value), ret_seat);
}

static bool read_booked_seat(const bson_iter_t *value, struct booked_seat *ret_seat)
{
    bson_iter_t at;
    struct booked_seat seat = {0};
    enum seat_type type = SEAT_STANDARD;
    if (!BSON_ITER_HOLDS_DOCUMENT(value) || !bson_iter_recurse(value, &at)) return false;
    bool named = false;
    while (bson_iter_next(&at)) {
        const char *name = bson_iter_key(&at);
        if (strcmp(name, "seat_id") == 0) named = read_seat(&at, &seat.name);
        else if (strcmp(name, "price") == 0) {
            if (!mongo_fields_read_number(&at, &seat.price)) return false;
            if (seat.price < 0 || seat.price > PRICE_MAX) return false;
        } else if (strcmp(name, "seat_type") == 0 &&
                   !seat_type_parse(mongo_fields_text(&at), &type)) {
            return false;
        }
    }
    seat.type = (uint8_t)type;
    *ret_seat = seat;
    return named;
}

static bool read_booked_seats(const bson_iter_t *value, struct booking *booking)
{
    bson_iter_t at;
    uint8_t count = 0;
    if (!BSON_ITER_HOLDS_ARRAY(value) || !bson_iter_recurse(value, &at)) return false;
    while (bson_iter_next(&at)) {
        if (count == SEATS_PER_HOLD_MAX) return false;
        if (!read_booked_seat(&at, &booking->seats[count])) return false;
        count++;
    }
    booking->seat_count = count;
    return count > 0;
}

static bool read_block_seats(const bson_iter_t *value, struct block *block)
{
    bson_iter_t at;
    uint8_t count = 0;
    if (!BSON_ITER_HOLDS_ARRAY(value) || !bson_iter_recurse(value, &at)) return false;
    while (bson_iter_next(&at)) {
        if (count == SEATS_PER_BLOCK_MAX || !read_seat(&at, &block->seats[count])) return false;
        count++;
    }
    block->seat_count = count;
    return count > 0;
}

static bool read_code(struct slice text, struct code *ret_code)
{
    return code_parse(text, ret_code);
}

static bool read_text(enum mongo_field_kind kind, struct slice text, void *value)
{
    switch (kind) {
    case FIELD_REASON:
        if (text.size > REASON_SIZE_MAX) return false;
        *(struct reason *)value = reason_of(text);
        return true;
    case FIELD_URL:
        if (text.size > URL_SIZE_MAX) return false;
        *(struct url *)value = url_of(text);
        return true;
    case FIELD_UUID:
        return uuid_parse(text, value);
    case FIELD_KEY:
        (void)uuid_parse(text, value);
        return text.size > 0;
    case FIELD_HASH:
        return hex_parse(text, value, sizeof(struct fingerprint));
    case FIELD_CODE:
        return read_code(text, value);
    case FIELD_CURRENCY:
        return currency_parse(text, value);
    case FIELD_BOOKING_STATUS:
        return booking_status_parse(text, value);
    case FIELD_PAYMENT_STATUS:
        return payment_status_parse(text, value);
    case FIELD_METHOD:
        return payment_method_parse(text, value);
    default:
        CHECK(kind == FIELD_PAYMENT_REASON);
        return payment_reason_parse(text, value);
    }
}

static size_t size_of(enum mongo_field_kind kind)
{
    switch (kind) {
    case FIELD_MOMENT:
        return sizeof(int64_t);
    case FIELD_ID:
        return sizeof(struct id);
    case FIELD_USER:
        return sizeof(struct user);
    case FIELD_REASON:
        return sizeof(struct reason);
    case FIELD_URL:
        return sizeof(struct url);
    case FIELD_UUID:
    case FIELD_KEY:
        return sizeof(struct uuid);
    case FIELD_CURRENCY:
        return sizeof(struct currency);
    case FIELD_PAYMENT_REASON:
        return sizeof(enum payment_reason);
    default:
        return 0; /* Never empty. */
    }
}

static bool read_value(enum mongo_field_kind kind, const bson_iter_t *at, void *value)
{
    switch (kind) {
    case FIELD_MOMENT:
        return mongo_fields_read_moment(at, value);
    case FIELD_NUMBER:
        return mongo_fields_read_number(at, value) && *(int64_t *)value >= 0;
    case FIELD_FLAG:
        if (!BSON_ITER_HOLDS_BOOL(at)) return false;
        *(bool *)value = bson_iter_bool(at);
        return true;
    case FIELD_ID:
        return mongo_fields_read_id(at, value);
    case FIELD_USER:
        return mongo_fields_read_user(at, value);
    case FIELD_BOOKED_SEATS:
        return read_booked_seats(at, value);
    case FIELD_BLOCK_SEATS:
        return read_block_seats(at, value);
    default:
        return read_text(kind, mongo_fields_text(at), value);
    }
}

/* A null is the empty value; those that cannot be empty leave the record as it is. */
static bool read_field(const struct mongo_field *field, const bson_iter_t *at, void *record)
{
    void *value = (char *)record + field->offset;
    if (!BSON_ITER_HOLDS_NULL(at)) return read_value(field->kind, at, value);
    memset(value, 0, size_of(field->kind));
    return true;
}

static const struct mongo_field *find_field(const struct mongo_table *table, const char *name)
{
    for (size_t index = 0; index < table->count; index++) {
        if (strcmp(name, table->fields[index].name) == 0) return &table->fields[index];
    }
    return NULL;
}

bool mongo_fields_read(const struct mongo_table *table, const bson_t *document, void *record)
{
    struct mongo_fault fault;
    return !mongo_fields_fault(table, document, record, &fault);
}

bool mongo_fields_fault(const struct mongo_table *table, const bson_t *document, void *record,
                        struct mongo_fault *ret_fault)
{
    bson_iter_t at;
    if (!bson_iter_init(&at, document)) return true;
    while (bson_iter_next(&at)) {
        const struct mongo_field *field = find_field(table, bson_iter_key(&at));
        if (field == NULL || read_field(field, &at, record)) continue;
        mongo_fields_blame(ret_fault, field->name, NULL);
        return true;
    }
    return false;
}
