#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "json/json_read.h"

static char block[64 * 1024];
static struct arena arena;
static struct json_fault fault;

static const struct json *parse(struct slice text)
{
    const struct json *root = NULL;
    arena_init(&arena, block, sizeof block);
    fault = (struct json_fault){0};
    if (!json_parse(text, &arena, &root, &fault)) return NULL;
    assert_int_equal(arena.capacity, sizeof block);
    return root;
}

static bool says(const char *words)
{
    return memmem(fault.message.data, fault.message.size, words, strlen(words)) != NULL;
}

static void assert_text(struct slice text, struct slice expected)
{
    assert_int_equal(text.size, expected.size);
    assert_memory_equal(text.data, expected.data, expected.size);
}

static void every_kind_of_value_is_read(void **state)
{
    (void)state;
    const struct json *root = parse(
        SLICE(" {\"text\":\"a\\u00e9\\ud83d\\ude00\\n\",\"number\":-12,\"real\":1e400,\"yes\":true,"
              "\"no\":false,\"none\":null,\"list\":[1,\"two\",[],{}],\"empty\":\"\"} "));
    assert_non_null(root);
    assert_int_equal(root->kind, JSON_OBJECT);
    assert_int_equal(root->count, 8);
    assert_text(json_member(root, SLICE("text"))->text, SLICE("a\xc3\xa9\xf0\x9f\x98\x80\n"));
    assert_int_equal(json_member(root, SLICE("number"))->kind, JSON_INTEGER);
    assert_int_equal(json_member(root, SLICE("number"))->integer, -12);
    assert_int_equal(json_member(root, SLICE("real"))->kind, JSON_REAL);
    assert_text(json_member(root, SLICE("real"))->text, SLICE("1e400"));
    assert_true(json_member(root, SLICE("yes"))->truth);
    assert_int_equal(json_member(root, SLICE("no"))->kind, JSON_BOOL);
    assert_false(json_member(root, SLICE("no"))->truth);
    assert_int_equal(json_member(root, SLICE("none"))->kind, JSON_NULL);
    const struct json *list = json_member(root, SLICE("list"));
    assert_int_equal(list->kind, JSON_ARRAY);
    assert_int_equal(list->count, 4);
    assert_int_equal(list->first->integer, 1);
    assert_text(list->first->next->text, SLICE("two"));
    assert_int_equal(list->first->next->next->kind, JSON_ARRAY);
    assert_int_equal(list->first->next->next->next->kind, JSON_OBJECT);
    assert_null(list->first->next->next->next->next);
    assert_int_equal(json_member(root, SLICE("empty"))->text.size, 0);
    assert_null(json_member(root, SLICE("nothing")));
    assert_null(json_member(list, SLICE("text")));
    assert_null(json_member(NULL, SLICE("text")));
}

static void a_member_that_holds_a_container_is_in_its_place(void **state)
{
    (void)state;
    const struct json *root = parse(SLICE("{\"a\":{\"b\":[{\"c\":1}]},\"d\":2}"));
    assert_non_null(root);
    const struct json *list = json_member(json_member(root, SLICE("a")), SLICE("b"));
    assert_int_equal(json_member(list->first, SLICE("c"))->integer, 1);
    assert_int_equal(json_member(root, SLICE("d"))->integer, 2);
}

static void integers_have_64_bits(void **state)
{
    (void)state;
    assert_int_equal(parse(SLICE("9223372036854775807"))->integer, INT64_MAX);
    assert_true(parse(SLICE("-9223372036854775808"))->integer == INT64_MIN);
    assert_int_equal(parse(SLICE("-0"))->integer, 0);
    assert_null(parse(SLICE("9223372036854775808")));
    assert_true(says("64 bits"));
    assert_null(parse(SLICE("[-9223372036854775809]")));
    assert_null(parse(SLICE("123456789012345678901234567890")));
    assert_int_equal(parse(SLICE("123456789012345678901234567890.0"))->kind, JSON_REAL);
}

