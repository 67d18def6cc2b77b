/* fuzz_move.c - lines of an export: what is accepted writes to a line that reads and writes the
 * same, whatever line it is; records that go together claim each seat once; a refusal says why. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "store/move/move_check.h"
#include "store/move/move_line.h"

enum { INPUT_SIZE_MAX = 8192, MEMORY_SIZE = 8 * 1024 * 1024, WRITTEN_SIZE = 256 * 1024 };

static struct move_record record;
static struct move_record again;
static char written[2][WRITTEN_SIZE];

static void check_stable(struct arena *arena)
{
    struct buffer first;
    struct buffer second;
    struct move_reason reason;
    buffer_init(&first, written[0], WRITTEN_SIZE);
    buffer_init(&second, written[1], WRITTEN_SIZE);
    move_line_write(&first, &record);
    CHECK(!first.overflowed);
    CHECK(move_line_read(buffer_text(&first), arena, &again, &reason));
    move_line_write(&second, &again);
    CHECK(slice_equal(buffer_text(&first), buffer_text(&second)));
}

static void check_taken(const struct move_check *check)
{
    const struct seat_map *map = &check->map;
    for (uint32_t place = 0; check->open && place < map->place_count; place++) {
        if (map->states[place] == SEAT_AVAILABLE || map->states[place] == SEAT_ABSENT) continue;
        CHECK(!id_is_none(map->claims[place].booking));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_SIZE_MAX) return -1;
    static char *memory;
    static struct move_check check;
    if (memory == NULL) {
        memory = malloc(MEMORY_SIZE);
        CHECK(memory != NULL && move_check_open(&check));
    }
    check = (struct move_check){.last = MOVE_HEAD, .block = check.block};
    bool follows = true;
    struct slice rest = {(const char *)data, size};
    while (rest.size > 0) {
        struct arena arena;
        struct move_reason reason = {""};
        const struct slice line = slice_cut(rest, '\n', &rest);
        arena_init(&arena, memory, MEMORY_SIZE);
        if (!move_line_read(line, &arena, &record, &reason)) {
            CHECK(reason.text[0] != '\0');
            continue;
        }
        check_stable(&arena);
        follows = follows && move_check_next(&check, &record, &reason);

        if (follows) check_taken(&check);
    }
    return 0;
}
