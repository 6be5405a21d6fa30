#ifndef ORIGINBYPASS_LOOKUP_TRANSLATED_H
#define ORIGINBYPASS_LOOKUP_TRANSLATED_H

#include "originbypass/config/config.h"
#include "originbypass/values/answer.h"
#include "originbypass/values/nat64_prefix.h"
#include "originbypass/values/prefixes.h"

/**
 * The AAAA answer that a DNS64 with these prefixes makes of an A answer (RFC 6147, section 5.1.7), with its CNAME chain
 * and TTL, but without addresses whose IPv6 form the host's `reject` names itself. On the heap, for the caller to
 * free(3). NULL: no memory, or no address that may be translated. Thread-safe.
 */
struct answer *translated_answer(const struct host_settings *settings, const struct answer *ipv4,
                                 const struct nat64_prefixes *prefixes);

/**
 * policy_rejection() and policy_edge() of an address that libc gave, with the lists looking into the network's own
 * NAT64 prefix, if one is known, as they look into 64:ff9b::/96. What a set says of that prefix itself does not count:
 * a private one is as good as any. `*judged` is the address that was found in the lists, which may be the one inside.
 * Thread-safe.
 */
const struct prefix_entry *translated_rejection(const struct host_settings *settings, const struct address *address,
                                                struct address *judged);
const char *translated_edge(const struct host_settings *settings, const struct address *address,
                            struct address *judged);

/** Whether an address is in a NAT64 prefix that is known: the IPv4 address that it leads to, and the prefix.
 * Thread-safe. */
bool translated_from(const struct address *address, struct address *ipv4, struct nat64_prefix *prefix);

/** The family of the record that libc's address comes from: of one in a known NAT64 prefix, AF_INET. Thread-safe. */
sa_family_t translated_family(const struct address *address);

#endif
