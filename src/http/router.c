#include "http/router.h"

#include "base/check.h"
#include "base/clock.h"
#include "http/api_pages.h"
#include "http/auth.h"
#include "http/bookings.h"
#include "http/catalogue_routes.h"
#include "http/events.h"
#include "http/health.h"
#include "http/home_page.h"
#include "http/limiter.h"
#include "http/payments.h"
#include "http/problem.h"
#include "http/problem_page.h"
#include "http/programme.h"
#include "http/sandbox_pages.h"
#include "http/seat_pages.h"
#include "http/staff.h"
#include "http/staff_lists.h"
#include "http/webhook.h"

enum { PARAMETERS_MAX = 2 };

/* A request on its way to its handler. */
struct visit {
    struct desk *desk;
    struct exchange *exchange;
    struct slice parameters[PARAMETERS_MAX]; /* The path's `:parts`, as sent. */
    int64_t now_ms;
};

typedef void handler(const struct visit *visit);

static void get_home(const struct visit *visit)
{
    home_page_handle(visit->desk, visit->exchange);
}

static void get_api_document(const struct visit *visit)
{
    api_pages_document(visit->exchange);
}

static void get_api_page(const struct visit *visit)
{
    api_pages_page(visit->exchange);
}

static void get_movies(const struct visit *visit)
{
    catalogue_handle_movies(visit->exchange, &visit->desk->catalogue, visit->now_ms);
}

static void get_movie(const struct visit *visit)
{
    catalogue_handle_movie(visit->exchange, &visit->desk->catalogue, visit->parameters[0],
                           visit->now_ms);
}

static void get_cinemas(const struct visit *visit)
{
    catalogue_handle_cinemas(visit->exchange, &visit->desk->catalogue, visit->now_ms);
}

static void get_cinema(const struct visit *visit)
{
    catalogue_handle_cinema(visit->exchange, &visit->desk->catalogue, visit->parameters[0],
                            visit->now_ms);
}

static void get_showtimes(const struct visit *visit)
{
    catalogue_handle_showtimes(visit->exchange, &visit->desk->catalogue, visit->now_ms);
}

static void get_showtime(const struct visit *visit)
{
    catalogue_handle_showtime(visit->exchange, &visit->desk->catalogue, visit->parameters[0],
                              visit->now_ms);
}

static void get_seats(const struct visit *visit)
{
    seat_pages_handle(visit->desk, visit->exchange, visit->parameters[0]);
}

static void get_events(const struct visit *visit)
{
    events_handle(visit->desk, visit->exchange, visit->parameters[0]);
}

static void post_hold(const struct visit *visit)
{
    bookings_hold(visit->desk, visit->exchange, visit->now_ms);
}

static void get_bookings(const struct visit *visit)
{
    bookings_list(visit->desk, visit->exchange, visit->now_ms);
}

static void get_booking(const struct visit *visit)
{
    bookings_get(visit->desk, visit->exchange, visit->parameters[0], visit->now_ms);
}

static void delete_booking(const struct visit *visit)
{
    bookings_cancel(visit->desk, visit->exchange, visit->parameters[0], visit->now_ms);
}

static void post_confirm(const struct visit *visit)
{
    bookings_confirm(visit->desk, visit->exchange, visit->parameters[0], visit->now_ms);
}

static void post_payment(const struct visit *visit)
{
    payments_create(visit->desk, visit->exchange, visit->now_ms);
}

static void get_payment(const struct visit *visit)
{
    payments_get(visit->desk, visit->exchange, visit->parameters[0], visit->now_ms);
}

static void post_webhook(const struct visit *visit)
{
    webhook_handle(visit->desk, visit->exchange, visit->parameters[0], visit->now_ms);
}

static void post_refund(const struct visit *visit)
{
    staff_refund(visit->desk, visit->exchange, visit->parameters[0], visit->now_ms);
}

static void post_refund_done(const struct visit *visit)
{
    staff_refund_done(visit->desk, visit->exchange, visit->parameters[0], visit->now_ms);
}

static void post_showtime_cancel(const struct visit *visit)
{
    staff_cancel_showtime(visit->desk, visit->exchange, visit->parameters[0], visit->now_ms);
}

static void get_blocks(const struct visit *visit)
{
    staff_lists_blocks(visit->desk, visit->exchange, visit->parameters[0], visit->now_ms);
}

