#include "sim/clients.h"

#include "base/check.h"

enum { LOST_PERCENT = 8, LATELY = 24 };

static const struct id unknown_id = {.bytes = {0xee, 0xee}};

void clients_open(struct clients *clients, struct world *world)
{
    struct call *calls = clients->calls;
    if (calls == NULL) calls = calloc(CLIENTS_CALLS_MAX, sizeof *calls);
    CHECK(calls != NULL);
    *clients = (struct clients){.world = world, .calls = calls, .focus = MODEL_NONE};
}

/* What the shell would hash: everything that the request says. */
struct fingerprint clients_fingerprint(const struct command *command)
{
    static const struct siphash_key hash = {.bytes = {0x46}};
    struct {
        struct id showtime;
        struct id booking;
        struct id payment;
        uint32_t kind;
        uint32_t method;
        uint32_t seats[SEATS_PER_HOLD_MAX];
    } body = {.showtime = command->showtime,
              .booking = command->booking,
              .payment = command->payment,
              .kind = (uint32_t)command->kind,
              .method = (uint32_t)command->method};
    for (uint32_t index = 0; index < command->seat_count; index++) {
        const struct seat_name name = command->seats[index];
        body.seats[index] = (uint32_t)name.row << 16 | name.col;
    }
    struct fingerprint fingerprint = {0};
    const uint64_t digest = siphash(&hash, &body, sizeof body);
    memcpy(fingerprint.bytes, &digest, sizeof digest);
    return fingerprint;
}

/* A new key: its first bytes are its position, so that the auditor finds it again. */
uint32_t clients_make_key(struct world *world, struct claim_key *claim)
{
    CHECK(world->model.key_count < MODEL_KEYS_MAX);
    const uint32_t key = world->model.key_count++;
    const uint64_t noise = random_next(&world->random);
    struct uuid uuid = {.bytes = {[6] = 0x40}};
    memcpy(uuid.bytes, &key, sizeof key);
    memcpy(uuid.bytes + 8, &noise, sizeof noise);
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3f) | 0x80);
    claim->key = uuid;
    world->model.keys[key] = (struct model_key){.claim = *claim, .twin = MODEL_NONE};
    return key;
}

/* The UUID of `first` in the hands of another user, or for another operation: a key of its
 * own. False if that key is there already. */
static bool make_twin(struct world *world, uint32_t first, struct claim_key *claim,
                      uint32_t *ret_key)
{
    struct model *model = &world->model;
    CHECK(model->key_count < MODEL_KEYS_MAX);
    claim->key = model->keys[first].claim.key;
    uint32_t position = 0; /* Of the one that the UUID names. */
    memcpy(&position, claim->key.bytes, sizeof position);
    for (int32_t at = (int32_t)position; at != MODEL_NONE; at = model->keys[at].twin) {
        if (model_same_key(&model->keys[at].claim, claim)) return false;
    }
    *ret_key = model->key_count++;
    model->keys[*ret_key] = (struct model_key){.claim = *claim, .twin = model->keys[position].twin};
    model->keys[position].twin = (int32_t)*ret_key;
    return true;
}

static void send(struct clients *clients, uint32_t index)
{
    const struct call *call = &clients->calls[index];
    struct world *world = clients->world;
    const bool deaf = !world->calm && random_chance(&world->random, LOST_PERCENT);
    world_send(world, &call->command, (int32_t)index, call->key,
               deaf && world_may(world, TROUBLE_LOSS));
}

bool clients_full(const struct clients *clients)
{
    return clients->call_count == CLIENTS_CALLS_MAX ||
           clients->world->model.key_count == MODEL_KEYS_MAX;
}

static void add(struct clients *clients, const struct command *command, uint32_t key,
                int32_t message)
{
    CHECK(clients->call_count < CLIENTS_CALLS_MAX);
    const uint32_t index = clients->call_count++;
    struct call *call = &clients->calls[index];
    *call = (struct call){.command = *command, .key = key, .message = message};
    if (command->order != NULL) {
        call->order = *command->order;
        call->command.order = &call->order;
    }
    clients->open_count++;
    send(clients, index);
}

