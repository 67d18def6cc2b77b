/* utf8.h - well-formed UTF-8, as RFC 3629 has it.
 *
 * yajl looks at the shape of a sequence only and lets overlong forms, surrogates and code
 * points over U+10FFFF through, so reader and writer share this stricter look.
 *
 * Thread: any.
 */
#pragma once

#include "base/slice.h"

/* The size of the well-formed character that `text` starts with; 0 if it starts with none. */
size_t utf8_size(struct slice text);

/* How many bytes from the start of `text` are well formed: its size, if all are. */
size_t utf8_valid_size(struct slice text);
