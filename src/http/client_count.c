#include "http/client_count.h"

#include "base/check.h"
#include "base/random.h"
#include "core/siphash.h"

/* Clients of one hash are a list; 0 ends it, so entry 0 is never used. */
struct entry {
    struct address customer;
    uint32_t connections;
    uint32_t next;
};

struct client_count {
    struct siphash_key secret;
    uint32_t heads_mask;
    uint32_t *heads;
    struct entry *entries;
    uint32_t free;
    uint32_t used; /* Entries that were ever taken. */
    uint32_t clients_max;
};

static uint32_t power_of_two_from(uint32_t number)
{
    uint32_t power = 1;
    while (power < number) power *= 2;
    return power;
}

struct client_count *client_count_open(uint32_t clients_max)
{
    CHECK(clients_max >= 1);
    CHECK(clients_max <= UINT32_C(1) << 20);

    struct client_count *count = calloc(1, sizeof *count);
    if (count == NULL) return NULL;
    const uint32_t heads = power_of_two_from(clients_max);
    count->heads_mask = heads - 1;
    count->clients_max = clients_max;
    count->heads = calloc(heads, sizeof *count->heads);
    count->entries = calloc((size_t)clients_max + 1, sizeof *count->entries);
    if (count->heads == NULL || count->entries == NULL) {
        client_count_close(count);
        return NULL;
    }
    random_fill(&count->secret, sizeof count->secret);
    return count;
}

void client_count_close(struct client_count *count)
{
    if (count == NULL) return;
    free(count->heads);
    free(count->entries);
    free(count);
}

/* The link that leads to the customer's entry, or to the end of its list. */
static uint32_t *find(struct client_count *count, const struct address *customer)
{
    const uint64_t hash = siphash(&count->secret, customer->bytes, sizeof customer->bytes);
    uint32_t *link = &count->heads[hash & count->heads_mask];
    while (*link != 0) {
        struct entry *entry = &count->entries[*link];
        if (memcmp(&entry->customer, customer, sizeof *customer) == 0) return link;
        link = &entry->next;
    }
    return link;
}

static uint32_t take_entry(struct client_count *count)
{
    const uint32_t place = count->free;
    if (place == 0) {
        CHECK(count->used < count->clients_max);
        return ++count->used;
    }
    count->free = count->entries[place].next;
    return place;
}

bool client_count_add(struct client_count *count, const struct address *client,
                      uint32_t connections_max)
{
    CHECK(connections_max >= 1);
    const struct address customer = address_of_customer(client);
    uint32_t *link = find(count, &customer);
    if (*link == 0) {
        *link = take_entry(count);
        count->entries[*link] = (struct entry){.customer = customer};
    }
    struct entry *entry = &count->entries[*link];
    if (entry->connections >= connections_max) return false;
    entry->connections++;
    return true;
}

void client_count_remove(struct client_count *count, const struct address *client)
{
    const struct address customer = address_of_customer(client);
    uint32_t *link = find(count, &customer);
    CHECK(*link != 0);
    struct entry *entry = &count->entries[*link];
    CHECK(entry->connections >= 1);
    if (--entry->connections > 0) return;
    const uint32_t place = *link;
    *link = entry->next;
    entry->next = count->free;
    count->free = place;
}
