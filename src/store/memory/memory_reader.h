/* memory_reader.h - the reader ports over a memory store.
 *
 * Reads the store's own rows, so between batches only.
 *
 * Thread: the store's.
 */
#pragma once

#include "ports/reader.h"
#include "ports/staff_reader.h"
#include "store/memory/memory_store.h"

struct reader memory_reader_port(struct memory_store *store);
struct staff_reader memory_staff_reader_port(struct memory_store *store);
