#include "originbypass/order/order_musl.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/order/gai_tables.h"
#include "originbypass/order/source_address.h"

/* musl's only table. Site-local addresses, 6bone's and IPv4-compatible ones have no entry. */
static const struct gai_prefix labels[] = {
    {{{{[15] = 1}}}, 128, 0},                /* ::1 */
    {{{{[10] = 0xff, [11] = 0xff}}}, 96, 4}, /* ::ffff:0:0/96, IPv4 */
    {{{{0x20, 0x01}}}, 32, 5},               /* 2001::/32, Teredo */
    {{{{0x20, 0x02}}}, 16, 2},               /* 2002::/16, 6to4 */
    {{{{0xfc}}}, 7, 13},                     /* fc00::/7, unique-local */
    {{{{0}}}, 0, 1},
};
static const struct gai_prefix precedences[] = {
    {{{{[15] = 1}}}, 128, 50}, {{{{[10] = 0xff, [11] = 0xff}}}, 96, 35},
    {{{{0x20, 0x01}}}, 32, 5}, {{{{0x20, 0x02}}}, 16, 30},
    {{{{0xfc}}}, 7, 3},        {{{{0}}}, 0, 40},
};
static const struct gai_tables tables = {.labels = labels, .precedences = precedences};

/* Where each rule's part of the number begins: the first rule has the highest bits. */
enum { PREFIX_AT = 0, SCOPE_AT = 8, PRECEDENCE_AT = 12, LABEL_AT = 20, MATCHING_SCOPE_AT = 21, USABLE_AT = 22 };

struct ranked {
    uint32_t rank; /* the greater, the better */
    uint16_t position;
};

static struct in6_addr in_ipv6_form(const struct address *address) {
    struct in6_addr mapped = {{{[10] = 0xff, [11] = 0xff}}};
    if (address->family == AF_INET6)
        return address->ipv6;
    memcpy(mapped.s6_addr + 12, &address->ipv4, sizeof(address->ipv4));
    return mapped;
}

static uint32_t common_prefix(const struct in6_addr *left, const struct in6_addr *right) {
    size_t equal = 0;
    while (equal < sizeof(*left) && left->s6_addr[equal] == right->s6_addr[equal])
        equal++;
    if (equal == sizeof(*left))
        return 8 * sizeof(*left);
    unsigned int difference = left->s6_addr[equal] ^ right->s6_addr[equal];
    return 8 * (uint32_t)equal + (uint32_t)__builtin_clz(difference << 24);
}

static uint32_t rank_of(const struct address *address, struct source_probe *probe) {
    struct in6_addr destination = in_ipv6_form(address);
    int scope = gai_tables_ipv6_scope(&destination); /* in this form IPv4 is of global scope, the loopback too */
    uint32_t rank = (uint32_t)gai_tables_precedence(&tables, &destination) << PRECEDENCE_AT | (uint32_t)(15 - scope)
                                                                                                  << SCOPE_AT;
    struct address found;
    if (!source_find(probe, address, &found))
        return rank;
    struct in6_addr source = in_ipv6_form(&found);
    bool label_matches = gai_tables_label(&tables, &destination) == gai_tables_label(&tables, &source);
    return rank | UINT32_C(1) << USABLE_AT | (uint32_t)(scope == gai_tables_ipv6_scope(&source)) << MATCHING_SCOPE_AT |
           (uint32_t)label_matches << LABEL_AT | common_prefix(&source, &destination) << PREFIX_AT;
}

/* Negative: the left one is better. Equals stay in their order. */
static int compare_ranks(const void *left, const void *right) {
    const struct ranked *first = left, *second = right;
    if (first->rank != second->rank)
        return first->rank > second->rank ? -1 : 1;
    return first->position < second->position ? -1 : 1;
}

/* IPv4 destinations have a socket of their own, so that it is no matter whether IPv6 sockets reach them. */
static bool rank_all(const struct address *addresses, size_t count, struct ranked *ranked) {
    struct source_probe ipv4 = SOURCE_PROBE_NEW, ipv6 = SOURCE_PROBE_NEW;
    for (size_t i = 0; i < count && !ipv4.exhausted && !ipv6.exhausted; i++) {
        ranked[i].rank = rank_of(&addresses[i], addresses[i].family == AF_INET ? &ipv4 : &ipv6);
        ranked[i].position = (uint16_t)i;
    }
    source_end(&ipv4);
    source_end(&ipv6);
    return !ipv4.exhausted && !ipv6.exhausted;
}

static bool hin_ipv6_form(const struct address *addresses, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (addresses[i].family == AF_INET6)
            return true;
    return false;
}

bool order_musl(const struct address *addresses, size_t count, uint16_t *order) {
    for (size_t i = 0; i < count; i++)
        order[i] = (uint16_t)i;
    if (count < 2 || !hin_ipv6_form(addresses, count))
        return true;
    struct ranked *ranked = malloc(count * sizeof(*ranked));
    if (ranked == NULL)
        return false;
    bool is_ranked = rank_all(addresses, count, ranked);
    if (is_ranked)
        qsort(ranked, count, sizeof(*ranked), compare_ranks);
    for (size_t i = 0; is_ranked && i < count; i++)
        order[i] = ranked[i].position;
    free(ranked);
    return is_ranked;
}
