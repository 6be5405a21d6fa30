#include "originbypass/config/pinned.h"

#include <stdlib.h>
#include <string.h>

/* One answer to pin: far more than any host has, few enough to compare each with all others. */
enum { ADDRESSES_MAX = 256 };

/* The addresses of one family, packed as an answer has them. */
struct packed {
    uint8_t *octets;
    size_t count;
};

static void add_pinned_address(struct packed *packed, const struct address *address) {
    size_t size = address_size(address->family);
    for (size_t i = 0; i < packed->count; i++) {
        if (memcmp(packed->octets + i * size, address->octets, size) == 0)
            return;
    }
    memcpy(packed->octets + packed->count++ * size, address->octets, size);
}

/* The configuration is freed as a whole, so it has a copy of the answer. */
static const struct answer *build_pinned(const struct config_reader *reader, sa_family_t family,
                                         const struct packed *packed) {
    struct answer_parts parts = {
        .outcome = packed->count > 0 ? OUTCOME_ADDRESSES : OUTCOME_NO_RECORD,
        .family = family,
        .ttl_s = UINT32_MAX,
        .addresses = packed->octets,
        .address_count = packed->count,
    };
    struct answer *answer = answer_build(&parts);
    struct answer *copy = answer == NULL ? NULL : arena_allocate(reader->memory, answer->size);
    if (copy != NULL)
        memcpy(copy, answer, answer->size);
    else
        reader->memory->exhausted = true;
    free(answer);
    return copy;
}

void config_pinned_addresses(struct config_reader *reader, const struct config_node *node) {
    if (!config_value_strings(reader, node))
        return;
    if (node->count == 0 || node->count > ADDRESSES_MAX) {
        config_value_refuse(reader, node, arena_print(reader->scratch, "1 to %d addresses", ADDRESSES_MAX));
        return;
    }
    struct packed ipv4 = {.octets = arena_allocate(reader->scratch, node->count * sizeof(struct in_addr))};
    struct packed ipv6 = {.octets = arena_allocate(reader->scratch, node->count * sizeof(struct in6_addr))};
    if (ipv4.octets == NULL || ipv6.octets == NULL)
        return;
    for (size_t i = 0; i < node->count; i++) {
        struct address address;
        if (address_parse(node->children[i].text, &address))
            add_pinned_address(address.family == AF_INET ? &ipv4 : &ipv6, &address);
        else
            config_value_fault(reader, &node->children[i], "is not an IP address: expected one without a port");
    }
    reader->settings->pinned_ipv4 = build_pinned(reader, AF_INET, &ipv4);
    reader->settings->pinned_ipv6 = build_pinned(reader, AF_INET6, &ipv6);
}
