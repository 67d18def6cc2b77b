/* options.h - what the simulation is told to do, and how to tell it again. */
#pragma once

#include "sim/play.h"

enum { OPTIONS_SEEDS_MAX = 100000000, OPTIONS_SECONDS_MAX = 1000000 };

struct options {
    struct play play;
    bool has_seed;
    uint64_t seeds;   /* 0: one. */
    uint64_t seconds; /* 0: as long as it takes. */
    bool verbose;
    bool stops; /* At the first day that fails, as it is. */
    bool exhaustive;
    const char *list;   /* A file of seeds; NULL: none. */
    const char *script; /* One script alone; NULL: all. */
    uint64_t dies_at;
    uint64_t dies_next;
    uint64_t fault;
    uint64_t fault_at;
};

/* Reads `count` words, without the program's name; false if one is not understood. */
bool options_read(uint32_t count, char **words, struct options *ret_options);

/* The command line that runs this play again. */
void options_print(const struct play *play);
