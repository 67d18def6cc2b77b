#include "sim_shared/match.h"

#include "base/check.h"

static bool is_number(const bson_iter_t *at)
{
    return BSON_ITER_HOLDS_INT32(at) || BSON_ITER_HOLDS_INT64(at);
}

static int order_of(int64_t left, int64_t right)
{
    return (left > right) - (left < right);
}

static int compare_texts(const bson_iter_t *left, const bson_iter_t *right)
{
    const int order = strcmp(bson_iter_utf8(left, NULL), bson_iter_utf8(right, NULL));
    return (order > 0) - (order < 0);
}

int match_compare(const bson_iter_t *left, const bson_iter_t *right)
{
    if (is_number(left) && is_number(right)) {
        return order_of(bson_iter_as_int64(left), bson_iter_as_int64(right));
    }
    if (bson_iter_type(left) != bson_iter_type(right)) {
        return order_of((int64_t)bson_iter_type(left), (int64_t)bson_iter_type(right));
    }
    switch (bson_iter_type(left)) {
    case BSON_TYPE_OID:
        return bson_oid_compare(bson_iter_oid(left), bson_iter_oid(right));
    case BSON_TYPE_UTF8:
        return compare_texts(left, right);
    case BSON_TYPE_DATE_TIME:
        return order_of(bson_iter_date_time(left), bson_iter_date_time(right));
    case BSON_TYPE_BOOL:
        return order_of(bson_iter_bool(left), bson_iter_bool(right));
    case BSON_TYPE_NULL:
        return 0;
    default:
        check_fail(__FILE__, __LINE__, "a kind of member that is compared");
    }
}

static bool same_kind(const bson_iter_t *left, const bson_iter_t *right)
{
    return (is_number(left) && is_number(right)) || bson_iter_type(left) == bson_iter_type(right);
}

static bool equals(const bson_iter_t *found, const bson_iter_t *wanted)
{
    if (BSON_ITER_HOLDS_NULL(wanted)) return found == NULL || BSON_ITER_HOLDS_NULL(found);
    return found != NULL && same_kind(found, wanted) && match_compare(found, wanted) == 0;
}

static bool is_in(const bson_iter_t *found, const bson_iter_t *array)
{
    bson_iter_t wanted;
    CHECK(BSON_ITER_HOLDS_ARRAY(array));
    CHECK(bson_iter_recurse(array, &wanted));
    while (bson_iter_next(&wanted)) {
        if (equals(found, &wanted)) return true;
    }
    return false;
}

static bool fits_operators(const bson_iter_t *found, const bson_iter_t *operators);

static bool fits_operator(const bson_iter_t *found, const bson_iter_t *at)
{
    const char *name = bson_iter_key(at);
    if (strcmp(name, "$not") == 0) return !fits_operators(found, at);
    if (strcmp(name, "$in") == 0) return is_in(found, at);
    if (strcmp(name, "$eq") == 0) return equals(found, at);
    if (strcmp(name, "$ne") == 0) return !equals(found, at);
    const bool more = strcmp(name, "$gt") == 0;
    const bool more_or_same = strcmp(name, "$gte") == 0;
    const bool less = strcmp(name, "$lt") == 0;
    const bool less_or_same = strcmp(name, "$lte") == 0;
    CHECK(more || more_or_same || less || less_or_same);
    if (found == NULL || !same_kind(found, at)) return false;
    const int order = match_compare(found, at);
    if (more) return order > 0;
    if (more_or_same) return order >= 0;
    return less ? order < 0 : order <= 0;
}

static bool fits_operators(const bson_iter_t *found, const bson_iter_t *operators)
{
    bson_iter_t at;
    CHECK(BSON_ITER_HOLDS_DOCUMENT(operators));
    CHECK(bson_iter_recurse(operators, &at));
    while (bson_iter_next(&at)) {
        if (!fits_operator(found, &at)) return false;
    }
    return true;
}

static bool has_operators(const bson_iter_t *wanted)
{
    bson_iter_t at;
    if (!BSON_ITER_HOLDS_DOCUMENT(wanted) || !bson_iter_recurse(wanted, &at)) return false;
    return bson_iter_next(&at) && bson_iter_key(&at)[0] == '$';
}

static bool fits_one_of(const bson_t *document, const bson_iter_t *array)
{
    bson_iter_t at;
    CHECK(BSON_ITER_HOLDS_ARRAY(array));
    CHECK(bson_iter_recurse(array, &at));
    while (bson_iter_next(&at)) {
        bson_t filter;
        uint32_t size = 0;
        const uint8_t *bytes = NULL;
        bson_iter_document(&at, &size, &bytes);
        CHECK(bson_init_static(&filter, bytes, size));
        if (match_document(document, &filter)) return true;
    }
    return false;
}

