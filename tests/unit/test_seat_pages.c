#include "support/unit.h"

#include <libdeflate.h>
#include <pthread.h>
#include <stdatomic.h>

#include "engine/feed.h"
#include "http/seat_body.h"
#include "http/seat_pages.h"
#include "http/shared.h"
#include "support/fake_exchange.h"
#include "json/json_write.h"

enum { BODY_SIZE_MAX = 256 * 1024 };

/* A catalogue of one plan, and how often it was asked. */
struct fixture {
    struct feed *feed;
    struct seat_pages *pages;
    struct catalogue catalogue;
    struct seat_plan plan;
    uint32_t plans_read;
    enum error plan_error;
    struct seat_map map;
    void *block;
    bool moves; /* Is there something new to be read? */
};

static enum error find_plan(void *context, struct id showtime, struct seat_plan *ret_plan)
{
    struct fixture *fixture = context;
    (void)showtime;
    fixture->plans_read++;
    if (fixture->plan_error != ERROR_NONE) return fixture->plan_error;
    *ret_plan = fixture->plan;
    return ERROR_NONE;
}

static const struct catalogue_methods methods = {.find_plan = find_plan};

static struct id id_of(uint8_t number)
{
    return (struct id){.bytes = {[0] = 0xab, [ID_SIZE - 1] = number}};
}

static void lay_out(struct fixture *fixture, uint16_t rows, uint16_t cols)
{
    fixture->plan = (struct seat_plan){.layout = {.rows = rows, .cols = cols}};
    for (uint32_t place = 0; place < (uint32_t)rows * cols; place++) {
        fixture->plan.layout.types[place] = (uint8_t)(place % SEAT_TYPE_COUNT);
    }
}

