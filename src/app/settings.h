/* settings.h - the names of all settings, to find those that nobody reads: a misspelled limit
 * or the secret of a gateway that usher does not speak to is silence where somebody expects
 * something.
 */
#pragma once

#include "base/slice.h"

/* Of `environment` (NAME=value, NULL at its end), from place `*place` on: the next variable that
 * begins like one of ours and is none. Empty if there is none; `*place` is then behind the end. */
struct slice settings_next_unknown(char *const *environment, size_t *place);