bool match_document(const bson_t *document, const bson_t *filter)
{
    bson_iter_t at;
    CHECK(bson_iter_init(&at, filter));
    while (bson_iter_next(&at)) {
        const char *name = bson_iter_key(&at);
        if (strcmp(name, "$or") == 0) {
            if (!fits_one_of(document, &at)) return false;
            continue;
        }
        CHECK(name[0] != '$');
        CHECK(strchr(name, '.') == NULL);
        bson_iter_t member;
        const bson_iter_t *found = NULL;
        if (bson_iter_init_find(&member, document, name)) found = &member;
        const bool fits = has_operators(&at) ? fits_operators(found, &at) : equals(found, &at);
        if (!fits) return false;
    }
    return true;
}

static void append(bson_t *target, const char *name, const bson_iter_t *value)
{
    CHECK(bson_append_iter(target, name, -1, value));
}

/* The part behind `name.`; NULL if the path does not begin so. */
static const char *rest_of(const char *path, const char *name)
{
    const size_t size = strlen(name);
    return strncmp(path, name, size) == 0 && path[size] == '.' ? path + size + 1 : NULL;
}

/* `member` with what `set` says of its members. */
static void append_changed(bson_t *target, const bson_iter_t *member, const bson_iter_t *set)
{
    bson_t child;
    bson_iter_t inner;
    bson_iter_t at = *set;
    const char *name = bson_iter_key(member);
    CHECK(BSON_ITER_HOLDS_DOCUMENT(member));
    CHECK(bson_iter_recurse(member, &inner));
    BSON_APPEND_DOCUMENT_BEGIN(target, name, &child);
    while (bson_iter_next(&inner)) {
        bool replaced = false;
        for (at = *set; bson_iter_next(&at) && !replaced;) {
            const char *rest = rest_of(bson_iter_key(&at), name);
            replaced = rest != NULL && strcmp(rest, bson_iter_key(&inner)) == 0;
            if (replaced) append(&child, rest, &at);
        }
        if (!replaced) append(&child, bson_iter_key(&inner), &inner);
    }
    for (at = *set; bson_iter_next(&at);) {
        const char *rest = rest_of(bson_iter_key(&at), name);
        if (rest == NULL) continue;
        CHECK(strchr(rest, '.') == NULL);
        if (!bson_has_field(&child, rest)) append(&child, rest, &at);
    }
    (void)bson_append_document_end(target, &child);
}

static bool is_touched_inside(const char *name, const bson_iter_t *set)
{
    bson_iter_t at = *set;
    while (bson_iter_next(&at)) {
        if (rest_of(bson_iter_key(&at), name) != NULL) return true;
    }
    return false;
}

bson_t *match_updated(const bson_t *document, const bson_t *update)
{
    bson_iter_t at;
    bson_iter_t set;
    bson_iter_t member;
    CHECK(bson_count_keys(update) == 1);
    CHECK(bson_iter_init_find(&at, update, "$set"));
    CHECK(bson_iter_recurse(&at, &set));
    bson_t *changed = bson_new();
    CHECK(bson_iter_init(&member, document));
    while (bson_iter_next(&member)) {
        const char *name = bson_iter_key(&member);
        bson_iter_t found = set;
        if (bson_iter_find(&found, name)) append(changed, name, &found);
        else if (is_touched_inside(name, &set)) append_changed(changed, &member, &set);
        else append(changed, name, &member);
    }
    while (bson_iter_next(&set)) {
        const char *name = bson_iter_key(&set);
        CHECK(name[0] != '$');
        if (strchr(name, '.') != NULL) continue; /* The store sets members of what is there. */
        if (!bson_has_field(document, name)) append(changed, name, &set);
    }
    return changed;
}

bson_t *match_projected(const bson_t *document, const bson_iter_t *projection)
{
    bson_iter_t wanted;
    bson_iter_t member;
    if (projection == NULL) return bson_copy(document);
    bson_t *shown = bson_new();
    CHECK(bson_iter_init(&member, document));
    while (bson_iter_next(&member)) {
        const char *name = bson_iter_key(&member);
        bool is_wanted = strcmp(name, "_id") == 0;
        CHECK(bson_iter_recurse(projection, &wanted));
        while (bson_iter_next(&wanted)) {
            CHECK(bson_iter_as_int64(&wanted) == 1);
            is_wanted = is_wanted || strcmp(bson_iter_key(&wanted), name) == 0;
        }
        if (is_wanted) append(shown, name, &member);
    }
    return shown;
}

int match_order(const bson_t *left, const bson_t *right, const bson_iter_t *sort)
{
    bson_iter_t by;
    CHECK(bson_iter_recurse(sort, &by));
    while (bson_iter_next(&by)) {
        bson_iter_t first;
        bson_iter_t second;
        const bool in_left = bson_iter_init_find(&first, left, bson_iter_key(&by));
        const bool in_right = bson_iter_init_find(&second, right, bson_iter_key(&by));
        int order = in_left && in_right ? match_compare(&first, &second) : in_left - in_right;
        if (bson_iter_as_int64(&by) < 0) order = -order;
        if (order != 0) return order;
    }
    return 0;
}
