#include "http/seat_pages.h"

#include <libdeflate.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/timestamp.h"
#include "crypto/crypto.h"
#include "engine/feed.h"
#include "http/cors.h"
#include "http/negotiation.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/reply.h"
#include "http/seat_body.h"
#include "http/shared.h"

enum {
    /* 2500 seats in 0.16 ms to 8.6 KB; level 6 needs 0.73 ms for 7.1 KB. */
    GZIP_LEVEL = 1,
    GZIP_OVERHEAD = 1024, /* What incompressible bytes grow by, generously. */
    DIGEST_SIZE = 4,      /* Of layout and prices, which may change while the server is down. */
};

enum form { FORM_PLAIN, FORM_GZIP, FORM_COUNT };

struct entry {
    struct id showtime; /* None: free. */
    uint64_t used;      /* The set's count of uses at the last one. */
    uint64_t version;   /* Of the bodies. */
    uint64_t layout;    /* Of the plan. */
    int64_t prices[SEAT_TYPE_COUNT];
    struct seat_plan *plan;
    char *head;
    size_t head_size;
    uint8_t digest[DIGEST_SIZE];
    struct shared *bodies[FORM_COUNT]; /* NULL until somebody asks. */
};

struct set {
    pthread_mutex_t mutex;
    uint64_t uses;
    struct entry entries[SEAT_PAGES_WAYS];
};

struct seat_pages {
    struct seat_names names;
    pthread_mutex_t compressor_mutex; /* Taken with a set's mutex held, never the other way. */
    struct libdeflate_compressor *compressor;
    struct set sets[SEAT_PAGES_SETS];
};

struct seat_pages *seat_pages_open(void)
{
    struct seat_pages *pages = calloc(1, sizeof *pages);
    if (pages == NULL) return NULL;
    pages->compressor = libdeflate_alloc_compressor(GZIP_LEVEL);
    if (pages->compressor == NULL) {
        free(pages);
        return NULL;
    }
    seat_names_init(&pages->names);
    CHECK(pthread_mutex_init(&pages->compressor_mutex, NULL) == 0);
    for (uint32_t index = 0; index < SEAT_PAGES_SETS; index++) {
        CHECK(pthread_mutex_init(&pages->sets[index].mutex, NULL) == 0);
    }
    return pages;
}

static void drop_bodies(struct entry *entry)
{
    for (uint32_t form = 0; form < FORM_COUNT; form++) {
        shared_unref(entry->bodies[form]);
        entry->bodies[form] = NULL;
    }
}

static void empty_entry(struct entry *entry)
{
    drop_bodies(entry);
    free(entry->plan);
    free(entry->head);
    *entry = (struct entry){0};
}

void seat_pages_close(struct seat_pages *pages)
{
    if (pages == NULL) return;
    for (uint32_t index = 0; index < SEAT_PAGES_SETS; index++) {
        struct set *set = &pages->sets[index];
        for (uint32_t way = 0; way < SEAT_PAGES_WAYS; way++) empty_entry(&set->entries[way]);
        pthread_mutex_destroy(&set->mutex);
    }
    pthread_mutex_destroy(&pages->compressor_mutex);
    libdeflate_free_compressor(pages->compressor);
    free(pages);
}

/* The entry of the showtime, or NULL. */
static struct entry *find_entry(struct set *set, struct id showtime)
{
    for (uint32_t way = 0; way < SEAT_PAGES_WAYS; way++) {
        if (id_equal(set->entries[way].showtime, showtime)) return &set->entries[way];
    }
    return NULL;
}

/* An empty entry, if need be that of the showtime that nobody has looked at for longest. */
static struct entry *make_room(struct set *set)
{
    struct entry *oldest = &set->entries[0];
    for (uint32_t way = 1; way < SEAT_PAGES_WAYS; way++) {
        if (set->entries[way].used < oldest->used) oldest = &set->entries[way];
    }
    empty_entry(oldest);
    return oldest;
}

/* Writes what stays the same from version to version. */
static enum error write_head(struct entry *entry, const struct feed_view *view)
{
    struct buffer buffer;
    char *block = malloc(SEAT_HEAD_SIZE_MAX);
    if (block == NULL) return ERROR_OVERLOADED;
    buffer_init(&buffer, block, SEAT_HEAD_SIZE_MAX);
    seat_body_append_head(&buffer, entry->plan, view->prices);
    CHECK(!buffer.overflowed);
    char *smaller = realloc(block, buffer.size);
    free(entry->head);
    entry->head = smaller != NULL ? smaller : block;
    entry->head_size = buffer.size;
    memcpy(entry->prices, view->prices, sizeof entry->prices);

    const struct slice parts[] = {{entry->head, entry->head_size},
                                  {(const char *)view->types, view->place_count}};
    uint8_t digest[SHA256_SIZE];
    crypto_sha256(parts, sizeof parts / sizeof *parts, digest);
    memcpy(entry->digest, digest, DIGEST_SIZE);
    return ERROR_NONE;
}

