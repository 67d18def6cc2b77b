/* model_money.h - the auditor's rules for payments and the money rule; see model.h. */
#pragma once

#include "sim/model.h"

void model_money_hear_pay(struct model *model, const struct command *command, uint32_t key);
/* Would the pay or confirm be granted now, under a fresh key? */
bool model_money_would_pay(const struct model *model, const struct command *command);

void model_money_hear_news(struct model *model, const struct command *command);
