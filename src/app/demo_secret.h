/* demo_secret.h - the token secret of `--demo`: made once, kept in `$USHER_DATA/jwt-secret`.
 *
 * So that a demo starts without a setting, and its tokens outlive a restart.
 *
 * Shape: 64 hex digits in a file of mode 0600.
 */
#pragma once

#include "app/config.h"

/* Reads the folder's secret; with `make`, makes the folder and the secret if they are not
 * there. False with a sentence in `message` if it cannot be had. */
MUST_USE bool demo_secret_read(struct slice folder, bool make, struct config_text *ret_secret,
                               char message[CONFIG_MESSAGE_SIZE_MAX]);