static enum error fill_entry(struct entry *entry, const struct catalogue *catalogue,
                             const struct feed_view *view)
{
    entry->plan = calloc(1, sizeof *entry->plan);
    if (entry->plan == NULL) return ERROR_OVERLOADED;
    const enum error error =
        catalogue->methods->find_plan(catalogue->context, view->showtime, entry->plan);
    if (error != ERROR_NONE) return error;
    const struct seat_layout *layout = &entry->plan->layout;
    if (layout->rows != view->rows || layout->cols != view->cols) return ERROR_INTERNAL_ERROR;
    entry->layout = view->layout;
    return write_head(entry, view);
}

static struct shared *make_plain(const struct seat_pages *pages, const struct entry *entry,
                                 const struct feed_view *view)
{
    const struct slice head = {entry->head, entry->head_size};
    const size_t capacity = seat_body_size_max(head, view);
    char *block = malloc(capacity);
    if (block == NULL) return NULL;
    struct buffer buffer;
    buffer_init(&buffer, block, capacity);
    seat_body_append(&buffer, &pages->names, head, view);
    CHECK(!buffer.overflowed);
    return shared_of(block, buffer.size);
}

static struct shared *make_gzip(struct seat_pages *pages, const struct shared *plain)
{
    const struct slice text = shared_bytes(plain);
    const size_t capacity = text.size + GZIP_OVERHEAD;
    char *block = malloc(capacity);
    if (block == NULL) return NULL;
    pthread_mutex_lock(&pages->compressor_mutex);
    const size_t size =
        libdeflate_gzip_compress(pages->compressor, text.data, text.size, block, capacity);
    pthread_mutex_unlock(&pages->compressor_mutex);
    CHECK(size > 0);
    char *smaller = realloc(block, size);
    return shared_of(smaller != NULL ? smaller : block, size);
}

/* Has the bodies made of what is committed now. */
static enum error refresh(struct seat_pages *pages, struct feed *feed,
                          const struct catalogue *catalogue, struct entry *entry,
                          struct id showtime, enum form form)
{
    struct feed_view view;
    if (!feed_read(feed, showtime, &view)) return ERROR_SHOWTIME_NOT_FOUND;
    enum error error = ERROR_NONE;
    if (entry->head == NULL || entry->layout != view.layout) {
        empty_entry(entry);
        error = fill_entry(entry, catalogue, &view);
    } else if (memcmp(entry->prices, view.prices, sizeof view.prices) != 0) {
        error = write_head(entry, &view);
    }
    if (error != ERROR_NONE) return error;
    if (entry->version != view.version) drop_bodies(entry);
    entry->showtime = showtime;
    entry->version = view.version;
    if (entry->bodies[FORM_PLAIN] == NULL)
        entry->bodies[FORM_PLAIN] = make_plain(pages, entry, &view);
    if (entry->bodies[FORM_PLAIN] == NULL) return ERROR_OVERLOADED;
    if (form == FORM_GZIP) entry->bodies[FORM_GZIP] = make_gzip(pages, entry->bodies[FORM_PLAIN]);
    return entry->bodies[form] != NULL ? ERROR_NONE : ERROR_OVERLOADED;
}

static struct seat_page page_of(const struct entry *entry, enum form form)
{
    struct seat_page page = {.body = shared_ref(entry->bodies[form]), .version = entry->version};
    struct buffer buffer;
    buffer_init(&buffer, page.tag, sizeof page.tag);
    buffer_append_char(&buffer, '"');
    buffer_append_unsigned(&buffer, entry->version);
    buffer_append_char(&buffer, '-');
    buffer_append_hex(&buffer, entry->digest, sizeof entry->digest);
    if (form == FORM_GZIP) buffer_append(&buffer, SLICE("-gzip"));
    buffer_append_char(&buffer, '"');
    CHECK(!buffer.overflowed);
    page.tag_size = buffer.size;
    return page;
}

enum error seat_pages_find(struct seat_pages *pages, struct feed *feed,
                           const struct catalogue *catalogue, struct id showtime, bool gzip,
                           struct seat_page *ret_page)
{
    CHECK(!id_is_none(showtime));
    CHECK(ret_page != NULL);

    const enum form form = gzip ? FORM_GZIP : FORM_PLAIN;
    struct set *set = &pages->sets[id_hash(showtime) % SEAT_PAGES_SETS];
    pthread_mutex_lock(&set->mutex);
    struct entry *entry = find_entry(set, showtime);
    uint64_t version = 0;
    enum error error = ERROR_SHOWTIME_NOT_FOUND;
    if (feed_version(feed, showtime, &version)) {
        const bool fresh =
            entry != NULL && entry->version == version && entry->bodies[form] != NULL;
        if (entry == NULL) entry = make_room(set);
        error = fresh ? ERROR_NONE : refresh(pages, feed, catalogue, entry, showtime, form);
        if (error == ERROR_NONE) {
            entry->used = ++set->uses;
            *ret_page = page_of(entry, form);
        } else {
            empty_entry(entry);
        }
    }
    pthread_mutex_unlock(&set->mutex);
    return error;
}

