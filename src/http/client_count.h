/* client_count.h - how many connections or streams each client has open, so that none takes all.
 *
 * Shape:  as many clients as there can be connections; an IPv6 network of 64 bits is one client.
 * Thread: one owner.
 */
#pragma once

#include "base/address.h"

struct client_count;

/* Room for `clients_max` clients; NULL without memory. */
struct client_count *client_count_open(uint32_t clients_max);
void client_count_close(struct client_count *count); /* Accepts NULL. */

/* One connection more of the client, unless it has `connections_max`. */
bool client_count_add(struct client_count *count, const struct address *client,
                      uint32_t connections_max);

/* One of those that were added has ended. */
void client_count_remove(struct client_count *count, const struct address *client);
