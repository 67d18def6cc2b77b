#include "engine/feed.h"

#include <pthread.h>

#include "base/check.h"

struct entry {
    pthread_mutex_t mutex;
    struct feed_view *view;  /* showtime none: withdrawn. */
    uint32_t next_same_hash; /* Guarded by the feed's lock. */
    struct id listed;        /* The showtime it is hashed under; guarded by the feed's lock. */
};

struct feed {
    pthread_rwlock_t lock; /* Guards the hash; an entry's own mutex guards its view. */
    uint32_t capacity;
    uint32_t *hash;
    struct entry *entries;
    struct feed_view *views; /* Apart, so that what nobody looks at takes no memory. */
};

#define SLOT_NONE UINT32_MAX

struct feed *feed_open(uint32_t capacity)
{
    CHECK(capacity > 0);
    CHECK(capacity <= SHOWTIMES_RESIDENT_MAX);

    struct feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL) return NULL;
    feed->capacity = capacity;
    feed->hash = calloc(capacity, sizeof *feed->hash);
    feed->entries = calloc(capacity, sizeof *feed->entries);
    feed->views = calloc(capacity, sizeof *feed->views);
    if (feed->hash == NULL || feed->entries == NULL || feed->views == NULL) {
        free(feed->hash);
        free(feed->entries);
        free(feed->views);
        free(feed);
        return NULL;
    }
    CHECK(pthread_rwlock_init(&feed->lock, NULL) == 0);
    for (uint32_t slot = 0; slot < capacity; slot++) {
        feed->hash[slot] = SLOT_NONE;
        feed->entries[slot].view = &feed->views[slot];
        CHECK(pthread_mutex_init(&feed->entries[slot].mutex, NULL) == 0);
    }
    return feed;
}

void feed_close(struct feed *feed)
{
    if (feed == NULL) return;
    for (uint32_t slot = 0; slot < feed->capacity; slot++) {
        pthread_mutex_destroy(&feed->entries[slot].mutex);
    }
    pthread_rwlock_destroy(&feed->lock);
    free(feed->hash);
    free(feed->entries);
    free(feed->views);
    free(feed);
}

static uint32_t *bucket_of(struct feed *feed, struct id showtime)
{
    return &feed->hash[id_hash(showtime) % feed->capacity];
}

static void unlist(struct feed *feed, uint32_t slot)
{
    struct entry *entry = &feed->entries[slot];
    if (id_is_none(entry->listed)) return;
    uint32_t *link = bucket_of(feed, entry->listed);
    while (*link != slot) link = &feed->entries[*link].next_same_hash;
    *link = entry->next_same_hash;
    entry->listed = (struct id){0};
}

static void list(struct feed *feed, uint32_t slot, struct id showtime)
{
    uint32_t *bucket = bucket_of(feed, showtime);
    feed->entries[slot].listed = showtime;
    feed->entries[slot].next_same_hash = *bucket;
    *bucket = slot;
}

static void copy_map(struct feed_view *view, const struct seat_map *map)
{
    view->showtime = map->showtime;
    view->version = map->version;
    view->layout = map->layout;
    view->rows = map->rows;
    view->cols = map->cols;
    view->place_count = map->place_count;
    memcpy(view->prices, map->prices, sizeof view->prices);
    memcpy(view->states, map->states, map->place_count);
    memcpy(view->types, map->types, map->place_count);
}

void feed_publish(struct feed *feed, uint32_t slot, const struct seat_map *map)
{
    CHECK(slot < feed->capacity);

    struct entry *entry = &feed->entries[slot];
    pthread_mutex_lock(&entry->mutex);
    copy_map(entry->view, map);
    pthread_mutex_unlock(&entry->mutex);
    /* Only the engine lists and unlists, so it may look without the lock. */
    if (id_equal(entry->listed, map->showtime)) return;
    pthread_rwlock_wrlock(&feed->lock);
    unlist(feed, slot);
    list(feed, slot, map->showtime);
    pthread_rwlock_unlock(&feed->lock);
}

void feed_withdraw(struct feed *feed, uint32_t slot)
{
    CHECK(slot < feed->capacity);

    pthread_rwlock_wrlock(&feed->lock);
    unlist(feed, slot);
    pthread_rwlock_unlock(&feed->lock);
    struct entry *entry = &feed->entries[slot];
    pthread_mutex_lock(&entry->mutex);
    entry->view->showtime = (struct id){0};
    pthread_mutex_unlock(&entry->mutex);
}

/* The entry with its mutex locked, or NULL. */
static struct entry *find_locked(struct feed *feed, struct id showtime)
{
    pthread_rwlock_rdlock(&feed->lock);
    uint32_t slot = *bucket_of(feed, showtime);
    while (slot != SLOT_NONE && !id_equal(feed->entries[slot].listed, showtime)) {
        slot = feed->entries[slot].next_same_hash;
    }
    pthread_rwlock_unlock(&feed->lock);
    if (slot == SLOT_NONE) return NULL;
    struct entry *entry = &feed->entries[slot];
    pthread_mutex_lock(&entry->mutex);
    if (id_equal(entry->view->showtime, showtime)) return entry;
    pthread_mutex_unlock(&entry->mutex); /* It has left between the two locks. */
    return NULL;
}

bool feed_version(struct feed *feed, struct id showtime, uint64_t *ret_version)
{
    CHECK(ret_version != NULL);

    struct entry *entry = find_locked(feed, showtime);
    if (entry == NULL) return false;
    *ret_version = entry->view->version;
    pthread_mutex_unlock(&entry->mutex);
    return true;
}

bool feed_read(struct feed *feed, struct id showtime, struct feed_view *ret_view)
{
    CHECK(ret_view != NULL);

    struct entry *entry = find_locked(feed, showtime);
    if (entry == NULL) return false;
    const struct feed_view *view = entry->view;
    *ret_view = (struct feed_view){.showtime = view->showtime,
                                   .version = view->version,
                                   .layout = view->layout,
                                   .rows = view->rows,
                                   .cols = view->cols,
                                   .place_count = view->place_count};
    memcpy(ret_view->prices, view->prices, sizeof view->prices);
    memcpy(ret_view->states, view->states, view->place_count);
    memcpy(ret_view->types, view->types, view->place_count);
    pthread_mutex_unlock(&entry->mutex);
    return true;
}

static void add_seats(struct feed_totals *totals, const struct feed_view *view)
{
    for (uint32_t place = 0; place < view->place_count; place++) {
        totals->seats[view->states[place]]++;
    }
}

struct feed_totals feed_totals(struct feed *feed)
{
    struct feed_totals totals = {0};
    for (uint32_t slot = 0; slot < feed->capacity; slot++) {
        struct entry *entry = &feed->entries[slot];
        pthread_mutex_lock(&entry->mutex);
        const bool used = !id_is_none(entry->view->showtime);
        if (used) totals.showtimes++;
        if (used) add_seats(&totals, entry->view);
        pthread_mutex_unlock(&entry->mutex);
    }
    return totals;
}
