#include "catalogue/catalogue_file.h"

#include "catalogue/read_cinema.h"
#include "catalogue/read_movie.h"
#include "catalogue/read_showtime.h"

/* A value of two bytes (`1,`) becomes a node; 64 bytes of arena for each byte hold it. */
enum { ARENA_PER_BYTE = 64 };

static_assert(sizeof(struct json) + 16 <= 2 * ARENA_PER_BYTE, "a node for every two bytes");

static const struct slice members[] = {SLICE_INIT("movies"), SLICE_INIT("cinemas"),
                                       SLICE_INIT("showtimes")};

size_t catalogue_file_arena_size(size_t file_size)
{
    CHECK(file_size <= CATALOGUE_FILE_SIZE_MAX);
    const size_t screens = CATALOGUE_SCREENS_MAX * (sizeof(struct screen) + 16) +
                           CATALOGUE_SCREENS_MAX * (sizeof(struct seat_plan) + 16);
    const size_t entries = CATALOGUE_MOVIES_MAX * sizeof(struct movie) +
                           CATALOGUE_CINEMAS_MAX * sizeof(struct cinema) +
                           CATALOGUE_SHOWTIMES_MAX * sizeof(struct showtime_entry) * 2;
    return file_size * ARENA_PER_BYTE + screens + entries + 64 * 1024;
}

/* An entry's id and where it stands, to find those that are the same. */
struct numbered {
    struct id id;
    uint32_t index;
};

static int compare_numbered(const void *left_item, const void *right_item)
{
    const struct numbered *left = left_item;
    const struct numbered *right = right_item;
    const int order = memcmp(left->id.bytes, right->id.bytes, ID_SIZE);
    if (order != 0) return order;
    return (left->index > right->index) - (left->index < right->index);
}

/* Reports entries of one list with one id. `ids` are those of its elements; none: faulty. */
static void report_same(const struct node *list, struct numbered *ids, size_t count,
                        const char *what)
{
    qsort(ids, count, sizeof *ids, compare_numbered);
    for (size_t at = 1; at < count; at++) {
        if (id_is_none(ids[at].id) || !id_equal(ids[at - 1].id, ids[at].id)) continue;
        const struct place place = {.parent = &list->place, .index = ids[at].index};
        faults_add(list->faults, &place, "is %s[%u] again: the same id, or none and the same %s",
                   list->place.key.data, ids[at - 1].index, what);
    }
}

static bool read_movies(const struct node *list, struct arena *arena,
                        struct catalogue_entries *entries)
{
    if (!node_is_array(list, CATALOGUE_MOVIES_MAX)) return true;
    const size_t count = list->json->count;
    entries->movies = arena_take(arena, count * sizeof *entries->movies);
    struct numbered *ids = arena_take(arena, count * sizeof *ids);
    if (entries->movies == NULL || ids == NULL) return false;
    entries->movie_count = count;
    uint32_t index = 0;
    for (const struct json *json = list->json->first; json != NULL; json = json->next, index++) {
        const struct node node = node_child(list, json, index);
        read_movie(&node, &entries->movies[index]);
        ids[index] = (struct numbered){entries->movies[index].id, index};
    }
    report_same(list, ids, count, "title and release_date");
    return true;
}

static bool read_cinemas(const struct node *list, struct arena *arena,
                         struct catalogue_entries *entries)
{
    if (!node_is_array(list, CATALOGUE_CINEMAS_MAX)) return true;
    const size_t count = list->json->count;
    entries->cinemas = arena_take(arena, count * sizeof *entries->cinemas);
    struct numbered *ids = arena_take(arena, count * sizeof *ids);
    if (entries->cinemas == NULL || ids == NULL) return false;
    entries->cinema_count = count;
    uint32_t index = 0;
    size_t screens = 0;
    for (const struct json *json = list->json->first; json != NULL; json = json->next, index++) {
        const struct node node = node_child(list, json, index);
        if (!read_cinema(&node, arena, &entries->cinemas[index])) return false;
        ids[index] = (struct numbered){entries->cinemas[index].id, index};
        screens += entries->cinemas[index].screen_count;
        if (screens <= CATALOGUE_SCREENS_MAX) continue;
        faults_add(list->faults, &list->place, "must have at most %d screens in all",
                   CATALOGUE_SCREENS_MAX);
        return true;
    }
    report_same(list, ids, count, "name and city");
    return true;
}

static bool read_showtimes(const struct node *list, int64_t now_ms, struct arena *arena,
                           struct catalogue_entries *entries)
{
    if (!node_is_array(list, CATALOGUE_SHOWTIMES_MAX)) return true;
    const size_t count = list->json->count;
    entries->showtimes = arena_take(arena, count * sizeof *entries->showtimes);
    struct numbered *ids = arena_take(arena, count * sizeof *ids);
    if (entries->showtimes == NULL || ids == NULL) return false;
    entries->showtime_count = count;
    uint32_t index = 0;
    for (const struct json *json = list->json->first; json != NULL; json = json->next, index++) {
        const struct node node = node_child(list, json, index);
        read_showtime(&node, entries, now_ms, &entries->showtimes[index]);
        ids[index] = (struct numbered){entries->showtimes[index].showtime.id, index};
    }
    report_same(list, ids, count, "movie, cinema, screen and start");
    return true;
}

static uint32_t line_of(struct slice text, size_t offset)
{
    uint32_t line = 1;
    for (size_t index = 0; index < text.size && index < offset; index++) {
        line += text.data[index] == '\n';
    }
    return line;
}

bool catalogue_file_read(struct slice text, int64_t now_ms, struct arena *arena,
                         struct catalogue_entries *ret_entries, struct faults *faults)
{
    CHECK(faults->count == 0);
    CHECK(text.size <= CATALOGUE_FILE_SIZE_MAX);

    struct node root = {.faults = faults};
    const struct json *json = NULL;
    struct json_fault json_fault;
    if (!json_parse(text, arena, &json, &json_fault)) {
        faults_add(faults, &root.place, "%.*s (line %u)", (int)json_fault.message.size,
                   json_fault.message.data, line_of(text, json_fault.offset));
        return false;
    }
    root.json = json;
    if (!node_is_object(&root, members, sizeof members / sizeof members[0])) return false;
    const struct node movies = node_member(&root, SLICE("movies"));
    const struct node cinemas = node_member(&root, SLICE("cinemas"));
    const struct node showtimes = node_member(&root, SLICE("showtimes"));
    struct catalogue_entries entries = {0};
    if (!read_movies(&movies, arena, &entries) || !read_cinemas(&cinemas, arena, &entries) ||
        !read_showtimes(&showtimes, now_ms, arena, &entries)) {
        faults_add(faults, &root.place, "does not fit into memory");
    }
    if (faults->count > 0) return false;
    *ret_entries = entries;
    return true;
}
