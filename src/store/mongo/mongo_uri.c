#include "store/mongo/mongo_uri.h"

#include "base/buffer.h"

enum {
    URI_SIZE_MAX = 2048,
    DATABASE_NAME_SIZE_MAX = 63, /* MongoDB's own limit. */
};

/* What stands between the scheme and the options. */
struct parts {
    struct slice scheme; /* With `://`. */
    struct slice user;   /* With the password; no data: there is no `@`. */
    struct slice hosts;
    struct slice rest; /* From the first `/` or `?` on. */
};

static bool cut_scheme(struct slice text, struct parts *parts)
{
    static const struct slice schemes[] = {SLICE_INIT("mongodb://"), SLICE_INIT("mongodb+srv://")};
    for (size_t index = 0; index < sizeof schemes / sizeof schemes[0]; index++) {
        if (!slice_starts_with(text, schemes[index])) continue;
        parts->scheme = (struct slice){text.data, schemes[index].size};
        return true;
    }
    return false;
}

static size_t find_any(struct slice text, const char *signs)
{
    size_t index = 0;
    while (index < text.size && strchr(signs, text.data[index]) == NULL) index++;
    return index;
}

static void cut_rest(struct slice text, struct parts *parts)
{
    const struct slice behind = slice_from(text, parts->scheme.size);
    const size_t end = find_any(behind, "/?");
    parts->hosts = (struct slice){behind.data, end};
    parts->rest = slice_from(behind, end);
    for (size_t index = end; index > 0; index--) {
        if (behind.data[index - 1] != '@') continue;
        parts->user = (struct slice){behind.data, index - 1};
        parts->hosts = (struct slice){behind.data + index, end - index};
        return;
    }
}

static const char *judge_host(struct slice host)
{
    if (host.size == 0) return "one of its hosts is empty";
    if (host.data[0] == '%' || host.data[0] == '/') return NULL; /* A socket in the file system. */
    size_t name = 0;
    if (host.data[0] == '[') name = find_any(host, "]");
    const size_t colon = name + find_any(slice_from(host, name), ":");
    uint64_t port = 1;
    if (colon < host.size && !slice_to_number(slice_from(host, colon + 1), UINT16_MAX, &port))
        port = 0;
    return port == 0 ? "a port must be 1 to 65535, and a password needs an @ behind it" : NULL;
}

/* What the driver would quote. */
static const char *judge(const struct parts *parts)
{
    static const char spill[] = "signs such as / ? @ : % in a user or password are written as %2F "
                                "%3F %40 %3A %25";
    const size_t colon = find_any(parts->user, ":");
    if (find_any(parts->rest, "@") < parts->rest.size) return spill;
    if (find_any(parts->user, "@") < parts->user.size) return spill;
    if (slice_starts_with(parts->rest, SLICE("?"))) return "a / must stand between hosts and ?";
    if (colon < parts->user.size) {
        const struct slice password = slice_from(parts->user, colon + 1);
        if (find_any(password, ":") < password.size) return spill;
    }
    struct slice hosts = parts->hosts;
    const char *why = NULL;
    do why = judge_host(slice_cut(hosts, ',', &hosts));
    while (why == NULL && hosts.data != NULL);
    return why;
}

/* What the driver takes and usher does not; NULL: nothing. */
static const char *judge_meaning(const mongoc_uri_t *uri)
{
    const char *database = mongoc_uri_get_database(uri);
    if (mongoc_read_prefs_get_mode(mongoc_uri_get_read_prefs_t(uri)) != MONGOC_READ_PRIMARY)
        return "readPreference must be primary: another node may not know yet what was sold";
    if (!mongoc_write_concern_is_acknowledged(mongoc_uri_get_write_concern(uri)))
        return "w must not be 0: nobody would know whether a hold was written";
    if (database != NULL && strlen(database) > DATABASE_NAME_SIZE_MAX)
        return "the name of a database has at most 63 bytes";
    return NULL;
}

static bool driver_takes(const char *text, bson_error_t *ret_why)
{
    mongoc_uri_t *uri = mongoc_uri_new_with_error(text, ret_why);
    if (uri == NULL) return false;
    const char *why = judge_meaning(uri);
    if (why != NULL) {
        bson_set_error(ret_why, MONGOC_ERROR_COMMAND, MONGOC_ERROR_COMMAND_INVALID_ARG, "%s", why);
    }
    mongoc_uri_destroy(uri);
    return why == NULL;
}

/* Is it user and password that the driver does not take, or the rest? */
static void explain(const struct parts *parts, struct mongo_reason *ret_reason)
{
    char block[URI_SIZE_MAX] = "";
    struct buffer text;
    bson_error_t why = {0};
    buffer_init(&text, block, sizeof block - 1);
    buffer_append(&text, parts->scheme);
    if (parts->user.data != NULL) buffer_append(&text, SLICE("user:password@"));
    buffer_append(&text, parts->hosts);
    buffer_append(&text, parts->rest);
    block[text.size] = '\0';
    if (!driver_takes(block, &why)) mongo_explain(ret_reason, "%s", why.message);
    else
        mongo_explain(ret_reason,
                      "its user or password is empty, or has a %% that is not written as %%25");
}

bool mongo_uri_check(const char *text, struct mongo_reason *ret_reason)
{
    CHECK(text != NULL);

    struct parts parts = {0};
    if (!cut_scheme(slice_of(text), &parts)) {
        mongo_explain(ret_reason, "it must begin with mongodb:// or mongodb+srv://");
        return false;
    }
    cut_rest(slice_of(text), &parts);
    const char *why = judge(&parts);
    if (why != NULL) {
        mongo_explain(ret_reason, "%s", why);
        return false;
    }
    bson_error_t unsaid = {0}; /* It may quote the password. */
    mongoc_log_set_handler(NULL, NULL);
    const bool takes = driver_takes(text, &unsaid);
    if (!takes) explain(&parts, ret_reason);
    return takes;
}

struct slice mongo_uri_place(const char *text)
{
    struct parts parts = {0};
    if (!cut_scheme(slice_of(text), &parts)) return (struct slice){0};
    cut_rest(slice_of(text), &parts);
    const size_t size = parts.hosts.size + find_any(parts.rest, "?");
    return (struct slice){parts.hosts.data, size};
}