static void post_block(const struct visit *visit)
{
    staff_block(visit->desk, visit->exchange, visit->parameters[0], visit->now_ms);
}

static void delete_block(const struct visit *visit)
{
    staff_release(visit->desk, visit->exchange, visit->parameters[0], visit->parameters[1],
                  visit->now_ms);
}

static void get_all_bookings(const struct visit *visit)
{
    staff_lists_bookings(visit->desk, visit->exchange, visit->now_ms);
}

static void get_refunds(const struct visit *visit)
{
    staff_lists_refunds(visit->desk, visit->exchange, visit->now_ms);
}

static void get_journal(const struct visit *visit)
{
    staff_lists_journal(visit->desk, visit->exchange, visit->now_ms);
}

static void get_health(const struct visit *visit)
{
    health_all(visit->desk, visit->exchange, visit->now_ms);
}

static void get_live(const struct visit *visit)
{
    health_live(visit->desk, visit->exchange, visit->now_ms);
}

static void get_ready(const struct visit *visit)
{
    health_ready(visit->desk, visit->exchange, visit->now_ms);
}

static void get_problem(const struct visit *visit)
{
    problem_page_reply(visit->exchange, visit->parameters[0], visit->now_ms);
}

static void get_pay_page(const struct visit *visit)
{
    sandbox_pages_show(visit->desk, visit->exchange, visit->parameters[0], visit->parameters[1],
                       visit->now_ms);
}

static void post_pay_page(const struct visit *visit)
{
    sandbox_pages_act(visit->desk, visit->exchange, visit->parameters[0], visit->parameters[1],
                      visit->now_ms);
}

static void post_movie(const struct visit *visit)
{
    programme_create(visit->desk, visit->exchange, EDIT_MOVIE, visit->now_ms);
}

static void patch_movie(const struct visit *visit)
{
    programme_change(visit->desk, visit->exchange, EDIT_MOVIE, visit->parameters[0], visit->now_ms);
}

static void post_cinema(const struct visit *visit)
{
    programme_create(visit->desk, visit->exchange, EDIT_CINEMA, visit->now_ms);
}

static void patch_cinema(const struct visit *visit)
{
    programme_change(visit->desk, visit->exchange, EDIT_CINEMA, visit->parameters[0],
                     visit->now_ms);
}

static void post_showtime(const struct visit *visit)
{
    programme_create(visit->desk, visit->exchange, EDIT_SHOWTIME, visit->now_ms);
}

static void patch_showtime(const struct visit *visit)
{
    programme_change(visit->desk, visit->exchange, EDIT_SHOWTIME, visit->parameters[0],
                     visit->now_ms);
}

struct resource {
    struct slice pattern; /* A part that starts with ':' stands for any text without '/'. */
    bool needs_user;
    bool needs_staff; /* A user whose role is staff or admin. */
    bool open_get;    /* GET is for everybody, whatever the others need. */
    bool in_memory;   /* Asks nobody: needs no clerk. */
    bool early;       /* Nor a store: answered, too, while that is awaited. */
    enum limited limited;
    handler *get;
    handler *post;
    handler *patch;
    handler *remove;
};

