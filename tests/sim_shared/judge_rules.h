/* judge_rules.h - what a change of the database may do to what stands. */
#pragma once

#include "sim_shared/judge.h"

/* The showtime was committed: R3, R4. */
void judge_rules_commit(const struct judged_showtime *showtime);

/* Looks at all that stands: only a commit moves it, and only to where it can go, for somebody who
 * asked. */
void judge_rules_follow(bool commits);