static const struct {
    struct slice text;
    const char *says;
} faulty[] = {
    {SLICE_INIT(""), "premature EOF"},
    {SLICE_INIT("   "), "premature EOF"},
    {SLICE_INIT("{\"a\":1"), "premature EOF"},
    {SLICE_INIT("\"abc"), "premature EOF"},
    {SLICE_INIT("{\"a\":1} x"), "trailing garbage"},
    {SLICE_INIT("{}{}"), "trailing garbage"},
    {SLICE_INIT("1 2"), "trailing garbage"},
    {SLICE_INIT("[1,]"), "byte"},
    {SLICE_INIT("{\"a\":1,}"), "byte"},
    {SLICE_INIT("{a:1}"), "byte"},
    {SLICE_INIT("{\"a\" 1}"), "byte"},
    {SLICE_INIT("{1:1}"), "byte"},
    {SLICE_INIT("['a']"), "byte"},
    {SLICE_INIT("01"), "byte"},
    {SLICE_INIT("+1"), "byte"},
    {SLICE_INIT("1."), "byte"},
    {SLICE_INIT(".5"), "byte"},
    {SLICE_INIT("-"), "byte"},
    {SLICE_INIT("NaN"), "byte"},
    {SLICE_INIT("tru"), "byte"},
    {SLICE_INIT("[1] /* c */"), "byte"},
    {SLICE_INIT("/* c */ 1"), "byte"},
    {SLICE_INIT("// c\n1"), "byte"},
    {SLICE_INIT("\xef\xbb\xbf{}"), "byte"},
    {SLICE_INIT("\"a\nb\""), "byte"},
    {SLICE_INIT("\"a\0b\""), "byte"},
    {SLICE_INIT("{}\0"), "byte"},
    {SLICE_INIT("\"\\x\""), "byte"},
    {SLICE_INIT("\"\\u12g4\""), "byte"},
    {SLICE_INIT("\"\\u12\""), "byte"},
    {SLICE_INIT("\"\\"), "byte"},
    {SLICE_INIT("\\"), "byte"},
    {SLICE_INIT("{\"a\":1,\"a\":2}"), "two members"},
    {SLICE_INIT("{\"a\":1,\"\\u0061\":2}"), "two members"},
    {SLICE_INIT("[{\"x\":{\"b\":[],\"c\":1,\"b\":2}}]"), "two members"},
    {SLICE_INIT("\"a\\u0000b\""), "NUL"},
    {SLICE_INIT("{\"\\u0000\":1}"), "NUL"},
    {SLICE_INIT("\"\\ud800\""), "surrogate"},
    {SLICE_INIT("\"\\ud800x\""), "surrogate"},
    {SLICE_INIT("\"\\ud800\\u0041\""), "surrogate"},
    {SLICE_INIT("\"\\ud800\\ud800\""), "surrogate"},
    {SLICE_INIT("\"\\udc00\""), "surrogate"},
    {SLICE_INIT("\"\\ud83d\\ude00\\udE00\""), "surrogate"},
    {SLICE_INIT("\"\xff\""), "UTF-8"},
    {SLICE_INIT("\"\xc0\xaf\""), "UTF-8"},
    {SLICE_INIT("\"\xe0\x80\xaf\""), "UTF-8"},
    {SLICE_INIT("\"\xed\xa0\x80\""), "UTF-8"},
    {SLICE_INIT("\"\xf4\x90\x80\x80\""), "UTF-8"},
    {SLICE_INIT("\"\xf8\x88\x80\x80\x80\""), "UTF-8"},
    {SLICE_INIT("\"\xe2\x82\""), "UTF-8"},
    {SLICE_INIT("\"\xe2\x82"), "UTF-8"},
    {SLICE_INIT("\"\x80\""), "UTF-8"},
};

static void what_is_no_strict_json_is_refused_with_its_reason(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof faulty / sizeof faulty[0]; row++) {
        if (parse(faulty[row].text) != NULL) fail_msg("row %zu was accepted", row);
        if (!says(faulty[row].says)) {
            fail_msg("row %zu says: %.*s", row, (int)fault.message.size, fault.message.data);
        }
        assert_false(fault.arena_full);
    }
}

static void escapes_that_look_alike_are_told_apart(void **state)
{
    (void)state;
    assert_text(parse(SLICE("\"\\\\u0000\""))->text, SLICE("\\u0000"));
    assert_text(parse(SLICE("\"\\\\\\\\ud800\""))->text, SLICE("\\\\ud800"));
    assert_text(parse(SLICE("\"\\\"\\/\\b\\f\\r\\t\""))->text, SLICE("\"/\b\f\r\t"));
    assert_text(parse(SLICE("\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\""))->text,
                SLICE("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"));
}

static void the_fault_names_the_byte(void **state)
{
    (void)state;
    assert_null(parse(SLICE("[1, \"\xff\"]")));
    assert_int_equal(fault.offset, 5);
    assert_null(parse(SLICE("[1, \"ab\\u0000\"]")));
    assert_int_equal(fault.offset, 7);
    assert_true(says("byte 7"));
}

