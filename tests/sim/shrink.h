/* shrink.h - makes a failing day small, so that a person can read it.
 *
 * It tries fewer steps, then less trouble, then fewer things that people do, keeps what still
 * fails by the same rule, and begins anew until nothing can be left out.
 */
#pragma once

#include "sim/probe.h"

/* The smallest day found that fails as `result` says; `failed` itself, if none is smaller. */
struct play shrink_play(const struct play *failed, const struct probe_result *result);
