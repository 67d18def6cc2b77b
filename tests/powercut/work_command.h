/* work_command.h - what clients, gateways and staff want of a house, by chance. */
#pragma once

#include "powercut/work.h"

/* Makes one command. False if the ledger has no room for what it might bring. */
MUST_USE bool work_command_make(struct work *work, struct work_slot *ret_slot);
