#include "sim/staff.h"

#include <inttypes.h>

#include "base/check.h"

enum { LATELY = 24 };

static const struct id unknown_id = {.bytes = {0xdd, 0xdd}};

/* A text that no other call has, so that the auditor finds what came of it. */
static struct reason text_of(const struct clients *clients, const char *what)
{
    char text[64];
    const int size = snprintf(text, sizeof text, "%s %" PRIu32, what, clients->call_count);
    return reason_of((struct slice){.data = text, .size = (size_t)size});
}

static struct command command_of(struct clients *clients, enum command_kind kind,
                                 struct staff_order *order, const char *what)
{
    struct world *world = clients->world;
    const struct model *model = &world->model;
    const uint32_t showtime = random_below(&world->random, model->showtime_count);
    *order = (struct staff_order){.role = random_chance(&world->random, 50) ? STAFF_ROLE_STAFF
                                                                            : STAFF_ROLE_ADMIN,
                                  .text = text_of(clients, what)};
    return (struct command){.kind = kind,
                            .showtime = model->showtimes[showtime].id,
                            .claim.user = clients_choose_user(world),
                            .order = order};
}

/* Some seats in a row; now and then one that is not there. */
static void choose_seats(struct random *random, const struct model_showtime *showtime,
                         struct staff_order *order)
{
    const uint32_t cols = showtime->layout.cols;
    const uint32_t places = cols * showtime->layout.rows;
    const uint32_t wanted = random_chance(random, 5) ? places : 1 + random_below(random, 4);
    uint32_t place = random_below(random, places);
    for (uint32_t tries = 0; tries < places && order->seat_count < wanted; tries++) {
        const bool absent = showtime->layout.types[place] == SEAT_TYPE_COUNT;
        if (!absent || random_chance(random, 5)) {
            order->seats[order->seat_count++] = (struct seat_name){
                .row = (uint16_t)(place / cols), .col = (uint16_t)(place % cols + 1)};
        }
        place = (place + 1) % places;
    }
    if (order->seat_count == 0) order->seats[order->seat_count++] = (struct seat_name){0, 1, 0};
}

static void block_seats(struct clients *clients)
{
    struct staff_order order;
    struct command command = command_of(clients, COMMAND_BLOCK, &order, "block");
    const struct model *model = &clients->world->model;
    if (model->block_count == MODEL_BLOCKS_MAX) return;
    const int32_t showtime = model_find_showtime(model, command.showtime);
    choose_seats(&clients->world->random, &model->showtimes[showtime], &order);
    if (random_chance(&clients->world->random, 2)) command.showtime = unknown_id;
    clients_call(clients, &command, 0);
}

static void release_seats(struct clients *clients)
{
    struct staff_order order;
    struct command command = command_of(clients, COMMAND_RELEASE, &order, "");
    order.text = (struct reason){0};
    const struct model *model = &clients->world->model;
    struct random *random = &clients->world->random;
    if (model->block_count == 0) return;
    const uint32_t lately = model->block_count < LATELY ? model->block_count : LATELY;
    const uint32_t index = model->block_count - 1 - random_below(random, lately);
    order.block = model->blocks[index].id;
    if (!random_chance(random, 3)) {
        command.showtime = model->showtimes[model->blocks[index].showtime].id;
    }
    clients_call(clients, &command, 0);
}

/* A payment of lately, rather one whose money came; MODEL_NONE: none yet. */
static int32_t choose_payment(struct clients *clients, enum model_fate wanted)
{
    const struct model *model = &clients->world->model;
    struct random *random = &clients->world->random;
    if (model->payment_count == 0) return MODEL_NONE;
    const uint32_t lately = model->payment_count < 4 * LATELY ? model->payment_count : 4 * LATELY;
    int32_t payment = MODEL_NONE;
    for (uint32_t tries = 0; tries < 6; tries++) {
        payment = (int32_t)(model->payment_count - 1 - random_below(random, lately));
        if (model->payments[payment].fate == wanted) break;
    }
    return payment;
}

static void name_payment(struct clients *clients, struct command *command, int32_t index)
{
    const struct model *model = &clients->world->model;
    const struct model_payment *payment = &model->payments[index];
    command->payment = payment->id;
    command->showtime = model->showtimes[model->bookings[payment->booking].showtime].id;
    if (!random_chance(&clients->world->random, 2)) return;
    command->payment = unknown_id;
    command->showtime = (struct id){0};
}

static void refund(struct clients *clients)
{
    struct staff_order order;
    struct command command = command_of(clients, COMMAND_REFUND, &order, "refund");
    const enum model_fate wanted =
        random_chance(&clients->world->random, 70) ? FATE_KEPT : FATE_REFUND;
    const int32_t payment = choose_payment(clients, wanted);
    if (payment == MODEL_NONE || clients->world->model.key_count == MODEL_KEYS_MAX) return;
    name_payment(clients, &command, payment);
    command.claim.operation = OPERATION_REFUND;
    command.claim.fingerprint = clients_fingerprint(&command);
    clients_call(clients, &command, clients_make_key(clients->world, &command.claim));
}

static void pay_refund(struct clients *clients)
{
    struct staff_order order;
    struct command command = command_of(clients, COMMAND_REFUND_DONE, &order, "reference");
    const int32_t payment = choose_payment(clients, FATE_REFUND);
    if (payment == MODEL_NONE) return;
    name_payment(clients, &command, payment);
    const struct model_payment *paid = &clients->world->model.payments[payment];
    if (paid->refunded && random_chance(&clients->world->random, 50)) order.text = paid->reference;
    clients_call(clients, &command, 0);
}

static void cancel_showtime(struct clients *clients)
{
    struct staff_order order;
    struct command command = command_of(clients, COMMAND_CANCEL_SHOWTIME, &order, "cancel");
    if (random_chance(&clients->world->random, 5)) command.showtime = unknown_id;
    clients_call(clients, &command, 0);
}

void staff_act(struct clients *clients)
{
    struct random *random = &clients->world->random;
    if (clients_full(clients) || !random_chance(random, 40)) return;
    if (!world_may(clients->world, TROUBLE_STAFF)) return;
    const uint32_t dice = random_below(random, 100);
    if (dice < 35) block_seats(clients);
    else if (dice < 60) release_seats(clients);
    else if (dice < 80) refund(clients);
    else if (dice < 97) pay_refund(clients);
    else cancel_showtime(clients);
}
