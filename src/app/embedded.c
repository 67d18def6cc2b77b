#include "app/embedded.h"

#include "app/seed_command.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/random.h"
#include "engine/writer.h"

static bool open_writer(struct embedded *embedded, const struct embedded_options *options,
                        const struct siphash_key *tag_key)
{
    const struct config *config = options->config;
    embedded->feed = feed_open(SHOWTIMES_RESIDENT_MAX);
    if (embedded->feed == NULL) {
        fputs("usher: out of memory\n", stderr);
        return false;
    }
    const struct writer_options writer = {
        .engine = {.policy = {.hold_ms = config->hold_ms,
                              .payment_ms = config->payment_ms,
                              .held_seats_max = config->held_seats_max,
                              .tag_key = *tag_key},
                   .showtimes_max = SHOWTIMES_RESIDENT_MAX,
                   .store = sqlite_store_port(embedded->store),
                   .feed = embedded->feed},
        .loop_count = config->loop_count,
        .wake = options->wake,
        .failed = options->failed,
        .context = options->context};
    embedded->writer = writer_open(&writer);
    return embedded->writer != NULL;
}

bool embedded_open(struct embedded *embedded, const struct embedded_options *options)
{
    struct database_reason reason;
    struct siphash_key tag_key; /* Of this process only: the tags never leave memory. */
    random_fill(&tag_key, sizeof tag_key);

    const int64_t started_us = clock_steady_us();
    *embedded = (struct embedded){0};
    if (folder_open(options->config->data.text, &embedded->folder, &reason) != ERROR_NONE) {
        fprintf(stderr, "usher: %s\n", reason.text);
        return false;
    }
    const char *path = embedded->folder.database_path;
    if (options->config->demo && seed_demo(path, clock_now_ms()) != 0) return false;
    if (sqlite_store_open(path, &tag_key, &embedded->store, &reason) != ERROR_NONE) {
        fprintf(stderr, "usher: %s\n", reason.text);
        return false;
    }
    if (sqlite_storage_open(path, sqlite_store_meter(embedded->store), &embedded->storage,
                            &reason) != ERROR_NONE) {
        fprintf(stderr, "usher: %s\n", reason.text);
        return false;
    }
    if (!open_writer(embedded, options, &tag_key)) return false;
    log_event(LOG_INFO, "store_open", LOG_TEXT("file", slice_of(path)),
              LOG_NUMBER("micros", clock_steady_us() - started_us));
    return true;
}

void embedded_close(struct embedded *embedded)
{
    writer_close(embedded->writer);
    feed_close(embedded->feed);
    sqlite_storage_close(embedded->storage);
    sqlite_store_close(embedded->store);
    folder_close(&embedded->folder);
    *embedded = (struct embedded){0};
}
