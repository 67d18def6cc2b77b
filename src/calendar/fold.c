#include "calendar/fold.h"

#include <glib.h>

#include "base/check.h"

struct slice fold_text(struct slice text, struct arena *arena)
{
    CHECK(arena != NULL);

    if (text.size > INT32_MAX || text.size == 0) return arena_copy(arena, text);
    /* GLib believes that a text is UTF-8, and would read on behind one that breaks off. */
    if (!g_utf8_validate_len(text.data, text.size, NULL)) return arena_copy(arena, text);
    char *composed = g_utf8_normalize(text.data, (gssize)text.size, G_NORMALIZE_NFC);
    if (composed == NULL) return arena_copy(arena, text);
    char *folded = g_utf8_casefold(composed, -1);
    char *normal = g_utf8_normalize(folded, -1, G_NORMALIZE_NFC);
    const struct slice copy = arena_copy(arena, slice_of(normal == NULL ? folded : normal));
    g_free(normal);
    g_free(folded);
    g_free(composed);
    return copy;
}
