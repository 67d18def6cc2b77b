#include "gateway/caller.h"

#include <curl/curl.h>
#include <pthread.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"

enum { IDLE_MS = 60000 }; /* The thread is woken for news; this is only a bound. */

enum call_state { CALL_FREE, CALL_WAITING, CALL_RUNNING };

struct waiting_call {
    enum call_state state;
    uint32_t tries;
    int64_t due_us; /* Of a waiting one: not before. */
    size_t answer_size;
    size_t body_size;
    char address[CALLER_ADDRESS_SIZE_MAX];
    char header[CALLER_HEADER_SIZE_MAX];
    char body[CALLER_BODY_SIZE_MAX];
    /* The thread's own, while running. */
    CURL *easy;
    struct curl_slist *headers;
};

struct caller {
    struct slice base;
    char base_text[CALLER_ADDRESS_SIZE_MAX];
    int64_t pause_us;
    CURLM *multi;
    pthread_t thread;
    pthread_mutex_t mutex; /* Guards the states, and all of a call that is free. */
    bool stopping;
    uint32_t running; /* The thread's own. */
    struct waiting_call calls[CALLER_CALLS_MAX];
};

/* Counts the answer's bytes and drops them; refuses what is too much. */
/* NOLINTNEXTLINE(readability-non-const-parameter): curl gives the type. */
static size_t take_answer(char *data, size_t unit, size_t count, void *context)
{
    struct waiting_call *call = context;
    (void)data;
    call->answer_size += unit * count;
    return call->answer_size > CALLER_ANSWER_SIZE_MAX ? 0 : unit * count;
}

static bool set_options(struct waiting_call *call)
{
    CURL *easy = call->easy;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, call->address);
    code |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    code |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)call->body_size);
    code |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body);
    code |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CALLER_TIMEOUT_MS);
    code |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)CALLER_TIMEOUT_MS);
    code |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    code |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    code |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
    code |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    code |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    code |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    code |= curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    return code == CURLE_OK;
}

static void release(struct waiting_call *call)
{
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    call->easy = NULL;
    call->headers = NULL;
}

static bool append_header(struct waiting_call *call, const char *header)
{
    struct curl_slist *longer = curl_slist_append(call->headers, header);
    if (longer == NULL) return false;
    call->headers = longer;
    return true;
}

/* Begins a try; false without memory. */
static bool begin(struct caller *caller, struct waiting_call *call)
{
    call->answer_size = 0;
    call->easy = curl_easy_init();
    const bool ready = call->easy != NULL && append_header(call, call->header) &&
                       append_header(call, "Content-Type: application/json") &&
                       append_header(call, "Expect:") && set_options(call) &&
                       curl_multi_add_handle(caller->multi, call->easy) == CURLM_OK;
    if (!ready) release(call);
    return ready;
}

/* Counts the try; the call waits for its next one or is over. Needs the mutex. */
static void put_off(struct caller *caller, struct waiting_call *call, struct slice reason)
{
    call->tries++;
    if (call->tries < CALLER_TRIES) {
        call->due_us = clock_steady_us() + (caller->pause_us << (call->tries - 1));
        call->state = CALL_WAITING;
        return;
    }
    call->state = CALL_FREE;
    log_event(LOG_WARNING, "gateway_call_given_up", LOG_TEXT("address", slice_of(call->address)),
              LOG_TEXT("reason", reason));
}

/* Begins what is due and gives the milliseconds to the next one. Needs the mutex. */
static int begin_due(struct caller *caller)
{
    const int64_t now_us = clock_steady_us();
    int64_t next_us = now_us + IDLE_MS * INT64_C(1000);
    for (uint32_t index = 0; index < CALLER_CALLS_MAX; index++) {
        struct waiting_call *call = &caller->calls[index];
        if (call->state != CALL_WAITING) continue;
        if (caller->running == CALLER_RUNNING_MAX) break; /* The end of one wakes the thread. */
        if (call->due_us <= now_us) {
            if (begin(caller, call)) {
                call->state = CALL_RUNNING;
                caller->running++;
                continue;
            }
            put_off(caller, call, SLICE("no memory"));
        }
        if (call->state == CALL_WAITING && call->due_us < next_us) next_us = call->due_us;
    }
    return (int)((next_us - now_us) / 1000) + 1;
}

