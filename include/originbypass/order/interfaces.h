#ifndef ORIGINBYPASS_ORDER_INTERFACES_H
#define ORIGINBYPASS_ORDER_INTERFACES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One address of this host, as the kernel tells it (rtnetlink(7)). */
struct interface_address {
    struct in6_addr address; /**< an IPv4 one in mapped form; on a point-to-point link the peer's */
    uint32_t index;          /**< of the interface */
    uint8_t prefix_length;   /**< of the network: 0 … 32 for an IPv4 address */
    bool deprecated;         /**< or still optimistic: not to be chosen where there is another */
    bool home;               /**< Mobile IPv6 */
};

/** The addresses of this host in the order of interfaces_find(). */
struct interface_list {
    struct interface_address *addresses;
    size_t count;
};

/**
 * The addresses of this host, as libc lists them before it orders addresses: none, if no IPv6 address but the
 * loopback's is there, or if the kernel does not tell. On the heap; give it back with interfaces_free(). False: no
 * descriptor or no memory. Thread-safe; errno may change.
 */
bool interfaces_list(struct interface_list *list);

/** Free what interfaces_list() gave. */
void interfaces_free(struct interface_list *list);

/** The entry of an address; one of them where several interfaces have it. NULL: none has. Thread-safe. */
const struct interface_address *interfaces_find(const struct interface_list *list, const struct in6_addr *address);

/**
 * Which families this host has an address of, other than 127.0.0.1 and ::1, as libc looks at it for AI_ADDRCONFIG:
 * both, where the kernel does not tell, and then false. Signals must be blocked. Thread-safe; errno may change.
 */
bool interfaces_families(bool *ipv4, bool *ipv6);

/**
 * Tell `found` of each interface whether it is native transport or a tunnel (RFC 3484, destination rule 7). Where the
 * kernel does not tell, of none. Thread-safe; errno may change.
 */
void interfaces_transport(void (*found)(void *context, uint32_t index, bool native), void *context);

#endif
