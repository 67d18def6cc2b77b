#include "redis/redis_name.h"

#include <arpa/inet.h>
#include <netdb.h>

#include "base/clock.h"

struct redis_name {
    char host[REDIS_HOST_SIZE];
    struct addrinfo hints;
    struct gaicb request;
};

/* NULL without memory or thread. */
static struct redis_name *ask(const char *host)
{
    struct redis_name *name = calloc(1, sizeof *name);
    if (name == NULL) return NULL;
    (void)snprintf(name->host, sizeof name->host, "%s", host);
    name->hints = (struct addrinfo){.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    name->request = (struct gaicb){.ar_name = name->host, .ar_request = &name->hints};
    struct gaicb *requests[] = {&name->request};
    if (getaddrinfo_a(GAI_NOWAIT, requests, 1, NULL) == 0) return name;
    free(name);
    return NULL;
}

/* The look-up's result, EAI_INPROGRESS if there is none by then. */
static int wait_for(struct redis_name *name, int64_t until_us)
{
    const struct gaicb *const requests[] = {&name->request};
    for (;;) {
        const int code = gai_error(&name->request);
        const int64_t left_us = until_us - clock_steady_us();
        if (code != EAI_INPROGRESS || left_us <= 0) return code;
        const struct timespec left = {.tv_sec = left_us / 1000000,
                                      .tv_nsec = left_us % 1000000 * 1000};
        (void)gai_suspend(requests, 1, &left);
    }
}

static void take(const struct addrinfo *found, struct redis_addresses *addresses)
{
    *addresses = (struct redis_addresses){0};
    for (; found != NULL && addresses->count < REDIS_ADDRESSES_MAX; found = found->ai_next) {
        char *target = addresses->all[addresses->count];
        const int code = getnameinfo(found->ai_addr, found->ai_addrlen, target, INET6_ADDRSTRLEN,
                                     NULL, 0, NI_NUMERICHOST);
        if (code == 0) addresses->count++;
    }
}

static bool is_address(const char *host)
{
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

const char *redis_name_find(struct redis_name **name, const char *host, int64_t until_us,
                            struct redis_addresses *ret_addresses)
{
    CHECK(host[0] != '\0');

    if (is_address(host)) {
        *ret_addresses = (struct redis_addresses){.count = 1};
        (void)snprintf(ret_addresses->all[0], INET6_ADDRSTRLEN, "%s", host);
        return NULL;
    }
    if (*name == NULL) *name = ask(host);
    if (*name == NULL) return "its name cannot be looked up";
    const int code = wait_for(*name, until_us);
    if (code == EAI_INPROGRESS) return "the name server does not answer";
    if (code == 0) take((*name)->request.ar_result, ret_addresses);
    redis_name_forget(*name);
    *name = NULL;
    if (code != 0) return gai_strerror(code);
    return ret_addresses->count > 0 ? NULL : "its name has no address";
}

void redis_name_forget(struct redis_name *name)
{
    if (name == NULL) return;
    if (gai_cancel(&name->request) == EAI_NOTCANCELED) {
        const int64_t until_us = clock_steady_us() + REDIS_FORGET_MS * INT64_C(1000);
        if (wait_for(name, until_us) == EAI_INPROGRESS) return;
    }
    if (name->request.ar_result != NULL) freeaddrinfo(name->request.ar_result);
    free(name);
}
