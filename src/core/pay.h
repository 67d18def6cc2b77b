/* pay.h - decides `confirm` and `pay`: which payment the user may now pay, and until when.
 *
 * A booking has at most one active payment. Asking again with the same method answers it; with
 * another, or when it has failed or ended, a new one supersedes it. The first payment of a
 * booking extends the hold, once, to its own end.
 *
 * Source: docs/http-api.md, "Payments".
 */
#pragma once

#include "core/turn.h"

/* Judges the command, whose key is fresh, and carries out what it grants. */
void pay_decide(struct turn *turn, struct command *command);
