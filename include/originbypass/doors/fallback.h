#ifndef ORIGINBYPASS_DOORS_FALLBACK_H
#define ORIGINBYPASS_DOORS_FALLBACK_H

#include <netdb.h>

#include "originbypass/lookup/lookup.h"

/*
 * These functions apply a name's policy to what libc has answered for a name that is ours. They remove addresses that
 * are rejected, and those of a family that the name may not have, or does not have according to external DNS. If all
 * addresses are rejected, they are used; with `strict` the call fails instead. The warnings are written here. errno is
 * kept. Thread-safe.
 */

/**
 * For a list that getaddrinfo(3) has returned. Returns 0; or EAI_AGAIN, EAI_NODATA, or on
 * musl EAI_NONAME or EAI_MEMORY, and the list is freed.
 */
int fallback_addrinfo(const struct lookup *lookup, struct addrinfo **list);

/** For a host's addresses, which are shifted in their array. Returns h_errno: NETDB_SUCCESS, TRY_AGAIN or NO_DATA. */
int fallback_hostent(const struct lookup *lookup, struct hostent *host);

/*
 * For a name of which libc is asked first (lookup_asks_libc_first()): whether one of libc's addresses is an edge, and
 * the first that is. An IPv6 address with an IPv4 one inside counts as that. Thread-safe.
 */
bool fallback_addrinfo_has_edge(const struct lookup *lookup, const struct addrinfo *list, struct address *edge);
bool fallback_hostent_has_edge(const struct lookup *lookup, const struct hostent *host, struct address *edge);

/**
 * If libc has failed too: use the rejected addresses that external DNS has answered with, like verdict_use_rejected().
 * False: there are none, or `strict` forbids it.
 */
bool fallback_to_rejected(struct lookup *lookup);

#endif
