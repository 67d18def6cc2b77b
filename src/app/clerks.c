#include "app/clerks.h"

#include "app/app_locale.h"
#include "store/mongo/mongo_catalogue.h"
#include "store/mongo/mongo_reader.h"
#include "store/mongo/mongo_staff_reader.h"
#include "store/mongo/mongo_watch.h"

struct clerk {
    struct desk desk;
    struct mongo_client client; /* For versions. */
    struct mongo_reader *reader;
    struct mongo_staff_reader *staff_reader;
    struct mongo_catalogue *catalogue;
};

static void leave(void *context, void *state)
{
    (void)context;
    struct clerk *clerk = state;
    house_close_keys(&clerk->desk);
    mongo_reader_close(clerk->reader);
    mongo_staff_reader_close(clerk->staff_reader);
    mongo_catalogue_close(clerk->catalogue);
    mongo_client_close(&clerk->client);
    free(clerk);
}

static void *enter(void *context, struct desk **ret_desk)
{
    const struct house_state *state = context;
    struct mongo_connection *connection = state->cluster->reading;
    struct clerk *clerk = calloc(1, sizeof *clerk);
    if (clerk == NULL) return NULL;
    clerk->desk.house = &state->house;
    if (mongo_client_open(connection, &clerk->client) == ERROR_NONE &&
        mongo_reader_open(connection, &clerk->reader) == ERROR_NONE &&
        mongo_staff_reader_open(connection, &clerk->staff_reader) == ERROR_NONE &&
        mongo_catalogue_open(connection, app_locale(), &clerk->catalogue) == ERROR_NONE &&
        house_open_keys(&clerk->desk)) {
        clerk->desk.reader = mongo_reader_port(clerk->reader);
        clerk->desk.staff_reader = mongo_staff_reader_port(clerk->staff_reader);
        clerk->desk.catalogue = mongo_catalogue_port(clerk->catalogue);
        *ret_desk = &clerk->desk;
        return clerk;
    }
    log_event(LOG_ERROR, "store_not_readable", LOG_TEXT("why", SLICE("no client is left")));
    leave(context, clerk);
    return NULL;
}

static enum error ask_versions(void *context, enum consistency consistency,
                               const struct id *showtimes, uint32_t count, uint64_t *versions)
{
    struct clerk *clerk = context;
    clerk->client.strong = consistency == CONSISTENCY_STRONG;
    const enum error error = mongo_watch_versions(&clerk->client, showtimes, count, versions);
    clerk->client.strong = false;
    return error;
}

static void wake(void *context, uint32_t loop)
{
    const struct house_state *state = context;
    state->cluster->wake(state->cluster->context, loop);
}

static bool is_open(void *context)
{
    const struct house_state *state = context;
    return monitor_reachable(state->cluster->monitor);
}

struct back_office *clerks_open(struct house_state *state)
{
    const struct config *config = state->cluster->config;
    return back_office_open(&(struct back_office_options){.clerk_count = config->reader_count,
                                                          .loop_count = config->loop_count,
                                                          .enter = enter,
                                                          .leave = leave,
                                                          .versions = ask_versions,
                                                          .wake = wake,
                                                          .is_open = is_open,
                                                          .context = state});
}
