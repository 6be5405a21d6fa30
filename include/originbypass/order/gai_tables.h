#ifndef ORIGINBYPASS_ORDER_GAI_TABLES_H
#define ORIGINBYPASS_ORDER_GAI_TABLES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An entry of `label` or `precedence`: addresses that begin with these bits have this value. */
struct gai_prefix {
    struct in6_addr prefix;
    unsigned int bits;
    int value;
};

/** An entry of `scopev4`, in host order: IPv4 addresses under this mask have this scope (RFC 4007's numbers). */
struct gai_scope {
    uint32_t address;
    uint32_t mask;
    int scope;
};

/**
 * The tables by which getaddrinfo(3) orders addresses, as gai.conf(5) gives them. Immutable. The longest prefix stands
 * first in each; the last one of each matches everything.
 */
struct gai_tables {
    const struct gai_prefix *labels;
    const struct gai_prefix *precedences;
    const struct gai_scope *scopes;
};

/** glibc's own: RFC 3484's tables with a few labels more. A table that the file does not name is taken from here. */
extern const struct gai_tables gai_tables_own;

/**
 * Parse the text of a gai.conf, NUL-terminated at `length`, which is cut to pieces. `*reload` is set as the text says,
 * and left alone where it says nothing. Lines that libc does not understand count for nothing. One block on the heap,
 * for the caller to free(3); NULL: no memory.
 */
struct gai_tables *gai_tables_parse(char *text, size_t length, bool *reload);

/** The label of an address, an IPv4 one in mapped form. Thread-safe. */
int gai_tables_label(const struct gai_tables *tables, const struct in6_addr *address);

/** The precedence of an address, an IPv4 one in mapped form. Thread-safe. */
int gai_tables_precedence(const struct gai_tables *tables, const struct in6_addr *address);

/** The scope of an IPv4 address. Thread-safe. */
int gai_tables_scope(const struct gai_tables *tables, struct in_addr address);

/** The scope of an IPv6 address, which no table changes. Thread-safe. */
int gai_tables_ipv6_scope(const struct in6_addr *address);

#endif