/* The first pattern that fits wins. */
static const struct resource resources[] = {
    {SLICE_INIT("/api/bookings/hold"), .needs_user = true, .in_memory = true,
     .limited = LIMITED_HOLD, .post = post_hold},
    {SLICE_INIT("/api/bookings"), .needs_user = true, .get = get_bookings},
    {SLICE_INIT("/api/bookings/:id"), .needs_user = true, .get = get_booking,
     .remove = delete_booking},
    {SLICE_INIT("/api/bookings/:id/confirm"), .needs_user = true, .post = post_confirm},
    {SLICE_INIT("/api/payments"), .needs_user = true, .post = post_payment},
    {SLICE_INIT("/api/payments/:id"), .needs_user = true, .get = get_payment},
    {SLICE_INIT("/api/payments/webhook/:provider"), .limited = LIMITED_LATER, .post = post_webhook},
    {SLICE_INIT("/api/payments/:id/refund"), .needs_staff = true, .post = post_refund},
    {SLICE_INIT("/api/payments/:id/refund/done"), .needs_staff = true, .post = post_refund_done},
    {SLICE_INIT("/api/showtimes/:id/cancel"), .needs_staff = true, .post = post_showtime_cancel},
    {SLICE_INIT("/api/showtimes/:id/blocks"), .needs_staff = true, .get = get_blocks,
     .post = post_block},
    {SLICE_INIT("/api/showtimes/:id/blocks/:block_id"), .needs_staff = true,
     .remove = delete_block},
    {SLICE_INIT("/api/staff/bookings"), .needs_staff = true, .get = get_all_bookings},
    {SLICE_INIT("/api/staff/refunds"), .needs_staff = true, .get = get_refunds},
    {SLICE_INIT("/api/staff/journal"), .needs_staff = true, .get = get_journal},
    {SLICE_INIT("/api/showtimes/:id/seats"), .in_memory = true, .get = get_seats},
    {SLICE_INIT("/api/showtimes/:id/events"), .in_memory = true, .get = get_events},
    {SLICE_INIT("/api/showtimes/:id"), .needs_staff = true, .open_get = true, .get = get_showtime,
     .patch = patch_showtime},
    {SLICE_INIT("/api/showtimes"), .needs_staff = true, .open_get = true, .get = get_showtimes,
     .post = post_showtime},
    {SLICE_INIT("/api/movies/:id"), .needs_staff = true, .open_get = true, .get = get_movie,
     .patch = patch_movie},
    {SLICE_INIT("/api/movies"), .needs_staff = true, .open_get = true, .get = get_movies,
     .post = post_movie},
    {SLICE_INIT("/api/cinemas/:id"), .needs_staff = true, .open_get = true, .get = get_cinema,
     .patch = patch_cinema},
    {SLICE_INIT("/api/cinemas"), .needs_staff = true, .open_get = true, .get = get_cinemas,
     .post = post_cinema},
    {SLICE_INIT("/health"), .early = true, .in_memory = true, .limited = LIMITED_NOT,
     .get = get_health},
    {SLICE_INIT("/health/live"), .early = true, .in_memory = true, .limited = LIMITED_NOT,
     .get = get_live},
    {SLICE_INIT("/health/ready"), .early = true, .in_memory = true, .limited = LIMITED_NOT,
     .get = get_ready},
    {SLICE_INIT("/openapi.json"), .early = true, .in_memory = true, .get = get_api_document},
    {SLICE_INIT("/docs"), .early = true, .in_memory = true, .get = get_api_page},
    {SLICE_INIT("/problems"), .early = true, .in_memory = true, .get = get_problem},
    {SLICE_INIT("/problems/:code"), .early = true, .in_memory = true, .get = get_problem},
    {SLICE_INIT("/sandbox/:provider/pay/:transaction"), .get = get_pay_page, .post = post_pay_page},
    {SLICE_INIT("/"), .early = true, .in_memory = true, .get = get_home},
};

enum { RESOURCE_COUNT = sizeof resources / sizeof resources[0] };

static_assert((int)RESOURCE_COUNT < (int)METER_ROUTES_MAX, "every route is counted");

uint32_t router_route_count(void)
{
    return RESOURCE_COUNT + 1;
}

struct slice router_pattern(uint32_t route)
{
    CHECK(route <= RESOURCE_COUNT);
    return route == 0 ? SLICE("none") : resources[route - 1].pattern;
}

struct slice router_method_name(enum http_method method)
{
    static const struct slice names[] = {
        [METHOD_GET] = SLICE_INIT("GET"),         [METHOD_POST] = SLICE_INIT("POST"),
        [METHOD_PATCH] = SLICE_INIT("PATCH"),     [METHOD_DELETE] = SLICE_INIT("DELETE"),
        [METHOD_OPTIONS] = SLICE_INIT("OPTIONS"), [METHOD_OTHER] = SLICE_INIT("OTHER")};
    CHECK(method <= METHOD_OTHER);
    return names[method];
}

/* Does the path fit the pattern? Its `:parts` are then in `parameters`. */
static bool fits(struct slice pattern, struct slice path, struct slice *parameters)
{
    size_t count = 0;
    while (pattern.size > 0 && path.size > 0) {
        struct slice pattern_rest;
        struct slice path_rest;
        const struct slice wanted = slice_cut(pattern, '/', &pattern_rest);
        const struct slice given = slice_cut(path, '/', &path_rest);
        const bool both_end = (pattern_rest.data == NULL) == (path_rest.data == NULL);
        if (!both_end) return false;
        if (wanted.size > 0 && wanted.data[0] == ':') {
            CHECK(count < PARAMETERS_MAX);
            if (given.size == 0) return false;
            parameters[count++] = given;
        } else if (!slice_equal(wanted, given)) {
            return false;
        }
        pattern = pattern_rest;
        path = path_rest;
    }
    return pattern.size == 0 && path.size == 0;
}

