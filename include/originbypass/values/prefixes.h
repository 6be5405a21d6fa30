#ifndef ORIGINBYPASS_VALUES_PREFIXES_H
#define ORIGINBYPASS_VALUES_PREFIXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/values/address.h"

/** One prefix (RFC 4632, RFC 4291 section 2.3) in a list. */
struct prefix_entry {
    const char *set; /**< the named set or file that it comes from, as it is written; NULL: it is written itself */
    struct address address; /**< its host bits are zero */
    uint8_t length;         /**< in bits */
    int line;               /**< where it, or its set, is in the configuration file */
    uint32_t holder;        /**< the place of the longest shorter prefix that holds it, plus one; 0: none */
};

/** A list of prefixes: each once, in the order of their addresses, an IPv4 one before any IPv6 one. */
struct prefix_list {
    size_t count, ipv4_count;
    struct prefix_entry entries[];
};

/** Room for the text of any prefix, with its NUL. */
#define PREFIX_TEXT_SIZE (INET6_ADDRSTRLEN + 4)

/** What prefix_parse() finds. */
enum prefix_fault {
    PREFIX_GOOD,
    PREFIX_NO_ADDRESS, /**< the part before the slash, or the whole text, is not an address */
    PREFIX_NO_LENGTH,  /**< the part after the slash is not a length for this address */
    PREFIX_HOST_BITS,  /**< bits are set after the length; the entry is the prefix without them */
};

/** Read `ADDRESS` or `ADDRESS/LENGTH` into the entry's address and length. Thread-safe. */
enum prefix_fault prefix_parse(const char *text, size_t length, struct prefix_entry *entry);

/** Write `ADDRESS/LENGTH`. Thread-safe. */
void prefix_text(const struct prefix_entry *entry, char text[static PREFIX_TEXT_SIZE]);

/** Bring a list's entries, in any order, some perhaps twice, into the form in which prefixes_match() wants them. */
void prefixes_arrange(struct prefix_list *list);

/** The entry with this prefix, wherever it comes from; NULL: none. Thread-safe. */
const struct prefix_entry *prefixes_find(const struct prefix_list *list, const struct prefix_entry *prefix);

/**
 * The longest prefix that holds the address, or NULL. IPv4-mapped (`::ffff:0:0/96`, RFC 4291) and NAT64 addresses
 * (`64:ff9b::/96`, RFC 6052) are also held by the prefixes of the IPv4 address inside. `list` may be NULL, which is
 * empty. At most as many entries are looked at as the address has bits, in practice log2 of their number. Thread-safe.
 */
const struct prefix_entry *prefixes_match(const struct prefix_list *list, const struct address *address);

/**
 * How narrowly an entry that prefixes_match() gave holds the address: the greater the narrower. Of the same prefix in
 * two lists the one that is written itself is narrower than the one in a set. NULL counts as less than any.
 */
int prefix_narrowness(const struct prefix_entry *entry, const struct address *address);

#endif
