/* base64url.h - the URL-safe alphabet of RFC 4648 without padding, read strictly.
 *
 * One text stands for one run of bytes and the other way round: padding, blanks, the other
 * alphabet and left-over bits are refused, so that a token or cursor has exactly one spelling.
 *
 * Thread: any.
 * Source: RFC 4648 section 5; RFC 7515 section 2.
 */
#pragma once

#include "base/check.h"
#include "base/slice.h"

/* Characters that `size` bytes become. */
#define BASE64URL_SIZE(size) (((size)*4 + 2) / 3)

/* Reads the whole text into `target`, which has room for `capacity` bytes; false if it is not
 * strict base64url or does not fit, and `target` is then undefined. */
MUST_USE bool base64url_decode(struct slice text, void *target, size_t capacity, size_t *ret_size);

/* Writes BASE64URL_SIZE(bytes.size) characters and no NUL. */
void base64url_encode(struct slice bytes, char *target);
