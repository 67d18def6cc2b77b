/* desk.h - what one loop's thread has at hand to serve requests.
 *
 * The house is what all loops share and nobody changes while the server runs; a desk adds the
 * connections, keys and commands that belong to one thread.
 *
 * Thread: a desk belongs to its loop; the house is read by all.
 */
#pragma once

#include <stdatomic.h>

#include "core/command.h"
#include "crypto/crypto.h"
#include "engine/writers.h"
#include "http/cors.h"
#include "http/exchange.h"
#include "http/observer.h"
#include "ports/catalogue_entries.h"
#include "ports/reader.h"
#include "ports/sharing.h"
#include "ports/staff_reader.h"
#include "ports/storage.h"

enum {
    RETURN_HOSTS_MAX = 16,        /* A chain has a handful of shops. */
    SECRETS_MAX = 2,              /* The one in use and the one before, while rotating. */
    DESK_COMMANDS_MAX = 8192,     /* Per loop; two loops fill the writer's 16384. */
    DESK_ROOM_MAX = 16 << 20,     /* Per loop: what thousands of staff commands need. */
    ANSWER_DEADLINE_US = 4000000, /* With the tick of a second: every request hears within 5 s. */
};

/* A way to pay. Off without a secret. */
struct provider {
    bool on;
    struct slice webhook_secret;
};

/* What a clerk of the back office was told of a showtime's version before it began. */
struct checked {
    bool known;
    enum error error;
    uint64_t version;
};

struct authenticator;
struct back_office;
struct limiter;
struct listeners;
struct live;
struct seat_pages;
struct sandbox;
struct ticket;

struct house {
    /* Is the database still awaited? Nobody looks at the writers then, and all but health hears
     * 503. NULL: it is not. */
    const atomic_bool *opening;
    struct writers writers;
    struct feed *feed;
    struct back_office *back_office; /* NULL: the loops read the store themselves. */
    struct seat_pages *seat_pages;
    struct live *live;
    int64_t heartbeat_ms;    /* Between two comments to a listener. */
    struct sandbox *sandbox; /* NULL without --demo. */
    struct limiter *limiter; /* NULL: nobody is limited. */
    struct cors cors;
    bool dev; /* X-User-Id and unsigned webhooks are accepted. */
    struct slice jwt_secrets[SECRETS_MAX];
    size_t jwt_secret_count;
    struct slice jwt_issuer;   /* Empty: not checked. */
    struct slice jwt_audience; /* Empty: not checked. */
    struct provider providers[PAYMENT_METHOD_COUNT];
    struct url gateway;            /* Where generic payment pages are. */
    struct url default_return_url; /* Empty: none. */
    size_t return_host_count;
    struct slice return_hosts[RETURN_HOSTS_MAX];
    const struct locale *locale;
    struct slice version; /* Of the program. */
    int64_t started_at_ms;
    struct storage storage;
    struct sharing sharing; /* {0}: the store is this process's alone. */
    uint32_t loop_count;
    struct meter *meters; /* One for each loop. */
    uint64_t stopping;    /* A tally of the main thread: 1 from the beginning of the end. */
};

struct desk {
    const struct house *house;
    uint32_t loop;
    struct reader reader;
    struct staff_reader staff_reader;
    struct catalogue catalogue;
    struct authenticator *authenticator;
    struct listeners *listeners;
    struct observer observer;
    struct mac *webhook_macs[PAYMENT_METHOD_COUNT]; /* NULL: the provider is off. */
    struct ticket *tickets;                         /* [DESK_COMMANDS_MAX] */
    struct ticket *free_tickets;
    struct ticket *first_waiting; /* The longest. */
    struct ticket *last_waiting;
    struct command *lent_command; /* A clerk's: the one that it may use. */
    struct checked checked;       /* A clerk's. */
    uint32_t tickets_used;        /* Those of `tickets` that were ever taken. */
    size_t room_used;             /* Of DESK_ROOM_MAX. */
};

/* Room for DESK_COMMANDS_MAX commands, to be freed by its maker after the writer has stopped:
 * it writes answers there until then. NULL without memory. */
struct ticket *desk_make_tickets(void);
void desk_free_tickets(struct ticket *tickets); /* Accepts NULL. */

/* Makes a desk over such tickets; the connections and keys are its opener's to set. */
void desk_open(struct desk *desk, const struct house *house, uint32_t loop, struct ticket *tickets);

/* Are the writers there? From any thread; once true it stays so. */
bool desk_is_open(const struct house *house);

/* Makes the answer of a decided command. */
typedef void desk_answer(struct desk *desk, struct exchange *exchange,
                         const struct command *command);

/* A part of a handler that reads the store. */
typedef void desk_work(struct desk *desk, struct exchange *exchange);

/* Does the work: at once, or by a clerk of the back office if there is one; `current` is a
 * showtime whose version the clerk shall know, or none. Nothing may be done with the exchange
 * after this. */
void desk_read(struct desk *desk, struct exchange *exchange, desk_work *work, struct id current);

/* Goes on with an exchange that a clerk has worked on: sends what it replied, or submits what it
 * submitted. */
void desk_take_over(struct desk *desk, struct exchange *exchange, struct command *command);

/* A command, empty but for its loop; NULL if too many are under way (answer 503 OVERLOADED). */
struct command *desk_take(struct desk *desk);

/* Memory that is the command's until it is given back, once for each command; zeroed. Unlike
 * the exchange's, it is there when the writer decides after the exchange was answered. NULL if
 * too much is given out (answer 503 OVERLOADED). */
void *desk_room(struct desk *desk, struct command *command, size_t size);

/* Gives a command back that was not submitted. */
void desk_give_back(struct desk *desk, struct command *command);

/* Sends the command to the writer; `answer` runs on this loop once it is decided, and must
 * answer the exchange. Failures of the engine are answered by the desk itself. If the writer
 * takes no more, the exchange is answered 503 OVERLOADED at once. */
void desk_submit(struct desk *desk, struct exchange *exchange, struct command *command,
                 desk_answer *answer);

/* Sends a command whose answer nobody waits for; it is dropped if the writer takes no more. */
void desk_send(struct desk *desk, struct command *command);

/* Answers what the writer has decided for this loop. */
void desk_collect(struct desk *desk);

/* Answers 503 OUTCOME_UNKNOWN to those who have waited for ANSWER_DEADLINE_US; what the writer
 * decides on them later is the store's to tell. Called once a second. */
void desk_expire(struct desk *desk, int64_t now_us);
