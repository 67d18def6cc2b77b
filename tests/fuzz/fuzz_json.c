/* fuzz_json.c - JSON text: what is read has the shape that json_read.h promises, prints to a
 * text that reads and prints the same, and the room for it changes nothing but whether it fits. */
#include "fuzz/fuzz.h"

#include "base/buffer.h"
#include "json/json_read.h"
#include "json/utf8.h"

enum { INPUT_SIZE_MAX = 32 * 1024, SMALL_SIZE = 12 * 1024, PRINTED_SIZE = 8 * INPUT_SIZE_MAX };

static _Alignas(16) char blocks[2][8 * 1024 * 1024];
static char printed[2][PRINTED_SIZE];

static bool parse(struct slice text, char *block, size_t size, const struct json **ret_root,
                  struct json_fault *ret_fault)
{
    struct arena arena;
    arena_init(&arena, block, size);
    *ret_fault = (struct json_fault){0};
    const bool good = json_parse(text, &arena, ret_root, ret_fault);
    if (!good) {
        CHECK(ret_fault->message.size > 0);
        CHECK(ret_fault->offset <= text.size);
    }
    return good;
}

static void check_member(const struct json *object, const struct json *member)
{
    CHECK(utf8_valid_size(member->key) == member->key.size);
    CHECK(json_member(object, member->key) == member); /* None of that name before it. */
}

static void check_tree(const struct json *value, unsigned depth)
{
    CHECK(depth <= JSON_DEPTH_MAX);
    if (value->kind == JSON_STRING) {
        CHECK(utf8_valid_size(value->text) == value->text.size);
        CHECK(memchr(value->text.data, 0, value->text.size) == NULL);
    }
    uint32_t count = 0;
    for (const struct json *child = value->first; child != NULL; child = child->next) {
        CHECK(value->kind == JSON_ARRAY || value->kind == JSON_OBJECT);
        if (value->kind == JSON_OBJECT) check_member(value, child);
        check_tree(child, depth + 1);
        count++;
    }
    CHECK(count == value->count);
}

/* All values, names and strings, so that a print that loses one is noticed. */
static size_t weigh(const struct json *value)
{
    size_t weight = 1 + value->key.size + (value->kind == JSON_STRING ? value->text.size : 0);
    for (const struct json *child = value->first; child != NULL; child = child->next) {
        weight += weigh(child);
    }
    return weight;
}

static struct slice print(const struct json *root, char *target)
{
    struct buffer buffer;
    buffer_init(&buffer, target, PRINTED_SIZE);
    json_append_sorted(&buffer, root);
    CHECK(!buffer.overflowed);
    return buffer_text(&buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_SIZE_MAX) return -1;
    const struct slice text = {(const char *)data, size};
    const struct json *root = NULL;
    struct json_fault fault;

    const bool fits = parse(text, blocks[0], SMALL_SIZE, &root, &fault);
    struct json_fault small_fault = fault;
    const bool good = parse(text, blocks[0], sizeof blocks[0], &root, &fault);
    CHECK(fits == good || small_fault.arena_full);
    CHECK(!fault.arena_full);
    if (!good) return 0;

    check_tree(root, 0);
    const struct slice first = print(root, printed[0]);
    const struct json *again = NULL;
    CHECK(parse(first, blocks[1], sizeof blocks[1], &again, &fault));
    CHECK(weigh(again) == weigh(root));
    CHECK(slice_equal(first, print(again, printed[1])));
    return 0;
}
