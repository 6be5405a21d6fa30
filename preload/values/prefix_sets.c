#include "originbypass/values/prefix_sets.h"

#include <stddef.h>
#include <string.h>

/* https://www.cloudflare.com/ips/ as of 2023-09-28, the date that the page gives for its last change. */
static const char *const CLOUDFLARE[] = {
    "173.245.48.0/20",
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "141.101.64.0/18",
    "108.162.192.0/18",
    "190.93.240.0/20",
    "188.114.96.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "162.158.0.0/15",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "172.64.0.0/13",
    "131.0.72.0/22",
    "2400:cb00::/32",
    "2606:4700::/32",
    "2803:f800::/32",
    "2405:b500::/32",
    "2405:8100::/32",
    "2a06:98c0::/29",
    "2c0f:f248::/32",
    NULL,
};

/* What leads to this host, this link or a network that is not the Internet: a public name there is DNS rebinding. */
#define PRIVATE_PREFIXES                                                                                               \
    "0.0.0.0/8",          /* RFC 791, section 3.2 */                                                                   \
        "10.0.0.0/8",     /* RFC 1918 */                                                                               \
        "172.16.0.0/12",  /* RFC 1918 */                                                                               \
        "192.168.0.0/16", /* RFC 1918 */                                                                               \
        "100.64.0.0/10",  /* RFC 6598 */                                                                               \
        "127.0.0.0/8",    /* RFC 1122, section 3.2.1.3 */                                                              \
        "169.254.0.0/16", /* RFC 3927 */                                                                               \
        "::/128",         /* RFC 4291 */                                                                               \
        "::1/128",        /* RFC 4291 */                                                                               \
        "fc00::/7",       /* RFC 4193 */                                                                               \
        "fe80::/10"       /* RFC 4291 */

static const char *const PRIVATE[] = {PRIVATE_PREFIXES, NULL};

/*
 * What no host of the Internet has: the private ones, and from IANA's registries of special-purpose addresses (RFC
 * 6890, as of 2025-10) and of multicast what is not globally reachable. The IPv4-mapped and NAT64 prefixes are not
 * among them, because the address inside is matched.
 */
static const char *const BOGON[] = {
    PRIVATE_PREFIXES,
    "192.0.0.0/24",    /* RFC 6890, IETF protocol assignments */
    "192.0.2.0/24",    /* RFC 5737, documentation */
    "198.51.100.0/24", /* RFC 5737 */
    "203.0.113.0/24",  /* RFC 5737 */
    "198.18.0.0/15",   /* RFC 2544, benchmarking */
    "224.0.0.0/4",     /* RFC 5771, multicast */
    "240.0.0.0/4",     /* RFC 1112, reserved; its last address is the limited broadcast */
    "64:ff9b:1::/48",  /* RFC 8215, local translation between IPv4 and IPv6 */
    "100::/64",        /* RFC 6666, discard */
    "2001:2::/48",     /* RFC 5180, benchmarking */
    "2001:10::/28",    /* RFC 4843, ORCHID, withdrawn */
    "2001:db8::/32",   /* RFC 3849, documentation */
    "3fff::/20",       /* RFC 9637, documentation */
    "5f00::/16",       /* RFC 9602, segment routing */
    "fec0::/10",       /* RFC 3879, site-local, withdrawn */
    "ff00::/8",        /* RFC 4291, multicast */
    NULL,
};

static const struct {
    const char *name;
    const char *const *prefixes;
} SETS[] = {{PREFIX_SET_EDGE, CLOUDFLARE}, {"private", PRIVATE}, {"bogon", BOGON}};

const char *const *prefix_sets_find(const char *name) {
    for (size_t i = 0; i < sizeof(SETS) / sizeof(SETS[0]); i++) {
        if (strcmp(SETS[i].name, name) == 0)
            return SETS[i].prefixes;
    }
    return NULL;
}
