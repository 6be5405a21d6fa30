#ifndef ORIGINBYPASS_VALUES_NAT64_PREFIX_H
#define ORIGINBYPASS_VALUES_NAT64_PREFIX_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/values/address.h"

/** A prefix whose addresses a network's NAT64 leads to IPv4 (RFC 6052, RFC 6146). */
struct nat64_prefix {
    struct in6_addr pattern; /**< an address in it, with zeros for the IPv4 address; what follows that is a suffix */
    uint8_t length;          /**< in bits: 32, 40, 48, 56, 64 or 96 */
};

/** More than a network needs: RFC 7050 (section 3) lets it have several. */
#define NAT64_PREFIXES_MAX 4

/** The prefixes of a network, each once. */
struct nat64_prefixes {
    size_t count;
    struct nat64_prefix prefixes[NAT64_PREFIXES_MAX];
};

/** The name with the IPv4 addresses 192.0.0.170 and 192.0.0.171 alone (RFC 7050, section 2.2), as an absolute name. */
#define NAT64_KNOWN_NAME "ipv4only.arpa."

/**
 * Find the prefixes in the IPv6 addresses that DNS gives for that name: where the IPv4 addresses are in them (RFC 7050,
 * section 3). One that is in several places counts only if the other addresses show which is meant. Thread-safe.
 */
void nat64_prefixes_find(const struct in6_addr *addresses, size_t count, struct nat64_prefixes *found);

/** Whether it is the one that all networks may use, 64:ff9b::/96 (RFC 6052, section 2.1). Thread-safe. */
bool nat64_prefix_is_well_known(const struct nat64_prefix *prefix);

/**
 * Whether a DNS64 may translate an IPv4 address with this prefix: never an address of no other host (this network and
 * host, link-local, multicast, reserved), and with the well-known prefix no address that is not global (RFC 6052,
 * section 3.1). The networks for documentation and benchmarks are not left out: nobody has them but tests, which mean
 * them. Thread-safe.
 */
bool nat64_prefix_takes(const struct nat64_prefix *prefix, const struct address *ipv4);

/** The IPv6 address for an IPv4 one (RFC 6052, section 2.2). Thread-safe. */
struct address nat64_prefix_embed(const struct nat64_prefix *prefix, const struct address *ipv4);

/** The IPv4 address in an IPv6 one. False: that is not in the prefix. Thread-safe. */
bool nat64_prefix_extract(const struct nat64_prefix *prefix, const struct address *ipv6, struct address *ipv4);

/** The first of the prefixes that holds the address, which gives the IPv4 address in it; NULL: none. Thread-safe. */
const struct nat64_prefix *nat64_prefixes_match(const struct nat64_prefixes *prefixes, const struct address *ipv6,
                                                struct address *ipv4);

/** Room for the text of any prefix, with its NUL. */
#define NAT64_PREFIX_TEXT_SIZE (INET6_ADDRSTRLEN + 4)

/** Write `PREFIX/LENGTH`, without a suffix. Thread-safe. */
void nat64_prefix_text(const struct nat64_prefix *prefix, char text[static NAT64_PREFIX_TEXT_SIZE]);

#endif
