#ifndef ORIGINBYPASS_VALUES_ADDRESS_H
#define ORIGINBYPASS_VALUES_ADDRESS_H

#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/** One IP address, without port or scope. */
struct address {
    sa_family_t family; /**< AF_INET or AF_INET6 */
    union {
        struct in_addr ipv4;
        struct in6_addr ipv6;
        uint8_t octets[16]; /**< network order; the first 4 or 16 count */
    };
};

/** Octets of an address of `family`: 4 for AF_INET, 16 for AF_INET6. */
static inline size_t address_size(sa_family_t family) {
    return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

/** Whether both are the same address of the same family. Thread-safe. */
bool address_equal(const struct address *a, const struct address *b);

/** Write it as inet_ntop(3) does. Thread-safe. */
void address_text(const struct address *address, char text[static INET6_ADDRSTRLEN]);

/** The address in a socket's address, without port and scope. False: it is of another family. Thread-safe. */
bool address_of_socket(const struct sockaddr *socket_address, struct address *address);

/**
 * Whether a node of getaddrinfo(3)'s list has a whole IPv4 or IPv6 address, and that is of the node's family. Another
 * preloaded library may have made it. Thread-safe.
 */
bool address_is_whole(const struct addrinfo *info);

/** Read an IPv4 address of four decimal numbers, or an IPv6 address (inet_pton(3)). Thread-safe. */
bool address_parse(const char *text, struct address *address);

/** As address_parse(), of the first `length` octets of a text. */
bool address_parse_part(const char *text, size_t length, struct address *address);

/** A server to ask: address and port in host order, usable for UDP and TCP alike. */
struct server_address {
    struct address address;
    uint16_t port;
};

/** Whether both are the same address and port. Thread-safe. */
bool server_address_equal(const struct server_address *a, const struct server_address *b);

/** Room for the text of any address with a port, `[v6]:65535` and its NUL. */
#define SERVER_ADDRESS_TEXT_SIZE (INET6_ADDRSTRLEN + 8)

/** Write `ADDRESS`, or `ADDRESS:PORT` and `[V6]:PORT` where the port is not 53. Thread-safe. */
void server_address_text(const struct server_address *server, char text[static SERVER_ADDRESS_TEXT_SIZE]);

/**
 * Read `ADDRESS`, `ADDRESS:PORT` or `[V6]:PORT` (a bare IPv6 address has no port; default 53).
 * Refused are addresses that are not one server's (`0.0.0.0`, multicast) or would need a scope. Returns NULL, or
 * what is wrong: a static text that continues after the offending one, such as "is not an IP address". Thread-safe.
 */
const char *server_address_parse(const char *text, struct server_address *server);

#endif