void clients_call(struct clients *clients, const struct command *command, uint32_t key)
{
    add(clients, command, key, -1);
}

void clients_deliver(struct clients *clients, const struct command *command, int32_t message,
                     bool twice)
{
    add(clients, command, 0, message);
    if (twice) send(clients, clients->call_count - 1);
}

int32_t clients_told(struct clients *clients, const struct attempt *attempt, bool heard)
{
    struct call *call = &clients->calls[attempt->call];
    if (!heard) {
        call->unheard = true;
    } else if (!call->heard) {
        call->heard = true;
        clients->open_count--;
        sometimes_saw_if(call->unheard && attempt->command.answer.replayed,
                         SOMETIMES_ANSWER_LOST_AND_FOUND);
    }
    return call->message;
}

static bool is_listed(const struct command *command, struct seat_name name)
{
    for (uint32_t index = 0; index < command->seat_count; index++) {
        const struct seat_name other = command->seats[index];
        if (other.row == name.row && other.col == name.col) return true;
    }
    return false;
}

/* A run of seats side by side, as people want them; here and there one that is not there. */
static void choose_seats(struct random *random, const struct model_showtime *showtime,
                         struct command *command)
{
    const uint32_t places = (uint32_t)showtime->layout.rows * showtime->layout.cols;
    const uint32_t wanted =
        1 + random_below(random, random_chance(random, 20) ? SEATS_PER_HOLD_MAX : 4);
    uint32_t place = random_below(random, places);
    command->seat_count = 0;
    while (command->seat_count < wanted && command->seat_count < places) {
        /* Holds of ten hit the places without a seat often enough; others step over them. */
        const bool absent = showtime->layout.types[place] == SEAT_TYPE_COUNT;
        struct seat_name name = {.row = (uint16_t)(place / showtime->layout.cols),
                                 .col = (uint16_t)(place % showtime->layout.cols + 1)};
        if (random_chance(random, 1)) name.row = (uint16_t)(name.row + 20);
        if (!is_listed(command, name) && (!absent || wanted > 8)) {
            command->seats[command->seat_count++] = name;
        }
        place = (place + 1) % places;
        if (absent && random_chance(random, 2)) break;
    }
    if (command->seat_count == 0)
        command->seats[command->seat_count++] = (struct seat_name){0, 1, 0};
}

static const struct model_showtime *choose_showtime(struct world *world)
{
    struct model *model = &world->model;
    const bool hot = random_chance(&world->random, 60);
    return &model->showtimes[hot ? 0 : random_below(&world->random, model->showtime_count)];
}

struct user clients_choose_user(struct world *world)
{
    return world->model.users[random_below(&world->random, MODEL_USERS)];
}

static void new_hold(struct clients *clients)
{
    struct world *world = clients->world;
    const struct model_showtime *showtime = choose_showtime(world);
    struct command command = {
        .kind = COMMAND_HOLD,
        .showtime = showtime->id,
        .claim = {.user = clients_choose_user(world), .operation = OPERATION_HOLD}};
    choose_seats(&world->random, showtime, &command);
    if (random_chance(&world->random, 1)) command.showtime = unknown_id;
    const uint32_t key = clients_make_key(world, &command.claim);
    command.claim.fingerprint = clients_fingerprint(&command);
    add(clients, &command, key, -1);
}

/* A booking of lately, rather one that lives, or the one in focus; MODEL_NONE: none yet. */
int32_t clients_choose_booking(struct clients *clients)
{
    struct world *world = clients->world;
    const uint32_t count = world->model.booking_count;
    if (clients->focus != MODEL_NONE && random_chance(&world->random, 60)) return clients->focus;
    if (count == 0) return MODEL_NONE;
    const uint32_t lately = count < LATELY ? count : LATELY;
    int32_t booking = 0;
    for (uint32_t tries = 0; tries < 4; tries++) {
        booking = (int32_t)(count - 1 - random_below(&world->random, lately));
        if (model_lives(&world->model, &world->model.bookings[booking])) break;
    }
    return booking;
}

