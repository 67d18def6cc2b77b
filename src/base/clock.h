/* clock.h - the real time, read at the edges of the program only.
 *
 * The core and the engine never read a clock: they are told `now_ms`.
 *
 * Thread: any.
 */
#pragma once

#include <stdint.h>

/* UTC milliseconds since 1970, as the system believes; may jump. */
int64_t clock_now_ms(void);

/* Microseconds of a clock that never jumps and counts while the machine is suspended; for
 * durations only. */
int64_t clock_steady_us(void);
