/* reader_state.h - what the files of the SQLite reader share; nobody else includes it. */
#pragma once

#include "store/sqlite/sqlite_reader.h"

struct sqlite_reader {
    struct database database;
    struct siphash_key key;
};
