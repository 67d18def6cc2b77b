#include "sim/script.h"

#include <inttypes.h>
#include <signal.h>

#include "base/check.h"

enum {
    SCRIPT_SEED = 2, /* Any: it only chooses the hall and the prices. */
    TRIES_MAX = 40,  /* Until a call has its answer, whatever goes wrong. */
    NEXT_DEATHS = 6,
    MOMENTS_MIN = 8, /* A script with fewer has done nothing. */
    MOMENTS_MAX = 1000,
    FAILURES_SHOWN = 10,
};

/* Numbers are positions: of a seat, and of a booking, payment or block of the auditor's. */
#define ACT_LIST(X) \
    X(HOLD, "hold") /* By a user, two seats from this one on. */ \
    X(PAY, "pay") \
    X(PAY_BY_CARD, "card") \
    X(CONFIRM, "confirm") \
    X(CANCEL, "cancel") \
    X(MONEY, "money") \
    X(DECLINED, "declined") \
    X(SHORT_MONEY, "short") \
    X(WAIT, "wait")        /* So many minutes. */ \
    X(WAIT_END, "outlast") /* Until the very end of this booking. */ \
    X(BACK, "back")        /* The clock, by so many minutes. */ \
    X(TEND, "tend") \
    X(PRICE, "price") \
    X(BLOCK, "block") /* By a user, two seats from this one on. */ \
    X(RELEASE, "release") \
    X(REFUND, "refund") \
    X(REFUND_DONE, "refunded") \
    X(CANCEL_SHOW, "close")

enum act_kind {
#define ACT_ENUM(name, text) ACT_##name,
    ACT_LIST(ACT_ENUM)
#undef ACT_ENUM
        ACT_COUNT
};

static const char *const act_names[ACT_COUNT] = {
#define ACT_NAME(name, text) [ACT_##name] = text,
    ACT_LIST(ACT_NAME)
#undef ACT_NAME
};

struct act {
    enum act_kind kind;
    uint32_t number;
    uint32_t user;
    bool runs; /* After it, until all is answered; else the next act comes in the same turn. */
};

/* Acts with a comma between them come together; at a bar they are answered. */
static const struct script {
    const char *name;
    const char *acts;
} scripts[] = {
    {"sale", "hold a0 | pay 0 | money 0 | money 0, cancel 0 |"},
    {"confirm", "hold a0 | confirm 0 | money 0 | confirm 0 |"},
    {"cancel", "hold a0 | cancel 0 | hold b0 | cancel 0, cancel 1 |"},
    {"race", "hold a0, hold b1, hold c0 | cancel 0, hold b1 |"},
    {"cancel_meets_pay", "hold a0 | cancel 0, pay 0 |"},
    {"pay_meets_cancel", "hold a0 | pay 0, cancel 0 | money 0 | money 0 |"},
    {"money_meets_cancel", "hold a0 | pay 0 | money 0, cancel 0 |"},
    {"cancel_meets_money", "hold a0 | pay 0 | cancel 0, money 0 | hold b0 |"},
    {"expiry", "hold a0 | outlast 0, tend | hold b0, pay 0 |"},
    {"late_money", "hold a0 | pay 0 | outlast 0, tend | money 0 |"},
    {"money_at_the_end", "hold a0 | pay 0 | outlast 0, money 0 |"},
    {"seats_gone", "hold a0 | pay 0 | outlast 0, hold b1, money 0 |"},
    {"two_payments", "hold a0 | pay 0 | card 0 | money 0, money 1 |"},
    {"second_thoughts", "hold a0 | pay 0 | declined 0 | money 0 | declined 0 |"},
    {"short_money", "hold a0 | pay 0 | short 0 | pay 0 | money 0, money 1 |"},
    {"refund", "hold a0 | pay 0 | money 0 | refund e0 | refunded e0, hold b0 |"},
    {"show_cancelled",
     "hold a0, hold b2 | pay 0, pay 1 | money 0 | close e0 | money 1, refunded e0 |"},
    {"show_cancelled_meanwhile", "hold a0 | pay 0, close e0, hold b2 | money 0 |"},
    {"edit", "hold a0, price 90, hold b2 | price 80, pay 0 | money 0 |"},
    {"block", "block e0 | hold a0 | release e0, hold b0 | block e1 |"},
    {"clock_back", "hold a0 | outlast 0, tend | back 60 | outlast 0, tend | hold b0 |"},
    {"clock_back_while_paying", "hold a0 | pay 0 | outlast 0, back 60 | money 0, cancel 0 |"},
    {"house", "hold a0 | wait 500, tend | tend, hold b0 |"},
};

