/* fold.h - text without its case, so that `mắt` finds `MẮT` however its accents were typed.
 *
 * Shape:  the same text composed (NFC) or decomposed folds to the same bytes; accents stay.
 * Errors: the empty slice with data NULL when the arena is full; text that is no UTF-8 stays
 *         as it is.
 * Thread: any.
 * Source: Unicode's case folding, from GLib.
 */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

struct slice fold_text(struct slice text, struct arena *arena);
