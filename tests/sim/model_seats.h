/* model_seats.h - the auditor's rules for holds and cancels; see model.h. */
#pragma once

#include "sim/model.h"

void model_seats_hear_hold(struct model *model, const struct command *command, uint32_t key);
void model_seats_hear_cancel(struct model *model, const struct command *command);

/* Would the hold be granted now, under a fresh key? */
bool model_seats_would_hold(const struct model *model, const struct command *command);

/* Does a booking, as answered or stored, say who, what and how much as the model does? */
void model_seats_compare(struct model *model, const struct booking *booking,
                         const struct model_booking *expected);

/* Does each conflict say of its seat what the model does? */
void model_seats_check_conflicts(struct model *model, const struct model_showtime *showtime,
                                 const struct user *user, const struct seat_conflict *conflicts,
                                 uint32_t count);

/* The place of a seat; MODEL_NONE if the layout has none of that name. */
int32_t model_seats_place(const struct model_showtime *showtime, struct seat_name name);
