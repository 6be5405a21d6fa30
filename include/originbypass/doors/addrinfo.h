#ifndef ORIGINBYPASS_DOORS_ADDRINFO_H
#define ORIGINBYPASS_DOORS_ADDRINFO_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

#include "originbypass/doors/expansion.h"
#include "originbypass/values/address.h"

/**
 * The list that getaddrinfo(3) gives for addresses and an expanded service: for each address, in their order, a node
 * for each of the `expansion`'s nodes of the same family, with its socket type, protocol and port. `flags` are the
 * caller's, which libc puts into every node; `canonical_name` goes to the first one, NULL for none.
 *
 * Returns 0, EAI_MEMORY, or EAI_NONAME where no address has a family of the expansion. The program frees the list with
 * libc's own freeaddrinfo(3), whole or in sublists: one malloc(3) a node, the address inside it, as glibc has it.
 * Thread-safe.
 */
int addrinfo_build(const struct address *addresses, size_t count, const struct expansion *expansion, int flags,
                   const char *canonical_name, struct addrinfo **list);

/** What makes a node. A whole number of 64-bit words. */
struct addrinfo_entry {
    struct expansion_node model;
    union {
        struct in_addr ipv4;
        struct in6_addr ipv6;
    };
};

/** The list of these entries, at least one, in their order; else as addrinfo_build(). Thread-safe. */
int addrinfo_rebuild(const struct addrinfo_entry *entries, size_t count, int flags, struct addrinfo **list);

/** The entries of a list that this room has made. Returns their number, 0 where there are more than `most`. */
size_t addrinfo_entries(const struct addrinfo *list, struct addrinfo_entry *entries, size_t most);

#endif
