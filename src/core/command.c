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
