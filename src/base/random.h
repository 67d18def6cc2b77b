/* random.h - unpredictable bytes from the kernel.
 *
 * Thread: any.
 */
#pragma once

#include <stddef.h>

/* Fills `target` with `size` random bytes. A kernel that cannot is a bug of the machine. */
void random_fill(void *target, size_t size);