/* Makes the map of the plan and publishes it. */
static void open_showtime(struct fixture *fixture)
{
    const struct seat_layout *layout = &fixture->plan.layout;
    free(fixture->block);
    fixture->block = NULL;
    const size_t size = seat_map_size((uint32_t)layout->rows * layout->cols);
    assert_int_equal(posix_memalign(&fixture->block, 16, size), 0);
    memset(fixture->block, 0, size);
    seat_map_init(&fixture->map, layout, fixture->block);
    fixture->map.showtime = id_of(1);
    fixture->map.version = 7;
    fixture->map.prices[SEAT_STANDARD] = 90000;
    fixture->map.prices[SEAT_VIP] = 120000;
    fixture->map.prices[SEAT_COUPLE] = 200000;
    feed_publish(fixture->feed, 0, &fixture->map);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->feed = feed_open(8);
    fixture->pages = seat_pages_open();
    fixture->catalogue = (struct catalogue){.context = fixture, .methods = &methods};
    lay_out(fixture, 3, 4);
    fixture->plan.layout.types[5] = SEAT_TYPE_COUNT; /* B2 */
    fixture->plan.aisle_count = 2;
    fixture->plan.aisles_after[0] = 1;
    fixture->plan.aisles_after[1] = 3;
    fixture->plan.accessible_count = 1;
    fixture->plan.accessible[0] = 11; /* C4 */
    open_showtime(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    seat_pages_close(fixture->pages);
    feed_close(fixture->feed);
    free(fixture->block);
    free(fixture);
    return 0;
}

static struct seat_page find(struct fixture *fixture, bool gzip)
{
    struct seat_page page = {0};
    assert_int_equal(seat_pages_find(fixture->pages, fixture->feed, &fixture->catalogue,
                                     fixture->map.showtime, gzip, &page),
                     ERROR_NONE);
    return page;
}

static void change_seat(struct fixture *fixture, uint32_t place, enum seat_state seat_state)
{
    fixture->map.states[place] = (uint8_t)seat_state;
    fixture->map.version++;
    feed_publish(fixture->feed, 0, &fixture->map);
}

/* The body as the contract has it, built the slow way. */
static struct slice expected_body(const struct fixture *fixture, char *block)
{
    const struct seat_plan *plan = &fixture->plan;
    const struct seat_map *map = &fixture->map;
    struct buffer buffer;
    buffer_init(&buffer, block, BODY_SIZE_MAX);
    struct json_writer writer = json_writer_of(&buffer);
    char hex[ID_HEX_SIZE];
    id_format(map->showtime, hex);
    json_open_object(&writer);
    json_member_text(&writer, SLICE("showtime_id"), (struct slice){hex, sizeof hex});
    json_member_number(&writer, SLICE("version"), (int64_t)map->version);
    json_key(&writer, SLICE("layout"));
    json_open_object(&writer);
    json_member_number(&writer, SLICE("rows"), plan->layout.rows);
    json_member_number(&writer, SLICE("cols"), plan->layout.cols);
    json_key(&writer, SLICE("unavailable"));
    json_open_array(&writer);
    char name[SEAT_NAME_SIZE_MAX];
    for (uint32_t place = 0; place < map->place_count; place++) {
        if (map->states[place] != SEAT_ABSENT) continue;
        json_text(&writer, (struct slice){name, seat_name_format(seat_map_name(map, place), name)});
    }
    json_close_array(&writer);
    json_key(&writer, SLICE("aisles_after"));
    json_open_array(&writer);
    for (size_t index = 0; index < plan->aisle_count; index++)
        json_number(&writer, plan->aisles_after[index]);
    json_close_array(&writer);
    json_key(&writer, SLICE("accessible"));
    json_open_array(&writer);
    for (size_t index = 0; index < plan->accessible_count; index++) {
        const struct seat_name seat = seat_map_name(map, plan->accessible[index]);
        json_text(&writer, (struct slice){name, seat_name_format(seat, name)});
    }
    json_close_array(&writer);
    json_close_object(&writer);
    json_key(&writer, SLICE("prices"));
    json_open_object(&writer);
    json_member_number(&writer, SLICE("standard"), map->prices[SEAT_STANDARD]);
    json_member_number(&writer, SLICE("vip"), map->prices[SEAT_VIP]);
    json_member_number(&writer, SLICE("couple"), map->prices[SEAT_COUPLE]);
    json_close_object(&writer);
    json_key(&writer, SLICE("seats"));
    json_open_object(&writer);
    for (uint32_t place = 0; place < map->place_count; place++) {
        if (map->states[place] == SEAT_ABSENT) continue;
        json_key(&writer, (struct slice){name, seat_name_format(seat_map_name(map, place), name)});
        json_open_object(&writer);
        json_member_text(&writer, SLICE("status"), seat_state_name(map->states[place]));
        json_member_text(&writer, SLICE("seat_type"), seat_type_name(map->types[place]));
        json_close_object(&writer);
    }
    json_close_object(&writer);
    json_close_object(&writer);
    assert_false(buffer.overflowed);
    return buffer_text(&buffer);
}

static void assert_body_right(struct fixture *fixture)
{
    static char block[BODY_SIZE_MAX];
    const struct seat_page page = find(fixture, false);
    assert_slice_equal(shared_bytes(page.body), expected_body(fixture, block));
    shared_unref(page.body);
}

static void a_small_map_reads_as_the_contract_says(void **state)
{
    struct fixture *fixture = *state;
    fixture->map.states[0] = SEAT_HELD;
    fixture->map.states[1] = SEAT_BOOKED;
    change_seat(fixture, 2, SEAT_BLOCKED);
    const struct seat_page page = find(fixture, false);

    assert_slice_equal(
        shared_bytes(page.body),
        SLICE("{\"showtime_id\":\"ab0000000000000000000001\",\"version\":8,"
              "\"layout\":{\"rows\":3,\"cols\":4,\"unavailable\":[\"B2\"],"
              "\"aisles_after\":[1,3],\"accessible\":[\"C4\"]},"
              "\"prices\":{\"standard\":90000,\"vip\":120000,\"couple\":200000},\"seats\":{"
              "\"A1\":{\"status\":\"held\",\"seat_type\":\"standard\"},"
              "\"A2\":{\"status\":\"booked\",\"seat_type\":\"vip\"},"
              "\"A3\":{\"status\":\"blocked\",\"seat_type\":\"couple\"},"
              "\"A4\":{\"status\":\"available\",\"seat_type\":\"standard\"},"
              "\"B1\":{\"status\":\"available\",\"seat_type\":\"vip\"},"
              "\"B3\":{\"status\":\"available\",\"seat_type\":\"standard\"},"
              "\"B4\":{\"status\":\"available\",\"seat_type\":\"vip\"},"
              "\"C1\":{\"status\":\"available\",\"seat_type\":\"couple\"},"
              "\"C2\":{\"status\":\"available\",\"seat_type\":\"standard\"},"
              "\"C3\":{\"status\":\"available\",\"seat_type\":\"vip\"},"
              "\"C4\":{\"status\":\"available\",\"seat_type\":\"couple\"}}}"));
    assert_int_equal(page.version, 8);
    shared_unref(page.body);
}

static void maps_of_every_size_and_state_are_written_right(void **state)
{
    struct fixture *fixture = *state;
    static const uint16_t sizes[][2] = {{1, 1}, {1, 50}, {50, 1}, {26, 10}, {27, 9}, {50, 50}};
    const unsigned seed = (unsigned)time(NULL);
    print_message("SEED=%u\n", seed);
    unsigned next = seed;
    for (size_t index = 0; index < sizeof sizes / sizeof *sizes; index++) {
        /* Another layout under the same id is another house's cache. */
        seat_pages_close(fixture->pages);
        fixture->pages = seat_pages_open();
        lay_out(fixture, sizes[index][0], sizes[index][1]);
        const uint32_t places = (uint32_t)sizes[index][0] * sizes[index][1];
        for (uint32_t place = 0; place < places; place++) {
            fixture->plan.layout.types[place] = (uint8_t)(rand_r(&next) % (SEAT_TYPE_COUNT + 1));
            if (rand_r(&next) % 3 == 0)
                fixture->plan.accessible[fixture->plan.accessible_count++] = (uint16_t)place;
        }
        open_showtime(fixture);
        for (uint32_t place = 0; place < places; place++) {
            if (fixture->map.states[place] != SEAT_ABSENT)
                fixture->map.states[place] = (uint8_t)(rand_r(&next) % SEAT_ABSENT);
        }
        feed_publish(fixture->feed, 0, &fixture->map);
        assert_body_right(fixture);
    }
}

static void the_largest_map_fits_its_buffers(void **state)
{
    struct fixture *fixture = *state;
    lay_out(fixture, ROWS_MAX, COLS_MAX);
    for (uint32_t place = 0; place < SEATS_PER_SHOWTIME_MAX; place++)
        fixture->plan.accessible[fixture->plan.accessible_count++] = (uint16_t)place;
    for (uint8_t col = 1; col <= COLS_MAX; col++)
        fixture->plan.aisles_after[fixture->plan.aisle_count++] = col;
    open_showtime(fixture);
    assert_body_right(fixture);
}

static void gzip_inflates_to_the_same(void **state)
{
    struct fixture *fixture = *state;
    static char inflated[BODY_SIZE_MAX];
    const struct seat_page plain = find(fixture, false);
    const struct seat_page packed = find(fixture, true);
    const struct slice bytes = shared_bytes(packed.body);
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    size_t size = 0;

    assert_int_equal(libdeflate_gzip_decompress(decompressor, bytes.data, bytes.size, inflated,
                                                sizeof inflated, &size),
                     LIBDEFLATE_SUCCESS);
    assert_slice_equal(((struct slice){inflated, size}), shared_bytes(plain.body));
    assert_true(bytes.size < shared_bytes(plain.body).size);
    libdeflate_free_decompressor(decompressor);
    shared_unref(plain.body);
    shared_unref(packed.body);
}

static void an_unchanged_map_is_one_body_for_all(void **state)
{
    struct fixture *fixture = *state;
    const struct seat_page first = find(fixture, true);
    const struct seat_page second = find(fixture, true);

    assert_ptr_equal(first.body, second.body);
    assert_int_equal(fixture->plans_read, 1);
    shared_unref(first.body);
    shared_unref(second.body);
}

static void a_change_makes_another_body_and_leaves_the_first(void **state)
{
    struct fixture *fixture = *state;
    static char block[BODY_SIZE_MAX];
    const struct seat_page before = find(fixture, false);
    const struct slice before_text = expected_body(fixture, block);
    change_seat(fixture, 0, SEAT_BOOKED);
    const struct seat_page after = find(fixture, false);

    assert_slice_equal(shared_bytes(before.body), before_text);
    assert_int_equal(after.version, before.version + 1);
    assert_false(slice_equal(shared_bytes(after.body), shared_bytes(before.body)));
    assert_int_equal(fixture->plans_read, 1);
    shared_unref(before.body);
    shared_unref(after.body);
    assert_body_right(fixture);
}

static bool tags_equal(const struct seat_page *left, const struct seat_page *right)
{
    return slice_equal((struct slice){left->tag, left->tag_size},
                       (struct slice){right->tag, right->tag_size});
}

static void a_tag_names_version_form_layout_and_prices(void **state)
{
    struct fixture *fixture = *state;
    const struct seat_page plain = find(fixture, false);
    const struct seat_page packed = find(fixture, true);
    const struct seat_page again = find(fixture, false);
    assert_true(tags_equal(&plain, &again));
    assert_false(tags_equal(&plain, &packed));
    assert_true(plain.tag[0] == '"' && plain.tag[plain.tag_size - 1] == '"');

    change_seat(fixture, 0, SEAT_BOOKED);
    const struct seat_page changed = find(fixture, false);
    assert_false(tags_equal(&plain, &changed));

    /* The same version after a restart with other prices, or seats of other types. */
    fixture->map.prices[SEAT_VIP]++;
    seat_pages_close(fixture->pages);
    fixture->pages = seat_pages_open();
    feed_publish(fixture->feed, 0, &fixture->map);
    const struct seat_page dearer = find(fixture, false);
    assert_false(tags_equal(&changed, &dearer));
    fixture->map.types[0] = SEAT_VIP;
    seat_pages_close(fixture->pages);
    fixture->pages = seat_pages_open();
    feed_publish(fixture->feed, 0, &fixture->map);
    const struct seat_page retyped = find(fixture, false);
    assert_false(tags_equal(&dearer, &retyped));

    shared_unref(plain.body);
    shared_unref(packed.body);
    shared_unref(again.body);
    shared_unref(changed.body);
    shared_unref(dearer.body);
    shared_unref(retyped.body);
}

static void a_showtime_out_of_memory_has_no_page(void **state)
{
    struct fixture *fixture = *state;
    struct seat_page page = find(fixture, false);
    shared_unref(page.body);

    assert_int_equal(
        seat_pages_find(fixture->pages, fixture->feed, &fixture->catalogue, id_of(9), false, &page),
        ERROR_SHOWTIME_NOT_FOUND);
    feed_withdraw(fixture->feed, 0);
    assert_int_equal(
        seat_pages_find(fixture->pages, fixture->feed, &fixture->catalogue, id_of(1), false, &page),
        ERROR_SHOWTIME_NOT_FOUND);
    change_seat(fixture, 3, SEAT_HELD);
    assert_body_right(fixture);
}

static void a_plan_that_cannot_be_read_is_tried_again(void **state)
{
    struct fixture *fixture = *state;
    struct seat_page page;
    fixture->plan_error = ERROR_STORE_UNAVAILABLE;
    assert_int_equal(
        seat_pages_find(fixture->pages, fixture->feed, &fixture->catalogue, id_of(1), false, &page),
        ERROR_STORE_UNAVAILABLE);
    fixture->plan_error = ERROR_NONE;
    assert_body_right(fixture);
}

static void more_showtimes_than_there_is_room_for_are_all_served(void **state)
{
    struct fixture *fixture = *state;
    enum { SHOWTIMES = 3 * SEAT_PAGES_SETS * SEAT_PAGES_WAYS };
    struct feed *feed = feed_open(SHOWTIMES);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t number = 0; number < SHOWTIMES; number++) {
            fixture->map.showtime = (struct id){0};
            memcpy(fixture->map.showtime.bytes, &(uint32_t){number + 1}, sizeof(uint32_t));
            feed_publish(feed, number, &fixture->map);
            struct seat_page page;
            assert_int_equal(seat_pages_find(fixture->pages, feed, &fixture->catalogue,
                                             fixture->map.showtime, round == 0, &page),
                             ERROR_NONE);
            shared_unref(page.body);
        }
    }
    feed_close(feed);
    fixture->map.showtime = id_of(1);
    assert_body_right(fixture);
}

