#ifndef ORIGINBYPASS_GUEST_MUSL_H
#define ORIGINBYPASS_GUEST_MUSL_H

#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>

/*
 * What musl's resolver has that its headers do not say. It was read from musl's source, and libc_kind_find() looks
 * whether it is still so before the first lookup.
 */

/**
 * A node of musl's list of addresses. All nodes of a list are in one block of memory, in their order; the canonical
 * name is behind the last. musl's freeaddrinfo(3) counts the nodes that it is given, and frees the block with its last
 * node. Before 1.1.21 there was nothing behind the address, and freeaddrinfo(3) was free(3): this block suits it too.
 */
struct musl_node {
    struct addrinfo info;
    union {
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } address;
    int lock;   /**< 0: nobody frees a node at this moment */
    short slot; /**< the node's position in the block */
    short ref;  /**< in the first node: how many nodes are not freed yet */
};

/** A list cannot have more nodes: a position is a short. */
#define MUSL_NODES_MAX SHRT_MAX

/**
 * Why musl's lists are not laid out like this, for a message (static text); NULL: they are. False: there was no memory
 * to find out. libc makes a list for 127.0.0.1, which needs no network. Thread-safe.
 */
bool musl_probe(const char **fault);

/**
 * Whether musl is 1.2.4 or later. From this version on it tells NODATA from NXDOMAIN, lists IPv6 addresses first before
 * it orders them, and gethostbyname_r(3) returns 0 for a name that is not found. musl_probe() finds it out; before,
 * false. Thread-safe.
 */
bool musl_tells_no_data(void);

/** The EAI_ code of musl for a name without a record of the type. Thread-safe. */
static inline int musl_no_data_error(void) {
    return musl_tells_no_data() ? EAI_NODATA : EAI_NONAME;
}

#endif
