/* examine_life.h - a server that goes on from an image: it answers old keys again, and sells. */
#pragma once

#include "powercut/examine.h"
#include "sim/random.h"

/* Starts an engine on the open store. False, with the examiner's fault set, if it cannot work. */
MUST_USE bool examine_life(struct examiner *examiner, const struct examine_truth *truth,
                           struct random *random);
