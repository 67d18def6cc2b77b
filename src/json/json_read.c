#include "json/json_read.h"

#include <setjmp.h>
#include <yajl/yajl_parse.h>

#include "base/buffer.h"
#include "json/json_write.h"
#include "json/utf8.h"

enum {
    MESSAGE_SIZE_MAX = 160, /* yajl's longest sentence and ours around it. */
    BLOCK_HEADER_SIZE = 16, /* A size, and the alignment of what stands behind it. */
};

/* The tree while yajl reports its events. */
struct builder {
    struct arena *arena;
    struct json *root;
    struct json *open[JSON_DEPTH_MAX]; /* The arrays and objects that we are inside of. */
    struct json *last[JSON_DEPTH_MAX]; /* The last child of each. */
    size_t depth;
    struct json *member;   /* Named, and waiting for its value. */
    const char *complaint; /* Why an event was refused; NULL: yajl's own reasons. */
    bool arena_full;
    jmp_buf no_memory;
};

/* yajl never looks at what its allocator gives, so a full arena leaves through longjmp; all
 * that is left behind is in the arena. Its memory comes from the arena's end, growing down,
 * and goes back when the parse is over. In front of each block stands its size. */
static void *take_from_end(void *context, size_t size)
{
    struct builder *builder = context;
    struct arena *arena = builder->arena;
    const size_t room = arena->capacity - arena->used;
    if (size > room || room - size < 2 * BLOCK_HEADER_SIZE) {
        builder->arena_full = true;
        longjmp(builder->no_memory, 1);
    }
    const uintptr_t end = (uintptr_t)(arena->block + arena->capacity);
    const uintptr_t start = (end - size) & ~(uintptr_t)(BLOCK_HEADER_SIZE - 1);
    char *taken = arena->block + (start - (uintptr_t)arena->block);
    memcpy(taken - BLOCK_HEADER_SIZE, &size, sizeof size);
    arena->capacity = (size_t)(taken - BLOCK_HEADER_SIZE - arena->block);
    return taken;
}

/* The lowest block grows in place, so that a long string does not leave its halves behind. */
static void *move_at_end(void *context, void *old, size_t size)
{
    if (old == NULL) return take_from_end(context, size);
    struct arena *arena = ((struct builder *)context)->arena;
    size_t old_size = 0;
    memcpy(&old_size, (char *)old - BLOCK_HEADER_SIZE, sizeof old_size);
    if (size <= old_size) return old;
    const bool lowest = (char *)old - BLOCK_HEADER_SIZE == arena->block + arena->capacity;
    if (lowest) arena->capacity = (size_t)((char *)old + old_size - arena->block);
    void *taken = take_from_end(context, size);
    memmove(taken, old, old_size);
    return taken;
}

static void keep(void *context, void *block)
{
    (void)context;
    (void)block;
}

static int refuse(struct builder *builder, const char *complaint)
{
    builder->complaint = complaint;
    return 0;
}

static int refuse_full(struct builder *builder)
{
    builder->arena_full = true;
    return 0;
}

/* A node with `text` copied behind it, which costs little: short texts fit its padding. */
static struct json *new_node(struct builder *builder, struct slice text, struct slice *ret_copy)
{
    struct json *node = arena_take(builder->arena, sizeof *node + text.size);
    if (node == NULL) return NULL;
    char *copy = (char *)(node + 1);
    if (text.size > 0) memcpy(copy, text.data, text.size);
    *ret_copy = (struct slice){.data = copy, .size = text.size};
    return node;
}

/* Puts a value in its place: behind its name, behind the last element, or at the root. */
static struct json *add_value(struct builder *builder, enum json_kind kind, struct slice text)
{
    struct json *node = builder->member;
    struct slice copy = {0};
    if (node != NULL) {
        builder->member = NULL;
        if (text.data != NULL) {
            copy = arena_copy(builder->arena, text);
            if (copy.data == NULL) return NULL;
        }
    } else {
        node = new_node(builder, text, &copy);
        if (node == NULL) return NULL;
        if (builder->depth == 0) {
            builder->root = node;
        } else {
            struct json *parent = builder->open[builder->depth - 1];
            struct json *last = builder->last[builder->depth - 1];
            *(last == NULL ? &parent->first : &last->next) = node;
            builder->last[builder->depth - 1] = node;
            parent->count++;
        }
    }
    node->kind = kind;
    node->text = copy;
    return node;
}

