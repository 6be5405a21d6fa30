#ifndef ORIGINBYPASS_COMMAND_DNS_RESOLUTION_H
#define ORIGINBYPASS_COMMAND_DNS_RESOLUTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/config/config.h"
#include "originbypass/rules/rules.h"
#include "originbypass/values/address.h"
#include "originbypass/values/name.h"

/** Who answered. */
enum resolution_source {
    BY_LIBC,          /**< the name is not ours */
    BY_FALLBACK,      /**< libc, because external DNS could not */
    BY_NOBODY,        /**< external DNS could not, and libc was not to be asked */
    BY_CONFIGURATION, /**< the configuration says the addresses */
    BY_EXTERNAL_DNS,
};

/** In words. */
const char *resolution_source_text(enum resolution_source source);

/** Addresses, each once, in the order in which a program gets them; or why there are none. */
struct resolution {
    const char *error; /**< in libc's words, static until the next one; NULL: there are addresses */
    size_t count;
    struct address *addresses; /**< freed by resolution_free() */
    enum resolution_source source;
    uint32_t kept_s; /**< how long the library's cache holds them for fresh, rounded up; 0: it has none */
    bool is_whole;   /**< BY_EXTERNAL_DNS: each record type that was asked for has an answer, and none has failed */
};

/** What the configuration says of one name. */
struct host_case {
    const char *host; /**< as it was written */
    struct name name; /**< folded, where is_name */
    bool is_name;
    const struct host_rule *rule;         /**< the one that matches, perhaps an excluding one; NULL: none */
    const struct host_settings *settings; /**< NULL: libc answers */
};

/**
 * The rules in force, as the library in this environment would have them, its messages being switched off from now on.
 * NULL: nothing is configured, and everything is libc's.
 */
const struct rules *resolution_rules(void);

/** Complain of a configuration that is refused. Returns whether it is. `rules` may be NULL. */
bool resolution_complain_of_refusal(const struct rules *rules);

/** `rules` may be NULL. */
struct host_case resolution_case(const struct rules *rules, const char *host);

/**
 * What a program with the library gets from getaddrinfo(3), asked through the library's own door, its cache included.
 * `family` is AF_UNSPEC, AF_INET or AF_INET6. One at a time.
 */
struct resolution resolution_find(const struct host_case *host, int family);

/** What libc alone says, also where the library is preloaded into this very process. */
struct resolution resolution_find_native(const char *host, int family);

/** Its members `addresses` and `error` in a document of JSON (document.h), and those of the host before them. */
void resolution_document_addresses(const struct resolution *resolution);
void resolution_document(const struct host_case *host, const struct resolution *resolution);

void resolution_free(struct resolution *resolution);

#endif
