#include "http/negotiation.h"

#include "base/check.h"

/* Is the weight among an entry's parameters zero: `q=0`, `q=0.0`, `q=0.00`, `q=0.000`? */
static bool is_refused(struct slice parameters)
{
    while (parameters.data != NULL) {
        struct slice rest = {0};
        struct slice parameter = slice_trim(slice_cut(parameters, ';', &rest));
        parameters = rest;
        const bool weight = parameter.size >= 3 && parameter.data[1] == '=' &&
                            (parameter.data[0] == 'q' || parameter.data[0] == 'Q');
        if (!weight) continue;
        parameter = slice_from(parameter, 2);
        for (size_t index = 0; index < parameter.size; index++) {
            if (parameter.data[index] != '0' && parameter.data[index] != '.') return false;
        }
        return true;
    }
    return false;
}

enum wanted { WANTED_UNSAID, WANTED_NOT, WANTED };

/* What a list of names with weights says of one name. */
static enum wanted wanted_in(struct slice list, struct slice name)
{
    for (uint32_t count = 0; list.data != NULL && count < NEGOTIATION_ENTRIES_MAX; count++) {
        struct slice entry = slice_cut(list, ',', &list);
        struct slice parameters = {0};
        const struct slice found = slice_trim(slice_cut(entry, ';', &parameters));
        if (!slice_equal_ignoring_case(found, name)) continue;
        return is_refused(parameters) ? WANTED_NOT : WANTED;
    }
    return WANTED_UNSAID;
}

bool negotiation_takes_gzip(struct slice accept_encoding)
{
    static const struct slice names[] = {SLICE_INIT("gzip"), SLICE_INIT("x-gzip"), SLICE_INIT("*")};

    for (uint32_t index = 0; index < sizeof names / sizeof *names; index++) {
        const enum wanted wanted = wanted_in(accept_encoding, names[index]);
        if (wanted != WANTED_UNSAID) return wanted == WANTED;
    }
    return false;
}

bool negotiation_takes_html(struct slice accept)
{
    return wanted_in(accept, SLICE("text/html")) == WANTED;
}

/* Our tags have no comma, so a comma always stands between two. */
bool negotiation_has_tag(struct slice if_none_match, struct slice tag)
{
    CHECK(tag.size >= 2);
    CHECK(tag.data[0] == '"');

    if (slice_equal(slice_trim(if_none_match), SLICE("*"))) return true;
    struct slice list = if_none_match;
    for (uint32_t count = 0; list.data != NULL && count < NEGOTIATION_ENTRIES_MAX; count++) {
        struct slice entry = slice_trim(slice_cut(list, ',', &list));
        if (slice_starts_with(entry, SLICE("W/"))) entry = slice_from(entry, 2);
        if (slice_equal(entry, tag)) return true;
    }
    return false;
}
