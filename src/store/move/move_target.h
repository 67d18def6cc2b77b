/* move_target.h - the port of a store that records are moved into, whole or not at all. */
#pragma once

#include "store/move/move_check.h"

struct move_target_methods {
    /* Takes the next record, which `check` has judged; MOVE_END makes it all count. */
    bool (*put)(void *context, const struct move_record *record, const struct move_check *check,
                struct move_reason *ret_reason);
    /* Ends it. What is not whole is taken back, or can be by the next import. */
    void (*close)(void *context);
};

struct move_target {
    void *context;
    const struct move_target_methods *methods;
};
