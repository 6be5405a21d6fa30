#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_DNS_SOCKETS_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_DNS_SOCKETS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/** A socket of a process that is connected to a DNS server. */
struct dns_socket {
    unsigned long inode;
    int descriptor; /**< a number that it has in the process */
    bool tcp;
    bool is_held;            /**< the process has it: true of all that are in a list */
    bool is_polled;          /**< it is in an epoll(7) set of the process */
    int family;              /**< AF_INET or AF_INET6 */
    struct in6_addr address; /**< for AF_INET only its first four octets */
    unsigned port;           /**< 53 or 853 */
};

/** The sockets of a process that are connected to port 53 (DNS) or 853 (DNS over TLS, RFC 7858) of some server. */
struct dns_sockets {
    struct dns_socket *sockets;
    size_t count;
};

/**
 * Read them from /proc/PID/net and /proc/PID/fd (proc(5)). A UDP socket without a peer is not found, because its server
 * is not known. A socket in an epoll set belongs neither to libc nor to the library: both wait with poll(2). A socket
 * in no such set may be theirs while a lookup is under way. The list is empty if we may not look at the process.
 * dns_sockets_free() frees it.
 */
struct dns_sockets dns_sockets_collect(const char *pid);

void dns_sockets_free(struct dns_sockets *list);

/** The peer, such as `UDP 127.0.0.1:53` or `TCP [::1]:53`, for the caller to free(3). */
char *dns_socket_text(const struct dns_socket *socket);

#endif
