/* fuzz.h - what the fuzz targets share.
 *
 * A target is one decoder of foreign bytes with its oracle: what it accepts is proved by other
 * means, and what it refuses has a reason. A broken CHECK, in usher or in the target, ends the
 * run, and the fuzzer keeps the input.
 *
 * Thread: one at a time.
 */
#pragma once

#include "base/arena.h"
#include "base/check.h"

/* Called by libFuzzer for each input; 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* HMAC-SHA256 straight from OpenSSL, by another way than usher's. */
void fuzz_hmac(struct slice key, struct slice text, uint8_t ret_digest[32]);

/* Is it one whole JSON value, as a client would read it? */
bool fuzz_is_json(struct slice text);
