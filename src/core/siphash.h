/* siphash.h - SipHash-2-4: 64 bits that only the owner of a 16-byte key can make.
 *
 * Seals public ids and scatters booking codes. It is here, and not a library's, because the
 * core may depend on nothing; the reference's test vectors are in its test.
 *
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint8_t bytes[16];
};

uint64_t siphash(const struct siphash_key *key, const void *data, size_t size);
