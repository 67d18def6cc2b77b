#include "sim/gateway.h"

#include "base/check.h"

void gateway_open(struct gateway *gateway, struct clients *clients)
{
    struct message *messages = gateway->messages;
    uint8_t *told = gateway->told;
    if (messages == NULL) messages = calloc(GATEWAY_MESSAGES_MAX, sizeof *messages);
    if (told == NULL) told = calloc(MODEL_PAYMENTS_MAX, sizeof *told);
    CHECK(messages != NULL);
    CHECK(told != NULL);
    memset(told, 0, MODEL_PAYMENTS_MAX);
    *gateway = (struct gateway){.clients = clients, .messages = messages, .told = told};
}

static struct message *tell(struct gateway *gateway, uint32_t payment, enum money_news news,
                            int64_t due_ms)
{
    CHECK(gateway->message_count < GATEWAY_MESSAGES_MAX);
    struct message *message = &gateway->messages[gateway->message_count++];
    *message = (struct message){.payment = payment,
                                .news = news,
                                .amount = gateway->clients->world->model.payments[payment].amount,
                                .due_ms = due_ms};
    gateway->open_count++;
    return message;
}

/* A moment while the payment may still be paid. */
static int64_t in_time(struct world *world, const struct model_payment *payment)
{
    const int64_t last_ms = payment->end_ms - 1;
    if (last_ms <= world->now_ms) return world->now_ms;
    const int64_t soon_ms = world->now_ms + 90000;
    return random_between(&world->random, world->now_ms, last_ms < soon_ms ? last_ms : soon_ms);
}

/* From the very end on. */
static int64_t too_late(struct world *world, const struct model_payment *payment)
{
    const int64_t end_ms = world->model.bookings[payment->booking].end_ms;
    if (random_chance(&world->random, 30)) return end_ms;
    return end_ms + random_between(&world->random, 0, 1200000);
}

static void plan(struct gateway *gateway, uint32_t index)
{
    struct world *world = gateway->clients->world;
    const struct model_payment *payment = &world->model.payments[index];
    const uint32_t dice = random_below(&world->random, 100);
    const int64_t due_ms = in_time(world, payment);
    const bool foreign = random_chance(&world->random, 5);
    if (!world_may(world, TROUBLE_MONEY)) {
        tell(gateway, index, MONEY_PAID, due_ms);
        return;
    }
    if (dice < 34) {
        tell(gateway, index, MONEY_PAID, due_ms);
    } else if (dice < 56) {
        tell(gateway, index, MONEY_PAID, too_late(world, payment));
    } else if (dice < 68) {
        tell(gateway, index, MONEY_FAILED, due_ms);
        if (random_chance(&world->random, 60)) {
            tell(gateway, index, MONEY_PAID, due_ms + random_between(&world->random, 0, 60000));
        }
        if (random_chance(&world->random, 20)) tell(gateway, index, MONEY_PENDING, due_ms + 500);
    } else if (dice < 76) {
        tell(gateway, index, MONEY_PENDING, due_ms);
        tell(gateway, index, MONEY_PAID, due_ms + random_between(&world->random, 0, 60000));
        tell(gateway, index, MONEY_FAILED, due_ms + 90000);
    } else if (dice < 84) {
        struct message *message = tell(gateway, index, MONEY_PAID, due_ms);
        if (random_chance(&world->random, 70)) message->amount = 1;
        else message->other_currency = true;
    }
    if (foreign) tell(gateway, index, MONEY_PAID, due_ms)->foreign = true;
}

static void deliver(struct gateway *gateway, uint32_t index)
{
    struct message *message = &gateway->messages[index];
    const struct model *model = &gateway->clients->world->model;
    const struct model_payment *payment = &model->payments[message->payment];
    const uint32_t showtime = model->bookings[payment->booking].showtime;
    struct command command = {.kind = COMMAND_MONEY,
                              .showtime = model->showtimes[showtime].id,
                              .payment = payment->id,
                              .method = payment->method,
                              .news = message->news,
                              .amount = message->amount};
    if (message->other_currency) command.currency = (struct currency){"USD"};
    if (message->foreign) command.method = (payment->method + 1) % PAYMENT_METHOD_COUNT;
    message->in_flight = true;
    struct world *world = gateway->clients->world;
    const bool twice = !world->calm && random_chance(&world->random, 5);
    clients_deliver(gateway->clients, &command, (int32_t)index,
                    twice && world_may(world, TROUBLE_MONEY));
}

uint32_t gateway_act(struct gateway *gateway, bool hurry)
{
    struct clients *clients = gateway->clients;
    const struct world *world = clients->world;
    while (gateway->planned < world->model.payment_count &&
           gateway->message_count + 4 < GATEWAY_MESSAGES_MAX) {
        plan(gateway, gateway->planned++);
    }
    if (gateway->open_count == 0) return 0;
    for (uint32_t index = 0; index < gateway->message_count; index++) {
        const struct message *message = &gateway->messages[index];
        const bool due = hurry || message->due_ms <= world->now_ms;
        if (message->done || message->in_flight || !due) continue;
        if (clients->call_count == CLIENTS_CALLS_MAX) break;
        deliver(gateway, index);
    }
    return gateway->open_count;
}

void gateway_told(struct gateway *gateway, int32_t index, bool heard)
{
    struct message *message = &gateway->messages[index];
    struct world *world = gateway->clients->world;
    message->in_flight = false;
    if (!heard) {
        message->due_ms = world->now_ms + random_between(&world->random, 0, 30000);
        return;
    }
    if (message->done) return;
    message->done = true;
    gateway->open_count--;
    if (message->news != MONEY_PAID || message->foreign) return;
    gateway->told[message->payment] = 1;
    const bool again = !world->calm && random_chance(&world->random, 15);
    if (!again || gateway->message_count + 4 >= GATEWAY_MESSAGES_MAX) return;
    const int64_t due_ms = world->now_ms + random_between(&world->random, 0, 600000);
    struct message *copy = tell(gateway, message->payment, MONEY_PAID, due_ms);
    copy->amount = message->amount;
    copy->other_currency = message->other_currency;
}

void gateway_check(const struct gateway *gateway)
{
    struct model *model = &gateway->clients->world->model;
    for (uint32_t index = 0; index < model->payment_count; index++) {
        const enum model_fate fate = model->payments[index].fate;
        const bool decided = fate == FATE_KEPT || fate == FATE_REFUND;
        MODEL_MUST(model, decided || !gateway->told[index], "money was lost after its 200");
    }
}
