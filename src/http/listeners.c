#include "http/listeners.h"

#include "base/check.h"
#include "base/clock.h"
#include "http/limiter.h"
#include "http/reply.h"
#include "http/stream.h"

/* A ring of links; an empty one, and a link that stands in none, points to itself. */
struct link {
    struct link *next;
    struct link *previous;
};

struct watch;

struct listener {
    struct link of_watch; /* First, so that it can be cast. */
    struct link of_beats;
    struct listeners *listeners;
    struct watch *watch;
    struct stream *stream;
    uint64_t version;      /* That he has been told of. */
    int64_t beat_us;       /* When he is due for a comment. */
    struct address client; /* As the limiter counts him. */
    bool writing;          /* His last event has not left yet. */
};

static_assert(sizeof(struct listener) <= LISTENER_SIZE_MAX, "a listener is small");

/* A showtime that somebody on this loop listens to. */
struct watch {
    struct link of_watches; /* First, so that it can be cast. */
    struct link of_fans;    /* In the ring while its listeners are being told. */
    struct live_showtime *showtime;
    struct id id;
    struct link listeners;
    struct link *cursor;  /* The next one to be told. */
    uint64_t newest;      /* The version to tell of. */
    uint64_t fan_version; /* The version when the cursor began; LIVE_NOTHING: begin anew. */
    int64_t looked_us;    /* When it was last asked back into memory. */
    struct shared *text;  /* The event told last, from and to: most need the same. */
    uint64_t text_from;
    uint64_t text_to;
};

struct listeners {
    struct listeners_options options;
    struct shared *greeting;
    struct shared *beat;
    struct listener *slots;
    struct link free_slots;
    uint32_t slots_used; /* Those that were ever taken. */
    struct watch *watches;
    struct link free_watches;
    uint32_t watches_used;
    struct link watching;
    struct link fans;   /* Watches, by `of_fans`. */
    struct link beats;  /* Listeners, by `of_beats`, in the order in which they are due. */
    struct link *round; /* The watch to be looked at next; the ring's head: none. */
    int64_t round_us;   /* When the last round began. */
};

static void link_init(struct link *link)
{
    *link = (struct link){.next = link, .previous = link};
}

static bool link_alone(const struct link *link)
{
    return link->next == link;
}

static void link_remove(struct link *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link_init(link);
}

static void link_append(struct link *ring, struct link *link)
{
    CHECK(link_alone(link));
    *link = (struct link){.next = ring, .previous = ring->previous};
    ring->previous->next = link;
    ring->previous = link;
}

static struct listener *listener_of_beat(struct link *link)
{
    return (struct listener *)((char *)link - offsetof(struct listener, of_beats));
}

static struct watch *watch_of_fan(struct link *link)
{
    return (struct watch *)((char *)link - offsetof(struct watch, of_fans));
}

static struct shared *share(struct slice text)
{
    char *copy = malloc(text.size);
    if (copy == NULL) return NULL;
    memcpy(copy, text.data, text.size);
    return shared_of(copy, text.size);
}

struct listeners *listeners_open(const struct listeners_options *options)
{
    CHECK(options->listeners_max > 0);
    CHECK(options->heartbeat_us > 0);

    struct listeners *listeners = calloc(1, sizeof *listeners);
    if (listeners == NULL) return NULL;
    listeners->options = *options;
    listeners->greeting = share(SLICE("retry: 2000\n\n"));
    listeners->beat = share(SLICE(":\n\n"));
    listeners->slots = calloc(options->listeners_max, sizeof *listeners->slots);
    listeners->watches = calloc(LIVE_SHOWTIMES_MAX, sizeof *listeners->watches);
    link_init(&listeners->free_slots);
    link_init(&listeners->free_watches);
    link_init(&listeners->watching);
    link_init(&listeners->fans);
    link_init(&listeners->beats);
    listeners->round = &listeners->watching;
    if (listeners->greeting != NULL && listeners->beat != NULL && listeners->slots != NULL &&
        listeners->watches != NULL)
        return listeners;
    listeners_close(listeners);
    return NULL;
}

void listeners_close(struct listeners *listeners)
{
    if (listeners == NULL) return;
    CHECK(link_alone(&listeners->watching));
    CHECK(link_alone(&listeners->beats));
    shared_unref(listeners->greeting);
    shared_unref(listeners->beat);
    free(listeners->slots);
    free(listeners->watches);
    free(listeners);
}

static struct listener *take_listener(struct listeners *listeners)
{
    struct listener *listener = NULL;
    if (!link_alone(&listeners->free_slots)) {
        listener = (struct listener *)listeners->free_slots.next;
        link_remove(&listener->of_watch);
    } else if (listeners->slots_used < listeners->options.listeners_max) {
        listener = &listeners->slots[listeners->slots_used++];
    } else {
        return NULL;
    }
    *listener = (struct listener){.listeners = listeners};
    link_init(&listener->of_watch);
    link_init(&listener->of_beats);
    return listener;
}

