#include "originbypass/order/source_address.h"

#include <errno.h>
#include <string.h>

union socket_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

static socklen_t to_socket_address(const struct address *address, union socket_address *result) {
    memset(result, 0, sizeof(*result));
    result->any.sa_family = address->family;
    if (address->family == AF_INET) {
        result->ipv4.sin_addr = address->ipv4;
        return sizeof(result->ipv4);
    }
    result->ipv6.sin6_addr = address->ipv6;
    return sizeof(result->ipv6);
}

static struct address from_socket_address(const union socket_address *source, sa_family_t family) {
    struct address address = {.family = family};
    if (source->any.sa_family == AF_INET)
        address.ipv4 = source->ipv4.sin_addr;
    else if (family == AF_INET) /* the IPv6 socket went to IPv4, and has a mapped address */
        memcpy(&address.ipv4, source->ipv6.sin6_addr.s6_addr + 12, sizeof(address.ipv4));
    else
        address.ipv6 = source->ipv6.sin6_addr;
    return address;
}

static void open_probe_socket(struct source_probe *probe, sa_family_t family) {
    descriptor_close(&probe->socket);
    probe->family = family;
    if (!descriptor_take(&probe->socket, socket(family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_IP)))
        probe->exhausted |= errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
}

/* As libc does: one socket for all, an IPv6 one for IPv4 too, but not the other way round. */
static void turn_to(struct source_probe *probe, sa_family_t family) {
    static const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    if (!descriptor_is_ours(&probe->socket) || (probe->family == AF_INET && family == AF_INET6))
        open_probe_socket(probe, family);
    else
        (void)connect(probe->socket.number, &nowhere, sizeof(nowhere));
}

static bool connect_to(const struct source_probe *probe, const struct address *destination,
                       union socket_address *source) {
    union socket_address address;
    socklen_t size = to_socket_address(destination, &address);
    socklen_t source_size = sizeof(*source);
    return probe->socket.number >= 0 && connect(probe->socket.number, &address.any, size) == 0 &&
           getsockname(probe->socket.number, &source->any, &source_size) == 0;
}

bool source_find(struct source_probe *probe, const struct address *destination, struct address *source) {
    union socket_address found = {0};
    turn_to(probe, destination->family);
    bool connected = connect_to(probe, destination, &found);
    if (!connected && errno == EAFNOSUPPORT && probe->family == AF_INET6 && destination->family == AF_INET) {
        open_probe_socket(probe, AF_INET); /* here IPv6 sockets are only for IPv6 */
        connected = connect_to(probe, destination, &found);
    }
    if (connected)
        *source = from_socket_address(&found, destination->family);
    return connected;
}

void source_end(struct source_probe *probe) {
    descriptor_close(&probe->socket);
}