static void finish(struct caller *caller, CURL *easy, CURLcode result)
{
    struct waiting_call *call = NULL;
    long status = 0;
    CHECK(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call) == CURLE_OK);
    CHECK(curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK);
    CHECK(curl_multi_remove_handle(caller->multi, easy) == CURLM_OK);
    release(call);
    caller->running--;
    const bool taken = result == CURLE_OK && status >= 200 && status <= 299;
    pthread_mutex_lock(&caller->mutex);
    if (taken) call->state = CALL_FREE;
    else if (result == CURLE_OK) put_off(caller, call, SLICE("refused"));
    else put_off(caller, call, slice_of(curl_easy_strerror(result)));
    pthread_mutex_unlock(&caller->mutex);
}

static void *run(void *context)
{
    struct caller *caller = context;
    for (;;) {
        pthread_mutex_lock(&caller->mutex);
        const bool stopping = caller->stopping;
        const int wait_ms = stopping ? 0 : begin_due(caller);
        pthread_mutex_unlock(&caller->mutex);
        if (stopping) return NULL;

        int running = 0;
        int left = 0;
        CHECK(curl_multi_perform(caller->multi, &running) == CURLM_OK);
        bool finished = false;
        for (CURLMsg *message; (message = curl_multi_info_read(caller->multi, &left)) != NULL;) {
            if (message->msg != CURLMSG_DONE) continue;
            finish(caller, message->easy_handle, message->data.result);
            finished = true;
        }
        if (!finished) curl_multi_poll(caller->multi, NULL, 0, wait_ms, NULL);
    }
}

struct caller *caller_open(const struct caller_options *options)
{
    CHECK(options->pause_ms > 0);

    if (options->base.size >= CALLER_ADDRESS_SIZE_MAX) return NULL;
    struct caller *caller = calloc(1, sizeof *caller);
    if (caller == NULL) return NULL;
    memcpy(caller->base_text, options->base.data, options->base.size);
    caller->base = (struct slice){caller->base_text, options->base.size};
    caller->pause_us = options->pause_ms * 1000;
    CHECK(pthread_mutex_init(&caller->mutex, NULL) == 0);
    const bool curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    caller->multi = curl ? curl_multi_init() : NULL;
    if (caller->multi != NULL && pthread_create(&caller->thread, NULL, run, caller) == 0)
        return caller;
    curl_multi_cleanup(caller->multi);
    if (curl) curl_global_cleanup();
    pthread_mutex_destroy(&caller->mutex);
    free(caller);
    return NULL;
}

static bool fill(const struct caller *caller, struct waiting_call *free_call,
                 const struct call *call)
{
    char address[CALLER_ADDRESS_SIZE_MAX];
    struct buffer buffer;
    buffer_init(&buffer, address, sizeof address);
    buffer_append(&buffer, caller->base);
    buffer_append(&buffer, call->path);
    const struct slice whole = buffer_text(&buffer);
    if (whole.size == 0 || call->body.size > sizeof free_call->body) return false;
    if (!slice_to_string(whole, free_call->address, sizeof free_call->address)) return false;
    if (!slice_to_string(call->header, free_call->header, sizeof free_call->header)) return false;
    memcpy(free_call->body, call->body.data, call->body.size);
    free_call->body_size = call->body.size;
    free_call->tries = 0;
    free_call->due_us = 0;
    free_call->state = CALL_WAITING;
    return true;
}

bool caller_post(struct caller *caller, const struct call *call)
{
    CHECK(call->path.size > 0);
    CHECK(call->path.data[0] == '/');

    bool left = false;
    pthread_mutex_lock(&caller->mutex);
    for (uint32_t index = 0; index < CALLER_CALLS_MAX; index++) {
        if (caller->calls[index].state != CALL_FREE) continue;
        left = fill(caller, &caller->calls[index], call);
        break;
    }
    pthread_mutex_unlock(&caller->mutex);
    if (left) curl_multi_wakeup(caller->multi);
    return left;
}

void caller_close(struct caller *caller)
{
    if (caller == NULL) return;
    pthread_mutex_lock(&caller->mutex);
    caller->stopping = true;
    pthread_mutex_unlock(&caller->mutex);
    curl_multi_wakeup(caller->multi);
    pthread_join(caller->thread, NULL);

    uint32_t abandoned = 0;
    for (uint32_t index = 0; index < CALLER_CALLS_MAX; index++) {
        struct waiting_call *call = &caller->calls[index];
        abandoned += call->state != CALL_FREE;
        if (call->state != CALL_RUNNING) continue;
        curl_multi_remove_handle(caller->multi, call->easy);
        release(call);
    }
    if (abandoned > 0)
        log_event(LOG_WARNING, "gateway_calls_abandoned", LOG_NUMBER("count", abandoned));
    curl_multi_cleanup(caller->multi);
    curl_global_cleanup();
    pthread_mutex_destroy(&caller->mutex);
    free(caller);
}
