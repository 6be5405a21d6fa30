#include "originbypass/values/nat64_prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const uint8_t LENGTHS[] = {32, 40, 48, 56, 64, 96};
enum { LENGTH_COUNT = sizeof(LENGTHS), IPV4_OCTETS = 4, ZERO_OCTET = 8 };

/* Where the IPv4 address's octet is: the address goes round octet 8, which is zero (RFC 6052, section 2.2). */
static size_t ipv4_place(unsigned length, size_t octet) {
    size_t place = length / 8 + octet;
    return length < 96 && place >= ZERO_OCTET ? place + 1 : place;
}

static struct address ipv4_in(const struct in6_addr *ipv6, unsigned length) {
    struct address ipv4 = {.family = AF_INET};
    for (size_t i = 0; i < IPV4_OCTETS; i++)
        ipv4.octets[i] = ipv6->s6_addr[ipv4_place(length, i)];
    return ipv4;
}

static void put_ipv4(struct in6_addr *ipv6, unsigned length, const struct address *ipv4) {
    for (size_t i = 0; i < IPV4_OCTETS; i++)
        ipv6->s6_addr[ipv4_place(length, i)] = ipv4->octets[i];
}

static struct nat64_prefix prefix_around(const struct in6_addr *ipv6, unsigned length) {
    static const struct address nothing = {.family = AF_INET};
    struct nat64_prefix prefix = {*ipv6, (uint8_t)length};
    put_ipv4(&prefix.pattern, length, &nothing);
    return prefix;
}

static bool is_same_prefix(const struct nat64_prefix *a, const struct nat64_prefix *b) {
    return a->length == b->length && memcmp(&a->pattern, &b->pattern, sizeof(a->pattern)) == 0;
}

/* ---- RFC 7050 ---- */

/* 192.0.0.170 and 192.0.0.171 */
static bool is_known_address(const struct address *ipv4) {
    return ipv4->octets[0] == 192 && ipv4->octets[1] == 0 && ipv4->octets[2] == 0 &&
           (ipv4->octets[3] == 170 || ipv4->octets[3] == 171);
}

/* The prefixes that the address could be meant to have; returns their number. */
static size_t candidates_in(const struct in6_addr *ipv6, struct nat64_prefix candidates[static LENGTH_COUNT]) {
    size_t count = 0;
    for (size_t i = 0; i < LENGTH_COUNT; i++) {
        struct address ipv4 = ipv4_in(ipv6, LENGTHS[i]);
        if (is_known_address(&ipv4) && (LENGTHS[i] == 96 || ipv6->s6_addr[ZERO_OCTET] == 0))
            candidates[count++] = prefix_around(ipv6, LENGTHS[i]);
    }
    return count;
}

/* Whether another of the addresses has the other IPv4 address in the same place of the same prefix. */
static bool is_confirmed(const struct nat64_prefix *prefix, const struct in6_addr *ipv6,
                         const struct in6_addr *addresses, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct nat64_prefix other = prefix_around(&addresses[i], prefix->length);
        struct address ipv4 = ipv4_in(&addresses[i], prefix->length);
        if (is_same_prefix(&other, prefix) && is_known_address(&ipv4) &&
            memcmp(ipv6, &addresses[i], sizeof(*ipv6)) != 0)
            return true;
    }
    return false;
}

static void add(struct nat64_prefixes *found, const struct nat64_prefix *prefix) {
    for (size_t i = 0; i < found->count; i++)
        if (is_same_prefix(&found->prefixes[i], prefix))
            return;
    if (found->count < NAT64_PREFIXES_MAX)
        found->prefixes[found->count++] = *prefix;
}

void nat64_prefixes_find(const struct in6_addr *addresses, size_t count, struct nat64_prefixes *found) {
    *found = (struct nat64_prefixes){0};
    for (size_t i = 0; i < count; i++) {
        struct nat64_prefix candidates[LENGTH_COUNT];
        size_t candidate_count = candidates_in(&addresses[i], candidates);
        for (size_t j = 0; j < candidate_count; j++)
            if (candidate_count == 1 || is_confirmed(&candidates[j], &addresses[i], addresses, count))
                add(found, &candidates[j]);
    }
}

