/* app_locale.h - how this program reads letters and time zones: GLib's tables.
 */
#pragma once

#include "ports/catalogue_entries.h"

const struct locale *app_locale(void);
