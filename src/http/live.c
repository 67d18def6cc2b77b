#include "http/live.h"

#include <pthread.h>

#include "base/check.h"
#include "http/event_text.h"

#define SLOT_NONE UINT32_MAX

struct live_showtime {
    pthread_mutex_t mutex; /* Guards what is below `watches`. */
    struct id showtime;    /* None: free. This and the next three: the table's mutex. */
    uint32_t watchers;
    uint32_t next_same_hash;
    uint64_t used; /* The table's count of uses at the last one. */
    void *watches[LIVE_LOOPS_MAX];
    /* Events are counted from 1; 0: nothing is published yet. Those from `known_from` on can be
     * resumed, and `versions` and `changes` are theirs, by number modulo LIVE_RESUMES_MAX. */
    uint32_t event;
    uint32_t known_from;
    int64_t published_us;
    uint64_t versions[LIVE_RESUMES_MAX];
    struct shared *changes[LIVE_RESUMES_MAX]; /* From there to the newest; NULL: not made. */
    struct shared *snapshot;                  /* NULL: not made. */
    uint16_t rows;
    uint16_t cols;
    uint32_t place_count;
    uint8_t states[SEATS_PER_SHOWTIME_MAX];   /* As published. */
    uint32_t changed[SEATS_PER_SHOWTIME_MAX]; /* The event that last told of the place. */
};

struct live {
    struct feed *feed;
    pthread_mutex_t mutex;
    uint32_t capacity;
    uint32_t count; /* Slots that were ever used. */
    uint64_t uses;
    uint32_t *hash;
    struct live_showtime *slots;
};

struct live *live_open(struct feed *feed, uint32_t showtimes_max)
{
    CHECK(showtimes_max > 0);
    CHECK(showtimes_max <= LIVE_SHOWTIMES_MAX);

    struct live *live = calloc(1, sizeof *live);
    if (live == NULL) return NULL;
    live->feed = feed;
    live->capacity = showtimes_max;
    live->hash = calloc(showtimes_max, sizeof *live->hash);
    live->slots = calloc(showtimes_max, sizeof *live->slots);
    if (live->hash == NULL || live->slots == NULL) {
        free(live->hash);
        free(live->slots);
        free(live);
        return NULL;
    }
    CHECK(pthread_mutex_init(&live->mutex, NULL) == 0);
    for (uint32_t bucket = 0; bucket < showtimes_max; bucket++) live->hash[bucket] = SLOT_NONE;
    return live;
}

static void drop_texts(struct live_showtime *showtime)
{
    shared_unref(showtime->snapshot);
    showtime->snapshot = NULL;
    for (uint32_t index = 0; index < LIVE_RESUMES_MAX; index++) {
        shared_unref(showtime->changes[index]);
        showtime->changes[index] = NULL;
    }
}

void live_close(struct live *live)
{
    if (live == NULL) return;
    for (uint32_t slot = 0; slot < live->count; slot++) {
        CHECK(live->slots[slot].watchers == 0);
        drop_texts(&live->slots[slot]);
        pthread_mutex_destroy(&live->slots[slot].mutex);
    }
    pthread_mutex_destroy(&live->mutex);
    free(live->hash);
    free(live->slots);
    free(live);
}

static uint32_t *bucket_of(struct live *live, struct id showtime)
{
    return &live->hash[id_hash(showtime) % live->capacity];
}

static struct live_showtime *find(struct live *live, struct id showtime)
{
    uint32_t slot = *bucket_of(live, showtime);
    while (slot != SLOT_NONE && !id_equal(live->slots[slot].showtime, showtime)) {
        slot = live->slots[slot].next_same_hash;
    }
    return slot == SLOT_NONE ? NULL : &live->slots[slot];
}

