#include "base/error.h"

static const struct {
    const char *name;
    int status;
    const char *title;
} entries[ERROR_COUNT] = {[ERROR_NONE] = {"NONE", 200, "No error"},
#define ERROR_ENTRY(name, status, title) [ERROR_##name] = {#name, status, title},
                          ERROR_LIST(ERROR_ENTRY)
#undef ERROR_ENTRY
};

const char *error_name(enum error error)
{
    CHECK(error < ERROR_COUNT);
    return entries[error].name;
}

int error_status(enum error error)
{
    CHECK(error < ERROR_COUNT);
    return entries[error].status;
}

const char *error_title(enum error error)
{
    CHECK(error < ERROR_COUNT);
    return entries[error].title;
}
