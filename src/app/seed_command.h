/* seed_command.h - `usher seed FILE.json`, and the demo's own catalogue.
 *
 * A file is checked whole, then loaded whole; if anything is wrong with it, all of that is
 * told and the store stays as it is.
 *
 * Exit codes: 0 loaded; 1 the file, or the folder, was refused; EXIT_USAGE the file cannot be
 *             read; EXIT_RESTART the outcome is unknown: run it again.
 */
#pragma once

#include <stdint.h>

#include "ports/catalogue_entries.h"

/* Writes checked entries into some store. */
typedef enum error seed_write(void *context, const struct catalogue_entries *entries,
                              struct catalogue_report *ret_report);

/* Loads the file by `write`. Prints what it did. */
int seed_file(const char *path, seed_write *write, void *context);

/* The same with the demo's catalogue, whose dates are counted from `now_ms`. */
int seed_demo_into(seed_write *write, void *context, int64_t now_ms);

/* Loads the file into the store of a folder that no server has open. Prints what it did. */
int seed_command(const char *path, const char *folder);

/* Loads the demo's catalogue into a store without movies, cinemas and showtimes; leaves any
 * other alone. The caller has the folder's lock. */
int seed_demo(const char *database_path, int64_t now_ms);
