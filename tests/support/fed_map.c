#include "support/fed_map.h"

#include "base/check.h"

struct id fed_map_id(uint32_t slot)
{
    struct id id = {.bytes = {[0] = 0xab}};
    memcpy(id.bytes + 4, &(uint32_t){slot + 1}, sizeof slot);
    return id;
}

void fed_map_open(struct fed_map *fed, struct feed *feed, uint32_t slot, uint16_t rows,
                  uint16_t cols)
{
    static struct seat_layout layout;
    layout = (struct seat_layout){.rows = rows, .cols = cols};
    const size_t size = seat_map_size((uint32_t)rows * cols);
    *fed = (struct fed_map){.feed = feed, .slot = slot};
    CHECK(posix_memalign(&fed->block, 16, size) == 0);
    memset(fed->block, 0, size);
    seat_map_init(&fed->map, &layout, fed->block);
    fed->map.showtime = fed_map_id(slot);
    fed->map.version = 7;
    feed_publish(feed, slot, &fed->map);
}

void fed_map_close(struct fed_map *fed)
{
    free(fed->block);
}

void fed_map_change(struct fed_map *fed, uint32_t place, enum seat_state state)
{
    CHECK(place < fed->map.place_count);
    fed->map.states[place] = (uint8_t)state;
    fed->map.version++;
    feed_publish(fed->feed, fed->slot, &fed->map);
}
