#ifndef ORIGINBYPASS_COMMAND_DNS_RESOLUTION_H
#define ORIGINBYPASS_COMMAND_DNS_RESOLUTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/config/config.h"
#include "originbypass/rules/rules.h"
#include "originbypass/values/address.h"
#include "originbypass/values/name.h"
#include "originbypass/values/nat64_prefix.h"

/** Who answered. */
enum resolution_source {
    BY_LIBC,          /**< the name is not one of ours, or libc leads to no edge that could be replaced */
    BY_FALLBACK,      /**< libc, because external DNS had no usable answer */
    BY_NOBODY,        /**< external DNS had no usable answer, and libc was not to be asked */
    BY_CONFIGURATION, /**< the configuration has the addresses */
    BY_EXTERNAL_DNS,
};

/** In words. */
const char *resolution_source_text(enum resolution_source source);

/** Addresses, each once, in the order in which a program gets them; or the reason why there are none. */
struct resolution {
    const char *error; /**< libc's text, valid until the next resolution; NULL: there are addresses */
    size_t count;
    struct address *addresses; /**< freed by resolution_free() */
    enum resolution_source source;
    uint32_t kept_s; /**< how long the answer is fresh in the library's cache, rounded up; 0: it is not there */
    bool is_whole;   /**< BY_EXTERNAL_DNS: there is an answer for each record type that was asked for */
};

/** What the configuration says about one name. */
struct host_case {
    const char *host; /**< as it was written */
    struct name name; /**< folded, if is_name */
    bool is_name;
    const struct host_rule *rule;         /**< the one that matches, even if it excludes; NULL: none */
    const struct host_settings *settings; /**< NULL: libc answers */
};

/**
 * The rules that the library would use in this environment. From now on the library's messages are switched off in this
 * process. NULL: nothing is configured, so libc answers for every name.
 */
const struct rules *resolution_rules(void);

/**
 * The same, with the changes of its files since then, as a program takes them over; a process that it forks has them,
 * too. `*refused` is whether a changed file was refused since the last call, so that the former rules stay. The rules
 * of the last call are no longer valid.
 */
const struct rules *resolution_rules_by_now(bool *refused);

/** If the configuration has been rejected, complain and return true. `rules` may be NULL. */
bool resolution_complain_of_refusal(const struct rules *rules);

/** Find the rule and settings for a host. `rules` may be NULL. */
struct host_case resolution_case(const struct rules *rules, const char *host);

/**
 * What a program with the library gets from getaddrinfo(3). The library's own function is asked, with its cache.
 * `family` is AF_UNSPEC, AF_INET or AF_INET6. Not thread-safe.
 */
struct resolution resolution_find(const struct host_case *host, int family);

/** What libc says without the library, even if the library is preloaded into this process. */
struct resolution resolution_find_native(const char *host, int family);

/**
 * Write the members `addresses` and `error` into a JSON document (document.h). resolution_document() writes `host`
 * before them, and `answered_by` and `kept_s` after them.
 */
void resolution_document_addresses(const struct resolution *resolution);
void resolution_document(const struct host_case *host, const struct resolution *resolution);

/**
 * Find the first of the addresses that is an edge for this host; a host without settings of its own has those of
 * `rules`, which may be NULL. Returns the name of its prefix set, and stores the address in `*edge`, which is valid as
 * long as the resolution; NULL: there is none.
 */
const char *resolution_edge(const struct rules *rules, const struct host_case *host,
                            const struct resolution *resolution, const struct address **edge);

/**
 * Whether an address that a program gets was made of an IPv4 one with the network's NAT64 prefix, as a DNS64 does: that
 * address, and the prefix. False for what libc says.
 */
bool resolution_is_translated(const struct resolution *resolution, size_t position, struct address *original,
                              struct nat64_prefix *prefix);

void resolution_free(struct resolution *resolution);

#endif
