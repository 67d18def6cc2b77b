#include "sim_shared/house.h"

#include "base/check.h"
#include "sim_shared/judge.h"
#include "sim_shared/lock.h"
#include "sim_shared/reached.h"
#include "store/mongo/mongo_store.h"
#include "store/mongo/mongo_watch.h"

enum {
    TEND_PERCENT = 20,
    WATCH_PERCENT = 10,
    CHORES_MAX = 16,
    DUE_AFTER_MS = 1000,
    SHOWTIMES_MAX = 4,
};

struct instance {
    uint32_t number; /* Its fiber. */
    bool up;
    struct mongo_store *store;
    struct engine *engine;
    struct feed *feed;
    struct mongo_client client; /* For what it looks for. */
    struct shared_lock lock;
    bool stepping;       /* It waits for the database, */
    uint32_t idle_looks; /* or looks whether there is something to do, so often by now. */
    uint32_t inbox_count;
    struct attempt *inbox[HOUSE_INBOX_MAX];
    struct command chores[CHORES_MAX];
    bool chore_under_way[CHORES_MAX];
    struct id due_after; /* Where it goes on to look. */
    struct id money_after;
};

static struct {
    struct house_options options;
    struct mongo_connection *connection;
    uint32_t allowed;
    bool over;
    struct instance instances[HOUSE_INSTANCES_MAX];
} house;

static struct instance *instance_of(uint32_t number)
{
    CHECK(number >= 1);
    CHECK(number <= house.options.instances);
    return &house.instances[number - 1];
}

static int64_t clock_of(const struct instance *instance)
{
    return weather.now_ms + house.options.skews_ms[instance->number - 1];
}

static bool is_chore(const struct instance *instance, const struct command *command)
{
    return command >= instance->chores && command < instance->chores + CHORES_MAX;
}

static void answered(void *context, struct command *command)
{
    struct instance *instance = context;
    if (is_chore(instance, command)) {
        instance->chore_under_way[command - instance->chores] = false;
        return;
    }
    if (weather.dead[instance->number]) return; /* Nobody hears it. */
    struct attempt *attempt = command->owner;
    attempt->partitioned =
        attempt->partitioned || weather.partitions[instance->number] != attempt->partitions;
    house.options.heard(attempt);
    if (command->answer.failure == ERROR_OUTCOME_UNKNOWN) attempt->state = ATTEMPT_LOST;
    else attempts_forget(attempt);
}

/* A process may die before any step; before the answers leave, others have their turns. */
static enum error before_step(void *context, enum mongo_step step)
{
    const struct instance *instance = context;
    CHECK(fibers_self() == instance->number);
    if (step == MONGO_STEP_COMMITTED) fibers_yield();
    reached_saw_if(weather_kills() && step == MONGO_STEP_COMMITTED, REACHED_DIED_AFTER_COMMIT);
    return weather.dead[instance->number] ? ERROR_STORE_UNAVAILABLE : ERROR_NONE;
}

static void close_parts(struct instance *instance)
{
    engine_close(instance->engine);
    if (instance->feed != NULL) feed_close(instance->feed);
    mongo_store_close(instance->store);
    mongo_client_close(&instance->client);
    instance->engine = NULL;
    instance->feed = NULL;
    instance->store = NULL;
    instance->up = false;
}

static void die(struct instance *instance)
{
    close_parts(instance);
    instance->inbox_count = 0;
    memset(instance->chore_under_way, 0, sizeof instance->chore_under_way);
    attempts_lose(instance->number, house.options.lost);
    if (judge.verbose) printf("instance %u died\n", instance->number);
    reached_saw(REACHED_DEATH);
}

static bool open_parts(struct instance *instance)
{
    struct mongo_reason reason = {""};
    const struct mongo_store_options store = {.connection = house.connection,
                                              .tag_key = house.options.policy.tag_key,
                                              .hook = {.before = before_step, .context = instance},
                                              .instance = "simulated"};
    if (mongo_store_open(&store, &instance->store, &reason) != ERROR_NONE) {
        instance->store = NULL;
        return false;
    }
    CHECK(mongo_client_open(house.connection, &instance->client) == ERROR_NONE);
    instance->feed = feed_open(SHOWTIMES_MAX);
    instance->lock = (struct shared_lock){.instance = instance->number,
                                          .required = house.options.lock == HOUSE_LOCK_REQUIRED,
                                          .trouble_percent = house.options.lock_trouble_percent};
    struct engine_options engine = {.policy = house.options.policy,
                                    .showtimes_max = SHOWTIMES_MAX,
                                    .store = mongo_store_port(instance->store),
                                    .feed = instance->feed,
                                    .answered = answered,
                                    .answered_context = instance};
    if (house.options.lock != HOUSE_LOCK_NONE) engine.lock = lock_port(&instance->lock);
    instance->engine = engine_open(&engine);
    CHECK(instance->feed != NULL);
    CHECK(instance->engine != NULL);
    return engine_recover(instance->engine) == ERROR_NONE;
}

static void start(struct instance *instance)
{
    weather_restart(instance->number);
    instance->due_after = (struct id){0};
    instance->money_after = (struct id){0};
    instance->up = open_parts(instance) && !weather.dead[instance->number];
    instance->idle_looks = 0;
    if (!instance->up) close_parts(instance); /* It will be tried again. */
}

