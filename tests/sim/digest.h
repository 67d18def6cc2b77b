/* digest.h - one number of a whole history: two runs of a seed must give the same.
 *
 * Source: FNV-1a, 64 bits.
 */
#pragma once

#include "core/command.h"

#define DIGEST_START UINT64_C(0xcbf29ce484222325)

void digest_number(uint64_t *digest, int64_t number);

/* All that the command was answered. */
void digest_command(uint64_t *digest, const struct command *command);