static const struct resource *find(struct slice path, struct slice *parameters)
{
    for (size_t index = 0; index < RESOURCE_COUNT; index++) {
        if (fits(resources[index].pattern, path, parameters)) return &resources[index];
    }
    return NULL;
}

static handler *handler_of(const struct resource *resource, enum http_method method)
{
    switch (method) {
    case METHOD_GET:
        return resource->get;
    case METHOD_POST:
        return resource->post;
    case METHOD_PATCH:
        return resource->patch;
    case METHOD_DELETE:
        return resource->remove;
    default:
        return NULL;
    }
}

static struct slice allowed(const struct resource *resource)
{
    if (resource->get != NULL && resource->post != NULL) return SLICE("GET, HEAD, POST");
    if (resource->get != NULL && resource->patch != NULL) return SLICE("GET, HEAD, PATCH");
    if (resource->get != NULL && resource->remove != NULL) return SLICE("GET, HEAD, DELETE");
    if (resource->get != NULL) return SLICE("GET, HEAD");
    return resource->post != NULL ? SLICE("POST") : SLICE("DELETE");
}

/* Who asks? False when it has answered that nobody does. */
static bool authenticate(const struct visit *visit)
{
    struct exchange *exchange = visit->exchange;
    struct slice reason = {0};
    const enum error error =
        auth_judge(visit->desk->authenticator, exchange, visit->now_ms, &reason);
    if (error == ERROR_NONE) return true;
    if (limiter_admit_failure(visit->desk->house->limiter, exchange, visit->now_ms))
        auth_refuse(exchange, error, reason, visit->now_ms);
    return false;
}

/* May the caller come in? False when it has answered the exchange. */
static bool admits(const struct resource *resource, const struct visit *visit)
{
    if (resource->open_get && visit->exchange->method == METHOD_GET) return true;
    if (!resource->needs_user && !resource->needs_staff) return true;
    return authenticate(visit);
}

/* Is the caller, who was let in, one of those whom the resource is for? */
static bool allows(const struct resource *resource, const struct exchange *exchange)
{
    if (!resource->needs_staff) return true;
    if (resource->open_get && exchange->method == METHOD_GET) return true;
    return exchange->role != ROLE_USER;
}

/* The rest of a request, by whoever reads the store. */
static void run(struct desk *desk, struct exchange *exchange)
{
    struct visit visit = {.desk = desk, .exchange = exchange, .now_ms = clock_now_ms()};
    const struct resource *resource = find(exchange->path, visit.parameters);
    CHECK(resource != NULL);
    handler_of(resource, exchange->method)(&visit);
}

void router_handle(struct desk *desk, struct exchange *exchange)
{
    struct visit visit = {.desk = desk, .exchange = exchange, .now_ms = clock_now_ms()};
    const struct cors *cors = &desk->house->cors;
    cors_mark(cors, exchange);
    const struct resource *resource = find(exchange->path, visit.parameters);
    if (resource == NULL) {
        problem_reply(exchange, &(struct problem){.error = ERROR_NOT_FOUND}, visit.now_ms);
        return;
    }
    exchange->notes.route = (uint32_t)(resource - resources) + 1;
    handler *handle = handler_of(resource, exchange->method);
    if (handle == NULL && cors_answer_preflight(cors, exchange, allowed(resource))) return;
    if (handle == NULL) {
        problem_reply(
            exchange,
            &(struct problem){.error = ERROR_METHOD_NOT_ALLOWED, .allow = allowed(resource)},
            visit.now_ms);
        return;
    }
    if (!resource->early && !desk_is_open(desk->house)) {
        problem_reply_error(exchange, ERROR_STORE_UNAVAILABLE, visit.now_ms);
        return;
    }
    if (!admits(resource, &visit)) return;
    if (!limiter_admit(desk->house->limiter, exchange, resource->limited, visit.now_ms)) return;
    if (!allows(resource, exchange)) {
        problem_reply(exchange, &(struct problem){.error = ERROR_FORBIDDEN}, visit.now_ms);
        return;
    }
    if (desk->house->back_office == NULL || resource->in_memory) handle(&visit);
    else desk_read(desk, exchange, run, (struct id){0});
}
