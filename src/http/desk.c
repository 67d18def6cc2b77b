#include "http/desk.h"

#include "base/check.h"
#include "base/clock.h"
#include "http/problem.h"

/* A command on its way, and who waits for it. */
struct ticket {
    struct command command;
    struct exchange *exchange;
    desk_answer *answer;
    struct ticket *next_free;
};

bool desk_open(struct desk *desk, const struct house *house, uint32_t loop)
{
    *desk = (struct desk){.house = house, .loop = loop};
    desk->tickets = calloc(DESK_COMMANDS_MAX, sizeof *desk->tickets);
    return desk->tickets != NULL;
}

void desk_close(struct desk *desk)
{
    free(desk->tickets);
    *desk = (struct desk){0};
}

struct command *desk_take(struct desk *desk)
{
    struct ticket *ticket = desk->free_tickets;
    if (ticket != NULL) {
        desk->free_tickets = ticket->next_free;
    } else if (desk->tickets_used < DESK_COMMANDS_MAX) {
        ticket = &desk->tickets[desk->tickets_used++];
    } else {
        return NULL;
    }
    *ticket = (struct ticket){.command = {.owner = ticket, .loop = desk->loop}};
    return &ticket->command;
}

void desk_give_back(struct desk *desk, struct command *command)
{
    struct ticket *ticket = command->owner;
    CHECK(&ticket->command == command);
    ticket->next_free = desk->free_tickets;
    desk->free_tickets = ticket;
}

static void answer_failure(struct exchange *exchange, enum error error)
{
    problem_reply(exchange, &(struct problem){.error = error, .retry_after_s = ANSWER_WITHIN_S},
                  clock_now_ms());
}

void desk_submit(struct desk *desk, struct exchange *exchange, struct command *command,
                 desk_answer *answer)
{
    struct ticket *ticket = command->owner;
    CHECK(&ticket->command == command);
    CHECK(answer != NULL);

    ticket->exchange = exchange;
    ticket->answer = answer;
    if (writer_submit(desk->house->writer, command)) return;
    desk_give_back(desk, command);
    answer_failure(exchange, ERROR_OVERLOADED);
}

void desk_collect(struct desk *desk)
{
    struct command *command = writer_collect(desk->house->writer, desk->loop);
    while (command != NULL) {
        struct command *next = command->next;
        const struct ticket *ticket = command->owner;
        const enum error failure = command->answer.failure;
        if (failure != ERROR_NONE) answer_failure(ticket->exchange, failure);
        else ticket->answer(desk, ticket->exchange, command);
        desk_give_back(desk, command);
        command = next;
    }
}