/* What the engine does with a look: it reads the map anew, from a server that may be behind. */
static void read_anew(void *context, struct command *command)
{
    struct fixture *fixture = context;
    assert_int_equal(command->kind, COMMAND_LOOK);
    if (fixture->moves) change_seat(fixture, 0, SEAT_HELD);
}

static int ask_for_map(struct fixture *fixture, const char *query, uint64_t checked_version)
{
    const struct house house = {.feed = fixture->feed,
                                .seat_pages = fixture->pages,
                                .back_office = (struct back_office *)fixture}; /* There is one. */
    struct desk desk = {.house = &house,
                        .catalogue = fixture->catalogue,
                        .checked = {.known = true, .version = checked_version}};
    struct fake_exchange *fake = fake_exchange_new(METHOD_GET, SLICE("/seats"), (struct slice){0});
    fake->exchange.query = slice_of(query);
    fake_desk = (struct fake_desk){.decide = read_anew, .context = fixture};
    seat_pages_handle(&desk, &fake->exchange, SLICE("ab0000000000000000000001"));
    const int status = fake->status;
    free(fake);
    return status;
}

static void a_map_that_is_behind_what_was_asked_for_is_never_served(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(ask_for_map(fixture, "consistency=strong", 7), 200);
    assert_int_equal(ask_for_map(fixture, "consistency=strong", 8), 503);
    assert_int_equal(fake_desk.submitted, 1);
    fixture->moves = true;
    assert_int_equal(ask_for_map(fixture, "consistency=strong", 8), 200);
    assert_int_equal(ask_for_map(fixture, "consistency=other", 8), 400);
}

