#ifndef ORIGINBYPASS_DOORS_FALLBACK_H
#define ORIGINBYPASS_DOORS_FALLBACK_H

#include <netdb.h>

#include "originbypass/lookup/lookup.h"

/*
 * What libc has answered for a name that is ours, under the name's policy: what is rejected, or of a family that the
 * name may not have or has not according to external DNS, is taken out. Where all is rejected it is used, or with
 * `strict` the call fails. The warnings are written here. errno is kept. Thread-safe.
 */

/** Of a list that getaddrinfo(3) has returned. Returns 0, or EAI_AGAIN or EAI_NODATA, and the list is freed. */
int fallback_addrinfo(const struct lookup *lookup, struct addrinfo **list);

/** Of a host's addresses, which are shifted in their array. Returns h_errno: NETDB_SUCCESS, TRY_AGAIN or NO_DATA. */
int fallback_hostent(const struct lookup *lookup, struct hostent *host);

/**
 * libc has failed, too: use the rejected addresses that external DNS has answered with, as lookup_use_rejected().
 * False: there are none, or `strict` forbids it.
 */
bool fallback_to_rejected(struct lookup *lookup);

#endif
