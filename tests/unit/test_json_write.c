#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "json/json_read.h"
#include "json/json_write.h"

static char block[1024];
static struct buffer buffer;

static struct json_writer start(void)
{
    buffer_init(&buffer, block, sizeof block);
    return json_writer_of(&buffer);
}

static void assert_written(struct slice expected)
{
    const struct slice text = buffer_text(&buffer);
    assert_int_equal(text.size, expected.size);
    assert_memory_equal(text.data, expected.data, expected.size);
}

static void commas_stand_where_they_belong(void **state)
{
    (void)state;
    struct json_writer writer = start();
    json_open_object(&writer);
    json_member_text(&writer, SLICE("a"), SLICE("x"));
    json_key(&writer, SLICE("b"));
    json_open_array(&writer);
    json_number(&writer, 1);
    json_open_object(&writer);
    json_close_object(&writer);
    json_open_array(&writer);
    json_close_array(&writer);
    json_null(&writer);
    json_bool(&writer, true);
    json_raw(&writer, SLICE("{\"k\":0}"));
    json_close_array(&writer);
    json_member_bool(&writer, SLICE("c"), false);
    json_member_number(&writer, SLICE("d"), INT64_MIN);
    json_member_time(&writer, SLICE("e"), INT64_C(1705314600000));
    json_close_object(&writer);
    assert_written(SLICE("{\"a\":\"x\",\"b\":[1,{},[],null,true,{\"k\":0}],\"c\":false,"
                         "\"d\":-9223372036854775808,\"e\":\"2024-01-15T10:30:00.000Z\"}"));
}

static void strings_are_escaped_and_bad_utf8_is_replaced(void **state)
{
    (void)state;
    struct json_writer writer = start();
    json_text(&writer, SLICE("a\"b\\c\n\r\t\b\x1f\x7f/\0z"));
    assert_written(SLICE("\"a\\\"b\\\\c\\n\\r\\t\\u0008\\u001f\x7f/\\u0000z\""));
    writer = start();
    json_text(&writer, SLICE("\xc3\xa9\xff\xf0\x9f\x98\x80\xed\xa0\x80\xe2\x82"));
    assert_written(SLICE("\"\xc3\xa9\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd"
                         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""));
    writer = start();
    json_text(&writer, (struct slice){0});
    assert_written(SLICE("\"\""));
}

static void whatever_is_written_can_be_read(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252U;
    printf("SEED=%llu\n", (unsigned long long)random);
    for (int round = 0; round < 20000; round++) {
        char bytes[24];
        for (size_t index = 0; index < sizeof bytes; index++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            bytes[index] = (char)(random >> 24);
        }
        /* A NUL is written escaped, and the reader refuses it on purpose. */
        for (size_t index = 0; index < sizeof bytes; index++) bytes[index] |= bytes[index] == 0;
        struct json_writer writer = start();
        json_open_object(&writer);
        json_member_text(&writer, (struct slice){bytes, 8}, (struct slice){bytes, sizeof bytes});
        json_close_object(&writer);
        static char memory[8192];
        struct arena arena;
        arena_init(&arena, memory, sizeof memory);
        const struct json *root = NULL;
        struct json_fault fault;
        if (!json_parse(buffer_text(&buffer), &arena, &root, &fault)) {
            fail_msg("%.*s", (int)fault.message.size, fault.message.data);
        }
    }
}

/* What a byte alone becomes, between plain letters on both sides. */
static void a_byte_is_written_alike_wherever_it_stands(void **state)
{
    (void)state;
    enum { PLAIN = 20 };
    for (int byte = 0; byte < 256; byte++) {
        const char letter = (char)byte;
        struct json_writer writer = start();
        json_text(&writer, (struct slice){&letter, 1});
        char alone[8];
        const size_t size = buffer_text(&buffer).size - 2;
        memcpy(alone, block + 1, size);
        for (size_t place = 0; place <= PLAIN; place++) {
            char text[PLAIN + 1];
            char expected[PLAIN + 2 + sizeof alone];
            memset(text, 'x', sizeof text);
            memset(expected, 'x', sizeof expected);
            text[place] = letter;
            memcpy(expected + 1 + place, alone, size);
            expected[0] = expected[PLAIN + size + 1] = '"';
            writer = start();
            json_text(&writer, (struct slice){text, sizeof text});
            assert_written((struct slice){expected, PLAIN + size + 2});
        }
    }
}

static void a_full_buffer_says_so(void **state)
{
    (void)state;
    char small[8];
    buffer_init(&buffer, small, sizeof small);
    struct json_writer writer = json_writer_of(&buffer);
    json_text(&writer, SLICE("more than that"));
    assert_true(buffer.overflowed);
    assert_int_equal(buffer_text(&buffer).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_stand_where_they_belong),
        cmocka_unit_test(strings_are_escaped_and_bad_utf8_is_replaced),
        cmocka_unit_test(whatever_is_written_can_be_read),
        cmocka_unit_test(a_byte_is_written_alike_wherever_it_stands),
        cmocka_unit_test(a_full_buffer_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
