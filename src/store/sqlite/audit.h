/* audit.h - proves the data's rules from the data alone: `usher audit`.
 *
 * Recomputes what the server keeps up: every seat has one owner, who has all of his seats;
 * free seats are counted right; a confirmed booking has been paid once, and money that bought
 * no seats goes back. It trusts no index but to find its way, and integrity_check looks after
 * those.
 *
 * Shape:  reads row by row in one read transaction, so memory stays the same whatever the
 *         history, and a server may run beside it.
 * Errors: ERROR_STORE_UNAVAILABLE if the file cannot be opened or read to its end.
 * Thread: any; one audit belongs to one.
 */
#pragma once

#include "store/audit_counts.h"
#include "store/sqlite/database.h"

/* Runs every rule over the file. `report` is told each violation in one sentence, up to
 * AUDIT_LISTED_MAX of a rule and then how many more there are. */
MUST_USE enum error audit_run(const char *path, void (*report)(void *context, struct slice text),
                              void *context, struct audit_counts *ret_counts,
                              struct database_reason *ret_reason);