/* ---- RFC 6052 ---- */

struct ipv4_network {
    uint32_t address; /* in host order */
    unsigned length;
};
#define NETWORK(a, b, c, length)                                                                                       \
    { (uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8, length }

/* No other host has these. */
static const struct ipv4_network NOWHERE[] = {
    NETWORK(0, 0, 0, 8),      /* RFC 791, section 3.2 */
    NETWORK(127, 0, 0, 8),    /* RFC 1122, section 3.2.1.3 */
    NETWORK(169, 254, 0, 16), /* RFC 3927 */
    NETWORK(224, 0, 0, 4),    /* RFC 5771, multicast */
    NETWORK(240, 0, 0, 4),    /* RFC 1112, reserved; its last address is the limited broadcast */
};

/* Networks that many have, each another one: the prefix that all share does not tell them apart. */
static const struct ipv4_network NOT_GLOBAL[] = {
    NETWORK(10, 0, 0, 8),     /* RFC 1918 */
    NETWORK(172, 16, 0, 12),  /* RFC 1918 */
    NETWORK(192, 168, 0, 16), /* RFC 1918 */
    NETWORK(100, 64, 0, 10),  /* RFC 6598 */
    NETWORK(192, 0, 0, 24),   /* RFC 6890 */
};

static bool is_in_networks(const struct ipv4_network *networks, size_t count, const struct address *ipv4) {
    uint32_t address = ntohl(ipv4->ipv4.s_addr);
    for (size_t i = 0; i < count; i++)
        if ((address ^ networks[i].address) >> (32 - networks[i].length) == 0)
            return true;
    return false;
}

bool nat64_prefix_is_well_known(const struct nat64_prefix *prefix) {
    static const struct in6_addr well_known = {{{0x00, 0x64, 0xff, 0x9b}}};
    return prefix->length == 96 && memcmp(&prefix->pattern, &well_known, sizeof(well_known)) == 0;
}

bool nat64_prefix_takes(const struct nat64_prefix *prefix, const struct address *ipv4) {
    return !is_in_networks(NOWHERE, sizeof(NOWHERE) / sizeof(NOWHERE[0]), ipv4) &&
           !(nat64_prefix_is_well_known(prefix) &&
             is_in_networks(NOT_GLOBAL, sizeof(NOT_GLOBAL) / sizeof(NOT_GLOBAL[0]), ipv4));
}

struct address nat64_prefix_embed(const struct nat64_prefix *prefix, const struct address *ipv4) {
    struct address ipv6 = {.family = AF_INET6, .ipv6 = prefix->pattern};
    put_ipv4(&ipv6.ipv6, prefix->length, ipv4);
    return ipv6;
}

bool nat64_prefix_extract(const struct nat64_prefix *prefix, const struct address *ipv6, struct address *ipv4) {
    if (ipv6->family != AF_INET6 || memcmp(&ipv6->ipv6, &prefix->pattern, prefix->length / 8U) != 0)
        return false;
    *ipv4 = ipv4_in(&ipv6->ipv6, prefix->length);
    return true;
}

const struct nat64_prefix *nat64_prefixes_match(const struct nat64_prefixes *prefixes, const struct address *ipv6,
                                                struct address *ipv4) {
    for (size_t i = 0; i < prefixes->count; i++)
        if (nat64_prefix_extract(&prefixes->prefixes[i], ipv6, ipv4))
            return &prefixes->prefixes[i];
    return NULL;
}

void nat64_prefix_text(const struct nat64_prefix *prefix, char text[static NAT64_PREFIX_TEXT_SIZE]) {
    struct in6_addr bare = {0};
    memcpy(&bare, &prefix->pattern, prefix->length / 8U);
    inet_ntop(AF_INET6, &bare, text, INET6_ADDRSTRLEN);
    size_t used = strlen(text);
    snprintf(text + used, NAT64_PREFIX_TEXT_SIZE - used, "/%u", prefix->length);
}
