#include "core/command.h"

#include <string.h>

#include "base/check.h"

void command_init(struct command *command)
{
    CHECK(command != NULL);

    memset(command, 0, offsetof(struct command, gateway));
    command->gateway.size = 0;
    command->return_url.size = 0;
}

void command_clear_answer(struct command *command, enum error failure)
{
    struct answer *answer = &command->answer;
    memset(answer, 0, offsetof(struct answer, booking));
    answer->failure = failure;
    answer->booking.id = (struct id){0};
    answer->payment.id = (struct id){0};
}