static struct command about_booking(struct clients *clients, int32_t index)
{
    struct world *world = clients->world;
    const struct model *model = &world->model;
    const struct model_booking *booking = &model->bookings[index];
    struct command command = {.booking = booking->id,
                              .showtime = model->showtimes[booking->showtime].id,
                              .claim.user = model->users[booking->user]};
    if (random_chance(&world->random, 4)) command.claim.user = clients_choose_user(world);
    if (random_chance(&world->random, 2)) {
        command.booking = unknown_id;
        command.showtime = (struct id){0};
    }
    return command;
}

/* A call of lately with a key; NULL if chance finds none. */
static const struct call *choose_call(struct clients *clients)
{
    struct random *random = &clients->world->random;
    for (uint32_t tries = 0; tries < 4 && clients->call_count > 0; tries++) {
        const uint32_t lately = random_chance(random, 70) ? 16 : 400;
        const uint32_t count = clients->call_count < lately ? clients->call_count : lately;
        const struct call *call =
            &clients->calls[clients->call_count - 1 - random_below(random, count)];
        const enum command_kind kind = call->command.kind;
        const bool has_key = kind == COMMAND_HOLD || kind == COMMAND_CONFIRM ||
                             kind == COMMAND_PAY || kind == COMMAND_REFUND;
        if (has_key) return call;
    }
    return NULL;
}

static void new_pay(struct clients *clients)
{
    struct world *world = clients->world;
    const int32_t booking = clients_choose_booking(clients);
    if (booking == MODEL_NONE) return;
    struct command command = about_booking(clients, booking);
    const bool confirms = random_chance(&world->random, 40);
    command.kind = confirms ? COMMAND_CONFIRM : COMMAND_PAY;
    command.claim.operation = confirms ? OPERATION_CONFIRM : OPERATION_PAY;
    command.method = random_chance(&world->random, 60)
                         ? PAYMENT_MOMO
                         : (enum payment_method)random_below(&world->random, PAYMENT_METHOD_COUNT);
    command.gateway = url_of(SLICE("https://pay.example"));
    command.claim.fingerprint = clients_fingerprint(&command);
    /* Some use the key of their hold again; some the key of something else. */
    const struct call *call = random_chance(&world->random, 10) ? choose_call(clients) : NULL;
    uint32_t key = 0;
    if (call == NULL) key = clients_make_key(world, &command.claim);
    else if (!make_twin(world, call->key, &command.claim, &key)) return;
    add(clients, &command, key, -1);
}

static void new_cancel(struct clients *clients)
{
    const int32_t booking = clients_choose_booking(clients);
    if (booking == MODEL_NONE) return;
    struct command command = about_booking(clients, booking);
    command.kind = COMMAND_CANCEL;
    add(clients, &command, 0, -1);
}

static void click_again(struct clients *clients)
{
    const struct call *call = choose_call(clients);
    if (call != NULL) send(clients, (uint32_t)(call - clients->calls));
}

/* The same user and key, another body: the seats, the showtime or the method change. */
static void reuse_key(struct clients *clients)
{
    const struct call *call = choose_call(clients);
    if (call == NULL) return;
    struct world *world = clients->world;
    struct command command = call->command;
    if (command.kind == COMMAND_HOLD) {
        const struct model_showtime *showtime = choose_showtime(world);
        command.showtime = showtime->id;
        choose_seats(&world->random, showtime, &command);
    } else {
        command.method = (command.method + 1) % PAYMENT_METHOD_COUNT;
    }
    command.claim.fingerprint = clients_fingerprint(&command);
    add(clients, &command, call->key, -1);
}

