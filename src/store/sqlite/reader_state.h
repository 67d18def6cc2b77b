/* reader_state.h - what the files of the SQLite reader share; nobody else includes it. */
#pragma once

#include "store/sqlite/row_ids.h"
#include "store/sqlite/sqlite_reader.h"

struct sqlite_reader {
    struct database database;
    struct row_ids ids;
};
