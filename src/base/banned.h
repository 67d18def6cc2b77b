/* banned.h - turns functions that overflow, misparse or hide state into compile errors.
 *
 * Included by the build in front of every source file of usher.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Macros of the fortified C library under clang; a macro cannot be poisoned. */
#undef sprintf
#undef vsprintf

/* liburiparser's header names some of them in its own macros, so the files that include it are
 * built with BANNED_NOTHING. */
#ifndef BANNED_NOTHING
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gets
#pragma GCC poison atoi atol atoll atof
#pragma GCC poison localtime gmtime asctime ctime
#endif
