/* redis_url.h - where Redis is, and as whom to speak to it.
 *
 * redis://[[user]:password@]host[:port][/database]; a part with signs that mean something in a
 * URL is percent-encoded. TLS (rediss://) is refused: the client library of Debian 12 has none,
 * and a password must not travel in the clear by mistake.
 *
 * Shape:  a host is a name, an IPv4 address or an IPv6 address in brackets.
 * Errors: a constant text that says what is wrong, without the URL: it may hold a password.
 * Thread: any.
 */
#pragma once

#include "base/check.h"
#include "base/slice.h"

enum {
    REDIS_HOST_SIZE = 256, /* A DNS name has at most 253 bytes. */
    REDIS_USER_SIZE = 129,
    REDIS_PASSWORD_SIZE = 513,
    REDIS_PORT_DEFAULT = 6379,
    REDIS_DATABASE_MAX = 9999, /* Servers have 16, unless they are told otherwise. */
};

struct redis_url {
    char host[REDIS_HOST_SIZE];
    uint16_t port;
    uint16_t database;
    char user[REDIS_USER_SIZE];         /* Empty: the default user. */
    char password[REDIS_PASSWORD_SIZE]; /* Empty: none. */
};

/* NULL if the text is such a URL; else what is wrong, and `ret_url` is untouched. */
MUST_USE const char *redis_url_parse(struct slice text, struct redis_url *ret_url);