enum { SCRIPT_COUNT = sizeof scripts / sizeof scripts[0] };

static struct stage stage;

/* For the report of a CHECK that fails in the middle of a script. */
static struct script_plan running;

static void print_plan(FILE *stream, const struct script_plan *plan)
{
    fprintf(stream, "sim --script %s --dies-at %" PRIu64 " --again %" PRIu64, plan->name,
            plan->dies_at, plan->dies_next);
    fprintf(stream, " --fault %" PRIu64 " --fault-at %" PRIu64 "\n", plan->fault, plan->fault_at);
}

static void tell_the_plan(int number)
{
    (void)number;
    print_plan(stderr, &running);
    fflush(NULL);
    signal(SIGABRT, SIG_DFL);
}

static uint32_t read_number(const char **at)
{
    uint32_t number = 0;
    while (**at >= '0' && **at <= '9') number = number * 10 + (uint32_t)(*(*at)++ - '0');
    return number;
}

/* Reads one act and the mark behind it. */
static struct act read_act(const char **at)
{
    struct act act = {.kind = ACT_COUNT};
    while (**at == ' ') ++*at;
    size_t size = 0;
    while ((*at)[size] >= 'a' && (*at)[size] <= 'z') size++;
    const struct slice name = {*at, size};
    for (uint32_t kind = 0; kind < ACT_COUNT; kind++) {
        if (slice_equal(name, slice_of(act_names[kind]))) act.kind = (enum act_kind)kind;
    }
    CHECK(act.kind < ACT_COUNT);
    *at += size;
    while (**at == ' ') ++*at;
    if (**at >= 'a' && **at < 'a' + MODEL_USERS) act.user = (uint32_t)(*(*at)++ - 'a');
    act.number = read_number(at);
    while (**at == ' ') ++*at;
    CHECK(**at == ',' || **at == '|');
    act.runs = *(*at)++ == '|';
    return act;
}

/* The `number`th seat that is there. */
static struct seat_name seat_at(const struct model_showtime *showtime, uint32_t number)
{
    const uint32_t cols = showtime->layout.cols;
    uint32_t place = 0;
    while (showtime->layout.types[place] == SEAT_TYPE_COUNT || number-- > 0) place++;
    CHECK(place < cols * showtime->layout.rows);
    return (struct seat_name){.row = (uint16_t)(place / cols), .col = (uint16_t)(place % cols + 1)};
}

static void call_with_key(struct command *command, enum operation operation)
{
    command->claim.operation = operation;
    command->claim.fingerprint = clients_fingerprint(command);
    clients_call(&stage.clients, command, clients_make_key(&stage.world, &command->claim));
}

static void hold(const struct act *act)
{
    const struct model *model = &stage.world.model;
    struct command command = {.kind = COMMAND_HOLD,
                              .showtime = model->showtimes[0].id,
                              .claim.user = model->users[act->user],
                              .seat_count = 2};
    command.seats[0] = seat_at(&model->showtimes[0], act->number);
    command.seats[1] = seat_at(&model->showtimes[0], act->number + 1);
    call_with_key(&command, OPERATION_HOLD);
}

static void ask_about_booking(const struct act *act)
{
    const struct model *model = &stage.world.model;
    if (act->number >= model->booking_count) return;
    const struct model_booking *booking = &model->bookings[act->number];
    struct command command = {.kind = COMMAND_PAY,
                              .booking = booking->id,
                              .showtime = model->showtimes[0].id,
                              .claim.user = model->users[booking->user],
                              .method = act->kind == ACT_PAY_BY_CARD ? PAYMENT_CARD : PAYMENT_MOMO,
                              .gateway = url_of(SLICE("https://pay.example"))};
    if (act->kind == ACT_CONFIRM) command.kind = COMMAND_CONFIRM;
    if (act->kind != ACT_CANCEL) {
        call_with_key(&command, act->kind == ACT_CONFIRM ? OPERATION_CONFIRM : OPERATION_PAY);
        return;
    }
    command.kind = COMMAND_CANCEL;
    clients_call(&stage.clients, &command, 0);
}

