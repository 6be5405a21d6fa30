#ifndef ORIGINBYPASS_LOOKUP_NAT64_H
#define ORIGINBYPASS_LOOKUP_NAT64_H

#include <stdbool.h>
#include <stdint.h>

#include "originbypass/guest/atomics.h"
#include "originbypass/values/nat64_prefix.h"

/*
 * What is known of this host's network: whether IPv4 can be used, and if not, with which prefixes a NAT64 leads to it.
 * The network's DNS64 tells them (RFC 7050), and libc knows that server. The external DNS servers do not.
 */

/** For nat64_may_help(): until when it holds, and in the last bit whether the host has IPv6 alone. */
extern _Atomic uint64_t nat64_host;
/** Until when the prefixes are known, and how many there are. */
extern _Atomic uint64_t nat64_until_ms;
extern _Atomic uint32_t nat64_count;

/** Look at the host's addresses; returns what is then in nat64_host. errno is kept. Thread-safe. */
uint64_t nat64_look_at_host(uint64_t now_ms);

/** Whether libc is to be asked for the prefixes (again). Thread-safe. */
static inline bool nat64_is_due(uint64_t now_ms) {
    return LOAD(nat64_until_ms) <= now_ms;
}

/**
 * Whether this host can reach an IPv4 address only by an IPv6 one, and it is not known that the network has no prefix
 * for that. `now_ms` is on clock_recent_ms(). The host is looked at once a second at most. errno is kept. Thread-safe.
 */
static inline bool nat64_may_help(uint64_t now_ms) {
    uint64_t host = LOAD(nat64_host);
    if (host >> 1 <= now_ms)
        host = nat64_look_at_host(now_ms);
    return host & 1 && (LOAD(nat64_count) > 0 || nat64_is_due(now_ms));
}

/**
 * Ask libc for the prefixes, if nat64_is_due(). It waits as libc does, with the caller's signals let in, and is no
 * cancellation point; but prefixes that have been known until a short time ago are asked for beside the traffic. Call
 * it outside any section. From within a lookup (a signal handler, a library that libc calls) it does nothing. errno is
 * kept. Thread-safe.
 */
void nat64_learn(void);

/** The prefixes that are known. False: no prefix is known. errno is kept. Thread-safe. */
bool nat64_known(struct nat64_prefixes *prefixes);

/** In a new copy of the process: what a thread of the parent was just changing is asked for again. */
void nat64_adopt(void);

#endif
