/* demo_catalogue.h - demo/catalogue.json, carried inside the program. */
#pragma once

#include <stddef.h>

extern const unsigned char demo_catalogue[];
extern const size_t demo_catalogue_size;