static int on_null(void *context)
{
    struct builder *builder = context;
    return add_value(builder, JSON_NULL, (struct slice){0}) != NULL ? 1 : refuse_full(builder);
}

static int on_boolean(void *context, int truth)
{
    struct builder *builder = context;
    struct json *node = add_value(builder, JSON_BOOL, (struct slice){0});
    if (node == NULL) return refuse_full(builder);
    node->truth = truth != 0;
    return 1;
}

static bool is_real(struct slice text)
{
    for (size_t index = 0; index < text.size; index++) {
        const char letter = text.data[index];
        if (letter == '.' || letter == 'e' || letter == 'E') return true;
    }
    return false;
}

/* Reads digits that yajl has checked; false if they mean more than 64 bits hold. */
static bool to_integer(struct slice text, int64_t *ret_integer)
{
    const bool negative = text.data[0] == '-';
    const uint64_t max = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t magnitude = 0;
    if (!slice_to_number(slice_from(text, negative ? 1 : 0), max, &magnitude)) return false;
    *ret_integer = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

static int on_number(void *context, const char *data, size_t size)
{
    struct builder *builder = context;
    const struct slice text = {.data = data, .size = size};
    CHECK(size > 0);

    const bool real = is_real(text);
    int64_t integer = 0;
    if (!real && !to_integer(text, &integer)) {
        return refuse(builder, "an integer is larger than 64 bits");
    }
    struct json *node = add_value(builder, real ? JSON_REAL : JSON_INTEGER, text);
    if (node == NULL) return refuse_full(builder);
    node->integer = integer;
    return 1;
}

static int on_string(void *context, const unsigned char *data, size_t size)
{
    struct builder *builder = context;
    const struct slice text = {.data = (const char *)data, .size = size};
    return add_value(builder, JSON_STRING, text) != NULL ? 1 : refuse_full(builder);
}

static int open_container(struct builder *builder, enum json_kind kind)
{
    if (builder->depth == JSON_DEPTH_MAX) {
        return refuse(builder, "arrays and objects are nested deeper than 16");
    }
    struct json *node = add_value(builder, kind, (struct slice){0});
    if (node == NULL) return refuse_full(builder);
    builder->open[builder->depth] = node;
    builder->last[builder->depth] = NULL;
    builder->depth++;
    return 1;
}

static int close_container(struct builder *builder)
{
    CHECK(builder->depth > 0);
    builder->depth--;
    return 1;
}

static int on_start_map(void *context)
{
    return open_container(context, JSON_OBJECT);
}

static int on_start_array(void *context)
{
    return open_container(context, JSON_ARRAY);
}

static int on_end(void *context)
{
    return close_container(context);
}

/* The search is as long as the object, so its members are limited. */
static int on_map_key(void *context, const unsigned char *data, size_t size)
{
    struct builder *builder = context;
    const struct slice key = {.data = (const char *)data, .size = size};
    CHECK(builder->depth > 0);
    CHECK(builder->member == NULL);

    struct json *object = builder->open[builder->depth - 1];
    if (object->count == JSON_MEMBERS_MAX) {
        return refuse(builder, "an object has more than 4096 members");
    }
    if (json_member(object, key) != NULL) {
        return refuse(builder, "an object has two members of one name");
    }
    struct slice copy = {0};
    struct json *node = new_node(builder, key, &copy);
    if (node == NULL) return refuse_full(builder);
    node->key = copy;
    struct json *last = builder->last[builder->depth - 1];
    *(last == NULL ? &object->first : &last->next) = node;
    builder->last[builder->depth - 1] = node;
    object->count++;
    builder->member = node;
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_map_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

/* The code unit of the escape `\uXXXX` that `text` starts with; -1 if it starts with none. */
static int32_t escaped_unit(struct slice text)
{
    if (text.size < 6 || text.data[0] != '\\' || text.data[1] != 'u') return -1;
    int32_t unit = 0;
    for (size_t index = 2; index < 6; index++) {
        const char digit = text.data[index];
        int value = 0;
        if (digit >= '0' && digit <= '9') value = digit - '0';
        else if (digit >= 'a' && digit <= 'f') value = digit - 'a' + 10;
        else if (digit >= 'A' && digit <= 'F') value = digit - 'A' + 10;
        else return -1;
        unit = unit << 4 | value;
    }
    return unit;
}

/* Judges the escape at `offset` and gives its size. yajl decodes half a surrogate pair to
 * something, so pairs are checked before it sees them. A malformed escape is left to yajl. */
static size_t judge_escape(struct slice text, size_t offset, const char **ret_complaint)
{
    const struct slice rest = slice_from(text, offset);
    const int32_t unit = escaped_unit(rest);
    if (unit < 0) return rest.size < 2 ? rest.size : 2;
    if (unit == 0) *ret_complaint = "a string contains a NUL";
    if (unit < 0xd800 || unit > 0xdfff) return 6;
    const int32_t second = escaped_unit(slice_from(rest, 6));
    const bool pair = unit <= 0xdbff && second >= 0xdc00 && second <= 0xdfff;
    if (!pair) *ret_complaint = "a string contains half a surrogate pair";
    return 12;
}

/* What yajl does not look at. A backslash outside of a string is an error either way. */
static const char *judge_text(struct slice text, size_t *ret_offset)
{
    const size_t valid_size = utf8_valid_size(text);
    if (valid_size < text.size) {
        *ret_offset = valid_size;
        return "the text is not UTF-8";
    }
    size_t offset = 0;
    while (offset < text.size) {
        const char *found = memchr(text.data + offset, '\\', text.size - offset);
        if (found == NULL) break;
        offset = (size_t)(found - text.data);
        const char *complaint = NULL;
        const size_t size = judge_escape(text, offset, &complaint);
        if (complaint != NULL) {
            *ret_offset = offset;
            return complaint;
        }
        offset += size;
    }
    return NULL;
}

/* yajl's sentence without its class and its line break: `premature EOF`. */
static struct slice yajl_complaint(yajl_handle parser)
{
    const struct slice whole = slice_of((const char *)yajl_get_error(parser, 0, NULL, 0));
    struct slice sentence = {0};
    slice_cut(whole, ':', &sentence);
    sentence = slice_trim(sentence.size > 0 ? sentence : whole);
    while (sentence.size > 0 && sentence.data[sentence.size - 1] == '\n') sentence.size--;
    return sentence;
}

static struct json_fault fault_of(struct arena *arena, struct slice complaint, size_t offset)
{
    struct json_fault fault = {.offset = offset, .message = SLICE("the JSON text is not valid")};
    char text[MESSAGE_SIZE_MAX];
    struct buffer buffer;
    buffer_init(&buffer, text, sizeof text);
    buffer_append(&buffer, SLICE("not acceptable JSON at byte "));
    buffer_append_unsigned(&buffer, offset);
    buffer_append(&buffer, SLICE(": "));
    buffer_append(&buffer, complaint);
    const struct slice copy = arena_copy(arena, buffer_text(&buffer));
    if (copy.size > 0) fault.message = copy;
    return fault;
}

static struct json_fault fault_of_parse(const struct builder *builder, yajl_handle parser,
                                        size_t offset)
{
    if (builder->arena_full) {
        return (struct json_fault){.offset = offset,
                                   .arena_full = true,
                                   .message = SLICE("the JSON text has too many values")};
    }
    const struct slice complaint =
        builder->complaint != NULL ? slice_of(builder->complaint) : yajl_complaint(parser);
    return fault_of(builder->arena, complaint, offset);
}

/* Runs yajl over the text; false if it was refused. */
static bool run(struct builder *builder, struct slice text, struct json_fault *ret_fault)
{
    yajl_alloc_funcs functions = {
        .malloc = take_from_end, .realloc = move_at_end, .free = keep, .ctx = builder};
    if (setjmp(builder->no_memory) != 0) {
        *ret_fault = fault_of_parse(builder, NULL, 0);
        return false;
    }
    yajl_handle parser = yajl_alloc(&callbacks, &functions, builder);
    CHECK(parser != NULL);
    yajl_status status = yajl_parse(parser, (const unsigned char *)text.data, text.size);
    size_t offset = yajl_get_bytes_consumed(parser);
    if (status == yajl_status_ok) {
        status = yajl_complete_parse(parser);
        offset = text.size;
    }
    if (status == yajl_status_ok) return true;
    *ret_fault = fault_of_parse(builder, parser, offset);
    return false;
}

bool json_parse(struct slice text, struct arena *arena, const struct json **ret_root,
                struct json_fault *ret_fault)
{
    CHECK(ret_root != NULL);
    CHECK(ret_fault != NULL);

    size_t offset = 0;
    const char *complaint = judge_text(text, &offset);
    if (complaint != NULL) {
        *ret_fault = fault_of(arena, slice_of(complaint), offset);
        return false;
    }
    const size_t capacity = arena->capacity;
    struct builder builder = {.arena = arena};
    const bool parsed = run(&builder, text, ret_fault);
    arena->capacity = capacity;
    if (!parsed) return false;
    CHECK(builder.root != NULL);
    CHECK(builder.depth == 0);
    *ret_root = builder.root;
    return true;
}

const struct json *json_member(const struct json *object, struct slice key)
{
    if (object == NULL || object->kind != JSON_OBJECT) return NULL;
    for (const struct json *member = object->first; member != NULL; member = member->next) {
        if (slice_equal(member->key, key)) return member;
    }
    return NULL;
}

static int compare_bytes(struct slice left, struct slice right)
{
    const size_t size = left.size < right.size ? left.size : right.size;
    const int order = size > 0 ? memcmp(left.data, right.data, size) : 0;
    if (order != 0) return order;
    return (left.size > right.size) - (left.size < right.size);
}

/* The member with the smallest name behind that of `before`, or the smallest of all. */
static const struct json *next_sorted(const struct json *object, const struct json *before)
{
    const struct json *smallest = NULL;
    for (const struct json *member = object->first; member != NULL; member = member->next) {
        if (before != NULL && compare_bytes(member->key, before->key) <= 0) continue;
        if (smallest == NULL || compare_bytes(member->key, smallest->key) < 0) smallest = member;
    }
    return smallest;
}

/* Recursion is as deep as the value, which is at most JSON_DEPTH_MAX. */
static void write_sorted(struct json_writer *writer, const struct json *value)
{
    switch (value->kind) {
    case JSON_NULL:
        json_null(writer);
        break;
    case JSON_BOOL:
        json_bool(writer, value->truth);
        break;
    case JSON_INTEGER:
        json_number(writer, value->integer);
        break;
    case JSON_REAL:
        json_raw(writer, value->text);
        break;
    case JSON_STRING:
        json_text(writer, value->text);
        break;
    case JSON_ARRAY:
        json_open_array(writer);
        for (const struct json *element = value->first; element != NULL; element = element->next) {
            write_sorted(writer, element);
        }
        json_close_array(writer);
        break;
    case JSON_OBJECT:
        json_open_object(writer);
        for (const struct json *member = next_sorted(value, NULL); member != NULL;
             member = next_sorted(value, member)) {
            json_key(writer, member->key);
            write_sorted(writer, member);
        }
        json_close_object(writer);
        break;
    }
}

void json_append_sorted(struct buffer *buffer, const struct json *value)
{
    CHECK(value != NULL);

    struct json_writer writer = json_writer_of(buffer);
    write_sorted(&writer, value);
}
