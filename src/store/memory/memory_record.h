/* memory_record.h - writes a decided turn into the memory store, or none of it. */
#pragma once

#include "store/memory/memory_state.h"

/* The store port's `record`: ERROR_INTERNAL_ERROR, and nothing changed, where a row was not
 * what the turn took it for. */
MUST_USE enum error memory_record_turn(struct memory_store *store, const struct turn *turn);
