#include "http/desk.h"

#include "base/check.h"
#include "base/clock.h"
#include "http/back_office.h"
#include "http/problem.h"

/* A command on its way, and who waits for it. */
struct ticket {
    struct command command;
    struct exchange *exchange; /* NULL: nobody waits, or no more, as the time was over. */
    desk_answer *answer;
    int64_t submitted_us;
    struct ticket *before; /* Among those whose exchange waits, in the order they came. */
    struct ticket *behind; /* Or the next free one. */
    void *room;            /* NULL: none. */
    size_t room_size;
};

struct ticket *desk_make_tickets(void)
{
    return calloc(DESK_COMMANDS_MAX, sizeof(struct ticket));
}

void desk_free_tickets(struct ticket *tickets)
{
    if (tickets == NULL) return;
    for (uint32_t index = 0; index < DESK_COMMANDS_MAX; index++) free(tickets[index].room);
    free(tickets);
}

void desk_open(struct desk *desk, const struct house *house, uint32_t loop, struct ticket *tickets)
{
    CHECK(tickets != NULL);
    *desk = (struct desk){.house = house,
                          .loop = loop,
                          .observer = {.meter = &house->meters[loop]},
                          .tickets = tickets};
}

bool desk_is_open(const struct house *house)
{
    return house->opening == NULL || !atomic_load_explicit(house->opening, memory_order_acquire);
}

/* A clerk has no tickets, but the one that came with its errand. */
static bool is_clerk(const struct desk *desk)
{
    return desk->tickets == NULL;
}

struct command *desk_take(struct desk *desk)
{
    if (is_clerk(desk)) {
        struct command *lent = desk->lent_command;
        desk->lent_command = NULL;
        return lent;
    }
    struct ticket *ticket = desk->free_tickets;
    if (ticket != NULL) {
        desk->free_tickets = ticket->behind;
    } else if (desk->tickets_used < DESK_COMMANDS_MAX) {
        ticket = &desk->tickets[desk->tickets_used++];
    } else {
        return NULL;
    }
    command_init(&ticket->command);
    ticket->command.owner = ticket;
    ticket->command.loop = desk->loop;
    ticket->exchange = NULL;
    ticket->answer = NULL;
    ticket->room = NULL;
    ticket->room_size = 0;
    return &ticket->command;
}

void *desk_room(struct desk *desk, struct command *command, size_t size)
{
    struct ticket *ticket = command->owner;
    CHECK(&ticket->command == command);
    CHECK(ticket->room == NULL);

    if (!is_clerk(desk) && size > DESK_ROOM_MAX - desk->room_used) return NULL;
    ticket->room = calloc(1, size);
    if (ticket->room == NULL) return NULL;
    ticket->room_size = size;
    if (!is_clerk(desk)) desk->room_used += size;
    return ticket->room;
}

void desk_give_back(struct desk *desk, struct command *command)
{
    struct ticket *ticket = command->owner;
    CHECK(&ticket->command == command);
    if (is_clerk(desk)) return; /* The loop does it. */
    desk->room_used -= ticket->room_size;
    free(ticket->room);
    ticket->room = NULL;
    ticket->room_size = 0;
    ticket->behind = desk->free_tickets;
    desk->free_tickets = ticket;
}

static void join_waiting(struct desk *desk, struct ticket *ticket)
{
    ticket->before = desk->last_waiting;
    ticket->behind = NULL;
    if (desk->last_waiting == NULL) desk->first_waiting = ticket;
    else desk->last_waiting->behind = ticket;
    desk->last_waiting = ticket;
}

static void leave_waiting(struct desk *desk, const struct ticket *ticket)
{
    if (ticket->before == NULL) desk->first_waiting = ticket->behind;
    else ticket->before->behind = ticket->behind;
    if (ticket->behind == NULL) desk->last_waiting = ticket->before;
    else ticket->behind->before = ticket->before;
}

void desk_submit(struct desk *desk, struct exchange *exchange, struct command *command,
                 desk_answer *answer)
{
    struct ticket *ticket = command->owner;
    CHECK(&ticket->command == command);
    CHECK(answer != NULL);

    exchange->notes.showtime = command->showtime;
    ticket->answer = answer;
    if (is_clerk(desk)) return;
    ticket->exchange = exchange;
    ticket->submitted_us = clock_steady_us();
    join_waiting(desk, ticket);
    if (writers_submit(&desk->house->writers, command)) return;
    leave_waiting(desk, ticket);
    desk_give_back(desk, command);
    problem_reply_error(exchange, ERROR_OVERLOADED, clock_now_ms());
}

void desk_send(struct desk *desk, struct command *command)
{
    struct ticket *ticket = command->owner;
    CHECK(&ticket->command == command);
    CHECK(ticket->exchange == NULL);

    if (!writers_submit(&desk->house->writers, command)) desk_give_back(desk, command);
}

void desk_read(struct desk *desk, struct exchange *exchange, desk_work *work, struct id current)
{
    struct back_office *office = desk->house->back_office;
    if (office == NULL || is_clerk(desk)) work(desk, exchange);
    else back_office_ask(office, desk, exchange, work, current);
}

void desk_take_over(struct desk *desk, struct exchange *exchange, struct command *command)
{
    struct ticket *ticket = command->owner;
    CHECK(&ticket->command == command);
    desk->room_used += ticket->room_size; /* A clerk has no account of its own. */
    desk_answer *answer = ticket->answer;
    const bool replied = exchange_take_back(exchange);
    CHECK(replied == (answer == NULL));
    if (replied) desk_give_back(desk, command);
    else desk_submit(desk, exchange, command, answer);
}

static void collect(struct desk *desk, struct ticket *ticket)
{
    struct exchange *exchange = ticket->exchange;
    if (exchange == NULL) return;
    leave_waiting(desk, ticket);
    enum error failure = ticket->command.answer.failure;
    /* Who only looked is told that others are too busy, not that he lost something. */
    if (failure == ERROR_BOOKING_LOCK_FAILED && ticket->command.kind == COMMAND_LOOK)
        failure = ERROR_OVERLOADED;
    if (failure != ERROR_NONE) problem_reply_error(exchange, failure, clock_now_ms());
    else ticket->answer(desk, exchange, &ticket->command);
}

static void collect_from(struct desk *desk, struct writer *writer)
{
    struct command *command = writer_collect(writer, desk->loop);
    while (command != NULL) {
        struct command *next = command->next;
        collect(desk, command->owner);
        desk_give_back(desk, command);
        command = next;
    }
}

void desk_collect(struct desk *desk)
{
    const struct writers *writers = &desk->house->writers;
    for (uint32_t place = 0; place < writers->count; place++) {
        collect_from(desk, writers->all[place]);
    }
}

void desk_expire(struct desk *desk, int64_t now_us)
{
    struct ticket *ticket = desk->first_waiting;
    while (ticket != NULL && now_us - ticket->submitted_us >= ANSWER_DEADLINE_US) {
        struct exchange *exchange = ticket->exchange;
        const bool only_looks = ticket->command.kind == COMMAND_LOOK;
        leave_waiting(desk, ticket);
        ticket->exchange = NULL;
        problem_reply_error(exchange, only_looks ? ERROR_STORE_UNAVAILABLE : ERROR_OUTCOME_UNKNOWN,
                            clock_now_ms());
        ticket = desk->first_waiting;
    }
}