static void add_headers(struct exchange *exchange, const struct seat_page *page)
{
    exchange_add_header(exchange, SLICE("etag"),
                        arena_copy(&exchange->arena, (struct slice){page->tag, page->tag_size}));
    cors_vary_by_encoding(exchange);
    exchange_add_header(exchange, SLICE("cache-control"), SLICE("no-cache"));
    char moment[TIMESTAMP_SIZE];
    timestamp_format(clock_now_ms(), moment);
    exchange_add_header(exchange, SLICE("x-server-time"),
                        arena_copy(&exchange->arena, (struct slice){moment, sizeof moment}));
    reply_add_version(exchange, page->version);
}

/* Serves from memory; false if the showtime is not there. */
static bool serve(struct desk *desk, struct exchange *exchange, struct id showtime)
{
    const struct house *house = desk->house;
    const bool gzip = negotiation_takes_gzip(exchange_header(exchange, SLICE("accept-encoding")));
    struct seat_page page;
    const enum error error =
        seat_pages_find(house->seat_pages, house->feed, &desk->catalogue, showtime, gzip, &page);
    if (error == ERROR_SHOWTIME_NOT_FOUND) return false;
    if (error != ERROR_NONE) {
        problem_reply_error(exchange, error, clock_now_ms());
        return true;
    }
    if (page.version < exchange->map_version_min) {
        /* It was read anew from a server that another has taken over from. */
        shared_unref(page.body);
        problem_reply_error(exchange, ERROR_STORE_UNAVAILABLE, clock_now_ms());
        return true;
    }
    add_headers(exchange, &page);
    const struct slice tag = {page.tag, page.tag_size};
    if (negotiation_has_tag(exchange_header(exchange, SLICE("if-none-match")), tag)) {
        shared_unref(page.body);
        exchange_reply(exchange, 304, (struct slice){0}, (struct slice){0});
        return true;
    }
    if (gzip) exchange_add_header(exchange, SLICE("content-encoding"), SLICE("gzip"));
    exchange_reply_shared(exchange, 200, SLICE("application/json"), page.body);
    return true;
}

/* It has left again at once: memory is full of busier ones. */
static void serve_now(struct desk *desk, struct exchange *exchange)
{
    if (!serve(desk, exchange, exchange->notes.showtime))
        problem_reply_error(exchange, ERROR_OVERLOADED, clock_now_ms());
}

/* The showtime was brought into memory, or there is none. */
static void looked(struct desk *desk, struct exchange *exchange, const struct command *command)
{
    const enum error error = problem_error_of(command->answer.refusal);
    if (error != ERROR_NONE) {
        problem_reply_error(exchange, error, clock_now_ms());
        return;
    }
    exchange->notes.showtime = command->showtime;
    desk_read(desk, exchange, serve_now, (struct id){0});
}

static void look(struct desk *desk, struct exchange *exchange, uint64_t seen_version)
{
    struct command *command = desk_take(desk);
    if (command == NULL) {
        problem_reply_error(exchange, ERROR_OVERLOADED, clock_now_ms());
        return;
    }
    command->kind = COMMAND_LOOK;
    command->showtime = exchange->notes.showtime;
    command->seen_version = seen_version;
    desk_submit(desk, exchange, command, looked);
}

/* Serves from memory what the database has not moved beyond; else it is read anew. */
static void serve_checked(struct desk *desk, struct exchange *exchange)
{
    const struct checked *checked = &desk->checked;
    const struct id showtime = exchange->notes.showtime;
    uint64_t version = 0;
    CHECK(checked->known);
    if (checked->error != ERROR_NONE) {
        problem_reply_error(exchange, checked->error, clock_now_ms());
        return;
    }
    exchange->map_version_min = checked->version;
    const bool current =
        feed_version(desk->house->feed, showtime, &version) && version >= checked->version;
    if (current && serve(desk, exchange, showtime)) return;
    look(desk, exchange, checked->version);
}

void seat_pages_handle(struct desk *desk, struct exchange *exchange, struct slice id)
{
    struct id showtime;
    enum consistency consistency = CONSISTENCY_LATEST;
    if (!query_only_consistency(exchange, &consistency, clock_now_ms())) return;
    if (!id_parse(id, &showtime)) {
        problem_reply_error(exchange, ERROR_SHOWTIME_NOT_FOUND, clock_now_ms());
        return;
    }
    exchange->notes.showtime = showtime;
    exchange->consistency = consistency;
    if (desk->house->back_office != NULL) {
        desk_read(desk, exchange, serve_checked, showtime);
        return;
    }
    if (serve(desk, exchange, showtime)) return;
    /* Only what exists is brought into memory, where it may push out another. */
    struct showtime found;
    const enum error error = desk->catalogue.methods->find_showtime(
        desk->catalogue.context, showtime, &exchange->arena, &found);
    if (error != ERROR_NONE) {
        problem_reply_error(exchange, error, clock_now_ms());
        return;
    }
    look(desk, exchange, 0);
}