/* Empties the slot that nobody has watched for longest; NULL if all are watched. */
static struct live_showtime *make_room(struct live *live)
{
    struct live_showtime *oldest = NULL;
    for (uint32_t slot = 0; slot < live->count; slot++) {
        struct live_showtime *showtime = &live->slots[slot];
        if (showtime->watchers > 0) continue;
        if (oldest == NULL || showtime->used < oldest->used) oldest = showtime;
    }
    if (oldest == NULL) return NULL;
    uint32_t *link = bucket_of(live, oldest->showtime);
    while (&live->slots[*link] != oldest) link = &live->slots[*link].next_same_hash;
    *link = oldest->next_same_hash;
    drop_texts(oldest);
    oldest->event = 0;
    return oldest;
}

static struct live_showtime *add(struct live *live, struct id id)
{
    struct live_showtime *showtime = NULL;
    if (live->count < live->capacity) {
        showtime = &live->slots[live->count++];
        CHECK(pthread_mutex_init(&showtime->mutex, NULL) == 0);
    } else {
        showtime = make_room(live);
        if (showtime == NULL) return NULL;
    }
    uint32_t *bucket = bucket_of(live, id);
    showtime->showtime = id;
    showtime->next_same_hash = *bucket;
    *bucket = (uint32_t)(showtime - live->slots);
    return showtime;
}

enum error live_watch(struct live *live, struct id showtime, int64_t now_us,
                      struct live_showtime **ret_showtime, uint64_t *ret_version)
{
    CHECK(!id_is_none(showtime));

    uint64_t version = 0;
    if (!feed_version(live->feed, showtime, &version)) return ERROR_SHOWTIME_NOT_FOUND;
    pthread_mutex_lock(&live->mutex);
    struct live_showtime *found = find(live, showtime);
    if (found == NULL) found = add(live, showtime);
    if (found != NULL) {
        found->watchers++;
        found->used = ++live->uses;
    }
    pthread_mutex_unlock(&live->mutex);
    if (found == NULL) return ERROR_OVERLOADED;

    if (live_refresh(live, found, now_us, &version)) {
        *ret_showtime = found;
        *ret_version = version;
        return ERROR_NONE;
    }
    live_unwatch(live, found); /* It has left between the two looks. */
    return ERROR_SHOWTIME_NOT_FOUND;
}

void live_unwatch(struct live *live, struct live_showtime *showtime)
{
    pthread_mutex_lock(&live->mutex);
    CHECK(showtime->watchers > 0);
    showtime->watchers--;
    showtime->used = ++live->uses;
    pthread_mutex_unlock(&live->mutex);
}

void **live_place(struct live_showtime *showtime, uint32_t loop)
{
    CHECK(loop < LIVE_LOOPS_MAX);
    return &showtime->watches[loop];
}

/* The same places, and the same of them are seats? */
static bool same_layout(const struct live_showtime *showtime, const struct feed_view *view)
{
    if (showtime->rows != view->rows || showtime->cols != view->cols) return false;
    for (uint32_t place = 0; place < view->place_count; place++) {
        const bool was_seat = showtime->states[place] != SEAT_ABSENT;
        const bool is_seat = view->states[place] != SEAT_ABSENT;
        if (was_seat != is_seat) return false;
    }
    return true;
}

/* The next event: it takes all who know one of the last versions to this one. */
static void publish(struct live_showtime *showtime, const struct feed_view *view, int64_t now_us)
{
    const uint32_t event = ++showtime->event;
    if (event == 1 || !same_layout(showtime, view)) {
        showtime->known_from = event;
        showtime->rows = view->rows;
        showtime->cols = view->cols;
        showtime->place_count = view->place_count;
        memcpy(showtime->states, view->states, view->place_count);
        memset(showtime->changed, 0, sizeof showtime->changed);
    }
    for (uint32_t place = 0; place < view->place_count; place++) {
        if (showtime->states[place] == view->states[place]) continue;
        showtime->states[place] = view->states[place];
        showtime->changed[place] = event;
    }
    if (event - showtime->known_from >= LIVE_RESUMES_MAX)
        showtime->known_from = event - LIVE_RESUMES_MAX + 1;
    drop_texts(showtime);
    showtime->versions[event % LIVE_RESUMES_MAX] = view->version;
    showtime->published_us = now_us;
}