struct reader_thread {
    struct fixture *fixture;
    atomic_bool *done;
    bool gzip;
    uint32_t reads;
    pthread_t thread;
};

static void *read_until_done(void *context)
{
    struct reader_thread *reader = context;
    uint64_t last = 0;
    do {
        struct seat_page page = find(reader->fixture, reader->gzip);
        CHECK(page.version >= last); /* A reader never goes back in time. */
        CHECK(shared_bytes(page.body).size > 100);
        last = page.version;
        shared_unref(page.body);
        reader->reads++;
    } while (!atomic_load(reader->done));
    return NULL;
}

static void two_read_while_a_third_publishes(void **state)
{
    struct fixture *fixture = *state;
    atomic_bool done = false;
    struct reader_thread readers[2] = {{.fixture = fixture, .done = &done, .gzip = true},
                                       {.fixture = fixture, .done = &done}};
    for (size_t index = 0; index < 2; index++) {
        assert_int_equal(
            pthread_create(&readers[index].thread, NULL, read_until_done, &readers[index]), 0);
    }
    for (uint32_t round = 0; round < 3000; round++) {
        change_seat(fixture, round % 4, round % 8 < 4 ? SEAT_HELD : SEAT_AVAILABLE);
    }
    atomic_store(&done, true);
    for (size_t index = 0; index < 2; index++) {
        pthread_join(readers[index].thread, NULL);
        assert_true(readers[index].reads > 0);
    }
    assert_body_right(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_small_map_reads_as_the_contract_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(maps_of_every_size_and_state_are_written_right, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_largest_map_fits_its_buffers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gzip_inflates_to_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unchanged_map_is_one_body_for_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_makes_another_body_and_leaves_the_first, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_tag_names_version_form_layout_and_prices, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_showtime_out_of_memory_has_no_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plan_that_cannot_be_read_is_tried_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(more_showtimes_than_there_is_room_for_are_all_served,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_map_that_is_behind_what_was_asked_for_is_never_served,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_read_while_a_third_publishes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