static struct limiter *limiter_of(const struct listeners *listeners)
{
    return listeners->options.desk->house->limiter;
}

static void give_back(struct listener *listener)
{
    CHECK(link_alone(&listener->of_beats));
    link_append(&listener->listeners->free_slots, &listener->of_watch);
}

static struct watch *take_watch(struct listeners *listeners, struct live_showtime *showtime,
                                struct id id)
{
    struct watch *watch = NULL;
    if (!link_alone(&listeners->free_watches)) {
        watch = (struct watch *)listeners->free_watches.next;
        link_remove(&watch->of_watches);
    } else {
        /* The table pins no more showtimes than there are watches. */
        CHECK(listeners->watches_used < LIVE_SHOWTIMES_MAX);
        watch = &listeners->watches[listeners->watches_used++];
    }
    *watch = (struct watch){.showtime = showtime, .id = id, .newest = LIVE_NOTHING};
    link_init(&watch->of_watches);
    link_init(&watch->of_fans);
    link_init(&watch->listeners);
    watch->cursor = &watch->listeners;
    link_append(&listeners->watching, &watch->of_watches);
    return watch;
}

static void end_watch(struct listeners *listeners, struct watch *watch)
{
    CHECK(link_alone(&watch->listeners));
    if (listeners->round == &watch->of_watches) listeners->round = watch->of_watches.next;
    link_remove(&watch->of_watches);
    link_remove(&watch->of_fans);
    shared_unref(watch->text);
    *live_place(watch->showtime, listeners->options.desk->loop) = NULL;
    live_unwatch(listeners->options.live, watch->showtime);
    link_append(&listeners->free_watches, &watch->of_watches);
}

/* The watch of a showtime on this loop, made if need be. */
static enum error find_watch(struct listeners *listeners, struct id id, int64_t now_us,
                             struct watch **ret_watch, uint64_t *ret_version)
{
    struct live_showtime *showtime = NULL;
    const enum error error =
        live_watch(listeners->options.live, id, now_us, &showtime, ret_version);
    if (error != ERROR_NONE) return error;
    void **place = live_place(showtime, listeners->options.desk->loop);
    if (*place == NULL) *place = take_watch(listeners, showtime, id);
    else live_unwatch(listeners->options.live, showtime); /* One pin per loop. */
    *ret_watch = *place;
    return ERROR_NONE;
}

/* There is an event to be told of. */
static void note(struct listeners *listeners, struct watch *watch, uint64_t version)
{
    if (watch->newest == version) return;
    watch->newest = version;
    if (!link_alone(&watch->of_fans)) return; /* It begins anew at its end. */
    watch->cursor = watch->listeners.next;
    watch->fan_version = version;
    link_append(&listeners->fans, &watch->of_fans);
}

/* The event from one version to the newest, a reference of the caller's own. */
static struct shared *find_text(struct watch *watch, uint64_t from)
{
    const bool same =
        watch->text != NULL && watch->text_from == from && watch->text_to == watch->newest;
    if (!same) {
        uint64_t to = 0;
        struct shared *text = live_event(watch->showtime, from, &to);
        if (text == NULL) return NULL;
        shared_unref(watch->text);
        watch->text = text;
        watch->text_from = from;
        watch->text_to = to;
    }
    return shared_ref(watch->text);
}

/* Takes a listener to the newest version, unless he still has enough to do. */
static void catch_up(struct listener *listener)
{
    struct watch *watch = listener->watch;
    if (listener->writing || listener->version == watch->newest) return;
    struct shared *text = find_text(watch, listener->version);
    if (text == NULL) { /* No memory: it is tried again when all have had their turn. */
        watch->fan_version = LIVE_NOTHING;
        if (link_alone(&watch->of_fans)) link_append(&listener->listeners->fans, &watch->of_fans);
        return;
    }
    listener->version = watch->text_to;
    listener->writing = true;
    note(listener->listeners, watch, watch->text_to); /* Another loop may have been faster. */
    stream_write(listener->stream, text);
}

static void on_written(void *owner)
{
    struct listener *listener = owner;
    CHECK(listener->writing);
    listener->writing = false;
    catch_up(listener);
}

static void on_gone(void *owner)
{
    struct listener *listener = owner;
    struct watch *watch = listener->watch;
    if (watch->cursor == &listener->of_watch) watch->cursor = listener->of_watch.next;
    link_remove(&listener->of_watch);
    link_remove(&listener->of_beats);
    if (link_alone(&watch->listeners)) end_watch(listener->listeners, watch);
    limiter_end_stream(limiter_of(listener->listeners), &listener->client);
    give_back(listener);
}