/* Another user draws the same UUID and asks for the same. */
static void share_uuid(struct clients *clients)
{
    const struct call *call = choose_call(clients);
    if (call == NULL) return;
    struct command command = call->command;
    command.claim.user = clients_choose_user(clients->world);
    uint32_t key = 0;
    if (make_twin(clients->world, call->key, &command.claim, &key)) add(clients, &command, key, -1);
}

/* Staff change a price, or now and then the start. */
static void new_edit(struct clients *clients)
{
    struct world *world = clients->world;
    struct random *random = &world->random;
    struct catalogue_edit edit = {.kind = EDIT_SHOWTIME};
    const struct model_showtime *showtime =
        &world->model.showtimes[random_below(random, world->model.showtime_count)];
    edit.showtime.id = random_chance(random, 1) ? unknown_id : showtime->id;
    if (random_chance(random, 25)) {
        edit.members = UINT32_C(1) << SHOWTIME_START;
        edit.showtime.starts_at_ms = showtime->starts_at_ms + 60000 * random_below(random, 3);
    } else {
        edit.members = UINT32_C(1) << SHOWTIME_PRICE;
        edit.showtime.prices[random_below(random, SEAT_TYPE_COUNT)] =
            random_between(random, 60, 200) * 1000;
    }
    const struct command command = {
        .kind = COMMAND_EDIT, .showtime = edit.showtime.id, .edit = &edit};
    world_send(world, &command, WORLD_CALL_NONE, 0, false);
}

uint32_t clients_retry(struct clients *clients)
{
    if (clients->open_count == 0) return 0;
    uint32_t open = 0;
    for (uint32_t index = 0; index < clients->call_count; index++) {
        const struct call *call = &clients->calls[index];
        if (call->heard || call->message >= 0) continue;
        open++;
        const uint32_t percent = clients->world->calm ? 100 : 20;
        if (random_chance(&clients->world->random, percent)) send(clients, index);
    }
    return open;
}

static void act(struct clients *clients)
{
    static const struct {
        uint32_t below;
        enum trouble trouble; /* TROUBLE_COUNT: people do it on good days too. */
        void (*does)(struct clients *clients);
    } acts[] = {{42, TROUBLE_COUNT, new_hold},  {52, TROUBLE_CLICKS, click_again},
                {56, TROUBLE_REUSE, reuse_key}, {58, TROUBLE_REUSE, share_uuid},
                {88, TROUBLE_PAYS, new_pay},    {97, TROUBLE_CANCELS, new_cancel},
                {100, TROUBLE_EDITS, new_edit}};
    const uint32_t dice = random_below(&clients->world->random, 100);
    size_t index = 0;
    while (dice >= acts[index].below) index++;
    const enum trouble trouble = acts[index].trouble;
    if (trouble == TROUBLE_COUNT || world_may(clients->world, trouble)) acts[index].does(clients);
}

void clients_act(struct clients *clients)
{
    struct random *random = &clients->world->random;
    const bool burst = random_chance(random, 3) && world_may(clients->world, TROUBLE_BURST);
    uint32_t count = burst ? 40 : random_below(random, 7);
    if (count > clients->world->acts_max) count = clients->world->acts_max;
    sometimes_saw_if(burst, SOMETIMES_TURN_OF_MANY);
    for (uint32_t index = 0; index < count && !clients_full(clients); index++) act(clients);
    clients_retry(clients);
}

void clients_flood(struct clients *clients)
{
    struct world *world = clients->world;
    const struct command look = {.kind = COMMAND_LOOK, .showtime = world->model.showtimes[0].id};
    for (uint32_t index = 0; index < QUEUE_PER_SHOWTIME_MAX; index++) {
        world_send(world, &look, WORLD_CALL_NONE, 0, false);
    }
    for (uint32_t index = 0; index < 10 && !clients_full(clients); index++) act(clients);
}
