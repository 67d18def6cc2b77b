/* crypto.h - SHA-256 and HMAC-SHA256, from OpenSSL.
 *
 * Each thread keeps keyed contexts of its own, because setting up a key costs more than the
 * hash itself.
 *
 * Thread: crypto_sha256 any; a `struct mac` belongs to one thread.
 */
#pragma once

#include "base/slice.h"

enum { SHA256_SIZE = 32 };

struct mac; /* An HMAC-SHA256 with its key set. */

/* NULL without memory. The key is copied into OpenSSL's context. */
struct mac *mac_open(struct slice key);
void mac_close(struct mac *mac); /* Accepts NULL. */

/* The HMAC of the parts, one behind the other. */
void mac_sign(struct mac *mac, const struct slice *parts, size_t part_count,
              uint8_t ret_digest[SHA256_SIZE]);

/* The same over the same bytes? Compared in constant time; the sizes may differ. */
bool mac_equal(struct slice left, struct slice right);

/* SHA-256 of the parts, one behind the other. */
void crypto_sha256(const struct slice *parts, size_t part_count, uint8_t ret_digest[SHA256_SIZE]);