static void depth_is_limited(void **state)
{
    (void)state;
    assert_non_null(parse(SLICE("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]")));
    assert_null(parse(SLICE("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]")));
    assert_true(says("deeper than 16"));
    assert_null(parse(SLICE("{\"a\":[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]}")));
    static char deep[20000];
    memset(deep, '[', sizeof deep);
    assert_null(parse((struct slice){deep, sizeof deep}));
    assert_true(says("deeper than 16"));
}

static void a_text_too_large_for_the_arena_is_refused_and_the_arena_stays_whole(void **state)
{
    (void)state;
    static char text[16 * 1024];
    memset(text, '1', sizeof text);
    for (size_t index = 0; index < sizeof text; index += 2) text[index] = ',';
    text[0] = '[';
    text[sizeof text - 1] = ']';
    const struct slice list = {text, sizeof text};
    assert_null(parse(list));
    assert_true(fault.arena_full);
    assert_true(says("too many values"));
    assert_int_equal(arena.capacity, sizeof block);

    const struct json *root = NULL;
    for (size_t capacity = 1; capacity < 4096; capacity++) {
        arena_init(&arena, block, capacity);
        fault = (struct json_fault){0};
        const bool parsed =
            json_parse(SLICE("{\"a\":[1,\"x\\n\",{\"b\":null}]}"), &arena, &root, &fault);
        assert_int_equal(arena.capacity, capacity);
        if (!parsed) assert_true(fault.arena_full);
        if (!parsed) assert_true(fault.message.size > 0);
    }
}

static void a_long_escaped_string_fits_an_exchange(void **state)
{
    (void)state;
    static char text[16 * 1024];
    memset(text, 'a', sizeof text);
    text[0] = text[sizeof text - 1] = '"';
    memcpy(text + 5000, "\\n", 2);
    memcpy(text + 12000, "\\n", 2);
    const struct json *root = parse((struct slice){text, sizeof text});
    assert_non_null(root);
    assert_int_equal(root->text.size, sizeof text - 4);
    assert_int_equal(root->text.data[4999], '\n');
    assert_int_equal(root->text.data[11998], '\n');
    assert_int_equal(root->text.data[root->text.size - 1], 'a');
}

/* A text cut or changed anywhere must be judged, never crash; sanitizers watch. */
static void mutated_texts_do_no_harm(void **state)
{
    (void)state;
    const struct slice original =
        SLICE("{\"showtime_id\":\"65a1\",\"seats\":[\"A1\",\"B\\u00322\"],\"x\":{\"y\":-1.5e3}}");
    uint64_t random = 88172645463325252U;
    printf("SEED=%llu\n", (unsigned long long)random);
    for (int round = 0; round < 20000; round++) {
        char text[128];
        memcpy(text, original.data, original.size);
        for (int change = 0; change < 3; change++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            text[random % original.size] = (char)(random >> 32);
        }
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        const struct json *root = parse((struct slice){text, random % (original.size + 1)});
        if (root == NULL) assert_true(fault.message.size > 0);
    }
}

static void the_canonical_text_sorts_members_at_every_depth(void **state)
{
    (void)state;
    const struct json *root = parse(SLICE("{ \"b\" : [ {\"z\":1, \"a\":-2} , 1.50, null ], "
                                          "\"aa\":\"\\u0041\\n\", \"a\":true, \"\":{} }"));
    assert_non_null(root);
    char text[256];
    struct buffer buffer;
    buffer_init(&buffer, text, sizeof text);
    json_append_sorted(&buffer, root);
    assert_text(buffer_text(&buffer),
                SLICE("{\"\":{},\"a\":true,\"aa\":\"A\\n\",\"b\":[{\"a\":-2,\"z\":1},1.50,null]}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_is_read),
        cmocka_unit_test(a_member_that_holds_a_container_is_in_its_place),
        cmocka_unit_test(integers_have_64_bits),
        cmocka_unit_test(what_is_no_strict_json_is_refused_with_its_reason),
        cmocka_unit_test(escapes_that_look_alike_are_told_apart),
        cmocka_unit_test(the_fault_names_the_byte),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(a_text_too_large_for_the_arena_is_refused_and_the_arena_stays_whole),
        cmocka_unit_test(a_long_escaped_string_fits_an_exchange),
        cmocka_unit_test(mutated_texts_do_no_harm),
        cmocka_unit_test(the_canonical_text_sorts_members_at_every_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
