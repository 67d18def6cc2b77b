/* version.h - which usher this is; the number stands in meson.build. */
#pragma once

#include "version_generated.h"
