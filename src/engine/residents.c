#include "engine/residents.h"

#include "base/check.h"

bool residents_open(struct residents *residents, uint32_t capacity)
{
    CHECK(capacity > 0);
    *residents = (struct residents){.capacity = capacity,
                                    .slots = calloc(capacity + 1, sizeof(struct resident)),
                                    .blocks = calloc(capacity, SHOWTIME_BLOCK_SIZE_MAX),
                                    .hash = calloc(capacity, sizeof(uint32_t))};
    if (residents->slots == NULL || residents->blocks == NULL || residents->hash == NULL) {
        residents_close(residents);
        return false;
    }
    for (uint32_t slot = 0; slot < capacity; slot++) {
        residents->hash[slot] = RESIDENT_NONE;
        residents->slots[slot].block = residents->blocks + (size_t)slot * SHOWTIME_BLOCK_SIZE_MAX;
    }
    return true;
}

void residents_close(struct residents *residents)
{
    free(residents->slots);
    free(residents->blocks);
    free(residents->hash);
    *residents = (struct residents){0};
}

static uint32_t *bucket_of(const struct residents *residents, struct id showtime)
{
    return &residents->hash[id_hash(showtime) % residents->capacity];
}

uint32_t residents_find(const struct residents *residents, struct id showtime)
{
    uint32_t slot = *bucket_of(residents, showtime);
    while (slot != RESIDENT_NONE && !id_equal(residents->slots[slot].showtime, showtime)) {
        slot = residents->slots[slot].next_same_hash;
    }
    return slot;
}

static bool is_free(const struct resident *resident)
{
    return id_is_none(resident->showtime);
}

static bool may_leave(const struct resident *resident)
{
    if (resident->waiting > 0 || resident->ready || resident->closed) return false;
    return resident->loaded && resident->map.next_lapse_ms == INT64_MAX;
}

static uint32_t find_idle(const struct residents *residents)
{
    uint32_t idle = RESIDENT_NONE;
    for (uint32_t slot = 0; slot < residents->capacity; slot++) {
        const struct resident *resident = &residents->slots[slot];
        if (!may_leave(resident)) continue;
        if (idle == RESIDENT_NONE || resident->last_used < residents->slots[idle].last_used) {
            idle = slot;
        }
    }
    return idle;
}

uint32_t residents_take(struct residents *residents, struct id showtime, uint32_t *ret_left)
{
    CHECK(!id_is_none(showtime));
    CHECK(residents_find(residents, showtime) == RESIDENT_NONE);

    *ret_left = RESIDENT_NONE;
    if (residents->count == residents->capacity) {
        const uint32_t idle = find_idle(residents);
        if (idle == RESIDENT_NONE) return RESIDENT_NONE;
        residents_leave(residents, idle);
        *ret_left = idle;
    }
    uint32_t slot = residents->free_slots_from;
    while (!is_free(&residents->slots[slot])) slot++;
    CHECK(slot < residents->capacity);
    residents->free_slots_from = slot + 1;
    residents->count++;

    struct resident *resident = &residents->slots[slot];
    uint32_t *bucket = bucket_of(residents, showtime);
    *resident = (struct resident){
        .showtime = showtime, .block = resident->block, .next_same_hash = *bucket};
    *bucket = slot;
    residents_use(residents, slot);
    return slot;
}

void residents_leave(struct residents *residents, uint32_t slot)
{
    CHECK(slot < residents->capacity);
    struct resident *resident = &residents->slots[slot];
    CHECK(!is_free(resident));
    CHECK(resident->waiting == 0);
    CHECK(!resident->ready);

    uint32_t *link = bucket_of(residents, resident->showtime);
    while (*link != slot) link = &residents->slots[*link].next_same_hash;
    *link = resident->next_same_hash;
    *resident = (struct resident){.block = resident->block};
    residents->count--;
    if (slot < residents->free_slots_from) residents->free_slots_from = slot;
}

void residents_use(struct residents *residents, uint32_t slot)
{
    residents->slots[slot].last_used = ++residents->uses;
}

void residents_push(struct resident *resident, struct command *command)
{
    CHECK(command->next == NULL);
    if (resident->last == NULL) resident->first = command;
    else resident->last->next = command;
    resident->last = command;
    resident->waiting++;
}

struct command *residents_pop(struct resident *resident)
{
    struct command *command = resident->first;
    if (command == NULL) return NULL;
    resident->first = command->next;
    if (resident->first == NULL) resident->last = NULL;
    resident->waiting--;
    command->next = NULL;
    return command;
}

void residents_put_back(struct resident *resident, struct command *first, uint32_t count)
{
    CHECK(first != NULL);

    struct command *last = first;
    for (uint32_t index = 1; index < count; index++) last = last->next;
    CHECK(last->next == NULL);
    last->next = resident->first;
    resident->first = first;
    if (resident->last == NULL) resident->last = last;
    resident->waiting += count;
}
