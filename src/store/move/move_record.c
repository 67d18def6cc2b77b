#include "store/move/move_record.h"

#include <stdarg.h>
#include <stdio.h>

bool move_record_explain(struct move_reason *reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason->text, sizeof reason->text, format, arguments);
    va_end(arguments);
    return false;
}

struct slice move_record_name(enum move_kind kind)
{
    static const struct slice names[MOVE_KIND_COUNT] = {
        [MOVE_HEAD] = SLICE_INIT("usher_export"), [MOVE_MOVIE] = SLICE_INIT("movie"),
        [MOVE_CINEMA] = SLICE_INIT("cinema"),     [MOVE_SHOWTIME] = SLICE_INIT("showtime"),
        [MOVE_BOOKING] = SLICE_INIT("booking"),   [MOVE_PAYMENT] = SLICE_INIT("payment"),
        [MOVE_BLOCK] = SLICE_INIT("block"),       [MOVE_KEY] = SLICE_INIT("key"),
        [MOVE_ENTRY] = SLICE_INIT("entry"),       [MOVE_END] = SLICE_INIT("end"),
    };
    return names[kind];
}

bool move_record_is_origin(const struct key_record *key)
{
    if (key->claim.operation == OPERATION_HOLD) return true;
    return key->created && key->claim.operation != OPERATION_REFUND;
}