static void tell_of_money(const struct act *act)
{
    const struct model *model = &stage.world.model;
    if (act->number >= model->payment_count) return;
    const struct model_payment *payment = &model->payments[act->number];
    struct command command = {.kind = COMMAND_MONEY,
                              .showtime = model->showtimes[0].id,
                              .payment = payment->id,
                              .method = payment->method,
                              .news = act->kind == ACT_DECLINED ? MONEY_FAILED : MONEY_PAID,
                              .amount = act->kind == ACT_SHORT_MONEY ? 1 : payment->amount};
    clients_call(&stage.clients, &command, 0);
}

static void change_price(const struct act *act)
{
    struct catalogue_edit edit = {.kind = EDIT_SHOWTIME,
                                  .members = UINT32_C(1) << SHOWTIME_PRICE,
                                  .showtime.id = stage.world.model.showtimes[0].id};
    edit.showtime.prices[0] = (int64_t)act->number * 1000;
    const struct command command = {
        .kind = COMMAND_EDIT, .showtime = edit.showtime.id, .edit = &edit};
    world_send(&stage.world, &command, WORLD_CALL_NONE, 0, false);
}

static void order(const struct act *act)
{
    const struct model *model = &stage.world.model;
    const struct model_showtime *showtime = &model->showtimes[0];
    char text[32];
    const int size = snprintf(text, sizeof text, "why %u", stage.clients.call_count);
    struct staff_order wanted = {.role = STAFF_ROLE_STAFF,
                                 .text = reason_of((struct slice){text, (size_t)size})};
    struct command command = {.kind = COMMAND_CANCEL_SHOWTIME,
                              .showtime = showtime->id,
                              .claim.user = model->users[act->user],
                              .order = &wanted};
    const bool of_money = act->kind == ACT_REFUND || act->kind == ACT_REFUND_DONE;
    if (of_money && act->number >= model->payment_count) return;
    if (act->kind == ACT_RELEASE && act->number >= model->block_count) return;
    if (of_money) command.payment = model->payments[act->number].id;
    if (act->kind == ACT_REFUND_DONE) command.kind = COMMAND_REFUND_DONE;
    if (act->kind == ACT_BLOCK) {
        command.kind = COMMAND_BLOCK;
        wanted.seat_count = 2;
        wanted.seats[0] = seat_at(showtime, act->number);
        wanted.seats[1] = seat_at(showtime, act->number + 1);
    }
    if (act->kind == ACT_RELEASE) {
        command.kind = COMMAND_RELEASE;
        wanted.block = model->blocks[act->number].id;
        wanted.text = (struct reason){0};
    }
    if (act->kind == ACT_REFUND) {
        command.kind = COMMAND_REFUND;
        call_with_key(&command, OPERATION_REFUND);
        return;
    }
    clients_call(&stage.clients, &command, 0);
}

/* Runs until all calls have their answers. A showtime that was closed needs a new process. */
static void run_until_heard(enum memory_fault fault)
{
    struct world *world = &stage.world;
    world->model.step++;
    world_arm_with(world, fault);
    for (uint32_t tries = 0; !world->model.broken; tries++) {
        world_run(world);
        if (stage.clients.open_count == 0) return;
        if (tries == TRIES_MAX) {
            model_break(&world->model, "a call never got a definite answer");
            return;
        }
        if (world->model.showtimes[0].closed) world_crash(world);
        clients_retry(&stage.clients);
    }
}

static void wait_until(int64_t moment_ms)
{
    struct world *world = &stage.world;
    if (moment_ms > world->now_ms) world_advance(world, moment_ms);
}

static void turn_back(uint32_t minutes)
{
    world_turn_back(&stage.world, stage.world.now_ms - INT64_C(60000) * minutes);
}

