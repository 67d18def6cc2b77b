#include "catalogue/node.h"

#include "base/buffer.h"
#include "base/check.h"

enum { WORDS_SIZE_MAX = 128 };

struct node node_member(const struct node *object, struct slice key)
{
    CHECK(key.data != NULL);
    return (struct node){.place = {.parent = &object->place, .key = key},
                         .json = json_member(object->json, key),
                         .faults = object->faults,
                         .optional = object->partial};
}

struct node node_child(const struct node *parent, const struct json *json, size_t index)
{
    CHECK(json != NULL);
    return (struct node){
        .place = {.parent = &parent->place, .key = json->key, .index = index},
        .json = json,
        .faults = parent->faults,
    };
}

bool node_missing(const struct node *node)
{
    return node->json == NULL;
}

static void report_missing(const struct node *node)
{
    if (!node->optional) faults_add(node->faults, &node->place, "is missing");
}

static bool is_one_of(struct slice key, const struct slice *known, size_t known_count)
{
    for (size_t index = 0; index < known_count; index++) {
        if (slice_equal(key, known[index])) return true;
    }
    return false;
}

bool node_is_object(const struct node *node, const struct slice *known, size_t known_count)
{
    if (node->json == NULL) {
        report_missing(node);
        return false;
    }
    if (node->json->kind != JSON_OBJECT) {
        faults_add(node->faults, &node->place, "must be an object");
        return false;
    }
    for (const struct json *member = node->json->first; member != NULL; member = member->next) {
        if (is_one_of(member->key, known, known_count)) continue;
        const struct node unknown = node_child(node, member, 0);
        faults_add(node->faults, &unknown.place, "is not a member of this");
    }
    return true;
}

bool node_is_array(const struct node *node, size_t count_max)
{
    if (node->json == NULL) return false;
    if (node->json->kind != JSON_ARRAY) {
        faults_add(node->faults, &node->place, "must be an array");
        return false;
    }
    if (node->json->count > count_max) {
        faults_add(node->faults, &node->place, "must have at most %zu entries", count_max);
        return false;
    }
    return true;
}

static bool is_clean(struct slice text, bool lines)
{
    for (size_t index = 0; index < text.size; index++) {
        const unsigned char letter = (unsigned char)text.data[index];
        if (lines && (letter == '\n' || letter == '\t')) continue;
        if (letter < 0x20 || letter == 0x7f) return false;
    }
    return true;
}

struct slice node_text(const struct node *node, struct text_rule rule)
{
    CHECK(rule.size_min <= rule.size_max);

    const struct slice none = {0};
    if (node->json == NULL) {
        if (rule.size_min > 0) report_missing(node);
        return none;
    }
    if (node->json->kind != JSON_STRING) {
        faults_add(node->faults, &node->place, "must be a string");
        return none;
    }
    const struct slice text = node->json->text;
    if (text.size < rule.size_min) {
        faults_add(node->faults, &node->place, "must not be empty");
        return none;
    }
    if (text.size > rule.size_max) {
        faults_add(node->faults, &node->place, "must have at most %zu bytes", rule.size_max);
        return none;
    }
    if (!is_clean(text, rule.lines)) {
        faults_add(node->faults, &node->place, "must not contain control characters");
        return none;
    }
    return text;
}

int64_t node_integer(const struct node *node, int64_t min, int64_t max)
{
    CHECK(min <= max);

    if (node->json == NULL) {
        report_missing(node);
        return min;
    }
    if (node->json->kind != JSON_INTEGER || node->json->integer < min) {
        faults_add(node->faults, &node->place, "must be an integer >= %lld", (long long)min);
        return min;
    }
    if (node->json->integer > max) {
        faults_add(node->faults, &node->place, "must be an integer <= %lld", (long long)max);
        return min;
    }
    return node->json->integer;
}

size_t node_word(const struct node *node, const struct slice *words, size_t word_count)
{
    CHECK(word_count > 0);

    if (node->json == NULL) {
        report_missing(node);
        return word_count;
    }
    if (node->json->kind == JSON_STRING) {
        for (size_t index = 0; index < word_count; index++) {
            if (slice_equal(node->json->text, words[index])) return index;
        }
    }
    char block[WORDS_SIZE_MAX];
    struct buffer list;
    buffer_init(&list, block, sizeof block);
    for (size_t index = 0; index < word_count; index++) {
        if (index > 0) buffer_append(&list, SLICE(", "));
        buffer_append(&list, words[index]);
    }
    const struct slice text = buffer_text(&list);
    faults_add(node->faults, &node->place, "must be one of: %.*s", (int)text.size, text.data);
    return word_count;
}

bool node_flag(const struct node *node, bool missing)
{
    if (node->json == NULL) return missing;
    if (node->json->kind != JSON_BOOL) {
        faults_add(node->faults, &node->place, "must be true or false");
        return missing;
    }
    return node->json->truth;
}

struct id node_id(const struct node *node)
{
    struct id id = {0};
    if (node->json == NULL) return id;
    if (node->json->kind != JSON_STRING || !id_parse(node->json->text, &id)) {
        faults_add(node->faults, &node->place, "must be 24 hex digits, not all zero");
    }
    return id;
}
