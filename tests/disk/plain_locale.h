/* plain_locale.h - what a store takes from a locale, without tables: letters as they are, and one
 * day for every moment.
 */
#pragma once

#include "ports/catalogue_entries.h"

extern const struct locale plain_locale;