static void perform(const struct act *act)
{
    struct world *world = &stage.world;
    if (act->kind == ACT_HOLD) hold(act);
    else if (act->kind <= ACT_CANCEL) ask_about_booking(act);
    else if (act->kind <= ACT_SHORT_MONEY) tell_of_money(act);
    else if (act->kind == ACT_WAIT) wait_until(world->now_ms + INT64_C(60000) * act->number);
    else if (act->kind == ACT_WAIT_END) wait_until(world->model.bookings[act->number].end_ms);
    else if (act->kind == ACT_BACK) turn_back(act->number);
    else if (act->kind == ACT_TEND) world_tend(world);
    else if (act->kind == ACT_PRICE) change_price(act);
    else order(act);
}

/* Gives the number of moments, and of runs. */
static bool tell(const struct script *script, const struct script_plan *plan, bool verbose,
                 uint64_t *ret_moments, uint64_t *ret_runs)
{
    static const struct play play = {.seed = SCRIPT_SEED, .steps = 1, .acts_max = UINT32_MAX};
    struct world *world = &stage.world;
    running = *plan;
    play_open(&stage, &play, verbose);
    world->calm = true; /* Nothing by chance. */
    const uint64_t before = world->fragile.moments;
    if (plan->dies_at > 0) world_doom(world, plan->dies_at, plan->dies_next);
    uint64_t runs = 0;
    const char *at = script->acts;
    while (*at != '\0' && !world->model.broken) {
        const struct act act = read_act(&at);
        perform(&act);
        if (!act.runs || world->model.broken) continue;
        const bool fails = ++runs == plan->fault_at;
        run_until_heard(fails ? (enum memory_fault)plan->fault : MEMORY_FAULT_NONE);
        if (!world->model.broken) world_compare(world);
    }
    *ret_moments = world->fragile.moments - before;
    *ret_runs = runs;
    if (!world->model.broken) play_settle(&stage);
    play_close(&stage);
    return !world->model.broken;
}

static void count(struct script_counts *counts, const struct script_plan *plan, bool held)
{
    counts->passed += held;
    counts->failed += !held;
    if (held || counts->failed > FAILURES_SHOWN) return;
    printf("%s: %s\n  ", plan->name, stage.world.model.fault);
    print_plan(stdout, plan);
}

/* Tells the script in every way. */
static void tell_in_every_way(const struct script *script, struct script_counts *counts)
{
    struct script_plan plan = {.name = script->name};
    uint64_t moments = 0;
    uint64_t runs = 0;
    uint64_t unused = 0;
    count(counts, &plan, tell(script, &plan, false, &moments, &runs));
    const bool proves = moments >= MOMENTS_MIN && moments <= MOMENTS_MAX;
    if (!proves) model_break(&stage.world.model, "a script of %" PRIu64 " moments", moments);
    if (!proves) count(counts, &plan, false);
    for (plan.dies_at = 1; plan.dies_at <= moments; plan.dies_at++) {
        for (plan.dies_next = 0; plan.dies_next <= NEXT_DEATHS; plan.dies_next++) {
            count(counts, &plan, tell(script, &plan, false, &unused, &unused));
        }
    }
    plan = (struct script_plan){.name = script->name};
    for (plan.fault = MEMORY_FAULT_BEGIN; plan.fault <= MEMORY_FAULT_COMMIT_KEPT; plan.fault++) {
        for (plan.fault_at = 1; plan.fault_at <= runs; plan.fault_at++) {
            count(counts, &plan, tell(script, &plan, false, &unused, &unused));
        }
    }
    printf("%4" PRIu64 " moments, %2" PRIu64 " turns: %s\n", moments, runs, script->name);
}

struct script_counts script_run_all(void)
{
    struct script_counts counts = {0};
    signal(SIGABRT, tell_the_plan);
    for (size_t index = 0; index < SCRIPT_COUNT; index++) {
        tell_in_every_way(&scripts[index], &counts);
    }
    return counts;
}

struct script_counts script_run_one(const struct script_plan *plan, bool verbose)
{
    struct script_counts counts = {0};
    uint64_t unused = 0;
    signal(SIGABRT, tell_the_plan);
    for (size_t index = 0; index < SCRIPT_COUNT; index++) {
        if (!slice_equal(slice_of(plan->name), slice_of(scripts[index].name))) continue;
        count(&counts, plan, tell(&scripts[index], plan, verbose, &unused, &unused));
        return counts;
    }
    fprintf(stderr, "sim: there is no script '%s'\n", plan->name);
    counts.failed++;
    return counts;
}