static void take_inbox(struct instance *instance)
{
    for (uint32_t index = 0; index < instance->inbox_count; index++) {
        engine_submit(instance->engine, &instance->inbox[index]->command);
    }
    instance->inbox_count = 0;
}

/* A command of its own; NULL if too many are under way. */
static struct command *take_chore(struct instance *instance)
{
    for (uint32_t index = 0; index < CHORES_MAX; index++) {
        if (instance->chore_under_way[index]) continue;
        instance->chore_under_way[index] = true;
        return &instance->chores[index];
    }
    return NULL;
}

/* What the program's monitor does. */
static void watch(struct instance *instance)
{
    struct id due[CHORES_MAX];
    struct command money[CHORES_MAX];
    size_t count = 0;
    const int64_t before_ms = clock_of(instance) - STEAL_GUARD_MS - DUE_AFTER_MS;
    if (mongo_watch_due(&instance->client, before_ms, &instance->due_after, due, CHORES_MAX,
                        &count) != ERROR_NONE) {
        return;
    }
    for (size_t index = 0; index < count; index++) {
        struct command *chore = take_chore(instance);
        if (chore == NULL) return;
        command_init(chore);
        chore->kind = COMMAND_LOOK;
        chore->showtime = due[index];
        engine_submit(instance->engine, chore);
    }
    if (mongo_watch_money(&instance->client, &instance->money_after, money, CHORES_MAX, &count) !=
        ERROR_NONE) {
        return;
    }
    for (size_t index = 0; index < count; index++) {
        struct command *chore = take_chore(instance);
        if (chore == NULL) return;
        *chore = money[index];
        engine_submit(instance->engine, chore);
        reached_saw(REACHED_MONEY_TAKEN_UP);
    }
}

static void live_on(struct instance *instance)
{
    const bool asked = instance->inbox_count > 0;
    instance->stepping = true;
    take_inbox(instance);
    const bool busy = engine_step(instance->engine, clock_of(instance));
    const bool dead = weather.dead[instance->number];
    if (!dead && random_chance(weather.random, TEND_PERCENT)) {
        engine_tend(instance->engine, clock_of(instance));
    }
    if (!dead && random_chance(weather.random, WATCH_PERCENT)) watch(instance);
    instance->stepping = false;
    instance->idle_looks = asked || busy ? 0 : instance->idle_looks + 1;
}

static void run(void *context)
{
    struct instance *instance = context;
    while (!house.over) {
        const bool allowed = (house.allowed >> (instance->number - 1) & 1) != 0;
        if (instance->up && !allowed) weather.dead[instance->number] = true;
        if (instance->up && weather.dead[instance->number]) die(instance);
        else if (instance->up) live_on(instance);
        else if (allowed && random_chance(weather.random, 30)) start(instance);
        fibers_yield();
    }
    if (instance->up) close_parts(instance);
}

void house_begin(const struct house_options *options)
{
    struct mongo_reason reason;
    struct mongo_connection *connection = house.connection;
    memset(&house, 0, sizeof house);
    house.options = *options;
    house.connection = connection;
    house.allowed = UINT32_MAX;
    lock_begin();
    if (connection == NULL) {
        CHECK(mongo_connection_open("mongodb://simulated/usher", &house.connection, &reason) ==
              ERROR_NONE);
    }
    for (uint32_t number = 1; number <= options->instances; number++) {
        struct instance *instance = instance_of(number);
        instance->number = number;
        fibers_start(run, instance);
    }
}

void house_end(void)
{
    house.over = true;
}

void house_allow(uint32_t instances)
{
    house.allowed = instances;
}

uint32_t house_up(void)
{
    uint32_t count = 0;
    for (uint32_t number = 1; number <= house.options.instances; number++) {
        count += instance_of(number)->up;
    }
    return count;
}

bool house_send(uint32_t instance_number, struct attempt *attempt)
{
    struct instance *instance = instance_of(instance_number);
    const bool takes = instance->up && !weather.dead[instance_number];
    if (!takes || instance->inbox_count == HOUSE_INBOX_MAX) return false;
    const struct judged_showtime *showtime = judge_showtime(attempt->command.showtime);
    attempt->instance = instance_number;
    attempt->sent_at_ms = weather.now_ms;
    attempt->sent_version = showtime == NULL ? 0 : showtime->version;
    attempt->sent_change = judge.changes;
    attempt->sent_answer = judge.answers;
    attempt->partitions = weather.partitions[instance_number];
    attempt->partitioned = weather.pictures[instance_number] != NULL;
    instance->inbox[instance->inbox_count++] = attempt;
    instance->idle_looks = 0;
    return true;
}

struct mongo_connection *house_connection(void)
{
    return house.connection;
}

bool house_idle(void)
{
    enum { LOOKS = 30 }; /* In which each chore has come several times. */
    for (uint32_t number = 1; number <= house.options.instances; number++) {
        const struct instance *instance = instance_of(number);
        if (instance->stepping || (instance->up && instance->idle_looks < LOOKS)) return false;
    }
    return true;
}