static uint64_t newest_of(const struct live_showtime *showtime)
{
    return showtime->versions[showtime->event % LIVE_RESUMES_MAX];
}

bool live_refresh(struct live *live, struct live_showtime *showtime, int64_t now_us,
                  uint64_t *ret_version)
{
    CHECK(ret_version != NULL);

    bool in_memory = true;
    pthread_mutex_lock(&showtime->mutex);
    if (showtime->event == 0 || now_us - showtime->published_us >= LIVE_SPACING_US) {
        uint64_t version = 0;
        struct feed_view view;
        in_memory = feed_version(live->feed, showtime->showtime, &version);
        if (in_memory && (showtime->event == 0 || version != newest_of(showtime))) {
            in_memory = feed_read(live->feed, showtime->showtime, &view);
            if (in_memory) publish(showtime, &view, now_us);
        }
    }
    if (showtime->event > 0) *ret_version = newest_of(showtime);
    pthread_mutex_unlock(&showtime->mutex);
    return in_memory;
}

/* The event after which somebody knows this version; 0 if it is too old or was never told of. */
static uint32_t event_of(const struct live_showtime *showtime, uint64_t version)
{
    for (uint32_t event = showtime->event; event >= showtime->known_from && event > 0; event--) {
        if (showtime->versions[event % LIVE_RESUMES_MAX] == version) return event;
    }
    return 0;
}

/* What has changed since the event; NULL if a snapshot is better, or without memory. */
static struct shared *changes_since(struct live_showtime *showtime,
                                    const struct event_subject *subject, uint32_t event)
{
    struct shared **changes = &showtime->changes[event % LIVE_RESUMES_MAX];
    if (*changes != NULL) return *changes;
    uint32_t count = 0;
    for (uint32_t place = 0; place < showtime->place_count; place++) {
        count += showtime->changed[place] > event;
    }
    const bool merged = event + 1 < showtime->event;
    if (merged && count * EVENT_SEAT_SIZE_MAX > LIVE_MERGED_SIZE_MAX) return NULL;
    *changes = event_text_changes(subject, showtime->changed, event, count);
    return *changes;
}

static struct shared *find_text(struct live_showtime *showtime, uint64_t version)
{
    const struct event_subject subject = {.showtime = showtime->showtime,
                                          .version = newest_of(showtime),
                                          .cols = showtime->cols,
                                          .place_count = showtime->place_count,
                                          .states = showtime->states};
    const uint32_t event = event_of(showtime, version);
    struct shared *text = NULL;
    if (event > 0) text = changes_since(showtime, &subject, event);
    if (text != NULL) return text;
    if (showtime->snapshot == NULL) showtime->snapshot = event_text_snapshot(&subject);
    return showtime->snapshot;
}

struct shared *live_event(struct live_showtime *showtime, uint64_t version, uint64_t *ret_version)
{
    CHECK(ret_version != NULL);

    pthread_mutex_lock(&showtime->mutex);
    CHECK(showtime->event > 0);
    struct shared *text = NULL;
    if (version != newest_of(showtime)) text = find_text(showtime, version);
    if (text != NULL) shared_ref(text);
    *ret_version = newest_of(showtime);
    pthread_mutex_unlock(&showtime->mutex);
    return text;
}

bool live_is_watched(struct live *live, struct id showtime)
{
    pthread_mutex_lock(&live->mutex);
    const struct live_showtime *found = find(live, showtime);
    const bool watched = found != NULL && found->watchers > 0;
    pthread_mutex_unlock(&live->mutex);
    return watched;
}

uint32_t live_watched(struct live *live, struct id *showtimes, uint32_t capacity)
{
    uint32_t count = 0;
    pthread_mutex_lock(&live->mutex);
    for (uint32_t slot = 0; slot < live->count && count < capacity; slot++) {
        if (live->slots[slot].watchers > 0) showtimes[count++] = live->slots[slot].showtime;
    }
    pthread_mutex_unlock(&live->mutex);
    return count;
}
