/* fuzz_catalogue.c - catalogue files and single entries: what is accepted is whole (ids given,
 * halls laid out, showtimes with a hall), an entry prints to what reads and prints the same, and
 * a refusal lists what is wrong in text that a terminal can show. */
#include "fuzz/fuzz.h"

#include "catalogue/catalogue_entry.h"
#include "catalogue/catalogue_file.h"
#include "core/layout.h"
#include "http/catalogue_json.h"

#define NOW_MS INT64_C(1700000000000)

enum { INPUT_SIZE_MAX = 8192, PRINTED_SIZE = 4 * 1024 * 1024 };

static char printed[2][PRINTED_SIZE];

static void check_faults(const struct faults *faults)
{
    CHECK(faults->count > 0);
    CHECK(faults_listed(faults) > 0);
    for (size_t index = 0; index < faults_listed(faults); index++) {
        const struct slice text = faults_text(faults, index);
        CHECK(text.size > 0);
        for (size_t at = 0; at < text.size; at++) {
            CHECK((uint8_t)text.data[at] >= 0x20 && text.data[at] != 0x7f);
        }
    }
}

static void print_entry(enum edit_kind kind, const struct catalogue_edit *edit,
                        struct buffer *buffer, char *target)
{
    buffer_init(buffer, target, PRINTED_SIZE);
    struct json_writer writer = json_writer_of(buffer);
    if (kind == EDIT_MOVIE) {
        catalogue_json_movie(&writer, &edit->movie);
        CHECK(buffer->size <= catalogue_json_movie_size(&edit->movie));
    } else {
        catalogue_json_cinema(&writer, &edit->cinema);
        CHECK(buffer->size <= catalogue_json_cinema_size(&edit->cinema));
    }
    CHECK(!buffer->overflowed);
}

/* Of what was accepted: printed, read as a new entry, printed again. */
static void check_stable(enum edit_kind kind, const struct catalogue_edit *accepted,
                         struct arena *arena)
{
    struct buffer first;
    struct buffer second;
    struct catalogue_edit edit = {.kind = kind, .create = true};
    struct faults faults = {0};
    struct json_fault fault;
    const struct json *root = NULL;
    print_entry(kind, accepted, &first, printed[0]);
    CHECK(json_parse(buffer_text(&first), arena, &root, &fault));
    CHECK(catalogue_entry_read(root, arena, &edit, &faults));
    print_entry(kind, &edit, &second, printed[1]);
    CHECK(slice_equal(buffer_text(&first), buffer_text(&second)));
}

static void check_plan(const struct screen *screen)
{
    CHECK(screen->plan != NULL && screen->screen_id.size > 0 && screen->type.size > 0);
    CHECK(screen->total_seats == layout_seats(&screen->plan->layout));
    CHECK(screen->total_seats >= 1 && screen->total_seats <= SEATS_PER_SHOWTIME_MAX);
}

static void check_entries(const struct catalogue_entries *entries, struct arena *arena)
{
    for (size_t index = 0; index < entries->movie_count; index++) {
        struct catalogue_edit edit = {.movie = entries->movies[index]};
        CHECK(!id_is_none(edit.movie.id) && edit.movie.title.size > 0);
        check_stable(EDIT_MOVIE, &edit, arena);
    }
    for (size_t index = 0; index < entries->cinema_count; index++) {
        struct catalogue_edit edit = {.cinema = entries->cinemas[index]};
        CHECK(!id_is_none(edit.cinema.id));
        for (size_t at = 0; at < edit.cinema.screen_count; at++) {
            check_plan(&edit.cinema.screens[at]);
        }
        check_stable(EDIT_CINEMA, &edit, arena);
    }
    for (size_t index = 0; index < entries->showtime_count; index++) {
        const struct showtime_entry *entry = &entries->showtimes[index];
        CHECK(!id_is_none(entry->showtime.id) && entry->screen != NULL);
        CHECK(entry->showtime.ends_at_ms > entry->showtime.starts_at_ms);
        CHECK(entry->timezone.size > 0);
        for (size_t type = 0; type < SEAT_TYPE_COUNT; type++) {
            CHECK(entry->showtime.prices[type] >= 1 && entry->showtime.prices[type] <= PRICE_MAX);
        }
    }
}

/* As the body of a request that adds or changes an entry. */
static void try_entry(struct slice text, enum edit_kind kind, bool create, struct arena *arena)
{
    struct catalogue_edit edit = {.kind = kind, .create = create};
    struct faults faults = {0};
    struct json_fault fault;
    const struct json *root = NULL;
    arena_reset(arena);
    if (!json_parse(text, arena, &root, &fault)) return;
    if (!catalogue_entry_read(root, arena, &edit, &faults)) {
        check_faults(&faults);
        return;
    }
    CHECK(faults.count == 0);
    if (create && kind != EDIT_SHOWTIME) check_stable(kind, &edit, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_SIZE_MAX) return -1;
    static char *block;
    const size_t room = 2 * catalogue_file_arena_size(INPUT_SIZE_MAX);
    if (block == NULL) block = malloc(room);
    CHECK(block != NULL);
    const struct slice text = {(const char *)data, size};
    struct arena arena;
    struct catalogue_entries entries = {0};
    struct faults faults = {0};
    arena_init(&arena, block, room);
    if (catalogue_file_read(text, NOW_MS, &arena, &entries, &faults)) {
        CHECK(faults.count == 0);
        check_entries(&entries, &arena);
    } else {
        check_faults(&faults);
    }
    for (uint32_t kind = EDIT_MOVIE; kind <= EDIT_SHOWTIME; kind++) {
        try_entry(text, (enum edit_kind)kind, true, &arena);
        try_entry(text, (enum edit_kind)kind, false, &arena);
    }
    return 0;
}
