/* commands.h - what `usher` can be asked to do. Each gives the process's exit code.
 *
 * Exit codes: 0 done; 1 a broken rule (audit), data refused (seed, import) or no copy
 *             made (backup, export);
 *             2 wrong usage or settings; 70 the store's outcome is unknown: start again.
 */
#pragma once

#include "app/config.h"

enum { EXIT_USAGE = 2, EXIT_RESTART = 70 };

struct token_options {
    const char *user;
    const char *role; /* NULL: user. */
    const char *ttl;  /* NULL: 1h. A number with s, m, h or d. */
};

int serve_command(struct config *config);
int token_command(struct config *config, const struct token_options *options);
int audit_command(const struct config *config);

/* Writes everything of the store to `file`, or standard output for "-"; and reads it into an
 * empty store. */
int export_command(const struct config *config, const char *file);
int import_command(const struct config *config, const char *file);

/* Copies the store to `file`, beside a running server. */
int backup_command(const struct config *config, const char *file);
