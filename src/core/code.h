/* code.h - the booking code that people read aloud at the box office: `BK-` and 8 of A-Z 0-9.
 *
 * A code is a keyed permutation of the booking's number: unique without an index, found
 * without one, and the next one cannot be told from the last.
 *
 * Shape:  36^8 codes, so numbers run from 1 to CODE_NUMBER_MAX.
 * Source: a Feistel network of 42 bits, walked until it falls below 36^8 (Black and Rogaway,
 *         "Ciphers with arbitrary finite domains", 2002).
 */
#pragma once

#include "base/slice.h"
#include "core/siphash.h"

enum { CODE_SIZE = 8 };

#define CODE_NUMBER_MAX (UINT64_C(2821109907456) - 1)

struct code {
    char letters[CODE_SIZE]; /* Without `BK-`; no NUL. */
};

struct code code_of_number(const struct siphash_key *key, uint64_t number);

/* The number behind a code. */
uint64_t code_to_number(const struct siphash_key *key, struct code code);

/* Reads `BK-XXXXXXXX`, all letters of either case; false, and `ret_code` untouched, if it is not
 * one. */
bool code_parse(struct slice text, struct code *ret_code);
