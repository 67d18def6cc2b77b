/* fed_map.h - a seat map that a test changes and publishes, as the engine would. */
#pragma once

#include "engine/feed.h"

struct fed_map {
    struct feed *feed;
    uint32_t slot;
    struct seat_map map;
    void *block;
};

/* All seats are available; version 7; published. */
void fed_map_open(struct fed_map *fed, struct feed *feed, uint32_t slot, uint16_t rows,
                  uint16_t cols);
void fed_map_close(struct fed_map *fed);

/* A turn that changes one seat, or none that differs. */
void fed_map_change(struct fed_map *fed, uint32_t place, enum seat_state state);

/* The id of the map in this slot. */
struct id fed_map_id(uint32_t slot);
