#ifndef ORIGINBYPASS_DOORS_ADDRINFO_MUSL_H
#define ORIGINBYPASS_DOORS_ADDRINFO_MUSL_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

#include "originbypass/doors/expansion.h"
#include "originbypass/values/address.h"

/*
 * Lists of addresses in one block of memory, as musl's freeaddrinfo(3) frees them (struct musl_node).
 */

/**
 * Like addrinfo_build(), in musl's way: `ai_flags` are 0, and every node has the canonical name, which is not NULL.
 * Addresses beyond MUSL_NODES_MAX nodes are left out. Thread-safe.
 */
int addrinfo_musl_build(const struct address *addresses, size_t count, const struct expansion *expansion,
                        const char *canonical_name, struct addrinfo **list);

/**
 * Replace a list that libc has made by one of those of its nodes for which `keep` says true, in their order, with the
 * first node's canonical name. libc's list is freed as a whole: a node inside a block cannot be freed for itself.
 * Without any node, `*list` becomes NULL. Returns 0, or EAI_MEMORY, and then the list is freed. Thread-safe.
 */
int addrinfo_musl_keep(struct addrinfo **list, bool (*keep)(const struct addrinfo *info, const void *context),
                       const void *context);

#endif
