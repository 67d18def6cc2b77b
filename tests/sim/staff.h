/* staff.h - the cinema's people: they block and release seats, refund, and cancel shows. */
#pragma once

#include "sim/clients.h"

/* Does what comes to their minds in one step. */
void staff_act(struct clients *clients);
