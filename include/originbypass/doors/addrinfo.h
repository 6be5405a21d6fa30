#ifndef ORIGINBYPASS_DOORS_ADDRINFO_H
#define ORIGINBYPASS_DOORS_ADDRINFO_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

#include "originbypass/doors/expansion.h"
#include "originbypass/values/address.h"

/**
 * Build the list that getaddrinfo(3) gives for addresses and an expanded service. For each address, in order, it has a
 * node for each of the `expansion`'s nodes of the same family, with its socket type, protocol and port. `flags` are the
 * caller's, which libc puts into every node. `canonical_name` goes into the first node; NULL: none.
 *
 * Returns 0, EAI_MEMORY, or EAI_NONAME if no address has a family of the expansion. The program frees the list with
 * libc's own freeaddrinfo(3), as a whole or in sublists. So there is one malloc(3) for each node, with the address
 * inside it, as in glibc. On musl: addrinfo_musl_build(). Thread-safe.
 */
int addrinfo_build(const struct address *addresses, size_t count, const struct expansion *expansion, int flags,
                   const char *canonical_name, struct addrinfo **list);

/** The values that make a node. Its size is a whole number of 64-bit words. */
struct addrinfo_entry {
    struct expansion_node model;
    union {
        struct in_addr ipv4;
        struct in6_addr ipv6;
    };
};

/** Build glibc's list of these entries (at least one) in their order, like addrinfo_build(). Thread-safe. */
int addrinfo_rebuild(const struct addrinfo_entry *entries, size_t count, int flags, struct addrinfo **list);

/** Get the entries of a list that these functions have built. Returns their number; 0 if there are more than `most`. */
size_t addrinfo_entries(const struct addrinfo *list, struct addrinfo_entry *entries, size_t most);

#endif