static const struct stream_callbacks callbacks = {.written = on_written, .gone = on_gone};

static void add_headers(struct exchange *exchange, uint64_t version)
{
    exchange_add_header(exchange, SLICE("cache-control"), SLICE("no-store"));
    exchange_add_header(exchange, SLICE("x-accel-buffering"), SLICE("no"));
    reply_add_version(exchange, version);
}

enum error listeners_add(struct listeners *listeners, struct exchange *exchange, struct id showtime,
                         uint64_t version, int64_t now_us)
{
    struct listener *listener = take_listener(listeners);
    if (listener == NULL) return ERROR_OVERLOADED;
    if (!limiter_begin_stream(limiter_of(listeners), exchange, &listener->client)) {
        give_back(listener);
        return ERROR_RATE_LIMITED;
    }
    struct watch *watch = NULL;
    uint64_t newest = 0;
    const enum error error = find_watch(listeners, showtime, now_us, &watch, &newest);
    if (error != ERROR_NONE) {
        limiter_end_stream(limiter_of(listeners), &listener->client);
        give_back(listener);
        return error;
    }
    note(listeners, watch, newest);
    listener->watch = watch;
    listener->version = version;
    listener->writing = true;
    listener->beat_us = now_us + listeners->options.heartbeat_us;
    link_append(&watch->listeners, &listener->of_watch);
    link_append(&listeners->beats, &listener->of_beats);
    add_headers(exchange, newest);
    listener->stream = stream_begin(exchange, SLICE("text/event-stream"),
                                    shared_ref(listeners->greeting), &callbacks, listener);
    if (listener->stream == NULL) on_gone(listener);
    return ERROR_NONE;
}

/* Whatever changed last may not have been seen before the showtime left memory. The next rounds
 * see whether it is there again. */
static void ask_back(struct listeners *listeners, struct watch *watch, int64_t now_us)
{
    if (watch->looked_us != 0 && now_us - watch->looked_us < LISTENERS_LOOK_US) return;
    struct desk *desk = listeners->options.desk;
    struct command *command = desk_take(desk);
    if (command == NULL) return;
    watch->looked_us = now_us;
    command->kind = COMMAND_LOOK;
    command->showtime = watch->id;
    desk_send(desk, command);
}

static void refresh(struct listeners *listeners, struct watch *watch, int64_t now_us)
{
    uint64_t version = 0;
    if (live_refresh(listeners->options.live, watch->showtime, now_us, &version))
        note(listeners, watch, version);
    else ask_back(listeners, watch, now_us);
}

/* Tells the next listener of the first watch, which then waits for the others' turns. */
static void fan_out(struct listeners *listeners)
{
    struct watch *watch = watch_of_fan(listeners->fans.next);
    link_remove(&watch->of_fans);
    if (watch->cursor != &watch->listeners) {
        struct listener *listener = (struct listener *)watch->cursor;
        watch->cursor = watch->cursor->next;
        link_append(&listeners->fans, &watch->of_fans);
        catch_up(listener);
        return;
    }
    if (watch->fan_version == watch->newest) return;
    watch->fan_version = watch->newest;
    watch->cursor = watch->listeners.next;
    link_append(&listeners->fans, &watch->of_fans);
}

static void beat(struct listeners *listeners, struct listener *listener, int64_t now_us)
{
    link_remove(&listener->of_beats);
    listener->beat_us = now_us + listeners->options.heartbeat_us;
    link_append(&listeners->beats, &listener->of_beats);
    if (listener->writing) return; /* Bytes are on their way to him. */
    listener->writing = true;
    stream_write(listener->stream, shared_ref(listeners->beat));
}

bool listeners_pulse(struct listeners *listeners, int64_t now_us)
{
    struct link *none = &listeners->watching;
    if (listeners->round == none && now_us - listeners->round_us >= LISTENERS_ROUND_US) {
        listeners->round = listeners->watching.next;
        listeners->round_us = now_us;
    }
    uint32_t steps = 0;
    for (; steps < LISTENERS_SLICE && listeners->round != none; steps++) {
        struct watch *watch = (struct watch *)listeners->round;
        listeners->round = listeners->round->next;
        refresh(listeners, watch, now_us);
    }
    for (; steps < LISTENERS_SLICE && !link_alone(&listeners->fans); steps++) fan_out(listeners);
    bool beats_due = false;
    for (; !link_alone(&listeners->beats); steps++) {
        struct listener *listener = listener_of_beat(listeners->beats.next);
        beats_due = listener->beat_us <= now_us;
        if (!beats_due || steps >= LISTENERS_SLICE) break;
        beat(listeners, listener, now_us);
    }
    return listeners->round != none || !link_alone(&listeners->fans) || beats_due;
}
